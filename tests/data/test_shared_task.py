"""A task on disk: equal to the one that was written, mapped and not copied, and gone when the search has ended."""

import dataclasses
import tracemalloc

import numpy as np
import pytest

from gman_search.data import column_blocks, shared_task, suspected_codes
from gman_search.data.cleaning.clean import cleaned
from gman_search.data.fill import fill_missing
from gman_search.data.shared_task import read_shared, shared_or_loaded, sharing, write_shared
from gman_search.data.task import load_task
from gman_search.data.usual import usual_values, usual_without_own_day
from gman_search.data_spec import DataSpec
from gman_search.errors import DataError

SPEC = DataSpec(clean=True)


@pytest.fixture(scope="module")
def task():
    return load_task(SPEC, None)


def plain(value):
    """Nested plain values of a dataclass, arrays as they are."""
    return {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}


def assert_equal(one, other):
    for name, value in plain(one).items():
        found = getattr(other, name)
        if dataclasses.is_dataclass(value) and not isinstance(value, type):
            assert_equal(value, found)
        elif name == "starts":
            assert list(value) == list(found)
            for part in value:
                np.testing.assert_array_equal(value[part], found[part])
        elif isinstance(value, np.ndarray):
            assert value.dtype == found.dtype, name
            np.testing.assert_array_equal(value, found)
        else:
            assert value == found, name


def test_a_shared_task_is_the_task_that_was_written(task, tmp_path):
    write_shared(task, SPEC, tmp_path / "shared")
    found = read_shared(tmp_path / "shared", SPEC)
    assert_equal(task, found)
    assert found.stored == task.stored


def test_large_arrays_are_mapped_and_not_copied(task, tmp_path):
    many = dataclasses.replace(task, **{name: np.tile(getattr(task, name), (20, 1)) for name in shared_task.LARGE})
    write_shared(many, SPEC, tmp_path / "shared")
    size = many.targets.nbytes
    tracemalloc.start()
    found = read_shared(tmp_path / "shared", SPEC)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert size > 5e6 and peak < size / 2
    for name in shared_task.LARGE:
        array = getattr(found, name)
        assert type(array) is np.ndarray and isinstance(array.base, np.memmap) and not array.flags.writeable
    assert np.shares_memory(found.series.values, found.targets)
    assert np.shares_memory(found.windows("train").readings, found.targets)


def test_readings_of_a_task_are_its_targets(task):
    assert np.shares_memory(task.series.values, task.targets)


def test_a_task_is_shared_while_a_search_runs_and_removed_then(task, tmp_path, monkeypatch):
    with sharing(task, SPEC, tmp_path) as small:
        assert small is task and list(tmp_path.iterdir()) == []
    monkeypatch.setattr(shared_task, "SHARED_FROM", 1)
    monkeypatch.setattr(shared_task, "load_task", lambda *_: "loaded")
    with sharing(task, SPEC, tmp_path) as shared:
        assert isinstance(shared.targets.base, np.memmap)
        worker = shared_or_loaded(SPEC, tmp_path, tmp_path)
        assert isinstance(worker.targets.base, np.memmap)
        assert shared_or_loaded(SPEC.model_copy(update={"history": 6}), tmp_path, tmp_path) == "loaded"
    assert list(tmp_path.iterdir()) == []
    np.testing.assert_array_equal(worker.targets, task.targets)  # an open map stays
    assert shared_or_loaded(SPEC, tmp_path, tmp_path) == "loaded"


def test_a_search_goes_on_without_where_there_is_no_room(task, tmp_path, monkeypatch):
    def full(*_):
        raise DataError("the disk is full")

    monkeypatch.setattr(shared_task, "SHARED_FROM", 1)
    monkeypatch.setattr(shared_task, "write_shared", full)
    with sharing(task, SPEC, tmp_path) as found:
        assert found is task


def test_some_sensors_at_a_time_give_what_all_at_once_do(task, monkeypatch):
    """Bit by bit: usual values, filled inputs, rules of cleaning, and suspected codes."""
    values, (first, end) = task.series.values, task.train_rows
    training = (values[first:end], task.day_of_week[first:end], task.time_of_day[first:end], task.T)
    coded = values.copy()
    coded[::50, 3] = 999.0
    coded[::70, 2] = -1.0

    wrong = dataclasses.replace(task.series, values=coded, left_out=())

    def everything():
        yield usual_values(*training).table
        yield usual_without_own_day(*training)
        for rule in ("last", "mean", "zero"):
            yield fill_missing(values, task.mean, task.std, rule)
        found = cleaned(wrong, task.unit)
        yield found.values
        yield np.array([str(period) for period in found.left_out])
        yield np.array(suspected_codes.suspected_codes(coded))

    whole = list(everything())
    assert list(whole[-1]) == [-1.0, 999.0] and len(whole[-2]) > 50
    monkeypatch.setattr(column_blocks, "READINGS_AT_ONCE", 3 * len(values))
    monkeypatch.setattr(suspected_codes, "PART_READINGS", 1000)
    for one, other in zip(whole, everything(), strict=True):
        np.testing.assert_array_equal(one, other)
