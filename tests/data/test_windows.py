"""The cut by time, and windows inside it."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gman_search.data.windows import Part, split_series, window_starts
from gman_search.errors import DataError


@given(st.integers(10, 60_000), st.floats(0.05, 0.9), st.floats(0.05, 0.9))
def test_parts_follow_each_other_and_cover_the_series(steps, train, test):
    if train + test >= 1:
        return
    parts = split_series(steps, train=train, test=test)
    assert [part.name for part in parts] == ["train", "val", "test"]
    assert parts[0].first == 0 and parts[-1].end == steps
    assert parts[0].end == parts[1].first == round(train * steps)
    assert parts[1].end == parts[2].first and parts[2].end - parts[2].first == round(test * steps)


def test_rounding_is_the_original_one_and_validation_takes_the_rest():
    sizes = [part.end - part.first for part in split_series(15, train=0.7, test=0.2)]
    assert sizes == [10, 2, 3]  # round(10.5) is 10


@given(st.integers(0, 100), st.integers(1, 60), st.integers(1, 20), st.integers(1, 20))
def test_every_window_that_fits_is_there_once(first, length, history, horizon):
    part = Part("train", first, first + length)
    fitting = [start for start in range(first, part.end) if start + history + horizon <= part.end]
    if fitting:
        starts = window_starts(part, history, horizon)
        assert starts.tolist() == fitting and starts.dtype == np.int32
    else:
        with pytest.raises(DataError, match=f"P \\+ Q = {history + horizon} rows.*received {length}"):
            window_starts(part, history, horizon)


def test_one_window_is_enough():
    assert window_starts(Part("test", 7, 31), 12, 12).tolist() == [7]


def test_pems_bay_has_the_original_numbers_of_windows():
    parts = split_series(52116, train=0.7, test=0.2)
    assert [len(window_starts(part, 12, 12)) for part in parts] == [36458, 5189, 10400]
