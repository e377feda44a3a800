"""Inputs that users really have, where their folder is at hand; the tests of their kinds make their own."""

import os
from pathlib import Path

import numpy as np
import pytest

from gman_search.data.read import read_series
from gman_search.reading_options import ReadingOptions

FIRST = [55.2, 54.8, 56.0, 55.2]
"""The first row of most of them, at midnight of 3 March 2025."""


@pytest.fixture(scope="module")
def cases(repository) -> Path:
    folder = Path(os.environ.get("GMAN_SEARCH_CASES", repository.parent / "shared" / "cases"))
    if not folder.is_dir():
        pytest.skip(f"no case files at {folder}: set GMAN_SEARCH_CASES")
    return folder


@pytest.mark.parametrize("file, start, told", [
    ("t_desc/speed.csv", "2025-03-03T00:00", "newest first"),
    ("t_two_columns/speed.csv", "2025-03-03T00:00", "read as one time"),
    ("i_rangeindex_time/speed.csv", "2025-03-03T00:00", "only counts the rows"),
    ("i_transposed/speed.csv", "2025-03-03T00:00", "transposed"),
    ("code_dash/speed.csv", "2025-03-03T00:00", "of '-'"),
    ("code_9999/speed.csv", "2025-03-03T00:00", "data.missing_codes = [255, 9999]"),
    ("x_long_latlon/l.csv", "2025-03-03T00:00", "latitude, longitude are not read"),
    ("u_long_detid/l.csv", "2025-03-03T00:00", ""),
])  # fmt: skip
def test_what_is_read_at_once(cases, file, start, told):
    series = read_series(cases / file)
    assert str(series.times[0]) == start and series.values.shape == (1344, 4) and series.step_minutes == 15
    np.testing.assert_allclose(series.values[0], FIRST, rtol=1e-6)
    assert told in " ".join(series.notes) and len(series.notes) == bool(told)


@pytest.mark.parametrize("file, start", [
    ("t_isoZ/speed.csv", "2025-03-03T01:00"), ("t_offset/speed.csv", "2025-03-03T00:00"), ("t_epoch_s/speed.csv", "2025-03-03T01:00"),
])  # fmt: skip
def test_times_with_a_zone(cases, refused, file, start):
    assert 'data.timezone = "Europe/Berlin"' in refused(lambda: read_series(cases / file))
    series = read_series(cases / file, ReadingOptions(timezone="Europe/Berlin"))
    assert str(series.times[0]) == start and series.values.shape == (1344, 4)
    np.testing.assert_allclose(series.values[0], FIRST, rtol=1e-6)


def test_thousands_and_codes_and_calendar_columns(cases):
    flow = read_series(cases / "thousands_point" / "flow.csv")
    lines = [line.split(";")[1:] for line in (cases / "thousands_point" / "flow.csv").read_text().splitlines()[1:]]
    np.testing.assert_array_equal(flow.values, [[int(cell.replace(".", "")) for cell in line] for line in lines])
    assert flow.values.max() > 1500 and "group thousands" in flow.notes[0]
    coded = read_series(cases / "code_9999" / "speed.csv", ReadingOptions(missing_codes=(255, 9999)))
    assert coded.values.max() < 100 and (coded.values == 0).any()
    extra = read_series(cases / "i_extra_features" / "speed.csv")
    assert 'data.ignore_columns = ["hour", "weekday"]' in extra.notes[0]
    options = ReadingOptions(ignore_columns=("hour", "weekday"))
    assert read_series(cases / "i_extra_features" / "speed.csv", options).sensors == ("a", "b", "c", "d")
