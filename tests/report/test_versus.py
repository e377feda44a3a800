"""The winner beside the reference config and the baselines, against numbers worked out on paper."""

from dataclasses import replace

import pytest

from gman_search.halving.table import Evaluation, State
from gman_search.record import PresetTest, StudyRecord
from gman_search.report.summaries.preset import preset_standing
from gman_search.report.summaries.versus import versus
from gman_search.report.text.forecast_tables import versus_table
from gman_search.report.text.preset_text import preset_on_test, preset_on_validation

NBSP = "\N{NO-BREAK SPACE}"


def test_preset_and_baselines_stand_beside_the_winner(small: StudyRecord) -> None:
    found = versus(small)
    assert found is not None
    assert found.steps == ((3, 15), (6, 30), (12, 60))
    assert [(row.name, row.stage, row.mean) for row in found.rows] == [
        ("config 2", "full", 2.65),
        ("reference config, in the search", "quick", 5.0),
        ("config 2", "quick", 4.5),
        ("last value", None, 4.0),
    ]
    assert [row.lead for row in found.rows] == [None, pytest.approx(47.0), None, pytest.approx(33.75)]
    assert found.preset_gain == pytest.approx(10.0)  # of two models of one size, not 47


def test_the_table_says_which_model_and_by_how_much(small: StudyRecord) -> None:
    found = versus(small)
    assert found is not None
    table = versus_table(found)
    assert table.columns[1:] == ("15 min", "30 min", "60 min", "mean 1..12", "winner against it")
    assert table.rows[0] == ("config 2, full", "2.300", "2.600", "3.200", "2.650", "")
    assert table.rows[1][0] == "reference config, in the search, quick" and table.rows[1][-1] == f"−47.0{NBSP}%"
    assert table.rows[3][0] == "last value"


def test_the_words_tell_validation_from_test_and_size_from_skill(small: StudyRecord) -> None:
    found, standing = versus(small), preset_standing(small)
    assert found is not None and standing is not None
    assert preset_on_validation(standing, "mph") == (
        "On the validation part, where configs are chosen, the reference config (config 0) is rank 3 of 5 in the search at quick with 4.000 mph, "
        f"the winner's config 3.500 there (−12.5{NBSP}%)."
    )
    text = preset_on_test(found, standing)
    assert "after the winner was fixed" in text
    assert f"of two models of one size the winner's config is 10.0{NBSP}% below the reference." in text
    assert text.endswith("A run with --controls 1 takes the reference config on to full.")


def test_a_preset_at_the_winners_stage_needs_no_peer(small: StudyRecord) -> None:
    assert small.test is not None and small.test.beside is not None
    beside = PresetTest(replace(small.test.beside.preset, stage="full"))
    rows = (*small.evaluations, Evaluation(0, "full", state=State.COMPLETE, val_mae=2.9))
    record = replace(small, test=replace(small.test, beside=beside), evaluations=rows)
    found, standing = versus(record), preset_standing(record)
    assert found is not None and standing is not None
    assert found.is_same_stage and found.preset_gain == pytest.approx(47.0)
    assert "larger model" not in preset_on_test(found, standing) and "--controls" not in preset_on_test(found, standing)


def test_without_a_test_of_the_preset_the_page_says_why(small: StudyRecord) -> None:
    assert small.test is not None
    record = replace(small, test=replace(small.test, beside=None))
    found, standing = versus(record), preset_standing(record)
    assert found is not None and standing is not None
    assert len(found.rows) == 2 and found.preset_gain is None
    assert preset_on_test(found, standing) == "It has no test error: its weights were not kept."
    won = replace(standing, is_winner=True)
    assert preset_on_validation(won, "mph").endswith("it won.") and preset_on_test(found, won) == ""


def test_without_a_test_there_is_nothing_to_compare(small: StudyRecord) -> None:
    assert versus(replace(small, test=None)) is None


def test_controls_take_the_preset_to_the_winners_stage(small: StudyRecord) -> None:
    control = Evaluation(0, "full", state=State.COMPLETE, val_mae=2.55, control="preset", parent="quick/0")
    standing = preset_standing(replace(small, evaluations=(*small.evaluations, control)))
    assert standing is not None and not standing.is_winner
    # Beside 2.5 of the winner and 2.6 of config 1.
    assert (standing.stage, standing.val_mae, standing.rank, standing.of) == ("full", 2.55, 2, 3)
    assert standing.gain == pytest.approx(100 * 0.05 / 2.55)
