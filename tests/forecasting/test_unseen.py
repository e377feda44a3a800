"""Which rows of a file are scored: never those that the model was trained on or chosen by."""

from types import SimpleNamespace

import numpy as np
import pytest

from gman_search.data.series import TrafficSeries
from gman_search.data.stored import StoredData
from gman_search.errors import DataError
from gman_search.forecasting.unseen import unseen_windows

P, Q = 4, 3
FIRST = np.datetime64("2025-03-03T00:00", "m")
STORED = StoredData(
    fingerprint="x", rows=100, first="2025-03-03T00:00", last="2025-03-07T03:00", known_until="2025-03-06T07:00",
    step_minutes=60, sensors=1,
)  # fmt: skip
"""100 hours: 80 of training and validation, 20 of the test part."""
MODEL = SimpleNamespace(P=P, Q=Q, known=lambda series: series)


def found(first: int, end: int):
    """The windows of hours `first` to `end` of the study, and the hours whose readings are forecast in them."""
    times = FIRST + np.timedelta64(60, "m") * np.arange(first, end)
    unseen = unseen_windows(MODEL, TrafficSeries(np.ones((end - first, 1)), times, ("a",), 60), STORED)
    targets = first + unseen.windows.starts[:, np.newaxis] + P + np.arange(Q)
    return unseen, set(targets.ravel().tolist())


def test_only_rows_after_the_study_are_scored():
    unseen, hours = found(0, 130)
    assert hours == set(range(100, 130))
    assert (unseen.older, unseen.known, unseen.test, unseen.new) == (0, 80, 20, 30)
    new, left = unseen.notes()
    assert new == "new readings since the study: 1.2 days (30 rows); these are scored"
    assert (
        "80 rows in the training and validation parts (until 2025-03-06 07:00)" in left
        and "20 rows in the test" in left
    )


def test_a_file_of_new_rows_alone_is_scored_from_its_first_window():
    unseen, hours = found(105, 130)
    assert hours == set(range(105 + P, 130)) and len(unseen.notes()) == 1


def test_old_training_rows_are_never_a_test():
    with pytest.raises(DataError, match="expected readings after 2025-03-06T07:00.*name a file of newer"):
        found(0, 80)
    with pytest.raises(DataError, match="newer"):
        found(-50, 40)


def test_rows_of_the_test_part_are_scored_where_there_are_no_newer_ones_and_it_is_said():
    unseen, hours = found(-10, 100)
    assert hours == set(range(80, 100))
    assert unseen.notes()[0].startswith("no row is newer than the study") and "10 rows before them" in unseen.notes()[1]


def test_too_few_new_rows_are_refused():
    with pytest.raises(DataError, match="expected at least Q = 3 rows after 2025-03-07T03:00.*received 2"):
        found(0, 102)
    assert found(0, 103)[1] == {100, 101, 102}
