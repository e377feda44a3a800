"""Flags that several commands share, defined once."""

from pathlib import Path
from typing import Annotated, Optional

import typer

__all__ = ["Json", "Name", "Reports", "Single", "Storage", "Studies"]

Name = Annotated[str, typer.Argument(help="Name of the study.", metavar="STUDY")]
Studies = Annotated[
    Path, typer.Option("--studies", envvar="GMAN_SEARCH_STUDIES", help="Folder of studies and their specifications.")
]
Reports = Annotated[Path, typer.Option("--reports", envvar="GMAN_SEARCH_REPORTS", help="Folder of HTML reports.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document on stdout and nothing else there.")]
Storage = Annotated[
    Optional[str],  # noqa: UP045 - typer reads the annotation at run time
    typer.Option("--storage", help="Database of the study; default: study.db in its folder.", metavar="URL"),
]
Single = Annotated[bool, typer.Option("--single", help="The winner alone, not the ensemble.")]
