"""The report as one HTML page: a pure function of the study's record, the same bytes for the same record.

The page is complete without JavaScript (headline, tables, captions); plotly.js draws the figures. It loads
nothing from any network, and its content-security policy forbids it to try.
"""

import base64
import json
import os
import tempfile
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any, Literal

import plotly.offline
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from gman_search.record import StudyRecord
from gman_search.report.block import Block
from gman_search.report.blocks import page_blocks
from gman_search.report.figures.style import CONFIG, TEMPLATE
from gman_search.report.importance import importances
from gman_search.report.summary import summarise
from gman_search.report.text import forecast_tables, formats, tables
from gman_search.report.text.csv_export import csv_text

__all__ = ["BUNDLE_NAME", "Assets", "render", "write_report"]

Assets = Literal["inline", "directory"]
BUNDLE_NAME = "plotly.min.js"
TEMPLATE_FOLDER = "templates"


def render(record: StudyRecord, *, assets: Assets = "inline") -> str:
    """The whole page.

    Args:
        record: the study.
        assets: "inline" puts plotly.js (4.8 MB) into the page; "directory" refers to `plotly.min.js` beside it.
    """
    summary = summarise(record)
    blocks = page_blocks(summary, importances(record))
    csv_base64 = base64.b64encode(csv_text(record.evaluations).encode()).decode("ascii")
    return (
        _environment()
        .get_template("report.html.j2")
        .render(
            record=record,
            summary=summary,
            blocks=blocks,
            standings=tables.standings_text(summary.standings),
            diagnosis=tables.diagnosis_table(summary.diagnosis) if summary.diagnosis else None,
            gains=forecast_tables.gain_table(summary.scoreboard)
            if summary.scoreboard and summary.scoreboard.gains
            else None,
            published=forecast_tables.published_text(summary.published, summary.scoreboard)
            if summary.published
            else None,
            evaluations=tables.evaluation_table(record.evaluations, record.unit),
            created=record.provenance.get("created"),
            command=record.provenance.get("command"),
            provenance=tables.flat_rows({key: v for key, v in record.provenance.items() if key != "command"}),
            spec=tables.flat_rows(record.spec),
            csv_base64=csv_base64,
            figures_json=_script_json(blocks.all()),
            bundle=Markup(plotly.offline.get_plotlyjs()) if assets == "inline" else None,
            bundle_name=BUNDLE_NAME,
        )
    )


def write_report(record: StudyRecord, folder: Path, *, assets: Assets = "inline") -> Path:
    """Write `index.html` into `folder` and return its path; a reader sees the old page or the new one, never half."""
    page = render(record, assets=assets)
    folder.mkdir(parents=True, exist_ok=True)
    if assets == "directory":
        _write_whole(folder / BUNDLE_NAME, plotly.offline.get_plotlyjs())
    return _write_whole(folder / "index.html", page)


def _write_whole(path: Path, text: str) -> Path:
    handle, draft = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as stream:
            stream.write(text)
        Path(draft).chmod(0o644)
        Path(draft).replace(path)
    except BaseException:
        Path(draft).unlink(missing_ok=True)
        raise
    return path


def _script_json(blocks: tuple[Block, ...]) -> Markup:
    # The template is the same in every figure (and 2 KB), so it is sent once.
    content: dict[str, Any] = {"config": CONFIG, "template": TEMPLATE.to_plotly_json(), "figures": {}}
    for block in blocks:
        if block.figure is not None:
            drawn = json.loads(block.figure.to_json())
            drawn["layout"].pop("template", None)
            content["figures"][block.id] = {"data": drawn["data"], "layout": drawn["layout"]}
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
    # No "</script>" or "<!--" can appear inside the script element.
    return Markup(text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029"))


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("gman_search.report", TEMPLATE_FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    for name in formats.__all__:
        environment.filters[name] = getattr(formats, name)
    folder = resources.files("gman_search.report") / TEMPLATE_FOLDER
    for name in ("style.css", "theme.js"):
        environment.globals[name.replace(".", "_")] = Markup((folder / name).read_text("utf-8"))
    return environment
