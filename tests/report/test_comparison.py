"""Comparison of studies, by value."""

from dataclasses import replace

import pytest

from gman_search.record import StudyRecord
from gman_search.report.comparison import Difference, compare, difference_table, study_table, verdict


def other(record: StudyRecord, **changes: object) -> StudyRecord:
    """A second study with a test MAE of 2.0 at every step and in the mean."""
    assert record.test is not None
    score = replace(record.test.mean, mae=2.0)
    test = replace(record.test, steps=dict.fromkeys(record.test.steps, score), mean=score)
    return replace(record, name="other", test=test, **changes)


def test_the_lower_test_error_wins_if_the_data_are_the_same(small: StudyRecord) -> None:
    known = replace(small, provenance={**small.provenance, "fingerprint": "f"})
    same = compare([known, other(known)])
    assert same.same_data is True
    assert verdict(same) == (
        "other has the lowest test MAE (mean of all steps), 2.000 mph, followed by small with 2.650."
    )
    different = compare([known, other(known, provenance={"fingerprint": "g"})])
    assert "data differ" in verdict(different)
    assert "not known" in verdict(compare([small, other(small)]))


def test_different_units_are_not_compared(small: StudyRecord) -> None:
    found = compare([small, other(small, unit="km/h")])
    assert found.units == ("mph", "km/h")
    assert "cannot be compared" in verdict(found)


def test_only_settings_that_differ_are_listed(small: StudyRecord) -> None:
    first = replace(
        small, spec={"name": "a", "trials": 8, "halving": {"reduction_factor": [2, 2], "warm_start": "grow"}}
    )
    second = other(
        replace(small, spec={"name": "b", "trials": 8, "halving": {"reduction_factor": (2, 2), "warm_start": "none"}})
    )
    found = compare([first, second])
    assert found.differences == (Difference("halving.warm_start", ("grow", "none")),)
    assert difference_table(found).rows == (("halving.warm_start", "grow", "none"),)


def test_one_row_a_study(small: StudyRecord) -> None:
    row, second = study_table(compare([small, other(small)])).rows
    assert row[:5] == ("small", "6", "yes", "config 2, full", "2.500")
    assert row[5:9] == ("2.300", "2.600", "3.200", "2.650")
    assert second[8] == "2.000"


@pytest.mark.parametrize("number", [2, 5])
def test_equal_studies_differ_in_nothing(small: StudyRecord, number: int) -> None:
    assert compare([small] * number).differences == ()
