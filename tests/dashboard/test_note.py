"""Notes and figures of the dashboard."""

from dataclasses import replace

import pytest
from sqlalchemy.exc import OperationalError

from gman_search.dashboard.note import stage_note
from gman_search.dashboard.plots import dashboard_plots
from gman_search.dashboard.refresh import Refresher, refresh
from gman_search.report.view import StudyView
from gman_search.tuning.search_study import SearchStudy

from ..report.study_record import study_record


def test_the_note_says_how_it_stands_and_what_the_parameters_mean() -> None:
    record = study_record()
    note = stage_note(StudyView(record), "medium")
    assert note.startswith("# synthetic: medium\n\n**Finished**: 12 of 12 configs ended at medium.")
    assert "| quick | 50 | 12 |" in note
    assert "Config 3, full: validation MAE 2.829 mph. Test MAE 2.506 at 15 min" in note
    assert "- ✓ **Is the winner inside the search space?**" in note
    assert "| `learning_rate` | 0.0005 to 0.02, log | 0.002 | Adam's learning rate at quick scale |" in note
    assert "Values are at the scale of quick; medium scales them" in note
    assert "medium scales them" not in stage_note(StudyView(record), "quick")


def test_names_in_the_note_are_only_text() -> None:
    record = replace(study_record(name="**<img src=x>** |a|"), unit="m[p](http://x)h")
    note = stage_note(StudyView(record), "quick")
    assert "<img" not in note and "[p](" not in note
    assert "# \\*\\*&lt;img src=x&gt;\\*\\* \\|a\\|: quick" in note


def test_an_empty_study_has_a_note() -> None:
    record = replace(study_record(), evaluations=(), curves={}, test=None)
    note = stage_note(StudyView(record), "full")
    assert "**Running**: 0 of 3 configs ended at full." in note and "Best config" not in note
    assert dashboard_plots(StudyView(record)) == {}


def test_figures_of_the_whole_search_have_titles() -> None:
    plots = dashboard_plots(StudyView(study_record()))
    assert list(plots) == ["fig-funnel", "fig-progress", "fig-timeline", "fig-ranks", "fig-curves"]
    assert plots["fig-funnel"].layout.title.text.startswith(
        "Configs at each stage<br><sub>12 of 50 configs were promoted"
    )


def test_a_refresh_writes_what_has_changed_and_nothing_twice(filled) -> None:
    from optuna_dashboard import get_note
    from optuna_dashboard._custom_plot_data import get_plotly_graph_objects

    studies, record = filled()
    assert refresh(studies, record) == 3
    assert refresh(studies, record) == 0
    for stage, study in studies.store.by_stage.items():
        assert get_note(study).startswith(f"# north: {stage}")
        kept = get_plotly_graph_objects(studies.store.study_system_attrs(stage))
        assert set(kept) == {"fig-funnel", "fig-curves", "fig-progress", "fig-ranks", "fig-timeline"}
    assert refresh(studies, replace(record, test=None)) == 3


def test_the_table_that_was_written_is_the_table_that_is_read(filled) -> None:
    studies, record = filled()
    rows = {(row.key, row.attempt): row for row in studies.evaluations()}
    assert len(rows) == len(record.evaluations)
    for row in record.evaluations:
        found = rows[row.key, row.attempt]
        assert (found.state, found.seconds, found.control) == (row.state, row.seconds, row.control)
        assert found.facts["began"] == row.facts["began"]
        assert "ended" in found.facts


def test_the_refresher_looks_seldom_and_survives_a_busy_database(filled, caplog) -> None:
    studies, record = filled(running=3)
    reads = []

    def read(present: SearchStudy):
        reads.append(present)
        return record

    often, seldom = Refresher(read, 0.0), Refresher(read, 3600.0)
    for _ in range(3):
        often.update(studies)
        seldom.update(studies)
    assert len(reads) == 2

    def busy(present: SearchStudy):
        raise OperationalError("UPDATE", {}, Exception("database is locked"))

    Refresher(busy, 0.0).update(studies)
    assert "not refreshed" in caplog.text


@pytest.mark.parametrize("name", ["note", "plots"])
def test_pure_parts_need_no_optuna(name: str) -> None:
    import subprocess
    import sys

    code = f"import gman_search.dashboard.{name}, sys; print('optuna' in sys.modules, 'tensorflow' in sys.modules)"
    assert (
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
        == "False False\n"
    )
