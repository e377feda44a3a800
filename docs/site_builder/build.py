"""Build the documentation site into site/: `python docs/site_builder/build.py`, or `make docs`.

Pages are the repository's own Markdown files, copied to build/docs/pages in the same folders, so that one link works on
a code host and in the site. The notebook and the API reference become Markdown pages. The site opens from file://.
"""

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).resolve().parent
PAGES = ("README.md", "CHANGELOG.md", "CONTRIBUTING.md", "docs/**/*.md", "benchmarks/*.md")
NOTEBOOKS = ("docs/notebooks/*.ipynb",)
SHIM = re.compile(r'<script src="https://unpkg.com/iframe-worker/shim"[^>]*></script>')
LINK = re.compile(r"(\]\()(?!https?:|#)([^)#\s]+)((?:#[^)\s]*)?\))")
MAX_COPIED_BYTES = 2_000_000


def notebook_page(path: Path) -> str:
    """A notebook as Markdown: its text, its code, and the outputs that it holds as text."""
    parts = []
    for cell in json.loads(path.read_text())["cells"]:
        source = "".join(cell["source"]).strip()
        if cell["cell_type"] == "markdown":
            parts.append(source)
        elif cell["cell_type"] == "code":
            parts.append(f"```python\n{source}\n```")
            texts = [
                "".join(output.get("text", output.get("data", {}).get("text/plain", []))) for output in cell["outputs"]
            ]
            parts += [f"```text\n{text.rstrip()}\n```" for text in texts if text.strip()]
    return "\n\n".join(parts) + "\n"


def api_page() -> str:
    """One section a name of the public API; mkdocstrings fills it from the docstrings."""
    import gman_search
    from gman_search import visualization

    def entry(shown: str, home: str) -> str:
        return f'::: {home}\n    options:\n      heading: "{shown}"\n      toc_label: "{shown}"\n'

    homes = {name: home for name, home in _homes(gman_search) if name not in ("__version__", "visualization")}
    parts = [
        "# API reference\n\nMade from the docstrings. [Python API](api.md) is the overview.\n\n## gman_search\n",
        *(entry(f"gman_search.{name}", home) for name, home in sorted(homes.items(), key=_functions_first)),
        "## gman_search.visualization\n",
        *(entry(name, f"{getattr(visualization, name).__module__}.{name}") for name in visualization.__all__),
    ]
    return "\n".join(parts)


def _homes(package: object) -> Iterator[tuple[str, str]]:
    """Every public name with the module that defines it."""
    for name in package.__all__:
        found = getattr(package, name)
        module = getattr(found, "__module__", None)
        if name == "search":
            module = "gman_search.api.search"
        yield name, f"{module}.{name}"


def _functions_first(pair: tuple[str, str]) -> tuple[bool, str]:
    return pair[0][0].isupper(), pair[0]


def stage(target: Path) -> None:
    """Copy all pages, and the files that they link to, into `target`."""
    pages = {path.relative_to(ROOT) for pattern in PAGES for path in ROOT.glob(pattern)}
    for name in sorted(pages):
        _write(target / name, _linked((ROOT / name).read_text(), name, target))
    for path in (path for pattern in NOTEBOOKS for path in ROOT.glob(pattern)):
        name = path.relative_to(ROOT).with_suffix(".md")
        _write(target / name, _linked(notebook_page(path), name, target))
    _write(target / "docs" / "api-reference.md", api_page())
    _write(target / "docs" / "site_builder" / "site.css", (HERE / "site.css").read_text())


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def _linked(text: str, page: Path, target: Path) -> str:
    """Links of a page as the site has them; what the site does not have becomes plain text."""

    def changed(match: re.Match[str]) -> str:
        path = (ROOT / page.parent / match[2]).resolve()
        name = path.relative_to(ROOT)
        if path.suffix == ".ipynb":
            return f"{match[1]}{match[2].removesuffix('.ipynb')}.md{match[3]}"
        if path.is_dir() and (path / "index.md").is_file():
            return f"{match[1]}{match[2].rstrip('/')}/index.md{match[3]}"
        if path.is_file() and path.suffix != ".md" and path.stat().st_size <= MAX_COPIED_BYTES:
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, target / name)
        return match[0]

    return LINK.sub(changed, text)


def build(site: Path = ROOT / "site") -> Path:
    """Build the site and return its folder."""
    work = ROOT / "build" / "docs"
    for folder in (work, site):
        shutil.rmtree(folder, ignore_errors=True)
    stage(work / "pages")
    config = (HERE / "zensical.toml").read_text()
    config = config.replace('paths = ["../.."]', f"paths = [{json.dumps(str(ROOT))}]")
    config = config.replace("docs/site_builder/docstrings.py", str(HERE / "docstrings.py"))
    (work / "zensical.toml").write_text(config)
    command = [sys.executable, "-m", "zensical", "build", "--strict", "-f", "zensical.toml"]
    subprocess.run(command, cwd=work, check=True)
    shutil.move(work / "html", site)
    shutil.copyfile(HERE / "file_worker.js", site / "assets" / "file_worker.js")
    for page in site.rglob("*.html"):
        base = "../" * (len(page.relative_to(site).parts) - 1)
        page.write_text(SHIM.sub(f'<script src="{base}assets/file_worker.js"></script>', page.read_text()))
    return site


if __name__ == "__main__":
    print(f"open {build() / 'index.html'}")
