"""The real optuna-dashboard in a real browser, on a finished and on a running study."""

import threading
from collections.abc import Iterator
from typing import Any

import pytest

from gman_search.dashboard.serve import dashboard_server, keep_fresh
from gman_search.tuning.search_study import SearchStudy

from .conftest import add_evaluation

pytestmark = [pytest.mark.browser, pytest.mark.slow]
PLOTS = ("fig-funnel", "fig-curves", "fig-progress", "fig-timeline")
MARKS = ".scatterlayer .trace path, .barlayer .trace path"


@pytest.fixture
def serve() -> Iterator[Any]:
    """serve(studies, read) -> address of a dashboard on a port that was free."""
    stop, servers = threading.Event(), []

    def started(studies: SearchStudy, read: Any) -> str:
        server = dashboard_server(studies.store.storage, 0)
        servers.append(server)
        keep_fresh(studies, read, stop)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        return f"http://127.0.0.1:{server.server_port}"

    yield started
    stop.set()
    for server in servers:
        server.shutdown()
        server.server_close()


def page_of(chromium: Any, address: str) -> tuple[Any, list[str]]:
    page, errors = chromium.new_page(viewport={"width": 1280, "height": 1400}), []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(address)
    return page, errors


def test_a_finished_study_shows_its_note_and_filled_figures(chromium: Any, serve: Any, filled: Any) -> None:
    studies, record = filled()
    address = serve(studies, lambda _: record)
    page, errors = page_of(chromium, address)
    page.get_by_text("north/medium").first.wait_for(timeout=30_000)
    assert page.get_by_text("north/quick").count() and page.get_by_text("north/full").count()
    page.goto(f"{address}/dashboard/studies/1")
    for name in (*PLOTS, "fig-ranks"):
        plot = page.locator(f'[id="user-defined-plot:{name}"]')
        plot.locator(".main-svg").first.wait_for(timeout=30_000)
        assert plot.locator(MARKS).count() > 0, name
    # Optuna's own figures are full, too: names and unit can be read.
    page.get_by_text("learning_rate").first.wait_for(timeout=30_000)
    assert page.get_by_text("validation MAE (mph)").count()
    page.goto(f"{address}/dashboard/studies/3/note")
    page.get_by_role("heading", name="north: full").wait_for(timeout=30_000)
    assert page.get_by_text("Adam's learning rate at quick scale").count() == 1
    assert errors == []
    page.close()


def test_a_running_study_is_refreshed(chromium: Any, serve: Any, filled: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr("gman_search.dashboard.serve.REFRESH_SECONDS", 0.2)
    studies, record = filled(running=3)
    reads: list[int] = []

    def read(present: SearchStudy) -> Any:
        reads.append(len(present.evaluations()))
        from dataclasses import replace

        return replace(record, evaluations=tuple(present.evaluations()), curves=present.curves(), test=None)

    address = serve(studies, read)
    page, errors = page_of(chromium, f"{address}/dashboard/studies/2/note")
    page.get_by_text("Running", exact=True).wait_for(timeout=30_000)
    before = page.locator("table").first.inner_text()
    for row in record.evaluations[-3:]:
        add_evaluation(studies, record, row)
    for _ in range(60):
        if len(reads) > 1:
            break
        page.wait_for_timeout(500)
    page.wait_for_timeout(2000)
    page.reload()
    page.locator("table").first.wait_for(timeout=30_000)
    assert page.locator("table").first.inner_text() != before
    page.goto(f"{address}/dashboard/studies/2")
    for name in PLOTS:
        plot = page.locator(f'[id="user-defined-plot:{name}"]')
        plot.locator(".main-svg").first.wait_for(timeout=30_000)
        assert plot.locator(MARKS).count() > 0, name
    assert errors == []
    page.close()
