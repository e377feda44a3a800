"""The reference and final trainings: shown with their role, counted in no quota, rank, correlation or growth."""

from dataclasses import replace

import pytest

from gman_search.api.stage_status import outside_statuses, remaining_seconds, stage_statuses
from gman_search.cli.explain import explain
from gman_search.dashboard.note import stage_note
from gman_search.halving.evaluations import State
from gman_search.record import StudyRecord
from gman_search.report.diagnostics.search import failures
from gman_search.report.figures import growth, learning_curves, rank_correlation, rank_flow
from gman_search.report.figures.optimization_history import history
from gman_search.report.figures.promotions import promotions
from gman_search.report.figures.stage_ranks import standings
from gman_search.report.headline import cost, headline
from gman_search.report.page import render
from gman_search.report.reference_config import reference_standing
from gman_search.report.view import StudyView

from .study_record import delivered_record, study_record


@pytest.fixture(scope="module")
def record() -> StudyRecord:
    return delivered_record()


def reference_won(record: StudyRecord) -> StudyRecord:
    rows = tuple(replace(row, val_mae=0.1) if row.control == "reference" else row for row in record.evaluations)
    return replace(record, evaluations=rows, test=None)


def test_the_stages_do_not_count_them(record: StudyRecord) -> None:
    plain = study_record()
    assert promotions(StudyView(record)).stages == promotions(StudyView(plain)).stages
    assert rank_correlation.compute(StudyView(record)) == rank_correlation.compute(StudyView(plain))
    assert growth.compute(StudyView(record)) == growth.compute(StudyView(plain))
    assert rank_flow.compute(StudyView(record)) == rank_flow.compute(StudyView(plain))
    assert stage_statuses(record.evaluations, record.schedule) == stage_statuses(plain.evaluations, plain.schedule)
    assert remaining_seconds(stage_statuses(record.evaluations, record.schedule), 2) == 0.0


def test_they_are_counted_by_role(record: StudyRecord) -> None:
    assert [
        (row.role, row.evaluations, row.complete, row.epochs, row.seconds)
        for row in promotions(StudyView(record)).outside
    ] == [
        ("reference", 1, 1, 30, 90.0),
        ("final", 1, 1, 12, 400.0),
    ]
    assert [(row.name, row.complete, row.seconds) for row in outside_statuses(record.evaluations)] == [
        ("reference", 1, 90.0),
        ("final", 1, 400.0),
    ]


def test_their_seconds_are_cost_of_the_search(record: StudyRecord) -> None:
    before, found = cost(StudyView(study_record())), cost(StudyView(record))
    assert found.seconds == pytest.approx(before.seconds + 490.0) and found.control_seconds == 0.0
    assert (found.reference_seconds, found.final_seconds) == (90.0, 400.0)
    assert found.configs == before.configs and found.full_seconds == before.full_seconds
    assert found.saved_share is not None and before.saved_share is not None
    assert found.saved_share < before.saved_share


def test_a_final_training_wins_and_is_called_so(record: StudyRecord) -> None:
    best, head = StudyView(record).winner, headline(StudyView(record))
    assert best is not None and best.control == "final" and head.role == "final"
    (marked,) = [row for row in standings(StudyView(record)).rows if row.is_winner]
    assert marked.standing.stage == f"{best.stage} final" and "final training from" in marked.standing.reason
    summary = history(StudyView(record))
    assert summary.found_after == summary.seconds and [line.stage for line in summary.outside] == ["reference", "final"]
    chain = next(chain for chain in learning_curves.compute(StudyView(record)).chains if chain.final_state == "winner")
    assert chain.segments[-1].stage == f"{best.stage} final"
    assert "and in a final training" in render(record)


def test_the_reference_is_no_config_of_the_space(record: StudyRecord) -> None:
    won = reference_won(record)
    best, standing = StudyView(won).winner, reference_standing(StudyView(won))
    assert best is not None and best.control == "reference" and StudyView(won).config_winner is None
    assert standing is not None and not standing.is_winner
    assert not any(path.is_winner for path in rank_flow.compute(StudyView(won)).paths)
    chains = {chain.final_state: chain for chain in learning_curves.compute(StudyView(won)).chains}
    assert [segment.stage for segment in chains["winner"].segments] == ["quick reference"]
    page = render(won)
    assert "The reference (three-stage guide) is better than all of 50 configs" in " ".join(page.split())
    assert "the reference (three-stage guide)" in stage_note(StudyView(won), "quick").lower()


def test_the_page_shows_them_with_their_role(record: StudyRecord) -> None:
    page = " ".join(render(record).split())
    assert "reference (three-stage guide)" in page and "final training" in page
    assert "for the reference and" in page and "for final trainings" in page
    note = stage_note(StudyView(record), "full")
    assert "| final training | 1 |" in note and "Boosted trees are better than the winner" in note


def test_explain_reports_the_final_training_and_the_reference(record: StudyRecord) -> None:
    best = StudyView(record).winner
    assert best is not None
    told = explain(record, best.config_id)
    line = next(line for line in told if "final training of config" in line)
    assert "it brought the error from" in line and "(-4.0%)" in line
    assert any(line.startswith(f"{best.key} is in the ensemble with 51%") for line in told)
    assert told[-1].startswith("its final training is the winner of synthetic: test MAE")
    told = explain(record, 0)
    assert any("the reference (three-stage guide), outside the stages" in line for line in told)
    won = explain(reference_won(record), 0)
    assert won[-1] == "its training by the three-stage guide is the winner of synthetic"
    nothing = tuple(replace(row, val_mae=9.0) if row.control == "final" else row for row in record.evaluations)
    told = explain(replace(record, evaluations=nothing, test=None), best.config_id)
    assert any("it brought nothing" in line for line in told)


def test_a_failure_is_reported(record: StudyRecord) -> None:
    rows = tuple(
        replace(row, state=State.FAILED, val_mae=None, reason="out of memory") if row.control == "reference" else row
        for row in record.evaluations
    )
    check = failures(StudyView(replace(record, evaluations=rows)))
    assert "The reference (three-stage guide) of config 0 failed: out of memory." in check.answer
