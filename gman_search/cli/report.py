"""`gman-search report`: the HTML page of one study, or of several beside each other."""

from pathlib import Path
from typing import Annotated, Literal, Optional

import typer

from gman_search.cli.options import Json, Reports, Storage, Studies

__all__ = ["report"]

LONGEST_NAME = 120


def report(
    names: Annotated[
        Optional[list[str]],  # noqa: UP045 - typer reads the annotation at run time
        typer.Argument(help="Name of the study; several are compared.", metavar="STUDY...", show_default="demo"),
    ] = None,
    studies: Studies = Path("studies"),
    reports: Reports = Path("reports"),
    storage: Storage = None,
    assets: Annotated[
        Literal["inline", "directory"], typer.Option(help="One file, or plotly.min.js next to it.")
    ] = "inline",
    open_it: Annotated[bool, typer.Option("--open", help="Open it in the browser.")] = False,
    json: Json = False,
) -> None:
    """Write the HTML report of a study anew, or a comparison of several.

    Example: gman-search report demo --open
    """
    from gman_search.cli.output import print_json
    from gman_search.dashboard.attach import offer_report
    from gman_search.report.page import write_comparison, write_report
    from gman_search.tuning.study_loader import open_record, open_studies_of

    wanted = list(dict.fromkeys(names or ["demo"]))
    records = [open_record(name, studies, storage)[0] for name in wanted]
    if len(records) == 1:
        page = write_report(records[0], reports / wanted[0], assets=assets)
        if assets == "inline":
            found, folder = open_studies_of(wanted[0], studies, storage)
            offer_report(found, folder.path, page)
    else:
        page = write_comparison(records, reports / "-and-".join(wanted)[:LONGEST_NAME], assets=assets)
    if json:
        print_json("report", {"studies": wanted, "report": str(page)})
    else:
        print(page)
    if open_it:
        typer.launch(str(page))
