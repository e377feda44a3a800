"""The winner compared with the reference config and the baselines, and with numbers worked out on paper."""

from dataclasses import replace

import pytest

from gman_search.halving.evaluations import Evaluation, State
from gman_search.record import PresetTest, StudyRecord
from gman_search.report.baseline_comparison import baseline_comparison, comparison_table
from gman_search.report.reference_config import reference_on_test, reference_on_validation, reference_standing
from gman_search.report.view import StudyView

NBSP = "\N{NO-BREAK SPACE}"


def test_the_winner_is_compared_with_reference_config_and_baselines(small: StudyRecord) -> None:
    found = baseline_comparison(StudyView(small))
    assert found is not None
    assert found.steps == ((3, 15), (6, 30), (12, 60))
    assert [(row.name, row.stage, row.mean) for row in found.rows] == [
        ("config 2", "full", 2.65),
        ("reference config, in the search", "quick", 5.0),
        ("config 2", "quick", 4.5),
        ("last value", None, 4.0),
    ]
    assert [row.lead for row in found.rows] == [None, pytest.approx(47.0), None, pytest.approx(33.75)]
    assert found.reference_gain == pytest.approx(10.0)  # of two models of one size, not 47


def test_the_table_names_the_model_and_the_difference(small: StudyRecord) -> None:
    found = baseline_comparison(StudyView(small))
    assert found is not None
    table = comparison_table(found)
    assert table.columns[1:] == ("15 min", "30 min", "60 min", "mean 1..12", "winner vs. it")
    assert table.rows[0] == ("config 2, full", "2.300", "2.600", "3.200", "2.650", "")
    assert table.rows[1][0] == "reference config, in the search, quick" and table.rows[1][-1] == f"−47.0{NBSP}%"
    assert table.rows[3][0] == "last value"


def test_the_text_separates_validation_from_test_and_size_from_skill(small: StudyRecord) -> None:
    found, standing = baseline_comparison(StudyView(small)), reference_standing(StudyView(small))
    assert found is not None and standing is not None
    assert reference_on_validation(standing, "mph") == (
        "On the validation part, where configs are chosen, the reference config (config 0) is rank 3 of 5 in the search at quick with 4.000 mph, "
        f"the winner's config 3.500 there (−12.5{NBSP}%)."
    )
    text = reference_on_test(found, standing)
    assert "after the winner was chosen" in text
    assert f"between models of the same size, the winner's config is 10.0{NBSP}% below the reference." in text
    assert text.endswith("A run with --control-runs 1 trains the reference config at full, too.")


def test_a_reference_config_at_the_winners_stage_needs_no_peer(small: StudyRecord) -> None:
    assert small.test is not None and small.test.beside is not None
    beside = PresetTest(replace(small.test.beside.preset, stage="full"))
    rows = (*small.evaluations, Evaluation(0, "full", state=State.COMPLETE, val_mae=2.9))
    record = replace(small, test=replace(small.test, beside=beside), evaluations=rows)
    found, standing = baseline_comparison(StudyView(record)), reference_standing(StudyView(record))
    assert found is not None and standing is not None
    assert found.is_same_stage and found.reference_gain == pytest.approx(47.0)
    assert "larger model" not in reference_on_test(found, standing) and "--control-runs" not in reference_on_test(
        found, standing
    )


def test_without_a_test_of_the_reference_config_the_page_says_why(small: StudyRecord) -> None:
    assert small.test is not None
    record = replace(small, test=replace(small.test, beside=None))
    found, standing = baseline_comparison(StudyView(record)), reference_standing(StudyView(record))
    assert found is not None and standing is not None
    assert len(found.rows) == 2 and found.reference_gain is None
    assert reference_on_test(found, standing) == "It has no test error: its weights were not kept."
    won = replace(standing, is_winner=True)
    assert reference_on_validation(won, "mph").endswith("it won.") and reference_on_test(found, won) == ""


def test_without_a_test_there_is_nothing_to_compare(small: StudyRecord) -> None:
    assert baseline_comparison(StudyView(replace(small, test=None))) is None


def test_controls_take_the_reference_config_to_the_winners_stage(small: StudyRecord) -> None:
    control = Evaluation(0, "full", state=State.COMPLETE, val_mae=2.55, control="preset", parent="quick/0")
    standing = reference_standing(StudyView(replace(small, evaluations=(*small.evaluations, control))))
    assert standing is not None and not standing.is_winner
    # The winner has 2.5 and config 1 has 2.6.
    assert (standing.stage, standing.val_mae, standing.rank, standing.of) == ("full", 2.55, 2, 3)
    assert standing.gain == pytest.approx(100 * 0.05 / 2.55)
