"""`gman-search export`: a trained model for programs that do not have gman-search."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from gman_search.cli.options import Json, Storage, Studies
from gman_search.cli.saved import SOURCE_HELP

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
    studies: Studies = Path("studies"),
    storage: Storage = None,
    json: Json = False,
) -> None:
    """Export a trained model with scaler and calendar inside; it runs with TensorFlow, or ONNX Runtime, alone.

    Example: gman-search export demo exported/demo --interval 90
    """
    from gman_search.cli.output import print_json
    from gman_search.cli.saved import find_run
    from gman_search.errors import UsageError

    run = find_run(source, studies, storage)
    if target.exists():
        raise UsageError(f"expected a new name to export to; {target} exists: remove it, or choose another")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"expected a place that can be written; {target.parent}: {error.strerror}") from None

    from gman_search.training.quiet import start_tensorflow_quietly

    start_tensorflow_quietly()
    from gman_search.forecasting.export import export_saved_model
    from gman_search.forecasting.forecaster import Forecaster

    model = Forecaster(run.model())
    chosen = form or ("onnx" if target.suffix == ".onnx" else "savedmodel")
    if chosen == "onnx":
        from gman_search.forecasting.export_onnx import export_onnx

        worst = export_onnx(model, target, percent=interval)
    else:
        worst = export_saved_model(model, target, percent=interval)
    if json:
        print_json("export", {"target": str(target), "format": chosen, "largest_difference": worst, "unit": model.unit})
        return
    print(f"wrote {target} ({chosen}): forecasts differ from predict's by at most {worst:.1g} {model.unit}")
