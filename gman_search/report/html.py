"""What every page is made of: templates, figures as JSON that cannot leave its element, whole files."""

import json
from collections.abc import Iterable
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any, Literal

import plotly.offline
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from gman_search.io.atomic import write_text
from gman_search.report import formats
from gman_search.report.figure import Block
from gman_search.report.registry import Section, blocks, groups
from gman_search.report.style import CONFIG, TEMPLATE
from gman_search.report.view import Source

__all__ = ["BUNDLE_NAME", "Assets", "render_page", "write_page"]

Assets = Literal["inline", "directory"]
BUNDLE_NAME = "plotly.min.js"
TEMPLATE_FOLDER = "templates"


def render_page(
    template: str, sections: tuple[Section, ...], source: Source, /, *, assets: Assets, **context: object
) -> str:
    """A page from its template, with the figures of its sections.

    Args:
        template: file in the folder of templates.
        sections: in the order of the page.
        source: what the figures are computed from.
        assets: "inline" puts plotly.js (4.8 MB) into the page; "directory" refers to `plotly.min.js` next to it.
        context: what the template shows.
    """
    drawn = blocks(sections, source)
    return (
        _environment()
        .get_template(template)
        .render(
            figures_json=_script_json(block for panels in drawn.values() for block in panels),
            sections=sections,
            blocks=drawn,
            groups={section.id: groups(section, drawn) for section in sections},
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
    write_text(path, text)
    return path


def _script_json(drawn: Iterable[Block]) -> Markup:
    # The template is the same in every figure (and 2 KB), so it is sent once.
    content: dict[str, Any] = {"config": CONFIG, "template": TEMPLATE, "figures": {}}
    for block in drawn:
        if block.figure is not None:
            figure = json.loads(block.figure.to_json())
            figure["layout"].pop("template", None)
            content["figures"][block.id] = {"data": figure["data"], "layout": figure["layout"]}
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
