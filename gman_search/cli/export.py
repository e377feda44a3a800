"""`gman-search export`: a trained model for programs that do not have gman-search."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from gman_search.cli.options import Json, Single, Storage, Studies
from gman_search.cli.run_locator import SOURCE_HELP

if TYPE_CHECKING:
    from gman_search.forecasting.export import Graph
    from gman_search.forecasting.series_forecaster import SeriesForecaster

__all__ = ["export"]


def export(
    source: Annotated[str, typer.Argument(help=SOURCE_HELP, metavar="RUN")],
    target: Annotated[Path, typer.Argument(help="New folder (SavedModel) or new file (ONNX) to write.")],
    form: Annotated[
        Literal["savedmodel", "onnx"] | None,
        typer.Option("--format", help="Default: onnx where the target ends in .onnx, else savedmodel."),
    ] = None,
    interval: Annotated[
        int | None, typer.Option(help="Export prediction intervals of this percent too.", min=50, max=99)
    ] = None,
    single: Single = False,
    studies: Studies = Path("studies"),
    storage: Storage = None,
    json: Json = False,
) -> None:
    """Export a trained model with scaler and calendar inside; it runs with TensorFlow, or ONNX Runtime, alone.

    An ensemble is exported without boosted trees and linear regression, which such a graph cannot hold.

    Example: gman-search export demo exported/demo --interval 90
    """
    from gman_search.cli.output import print_json, say
    from gman_search.cli.run_locator import find_run
    from gman_search.errors import UsageError
    from gman_search.wording import number

    run = find_run(source, studies, storage, single=single)
    if target.exists():
        raise UsageError(f"expected a new name to export to; {target} exists: remove it, or choose another")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"expected a place that can be written; {target.parent}: {error.strerror}") from None

    from gman_search.tf_logging import start_tensorflow_quietly

    start_tensorflow_quietly()
    from gman_search.forecasting.export import export_saved_model

    graph: Graph | None = None
    model: SeriesForecaster
    if run.ensemble is None:
        model = run.forecaster()
    else:
        from gman_search.ensemble.forecaster import EnsembleForecaster
        from gman_search.ensemble.graph import EnsembleGraph

        model = EnsembleForecaster(run.ensemble, exportable=True)
        graph = EnsembleGraph(model)
    chosen = form or ("onnx" if target.suffix == ".onnx" else "savedmodel")
    if chosen == "onnx":
        from gman_search.forecasting.export_onnx import export_onnx

        worst = export_onnx(model, target, percent=interval, graph=graph)
    else:
        worst = export_saved_model(model, target, percent=interval, graph=graph)
    config = run.ensemble_config()
    left_out = [] if config is None else config.left_out_of_exports
    cost = None if config is None or config.without_trees is None else config.without_trees
    if json:
        document = {"target": str(target), "format": chosen, "largest_difference": worst, "unit": model.unit}
        costs = None if cost is None else cost.model_dump(mode="json")
        print_json("export", {**document, "left_out": left_out, "test_mae": costs})
        return
    if left_out and cost is not None:
        say(
            f"note: {' and '.join(left_out)} cannot be exported: mean MAE on the test part {number(cost.exported)} "
            f"{model.unit}, not {number(cost.with_all)}"
        )
    if model.config.reading.clean:
        say("note: the exported model takes readings as they are: what data.clean leaves out, give it as 0")
    whose = "those of the members in it" if left_out else "predict's"
    print(f"wrote {target} ({chosen}): forecasts differ from {whose} by at most {worst:.1g} {model.unit}")
