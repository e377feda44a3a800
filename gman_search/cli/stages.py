"""`gman-search stages`: the stages, their sizes and budgets."""

from pathlib import Path
from typing import Annotated

import typer

from gman_search.cli.options import Json, Studies

__all__ = ["stages"]


def stages(
    spec: Annotated[Path | None, typer.Option(help="Specification in TOML; default: the guide's presets.")] = None,
    settings: Annotated[
        list[str] | None, typer.Option("--set", help="Any key of the specification, such as model.shortcuts=false.")
    ] = None,
    studies: Studies = Path("studies"),
    json: Json = False,
) -> None:
    """Show the stages: size of the model, budget, number of parameters (SE of 64 dimensions, 5-minute steps).

    Example: gman-search stages --json --set model.shortcuts=false
    """
    from rich.console import Console
    from rich.table import Table

    from gman_search.cli.output import print_json
    from gman_search.model.param_count import parameter_counts
    from gman_search.specification import resolve_spec

    flags = {"data.readings": "demo", "budget": "guide"} if spec is None else {}
    resolved = resolve_spec(spec_file=spec, study=None, studies_folder=studies, flags=flags, settings=settings or [])
    rows = []
    for stage in resolved.stage_list():
        trainable, total = parameter_counts(
            stage.L, stage.K, stage.d, shortcuts=resolved.model.shortcuts, Q=resolved.data.horizon
        )
        rows.append({**stage.model_dump(), "D": stage.D, "trainable": trainable, "total": total})
    if json:
        print_json("stages", {"stages": rows})
        return
    table = Table(box=None, pad_edge=False)
    shown = ("name", "L", "K", "d", "D", "batch_size", "max_epochs", "learning_rate", "decay_epoch", "trainable")
    for column in shown:
        table.add_column(column.replace("_", " "), justify="left" if column == "name" else "right")
    for row in rows:
        table.add_row(*(f"{row[column]:,}" if column == "trainable" else str(row[column]) for column in shown))
    Console(highlight=False, width=100).print(table)
