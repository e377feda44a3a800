"""Why one forecaster is delivered alone: no ensemble was better, or there were too few windows to know."""

import math
from dataclasses import replace
from types import SimpleNamespace

import pytest

from gman_search.cli import summary
from gman_search.cli.deliverable import delivery_lines
from gman_search.cli.ensemble_notes import ensemble_notes
from gman_search.dashboard.note import stage_note
from gman_search.record import EnsembleCheck, StudyRecord
from gman_search.report.diagnostics.forecast import ensemble_pays
from gman_search.report.figures import ensemble_weights
from gman_search.report.page import render
from gman_search.report.verdict import REFITTED
from gman_search.report.view import StudyView

from .study_record import delivered_record

TOO_FEW = "too few windows to check an ensemble on"


def alone(*, checked: bool) -> StudyRecord:
    record = delivered_record()
    ensemble = record.test.ensemble
    errors = (3.1, 3.0) if checked else (math.nan, math.nan)
    member = replace(ensemble.members[0], weights=(1.0,) * 12)
    found = replace(ensemble, members=(member,), check=EnsembleCheck(*errors, "boosted trees", used=False))
    return replace(record, test=replace(record.test, ensemble=found))


@pytest.mark.parametrize("checked", [True, False])
def test_report_and_command_line_tell_a_lost_check_from_none(checked):
    record = alone(checked=checked)
    line = delivery_lines(record)[0]
    assert ("no ensemble was better" in line) is checked and (TOO_FEW in line) is not checked
    caption = ensemble_weights.caption(ensemble_weights.compute(StudyView(record)))
    assert ("that the weights were not chosen on" in caption) is checked and (TOO_FEW in caption) is not checked
    check = ensemble_pays(StudyView(record))
    assert (check.status == "unknown") is not checked and (TOO_FEW in check.answer) is not checked
    assert "delivered alone" in check.answer


@pytest.mark.parametrize("check, told", [
    ({"ensemble": 3.1, "single": 3.0}, "boosted trees alone, which no ensemble beat;"),
    ({"ensemble": None, "single": None}, f"boosted trees alone, as the validation part has {TOO_FEW};"),
])  # fmt: skip
def test_predict_and_evaluate_say_the_same(check, told):
    member = SimpleNamespace(name="boosted trees")
    config = SimpleNamespace(members=[member], check=check, forecast_ms=3.0)
    (note,) = ensemble_notes(SimpleNamespace(ensemble_config=lambda: config, interim=False))
    assert told in note


def test_page_note_and_command_line_say_which_have_seen_the_validation_part():
    def note(record: StudyRecord) -> str:
        return stage_note(StudyView(record), record.schedule.stages[0])

    record = delivered_record()
    before = replace(record, test=replace(record.test, refitted=()))
    for said in (render, lambda one: delivery_lines(one)[0], note):
        assert REFITTED in said(record) and REFITTED not in said(before)
    assert summary.test_document(record.test)["refitted"] == ["boosted trees", "persistence"]
