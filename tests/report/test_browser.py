"""The page in a real browser: drawn under its content-security policy, offline, in every theme and size, by keyboard."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest

from gman_search.record import StudyRecord
from gman_search.report.evaluations import csv_text
from gman_search.report.html import Assets
from gman_search.report.page import write_comparison, write_report

from .study_record import study_record

pytestmark = [pytest.mark.browser, pytest.mark.slow]
SENSORS = tuple(f"S-{number}" for number in range(100, 130))
HOSTILE = (
    "<script>window.hit = 1</script>",
    "\"><img src=x onerror='window.hit = 1'>",
    "'; window.hit = 1; //",
    "</script><script>window.hit = 1</script>",
    "\N{RIGHT-TO-LEFT OVERRIDE}交通 é \U0001f6a6 \x07",
    "n" * 200,
)
DRAWN = "html[data-drawn]"


class Visit:
    """One page and what it did: messages of its console, errors, requests that would have left it."""

    def __init__(self, page: Any, path: Path) -> None:
        self.page = page
        self.messages: list[str] = []
        self.requests: list[str] = []
        page.on("console", lambda message: self._hear(message))
        page.on("pageerror", lambda error: self.messages.append(f"error: {error}"))
        page.on("dialog", lambda dialog: self.messages.append(f"dialog: {dialog.message}") or dialog.dismiss())
        page.on("request", lambda request: self.requests.append(request.url))
        page.goto(path.as_uri())

    def _hear(self, message: Any) -> None:
        # plotly.js tells of margins that it gave up widening for a long label: no error, and nothing overlaps.
        if "auto-margin redraws" not in message.text:
            self.messages.append(f"{message.type}: {message.text}")

    def left(self) -> list[str]:
        """Requests for anything that is neither a file nor part of the page."""
        return [url for url in self.requests if not url.startswith(("file:", "data:", "blob:"))]

    def value(self, script: str) -> Any:
        """What a function of the page returns."""
        return self.page.evaluate(script)


@pytest.fixture
def visit(chromium: Any) -> Iterator[Any]:
    """visit(path, ...settings of the browser's context) -> Visit, waiting until all figures are drawn."""
    contexts = []

    def opened(path: Path, *, wait: bool = True, width: int = 1280, **settings: Any) -> Visit:
        context = chromium.new_context(viewport={"width": width, "height": 900}, **settings)
        contexts.append(context)
        found = Visit(context.new_page(), path)
        if wait:
            found.page.wait_for_selector(DRAWN, timeout=60_000, state="attached")
        return found

    yield opened
    for context in contexts:
        context.close()


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of a study with everything in it."""
    return write_report(study_record(controls=2, sensors=SENSORS), tmp_path_factory.mktemp("report"))


def test_the_listener_would_see_a_request(visit: Any, tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    page.write_text('<img src="http://pixel.invalid/x.png">', "utf-8")
    assert visit(page, wait=False).left() == ["http://pixel.invalid/x.png"]


@pytest.mark.parametrize("assets", ["inline", "directory"])
def test_every_figure_is_drawn_and_nothing_leaves_the_page(visit: Any, tmp_path: Path, assets: Assets) -> None:
    path = write_report(study_record(name="</script> é 名", controls=1), tmp_path / "report", assets=assets)
    seen = visit(path, offline=True)
    wanted = seen.value("() => Object.keys(JSON.parse(document.getElementById('figures').textContent).figures)")
    assert int(seen.value("() => document.documentElement.dataset.drawn")) == len(wanted) >= 20
    # A figure with axes and nothing on them would be an empty promise.
    marks = ".scatterlayer .trace path, .barlayer path, .heatmaplayer image, .textpoint"
    assert [name for name in wanted if not seen.page.locator(f"#{name}").locator(marks).count()] == []
    seen.page.wait_for_timeout(300)
    assert seen.left() == []
    assert seen.messages == []


def contrast(seen: Visit, selector: str) -> float:
    """The least contrast ratio of the texts that match, against the colour behind them (WCAG 2)."""
    return float(
        seen.page.evaluate(
            """(selector) => {
            const light = (colour) => {
                const parts = colour.match(/[\\d.]+/g).slice(0, 3).map((part) => Number(part) / 255)
                    .map((part) => part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4);
                return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2];
            };
            const behind = (element) => {
                for (let at = element; at; at = at.parentElement) {
                    const colour = getComputedStyle(at).backgroundColor;
                    if (!/, 0\\)$/.test(colour) && colour !== "transparent") { return colour; }
                }
                return "rgb(255, 255, 255)";
            };
            const ratios = [...document.querySelectorAll(selector)].map((element) => {
                const style = getComputedStyle(element);
                const ink = element instanceof SVGElement ? style.fill : style.color;
                const [a, b] = [light(ink), light(behind(element.closest("svg")?.parentElement || element))];
                return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
            });
            return Math.min(...ratios);
        }""",
            selector,
        )
    )


TEXTS = "p, dt, dd, li a, h1, h2, h3, h4, figcaption, summary, td, th, .mark, .xtick text, .ytick text, .legendtext"


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_text_can_be_read_in_both_themes(visit: Any, report: Path, theme: str) -> None:
    seen = visit(report, color_scheme=theme)
    dark = seen.value("() => getComputedStyle(document.body).backgroundColor") == "rgb(21, 23, 27)"
    assert dark == (theme == "dark")
    assert contrast(seen, TEXTS) >= 4.5


def test_the_theme_is_changed_by_keyboard_and_figures_follow(visit: Any, report: Path) -> None:
    seen = visit(report, color_scheme="light")
    ink = "() => getComputedStyle(document.querySelector('#fig-funnel .xtick text')).fill"
    before = seen.value(ink)
    seen.page.locator("#theme").focus()
    seen.page.keyboard.press("Enter")
    seen.page.wait_for_timeout(500)
    assert seen.page.locator("#theme").inner_text() == "Light theme"
    assert seen.value(ink) != before
    assert contrast(seen, TEXTS) >= 4.5


def test_without_javascript_the_page_says_it_all(visit: Any, report: Path) -> None:
    seen = visit(report, wait=False, java_script_enabled=False)
    text = seen.page.locator("main").inner_text()
    for sentence in ("is the best of 50 configs", "Cost saved", "12 of 50 configs were promoted", "Spearman", "60 min"):
        assert sentence in text
    assert seen.page.locator(".plot:visible, .by-hand:visible, #theme:visible").count() == 0
    assert seen.page.locator("figcaption:visible").count() >= 20
    seen.page.locator("#fig-funnel-title ~ details summary").click()
    assert seen.page.locator("#fig-funnel-title ~ details td").first.is_visible()


def test_the_page_is_walked_through_by_keyboard(visit: Any, report: Path) -> None:
    seen = visit(report, reduced_motion="reduce")
    keys, active = seen.page.keyboard, "() => document.activeElement"
    keys.press("Tab")
    assert seen.value(f"({active})().className") == "skip"
    assert seen.page.locator(".skip").bounding_box()["x"] >= 0
    names = []
    for _ in range(12):
        keys.press("Tab")
        names.append(seen.value(f"({active})().textContent"))
    assert names[0] == "Result" and "Warm starts" in names and "Dark theme" in names
    seen.page.locator("nav a", has_text="Hyperparameters").focus()
    keys.press("Enter")
    seen.page.wait_for_timeout(300)
    assert abs(seen.value("() => document.getElementById('hyperparameters').getBoundingClientRect().top")) < 60
    seen.page.locator("#fig-importance-title ~ details summary").focus()
    keys.press("Enter")
    assert seen.page.locator("#fig-importance-title ~ details td").first.is_visible()
    # What scrolls sideways or up and down can be reached, too.
    assert seen.value("() => [...document.querySelectorAll('.scroll')].every((one) => one.tabIndex === 0)")


def test_the_table_is_filtered_by_typing_and_downloaded_whole(visit: Any, report: Path) -> None:
    seen = visit(report, accept_downloads=True)
    box = seen.page.locator("input[data-filters=evaluations-rows]")
    box.focus()
    seen.page.keyboard.type("full complete")
    shown = seen.page.locator("#evaluations-rows tr:visible")
    rows = study_record(controls=2, sensors=SENSORS).evaluations
    wanted = [row for row in rows if row.stage == "full" and row.state == "complete"]
    assert shown.count() == len(wanted)
    assert f"{len(wanted)} of {len(rows)}" in seen.page.locator("#evaluations output").inner_text()
    with seen.page.expect_download() as caught:
        seen.page.locator("a.download").click()
    assert caught.value.suggested_filename == "synthetic-evaluations.csv"
    assert Path(caught.value.path()).read_text("utf-8") == csv_text(rows)


def test_nothing_is_wider_than_a_telephone(visit: Any, report: Path) -> None:
    seen = visit(report, width=360)
    assert seen.value("() => document.documentElement.scrollWidth") <= 360
    wide = seen.value(
        """() => [...document.querySelectorAll("main *")].filter((one) => {
            const box = one.getBoundingClientRect();
            return box.width > 0 && box.right > 361
                && !one.closest(".scroll, .plot-frame, pre, .unseen, nav");
        }).map((one) => one.tagName + "." + one.className)"""
    )
    assert wide == []


@pytest.mark.parametrize("width", [360, 1280])
def test_no_two_labels_overlap(visit: Any, report: Path, width: int) -> None:
    seen = visit(report, width=width)
    groups = seen.value(
        """() => [...document.querySelectorAll(".plot")].flatMap((plot) =>
            [".xtick text", ".ytick text", ".legend .legendtext, .rangeselector text", ".textpoint text", ".xtitle, .ytitle"].map(
                (labels) => [plot.id + " " + labels, [...plot.querySelectorAll(labels)].map((label) => {
                    const box = label.getBoundingClientRect();
                    return [box.left, box.top, box.right, box.bottom, label.textContent];
                })]))"""
    )
    clashes = []
    for name, boxes in groups:
        for a, b in combinations(boxes, 2):
            across, down = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
            if across > 1.5 and down > 3:
                clashes.append((name, a[4], b[4]))
    assert clashes == []


def test_print_is_on_white_without_navigation(visit: Any, report: Path) -> None:
    seen = visit(report, color_scheme="dark")
    seen.page.emulate_media(media="print")
    assert seen.page.locator("nav").is_hidden()
    assert seen.value("() => getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert seen.page.pdf(format="A4").startswith(b"%PDF")


def hostile(name: str) -> StudyRecord:
    """A study with `name` wherever a user may have put one."""
    record = study_record(name=name, trials=24, etas=(2, 2), sensors=(name, f"{name} 2", f"{name} 3"), sample_times=40)
    rows = tuple(replace(row, reason=name, params={**row.params, name: name}) for row in record.evaluations)
    return replace(record, evaluations=rows, unit=f"mph{name}", provenance={**record.provenance, name: name})


def did_nothing(seen: Visit, name: str) -> None:
    assert seen.value("() => window.hit") is None
    assert seen.messages == []
    assert seen.left() == []
    assert seen.page.locator("h1").text_content().startswith(name[:5])
    assert seen.value("() => document.documentElement.scrollWidth") <= 360


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names_do_nothing(visit: Any, tmp_path: Path, name: str) -> None:
    did_nothing(visit(write_report(hostile(name), tmp_path), offline=True, width=360), name)


def test_hostile_names_do_nothing_in_a_comparison(visit: Any, tmp_path: Path) -> None:
    page = write_comparison([hostile(name) for name in HOSTILE], tmp_path)
    did_nothing(visit(page, offline=True, width=360), HOSTILE[0])


def test_a_comparison_draws_its_figures(visit: Any, tmp_path: Path) -> None:
    records = [study_record(name=f"study-{seed}", trials=12, etas=(2, 2), seed=seed) for seed in range(4)]
    seen = visit(write_comparison(records, tmp_path), color_scheme="dark")
    assert seen.page.locator(".plot .main-svg").count() >= 2
    assert seen.messages == []
    assert contrast(seen, TEXTS) >= 4.5
