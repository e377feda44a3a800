"""Losses come first: the ensemble and the winner compared with every other forecaster at every step."""

import math
from dataclasses import replace

import pytest

from gman_search.record import EnsembleCheck, EnsembleMember, EnsembleTest, LeaderboardRow, Scores, StudyRecord
from gman_search.report.baseline_comparison import baseline_comparison, defeats
from gman_search.report.diagnostics import diagnostics
from gman_search.report.diagnostics.forecast import beats_baselines, ensemble_pays, search_was_worth_it
from gman_search.report.figures import interval_coverage
from gman_search.report.headline import headline
from gman_search.report.page import render
from gman_search.report.verdict import defeat_sentences
from gman_search.report.view import StudyView

from .study_record import delivered_record, study_record


def errors(*maes: float) -> dict:
    """Scores at steps 1, 2, ... with these MAEs, and their mean."""
    steps = {q: Scores(mae, 1.0, 1.0) for q, mae in enumerate(maes, start=1)}
    return {"steps": steps, "mean": Scores(sum(maes) / len(maes), 1.0, 1.0)}


def with_baselines(record: StudyRecord, **baselines: dict) -> StudyRecord:
    assert record.test is not None
    named = {name.replace("_", " "): scores for name, scores in baselines.items()}
    return replace(record, test=replace(record.test, baselines=named))


def sentences(record: StudyRecord) -> tuple[str, ...]:
    return defeat_sentences(defeats(record.test, record.step_minutes), record.unit)


# The winner of `small` has 2.1, 2.2, 2.3, ... 3.2 mph.
WORSE = [4.0] * 12


def test_losing_at_fifteen_minutes_alone_is_reported(small: StudyRecord) -> None:
    record = with_baselines(small, boosted_trees=errors(4.0, 4.0, 2.25, *[4.0] * 9), persistence=errors(*WORSE))
    assert sentences(record) == (
        "Boosted trees are better than the winner at 15 minutes (2.25 against 2.30 mph at 15 minutes).",
    )
    check = beats_baselines(StudyView(record))
    assert check.status == "warn" and check.answer == sentences(record)[0]


def test_the_sentence_comes_first_under_the_title(small: StudyRecord) -> None:
    record = with_baselines(small, boosted_trees=errors(4.0, 4.0, 2.25, *[4.0] * 9))
    page = render(record)
    after = page[page.index("</header>") :]
    assert after.index("Boosted trees are better") < after.index("Config 2 is the best of")
    assert '<p class="lead">Boosted trees are better' in after


def test_winning_everywhere_says_nothing(small: StudyRecord) -> None:
    assert sentences(small) == () and headline(StudyView(small)).defeats == ()
    assert beats_baselines(StudyView(small)).status == "pass"
    assert "better than the winner" not in render(small)


def test_forecasters_are_in_the_order_of_the_steps_they_win(small: StudyRecord) -> None:
    record = with_baselines(
        small,
        persistence=errors(2.0, 2.1, *[4.0] * 10),
        historical_average=errors(*[4.0] * 11, 3.1),
        boosted_trees=errors(*[2.0] * 12),
        linear_regression=errors(*[2.15] * 3, *[2.0] * 3, *[9.0] * 6),
    )
    assert sentences(record) == (
        "Boosted trees are better than the winner at every step (2.00 against 3.20 mph at 60 minutes).",
        "Linear regression is better than the winner at 10 to 30 minutes (2.00 against 2.60 mph at 30 minutes).",
        "Persistence is better than the winner at 5 and 10 minutes (2.00 against 2.10 mph at 5 minutes).",
        "The historical average is better than the winner at 60 minutes (3.10 against 3.20 mph at 60 minutes).",
    )


def test_numbers_that_are_none_lose_and_win_nothing(small: StudyRecord) -> None:
    record = with_baselines(small, persistence=errors(math.nan, 2.1, *[4.0] * 10), silent=errors(*[math.nan] * 12))
    (told,) = defeats(record.test, 5)
    assert [step.step for step in told.lost] == [2] and told.compared == 11
    alone = with_baselines(small, silent=errors(*[math.nan] * 12))
    assert beats_baselines(StudyView(alone)).status == "unknown"


def test_a_step_lost_by_a_hair_is_shown_with_digits_enough(small: StudyRecord) -> None:
    record = with_baselines(small, persistence=errors(4.0, 4.0, 2.2996, *[4.0] * 9))
    assert "(2.2996 against 2.3000 mph" in sentences(record)[0]
    same = with_baselines(small, persistence=errors(*(2.0 + 0.1 * q for q in range(1, 13))))
    assert sentences(same) == ()


def test_a_baseline_better_on_the_mean_alone_is_reported(small: StudyRecord) -> None:
    scores = {**errors(*WORSE), "mean": Scores(2.6, 1.0, 1.0)}
    record = with_baselines(small, persistence=scores)
    assert sentences(record) == (
        "Persistence is better than the winner on the mean of all steps (2.60 against 2.65 mph).",
    )
    assert beats_baselines(StudyView(record)).status == "warn"


def test_ensemble_and_winner_are_judged_separately(small: StudyRecord) -> None:
    record = delivered_record()
    assert {one.loser for one in defeats(record.test, 5)} == {"winner"}
    assert "Boosted trees are better than the winner at 5, 10 and 15 minutes (" in sentences(record)[0]
    assert (
        beats_baselines(StudyView(record), "ensemble").status == "pass"
        and beats_baselines(StudyView(record)).status == "warn"
    )
    questions = [check.question for check in diagnostics(StudyView(record))]
    assert questions[:2] == [f"Does the {role} beat every baseline at every step?" for role in ("ensemble", "winner")]
    assert "ensemble beat" not in " ".join(check.question for check in diagnostics(StudyView(small)))


def test_the_ensembles_defeat_comes_before_the_winners() -> None:
    record = delivered_record()
    assert record.test is not None
    low = {q: replace(scores, mae=0.5) for q, scores in record.test.steps.items()}
    baselines = {"persistence": {"steps": low, "mean": replace(record.test.mean, mae=0.5)}}
    told = sentences(replace(record, test=replace(record.test, baselines=baselines)))
    assert told[0].startswith("Persistence is better than the ensemble at every step")
    assert told[1].startswith("Persistence is better than the winner at every step")


def test_the_reference_is_compared_too(small: StudyRecord) -> None:
    assert small.test is not None
    scores = errors(*[2.0] * 12)
    row = LeaderboardRow("any name", "reference", "quick/0 reference", 2.6, scores["steps"], scores["mean"], 1.0, 1.0)
    record = replace(small, test=replace(small.test, leaderboard=(row,)))
    assert sentences(record)[0].startswith("The reference (three-stage guide) is better than the winner at every step")
    assert beats_baselines(StudyView(record)).status == "pass"  # no baseline
    found = baseline_comparison(StudyView(record))
    assert found is not None and found.rows[1].name == "reference (three-stage guide)" and found.rows[1].mean == 2.0


def test_does_the_ensemble_pay(small: StudyRecord) -> None:
    assert ensemble_pays(StudyView(small)).status == "unknown"
    record = delivered_record()
    assert record.test is not None and record.test.ensemble is not None
    assert ensemble_pays(StudyView(record)).status == "pass"

    def check(**fields: object):
        ensemble = replace(record.test.ensemble, **fields)  # type: ignore[union-attr]
        return ensemble_pays(StudyView(replace(record, test=replace(record.test, ensemble=ensemble))))  # type: ignore[type-var]

    unused = check(check=EnsembleCheck(3.0, 2.9, "boosted trees", used=False))
    assert unused.status == "warn" and "the best single forecaster is delivered alone" in unused.answer
    assert check(check=EnsembleCheck(math.nan, 2.9, "boosted trees", used=True)).status == "unknown"
    assert check(mean=Scores(99.0, 1.0, 1.0)).status == "warn"


def test_was_searching_worth_it(small: StudyRecord) -> None:
    assert search_was_worth_it(StudyView(small)).status == "unknown"
    record = delivered_record()
    check = search_was_worth_it(StudyView(record))
    assert check.status == "pass" and "Training the reference took" in check.answer and "Test MAE" in check.answer
    won = tuple(replace(row, val_mae=0.1) if row.control == "reference" else row for row in record.evaluations)
    assert search_was_worth_it(StudyView(replace(record, evaluations=won, test=None))).status == "warn"


def test_one_forecaster_alone_is_called_so(small: StudyRecord) -> None:
    assert small.test is not None
    member = EnsembleMember("boosted trees", "baseline", None, (1.0,) * 12)
    check = EnsembleCheck(2.4, 2.3, "boosted trees", used=False)
    ensemble = EnsembleTest(small.test.steps, small.test.mean, (member,), 2.4, check, 3.0)
    page = render(replace(small, test=replace(small.test, ensemble=ensemble)))
    assert "The delivered forecast is one forecaster alone, boosted trees: no ensemble was better." in page


@pytest.mark.parametrize("part", ["ensemble", "leaderboard"])
def test_a_missing_part_leaves_the_rest(part: str) -> None:
    record = delivered_record()
    assert record.test is not None
    page = render(replace(record, test=replace(record.test, **{part: None if part == "ensemble" else ()})))
    assert ("fig-ensemble" in page) == (part != "ensemble") and 'id="leaderboard"' in page
    older = render(study_record())
    assert 'id="leaderboard"' not in older and "fig-ensemble" not in older


def test_intervals_are_those_of_what_is_delivered() -> None:
    record = delivered_record()
    assert record.test is not None and record.test.ensemble is not None
    found = interval_coverage.compute(StudyView(record))
    assert found is not None and found.role == "winner"
    wider = {90: replace(record.test.coverage[90], held=91.0)}
    ensemble = replace(record.test.ensemble, coverage=wider)
    found = interval_coverage.compute(StudyView(replace(record, test=replace(record.test, ensemble=ensemble))))
    assert found is not None and found.role == "ensemble" and [row.held for row in found.rows] == [91.0]
