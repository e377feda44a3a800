"""Headline, stages and diagnostics, compared with numbers worked out on paper."""

from dataclasses import replace

import pytest

from gman_search.halving.evaluations import Evaluation, State
from gman_search.record import Epoch, StudyRecord
from gman_search.report.diagnostics import diagnostics
from gman_search.report.diagnostics.forecast import beats_baselines, data_is_sound, holds_on_test
from gman_search.report.diagnostics.search import (
    Check,
    beats_reference_config,
    curves_ended,
    curves_healthy,
    failures,
    larger_stages_paid,
)
from gman_search.report.figures.promotions import StageCount, promotions
from gman_search.report.figures.stage_ranks import standings
from gman_search.report.headline import Cost, StepScore, headline
from gman_search.report.lineages import DiagnosisCount, diagnosis_counts
from gman_search.report.view import StudyView


def test_headline_names_the_best_of_the_last_stage(small: StudyRecord) -> None:
    found = headline(StudyView(small))
    assert (found.config_id, found.stage, found.val_mae, found.finished) == (2, "full", 2.5, True)
    assert [(score.step, score.minutes) for score in found.steps] == [(3, 15), (6, 30), (12, 60)]
    assert found.steps[0] == StepScore(3, 15, pytest.approx(2.3))


def test_cost_counts_every_attempt_and_the_saving(small: StudyRecord) -> None:
    # Spent: 7 attempts at 1 unit and 2 at 9 units = 25; all six configs in full = 54.
    assert headline(StudyView(small)).cost == Cost(
        seconds=4 * 60 + 60 + 5 + 20 + 2 * 200,
        epochs=5 * 10 + 1 + 3 + 20,
        configs=6,
        saved_share=pytest.approx(29 / 54),
        full_seconds=6 * 200.0,
    )
    assert headline(StudyView(small)).cost.measured_saved_share == pytest.approx(1 - 725 / 1200)


def test_controls_measure_and_are_no_cost_of_the_search(small: StudyRecord) -> None:
    control = replace(small.evaluations[-1], config_id=0, control="preset", seconds=500.0)
    found = headline(StudyView(replace(small, evaluations=(*small.evaluations, control)))).cost
    assert found == replace(headline(StudyView(small)).cost, control_seconds=500.0)


def test_a_better_value_of_a_lower_stage_wins(small: StudyRecord) -> None:
    rows = [replace(row, val_mae=1.0) if row.key == "quick/3" else row for row in small.evaluations]
    best = StudyView(replace(small, evaluations=tuple(rows), test=None)).winner
    assert best is not None and best.key == "quick/3"


def test_the_page_stays_with_the_tested_config_until_the_new_leader_is_tested(small: StudyRecord) -> None:
    ahead = replace(small.evaluations[-2], val_mae=2.4)
    record = replace(small, evaluations=(*small.evaluations[:-2], ahead, small.evaluations[-1]))
    found = headline(StudyView(record))
    assert (found.config_id, found.val_mae, found.overtaken_by) == (2, 2.5, 1)
    assert headline(StudyView(small)).overtaken_by is None


def test_a_test_of_an_evaluation_that_is_gone_is_not_the_winners(small: StudyRecord) -> None:
    record = replace(small, evaluations=small.evaluations[:-1])
    best = StudyView(record).winner
    assert best is not None and best.key == "full/1"
    assert StudyView(record).winner_test is None
    assert headline(StudyView(record)).steps == ()
    assert holds_on_test(StudyView(record)).status == "unknown"


def test_nan_is_no_winner(small: StudyRecord) -> None:
    broken = replace(small.evaluations[-1], val_mae=float("nan"))
    best = StudyView(replace(small, evaluations=(*small.evaluations[:-1], broken))).winner
    assert best is not None and best.key == "full/1"


def test_funnel_counts_configs_once_and_time_of_all_attempts(small: StudyRecord) -> None:
    assert promotions(StudyView(small)).stages == (
        StageCount(
            "quick", 6, promoted=2, stopped=3, pruned=1, failed=0, unfinished=0, attempts=7, epochs=54, seconds=325.0
        ),
        StageCount(
            "full", 2, promoted=0, stopped=2, pruned=0, failed=0, unfinished=0, attempts=2, epochs=20, seconds=400.0
        ),
    )


def test_standings_have_the_cut_and_one_winner(small: StudyRecord) -> None:
    table = standings(StudyView(small))
    assert table.cuts == {"quick": 3.5}
    assert [(row.standing.stage, row.standing.config_id) for row in table.rows if row.is_winner] == [("full", 2)]
    first_stopped = next(row for row in table.rows if not row.standing.promoted)
    assert (first_stopped.standing.config_id, first_stopped.standing.rank, first_stopped.standing.gap) == (0, 3, 0.5)


def test_diagnosis_is_counted_by_stage(small: StudyRecord) -> None:
    assert diagnosis_counts(StudyView(small)) == (DiagnosisCount("falling fast: healthy", (("quick", 1), ("full", 0))),)


def test_diagnostics_compare_with_the_reference_config_at_the_highest_common_stage(small: StudyRecord) -> None:
    check = beats_reference_config(StudyView(small))
    assert check.status == "pass"
    assert "At quick" in check.answer and "3.500" in check.answer and "4.000" in check.answer


def test_the_reference_config_winning_is_worth_a_look(small: StudyRecord) -> None:
    only = replace(small, evaluations=(Evaluation(0, "full", state=State.COMPLETE, val_mae=2.0),))
    assert beats_reference_config(StudyView(only)).status == "warn"


@pytest.mark.parametrize("preset_mae", [3.501, 3.55, 3.65])
def test_a_reference_config_beaten_by_less_than_seeds_differ_may_be_chance(
    small: StudyRecord, preset_mae: float
) -> None:
    rows = tuple(replace(row, val_mae=preset_mae) if row.key == "quick/0" else row for row in small.evaluations)
    changed = replace(small, evaluations=rows)
    check = beats_reference_config(StudyView(changed))
    assert check.status == "warn" and "may be chance" in check.answer


def test_larger_stages_name_the_best_of_each_and_the_winners_rank(small: StudyRecord) -> None:
    check = larger_stages_paid(StudyView(small))
    assert check.status == "pass"
    assert "3.000 at quick, 2.500 at full (mph), −16.7" in check.answer
    assert "rank 2 of 5 at quick" in check.answer


def test_a_stage_that_gained_nothing_did_not_pay(small: StudyRecord) -> None:
    rows = tuple(replace(row, val_mae=3.0) if row.stage == "full" else row for row in small.evaluations)
    check = larger_stages_paid(StudyView(replace(small, evaluations=rows)))
    assert check.status == "warn" and "The full stage hardly improved" in check.answer


def test_larger_stages_that_made_it_worse_did_not_pay(small: StudyRecord) -> None:
    rows = tuple(replace(row, val_mae=3.2) if row.stage == "full" else row for row in small.evaluations)
    record = replace(small, evaluations=rows, test=None)
    check = larger_stages_paid(StudyView(record))
    assert check.status == "warn" and "3.000 at quick, 3.200 at full (mph), +6.7" in check.answer
    assert "The full stage is worse than the one before it" in check.answer
    assert "rank 1 of 5 at quick" in check.answer


def test_curves_that_never_went_below_their_birth_are_worth_a_look(small: StudyRecord) -> None:
    assert curves_ended(StudyView(small)).status == "pass"
    first = small.curves["full/1"][0]
    disturbed = {key: (replace(curve[0], epoch=0, val_mae=1.0), *curve[1:]) for key, curve in small.curves.items()}
    check = curves_ended(StudyView(replace(small, curves=disturbed)))
    assert first.epoch == 0
    assert check.status == "warn" and "2 of 2 never got below" in check.answer


def stuck_at_full(small: StudyRecord, parent: float, train: list[float], val: list[float]) -> str:
    """What is said of full models that gained nothing, by training errors: the parent's last, and their own."""
    born = Epoch(0, 0, None, 1.0, 0.0, 1.0)
    full = (born, *(Epoch(n, n, t, v, 0.001, 1.0) for n, (t, v) in enumerate(zip(train, val, strict=True), start=1)))
    below = {key: (*curve[:-1], replace(curve[-1], train_mae=parent)) for key, curve in small.curves.items()}
    record = replace(small, curves={**below, "full/1": full, "full/2": full})
    answer = curves_ended(StudyView(record)).answer
    assert "2 of 2 never got below" in answer
    return answer


def test_overfitting_is_distinguished_from_not_learning(small: StudyRecord) -> None:
    level = [1.2, 1.2, 1.2, 1.2]
    answer = stuck_at_full(small, 3.2, [3.0, 2.5, 2.0, 1.5], level)
    assert "training MAE fell by 50.0" in answer and "more epochs will not" in answer
    # Level, and one that only came back to where the smaller model had ended before growth disturbed it.
    for parent, train in ((3.2, [3.0, 3.0, 2.9, 2.9]), (1.5, [3.0, 2.5, 2.0, 1.5])):
        answer = stuck_at_full(small, parent, train, level)
        assert "training MAE" not in answer and "epochs will not" not in answer


def test_more_epochs_are_not_advised_and_advised_against_at_once(small: StudyRecord) -> None:
    answer = stuck_at_full(small, 3.2, [3.0, 2.5, 2.0, 1.5], [1.6, 1.5, 1.4, 1.2])
    assert "More epochs may lower the error" in answer and "epochs will not" not in answer


def test_readings_of_the_curves_are_added_up(small: StudyRecord) -> None:
    assert curves_healthy(StudyView(small)).status == "pass"
    rows = tuple(replace(row, facts={"diagnosis": ("rising: lower it",)}) for row in small.evaluations)
    worse = replace(small, evaluations=rows)
    check = curves_healthy(StudyView(worse))
    assert (check.status, check.answer) == ("warn", "Readings of 8 curves: 8 × “rising: lower it”.")


def test_a_baseline_without_scores_is_no_victory(small: StudyRecord) -> None:
    assert small.test is not None
    assert beats_baselines(StudyView(small)).status == "pass"
    silent = replace(small, test=replace(small.test, baselines={"none": {"steps": {}, "mean": small.test.mean}}))
    assert beats_baselines(StudyView(silent)).status == "unknown"


def test_failures_warn_above_a_tenth(small: StudyRecord) -> None:
    assert failures(StudyView(small)).status == "pass"
    failed = tuple(replace(row, state=State.FAILED) if row.config_id == 3 else row for row in small.evaluations)
    assert failures(StudyView(replace(small, evaluations=failed))).status == "warn"


def test_gap_between_validation_and_test(small: StudyRecord) -> None:
    assert holds_on_test(StudyView(small)) == Check(
        "Does the validation error hold on the test part?",
        "pass",
        "Test 2.650 against validation 2.500 mph (+6.0\N{NO-BREAK SPACE}%).",
    )


def test_the_gap_is_compared_with_persistence(small: StudyRecord) -> None:
    assert small.test is not None
    harder = {**small.provenance, "persistence_mae": {"val": 3.0, "test": 3.6}}
    tested = replace(small.test, mean=replace(small.test.mean, mae=3.1))  # validation 2.5: 24 % above
    assert holds_on_test(StudyView(replace(small, test=tested))).status == "warn"
    check = holds_on_test(StudyView(replace(small, test=tested, provenance=harder)))
    assert check.status == "pass" and "changes by +20.0 %, because the days differ." in check.answer
    worse = replace(tested, mean=replace(tested.mean, mae=3.3))
    assert holds_on_test(StudyView(replace(small, test=worse, provenance=harder))).status == "warn"


def test_findings_about_the_data_are_shown(small: StudyRecord) -> None:
    def check(**facts: object) -> Check:
        return data_is_sound(StudyView(replace(small, provenance=facts)))

    assert check().status == "unknown"

    def finding(severity: str, message: str) -> dict[str, str]:
        return {"code": "some-code", "severity": severity, "message": message, "advice": "is that so?"}

    assert check(findings=[]) == Check(check().question, "pass", "No warnings.")
    noted = check(findings=[finding("note", "rows were sorted")])
    assert (noted.status, noted.answer) == ("pass", "No warnings. Notes: rows were sorted.")
    told = check(findings=[finding("warning", "no Monday"), finding("note", "a"), finding("note", "b")])
    assert (told.status, told.answer) == ("warn", "No Monday; is that so? Notes: a; b.")


def test_an_empty_study_has_no_winner(small: StudyRecord) -> None:
    view = StudyView(replace(small, evaluations=(), curves={}, test=None, provenance={}, spec={}))
    assert headline(view).config_id is None
    assert headline(view).cost == Cost(0, 0, 0, None, None)
    assert {check.status for check in diagnostics(view)} == {"unknown"}
