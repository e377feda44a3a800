"""The reference and final trainings: shown with their role, counted in no quota, rank, agreement or growth."""

from dataclasses import replace

import pytest

from gman_search.cli.live import outside_statuses, remaining_seconds, stage_statuses
from gman_search.cli.story import story
from gman_search.dashboard.note import stage_note
from gman_search.halving.table import State
from gman_search.record import StudyRecord
from gman_search.report.checks.search import failures
from gman_search.report.page import render
from gman_search.report.summaries.agreement import agreements
from gman_search.report.summaries.cost import cost
from gman_search.report.summaries.curves import curve_summary
from gman_search.report.summaries.growth import growth_summary
from gman_search.report.summaries.headline import headline, ladder_winner, winner
from gman_search.report.summaries.ladder import funnel, standing_table
from gman_search.report.summaries.preset import preset_standing
from gman_search.report.summaries.progress import progress
from gman_search.report.summaries.ranks import rank_paths
from gman_search.report.summary import summarise

from .study_record import delivered_record, study_record


@pytest.fixture(scope="module")
def record() -> StudyRecord:
    return delivered_record()


def reference_won(record: StudyRecord) -> StudyRecord:
    rows = tuple(replace(row, val_mae=0.1) if row.control == "reference" else row for row in record.evaluations)
    return replace(record, evaluations=rows, test=None)


def test_the_ladder_does_not_see_them(record: StudyRecord) -> None:
    plain = study_record()
    assert funnel(record).stages == funnel(plain).stages
    assert agreements(record) == agreements(plain)
    assert growth_summary(record) == growth_summary(plain)
    assert rank_paths(record) == rank_paths(plain)
    assert stage_statuses(record.evaluations, record.ladder) == stage_statuses(plain.evaluations, plain.ladder)
    assert remaining_seconds(stage_statuses(record.evaluations, record.ladder), 2) == 0.0


def test_they_are_counted_by_role(record: StudyRecord) -> None:
    assert [(row.role, row.evaluations, row.complete, row.epochs, row.seconds) for row in funnel(record).outside] == [
        ("reference", 1, 1, 30, 90.0),
        ("final", 1, 1, 12, 400.0),
    ]
    assert [(row.name, row.complete, row.seconds) for row in outside_statuses(record.evaluations)] == [
        ("reference", 1, 90.0),
        ("final", 1, 400.0),
    ]


def test_their_seconds_are_cost_of_the_search(record: StudyRecord) -> None:
    before, found = cost(study_record()), cost(record)
    assert found.seconds == pytest.approx(before.seconds + 490.0) and found.control_seconds == 0.0
    assert (found.reference_seconds, found.final_seconds) == (90.0, 400.0)
    assert found.configs == before.configs and found.full_seconds == before.full_seconds
    assert found.saved_share is not None and before.saved_share is not None
    assert found.saved_share < before.saved_share


def test_a_final_training_wins_and_is_called_so(record: StudyRecord) -> None:
    best, head = winner(record), headline(record)
    assert best is not None and best.control == "final" and head.role == "final"
    (marked,) = [row for row in standing_table(record).rows if row.is_winner]
    assert marked.standing.stage == f"{best.stage} final" and "final training from" in marked.standing.reason
    summary = progress(record)
    assert summary.found_after == summary.seconds and [line.stage for line in summary.outside] == ["reference", "final"]
    chain = next(chain for chain in curve_summary(record).chains if chain.fate == "winner")
    assert chain.segments[-1].stage == f"{best.stage} final"
    assert "and then to its end" in render(record)


def test_the_reference_is_no_config_of_the_space(record: StudyRecord) -> None:
    won = reference_won(record)
    best, standing = winner(won), preset_standing(won)
    assert best is not None and best.control == "reference" and ladder_winner(won) is None
    assert standing is not None and not standing.is_winner
    assert not any(path.is_winner for path in rank_paths(won).paths)
    chains = {chain.fate: chain for chain in curve_summary(won).chains}
    assert [segment.stage for segment in chains["winner"].segments] == ["quick reference"]
    page = render(won)
    assert "The reference (three-stage guide) is better than all of 50 configs" in " ".join(page.split())
    assert "the reference (three-stage guide)" in stage_note(won, summarise(won), "quick").lower()


def test_the_page_shows_them_with_their_role(record: StudyRecord) -> None:
    page = " ".join(render(record).split())
    assert "reference (three-stage guide)" in page and "final training" in page
    assert "for the reference and" in page and "for final trainings" in page
    note = stage_note(record, summarise(record), "full")
    assert "| final training | 1 |" in note and "Boosted trees are better than the winner" in note


def test_why_tells_of_the_final_training_and_of_the_reference(record: StudyRecord) -> None:
    best = winner(record)
    assert best is not None
    told = story(record, best.config_id)
    line = next(line for line in told if "final training of config" in line)
    assert "it brought the error from" in line and "(-4.0%)" in line
    assert any(line.startswith(f"{best.key} is in the ensemble with 51%") for line in told)
    assert told[-1].startswith("its final training is the winner of synthetic: test MAE")
    told = story(record, 0)
    assert any("the reference (three-stage guide), outside the ladder" in line for line in told)
    won = story(reference_won(record), 0)
    assert won[-1] == "its training by the three-stage guide is the winner of synthetic"
    nothing = tuple(replace(row, val_mae=9.0) if row.control == "final" else row for row in record.evaluations)
    told = story(replace(record, evaluations=nothing, test=None), best.config_id)
    assert any("it brought nothing" in line for line in told)


def test_one_that_failed_is_told(record: StudyRecord) -> None:
    rows = tuple(
        replace(row, state=State.FAILED, val_mae=None, reason="out of memory") if row.control == "reference" else row
        for row in record.evaluations
    )
    check = failures(replace(record, evaluations=rows))
    assert "The reference (three-stage guide) of config 0 failed: out of memory." in check.answer
