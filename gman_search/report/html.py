"""What every page is made of: templates, figures as JSON that cannot leave its element, whole files."""

import json
import os
import tempfile
from collections.abc import Iterable
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any, Literal

import plotly.offline
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from gman_search.report.block import Block
from gman_search.report.figures.style import CONFIG, TEMPLATE
from gman_search.report.text import formats

__all__ = ["BUNDLE_NAME", "Assets", "render_page", "write_page"]

Assets = Literal["inline", "directory"]
BUNDLE_NAME = "plotly.min.js"
TEMPLATE_FOLDER = "templates"


def render_page(template: str, drawn: Iterable[Block], /, *, assets: Assets, **context: object) -> str:
    """A page from its template; `drawn` are the figures on it.

    Args:
        template: file in the folder of templates.
        drawn: figures, in the order in which they are drawn.
        assets: "inline" puts plotly.js (4.8 MB) into the page; "directory" refers to `plotly.min.js` beside it.
        context: what the template shows.
    """
    return (
        _environment()
        .get_template(template)
        .render(
            figures_json=_script_json(drawn),
            bundle=Markup(plotly.offline.get_plotlyjs()) if assets == "inline" else None,
            bundle_name=BUNDLE_NAME,
            **context,
        )
    )


def write_page(page: str, folder: Path, *, assets: Assets) -> Path:
    """Write `index.html` into `folder` and return its path; a reader sees the old page or the new one, never half."""
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


def _script_json(blocks: Iterable[Block]) -> Markup:
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
