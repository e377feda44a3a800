"""The report among the artifacts of each stage's study."""

import json
from pathlib import Path

import pytest
from optuna_dashboard.artifact._backend import get_study_artifact_meta, list_study_artifacts

from gman_search.dashboard.attach import attach_report, offer_report
from gman_search.tuning.artifacts import open_store


def kept(studies):
    attrs = {stage: studies.store.study_system_attrs(stage) for stage in studies.store.by_stage}
    return {stage: list_study_artifacts(found) for stage, found in attrs.items()}


@pytest.fixture
def page(tmp_path: Path) -> Path:
    path = tmp_path / "reports" / "index.html"
    path.parent.mkdir()
    path.write_text("<html>first</html>")
    return path


def test_every_stage_offers_the_latest_report_and_no_other(filled, tmp_path: Path, page: Path) -> None:
    studies, _ = filled()
    store = open_store(None, tmp_path)
    assert attach_report(studies, store, page) == 3
    assert attach_report(studies, store, page) == 0
    before = kept(studies)
    page.unlink()  # as a page is written: a new file in place of the old one
    page.write_text("<html>second</html>")
    assert attach_report(studies, store, page) == 3
    for stage, found in kept(studies).items():
        (meta,) = found
        assert (meta["filename"], meta["mimetype"], meta["encoding"]) == ("report-north.html", "text/html", None)
        with store.open_reader(meta["artifact_id"]) as content:
            assert content.read() == b"<html>second</html>"
        number = studies.store.ids[stage]
        assert get_study_artifact_meta(studies.store.storage, number, before[stage][0]["artifact_id"]) is None
    assert len(list((tmp_path / "artifacts").iterdir())) == 3


def test_a_report_that_somebody_deleted_in_the_dashboard_is_no_obstacle(filled, tmp_path: Path, page: Path) -> None:
    studies, _ = filled()
    store = open_store(None, tmp_path)
    attach_report(studies, store, page)
    for stage, (meta,) in kept(studies).items():
        store.remove(meta["artifact_id"])
        number = studies.store.ids[stage]
        studies.store.storage.set_study_system_attr(number, f"artifacts:{meta['artifact_id']}", json.dumps(None))
    page.write_text("<html>second</html>")
    assert attach_report(studies, store, page) == 3
    assert [len(found) for found in kept(studies).values()] == [1, 1, 1]


def test_a_store_that_is_away_costs_nothing(filled, tmp_path: Path, page: Path, caplog) -> None:
    studies, _ = filled()
    (tmp_path / "artifacts").write_text("a file where the folder should be")
    offer_report(studies, tmp_path, page)
    assert "the dashboard does not show the report" in caplog.text
    assert kept(studies) == {"quick": [], "medium": [], "full": []}
