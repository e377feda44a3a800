"""The documentation site: it builds, every link leads somewhere, and nothing is loaded from a network."""

import importlib.util
import json
import re
import sys
from contextlib import suppress
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

BUILDER = Path(__file__).resolve().parents[1] / "docs" / "site_builder" / "build.py"
LOADED = {"script": "src", "img": "src", "iframe": "src", "source": "src", "audio": "src", "video": "src"}


@pytest.fixture(scope="module")
def builder():
    spec = importlib.util.spec_from_file_location("site_builder", BUILDER)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class Page(HTMLParser):
    """Ids, links and loaded resources of a page."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.ids: set[str] = set()
        self.links: list[str] = []
        self.loaded: list[str] = []
        self.feed(path.read_text())

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        self.ids |= {given[name] for name in ("id", "name") if given.get(name)}
        if tag == "a" and given.get("href"):
            self.links.append(given["href"])
        if tag == "link" and given.get("rel") in ("stylesheet", "icon", "preload", "modulepreload"):
            self.loaded.append(given["href"])
        if tag in LOADED and given.get(LOADED[tag]):
            self.loaded.append(given[LOADED[tag]])


@pytest.fixture(scope="module")
def site(builder, tmp_path_factory):
    pytest.importorskip("zensical", reason="the extra `docs` is not installed")
    pytest.importorskip("mkdocstrings_handlers.python", reason="the extra `docs` is not installed")
    return builder.build(tmp_path_factory.mktemp("docs") / "site")


def test_a_notebook_becomes_a_page(builder, repository):
    page = builder.notebook_page(repository / "docs" / "notebooks" / "from-csv-to-forecast.ipynb")
    assert page.startswith("# From a CSV to a forecast\n") and "```python\nimport numpy as np" in page


def test_the_api_page_has_every_public_name(builder):
    import gman_search
    from gman_search import visualization

    page = builder.api_page()
    for name in {*gman_search.__all__, *visualization.__all__} - {"__version__", "visualization"}:
        assert re.search(rf"^::: gman_search\.[\w.]*\.{name}$", page, re.M), name


def test_the_navigation_has_every_page(builder, repository):
    navigation = (repository / "docs" / "site_builder" / "zensical.toml").read_text()
    pages = {path.relative_to(repository) for pattern in builder.PAGES for path in repository.glob(pattern)}
    for page in pages:
        if page.parent.name != "decisions" or page.name == "index.md":
            assert f'"{page}"' in navigation, page
    index = (repository / "docs" / "decisions" / "index.md").read_text()
    for record in (repository / "docs" / "decisions").glob("0*.md"):
        assert f"({record.name})" in index, record


@pytest.mark.slow
def test_no_page_loads_anything_from_a_network(site):
    pages = list(site.rglob("*.html"))
    assert len(pages) > 40
    for path in pages:
        for address in Page(path).loaded:
            assert not urlsplit(address).netloc, f"{path.name}: {address}"
            assert path.name == "404.html" or (path.parent / unquote(urlsplit(address).path)).exists(), address
    for sheet in site.rglob("*.css"):
        assert not re.search(r"(@import|url\()\s*[\"']?https?:", sheet.read_text()), sheet


@pytest.mark.slow
def test_no_link_of_the_site_is_broken(site):
    pages = {path: Page(path) for path in site.rglob("*.html") if path.name != "404.html"}
    for path, page in pages.items():
        for link in page.links:
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                continue
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            target = target / "index.html" if target.is_dir() else target
            assert target.exists(), f"{path.relative_to(site)}: {link}"
            if parts.fragment and target in pages:
                assert unquote(parts.fragment) in pages[target].ids, f"{path.relative_to(site)}: {link}"


@pytest.mark.slow
@pytest.mark.browser
def test_the_site_opens_from_the_disk_and_can_be_searched(site, chromium):
    page = chromium.new_page()
    asked, errors = [], []
    page.on("request", lambda request: asked.append(request.url))
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.set_default_timeout(120_000)
    page.goto((site / "index.html").as_uri())
    late = pytest.importorskip("playwright.sync_api").TimeoutError
    found = page.get_by_text(re.compile(r"^[1-9]\d* results?$")).first
    for attempt in range(8):  # keys that come before the page listens, or while it loads its index, are lost
        page.keyboard.press("Escape")
        page.keyboard.press("/")
        page.wait_for_timeout(500)
        page.keyboard.type("successive halving")
        with suppress(late):
            found.wait_for(timeout=2_000 * (attempt + 1))
            break
    else:
        pytest.fail("the search found nothing")
    assert not [url for url in asked if not url.startswith(("file:", "data:", "blob:", "about:"))]
    assert errors == [], json.dumps(errors)
    page.close()


def test_the_extra_is_what_the_builder_needs(repository):
    project = (repository / "pyproject.toml").read_text()
    assert re.search(r'^docs = \[.*"zensical', project, re.M) and sys.version_info >= (3, 11)
