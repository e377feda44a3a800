"""Splits, windows, filling, baselines: hand-computed, and on the real week."""

import os
import subprocess
import sys

import numpy as np
import pytest

from gman_search.data.checks.gather import facts_of, load_checked
from gman_search.data.checks.registry import find
from gman_search.data.fill import fill_missing
from gman_search.data.series import TrafficSeries
from gman_search.data.task import load_task, make_task
from gman_search.data.windows import Part, cut_windows, split_series, window_starts
from gman_search.data_spec import DataSpec
from gman_search.errors import DataError
from gman_search.spec import StudySpec


def series(values, step=180):
    values = np.asarray(values, np.float32)
    times = np.datetime64("2025-03-03T00:00", "m") + np.arange(len(values)) * step
    return TrafficSeries(values, times, tuple(f"s{i}" for i in range(values.shape[1])), step)


def task_of(values, **spec):
    return make_task(DataSpec(history=2, horizon=2, **spec), series(values), np.zeros((np.shape(values)[1], 2)))


def test_the_series_is_cut_before_windows_so_none_crosses_a_border():
    parts = split_series(2016, train=0.7, test=0.2)
    assert [part.end - part.first for part in parts] == [1411, 202, 403]
    assert [len(window_starts(part, 12, 12)) for part in parts] == [1388, 179, 380]
    starts = window_starts(parts[1], 12, 12)
    assert starts[0] == 1411 and starts[-1] + 24 == 1613
    full = split_series(34272, train=0.7, test=0.2)  # METR-LA: the original's numbers of windows
    assert [len(window_starts(part, 12, 12)) for part in full] == [23967, 3405, 6831]


def test_a_part_shorter_than_a_window_is_refused():
    with pytest.raises(DataError, match="val part is too short"):
        window_starts(Part("val", 0, 23), 12, 12)


def test_missing_inputs_are_filled_from_the_past_only():
    values = np.float32([[0, 10], [20, 0], [0, 0], [40, 30]])
    for rule, expected in {
        "last": [[25, 10], [20, 10], [20, 10], [40, 30]],
        "mean": [[25, 10], [20, 25], [25, 25], [40, 30]],
        "zero": values,
    }.items():
        np.testing.assert_allclose(fill_missing(values, 25.0, 5.0, rule) * 5 + 25, expected, atol=1e-5)
    later = values.copy()
    later[3] = 99
    np.testing.assert_array_equal(
        fill_missing(values, 25.0, 5.0, "last")[:3], fill_missing(later, 25.0, 5.0, "last")[:3]
    )


def test_the_scaler_sees_observed_training_readings_only():
    values = np.float32([[10], [0], [30]] * 20)
    values[45:] = 500
    task = task_of(values, train_share=0.7, test_share=0.15)
    assert (task.mean, task.std) == (pytest.approx(20.0, abs=0.5), pytest.approx(10.0, abs=0.1))


def test_other_data_has_another_fingerprint():
    values = np.random.default_rng(0).uniform(20, 60, (80, 2))
    same = task_of(values).fingerprint
    assert task_of(values).fingerprint == same
    values[3, 1] += 1
    assert task_of(values).fingerprint != same


def test_constant_readings_and_short_series_are_refused():
    with pytest.raises(DataError, match="vary"):
        task_of(np.full((80, 2), 50.0))
    with pytest.raises(DataError, match="too short"):
        task_of(np.ones((3, 2)))


@pytest.mark.parametrize("reading", [50.0, 61.3, 7.7])
def test_equal_readings_are_refused_whatever_rounding_leaves_of_their_deviation(reading):
    with pytest.raises(DataError, match="vary"):
        task_of(np.full((2000, 3), reading))


def of_days(values, **spec):
    """Findings about days, as `data check` shows them."""
    chosen = StudySpec(data=DataSpec(history=2, horizon=2, **spec))
    found = find(facts_of(chosen, series(values), task_of(values, **spec), None))
    return [
        finding.text for finding in found if finding.code in ("unseen-weekdays", "short-series", "unvalidated-weekdays")
    ]


def test_warnings_name_what_the_data_cannot_teach():
    values = np.random.default_rng(0).uniform(20, 60, (60, 2))
    weekdays, short, unchosen = of_days(values[:48])  # 6 days of 8 steps, 4 and a bit of them train
    assert "Saturday never occur" in weekdays
    assert "fewer than 7 days" in short
    assert unchosen.startswith("no Saturday in the validation part") and "a longer series" in unchosen


def test_a_validation_part_without_some_weekdays_is_told_with_the_share_that_has_them():
    values = np.random.default_rng(0).uniform(20, 60, (5 * 56, 2))  # five weeks of 8 steps a day, from a Monday
    (told,) = of_days(values)  # validated from the fourth Thursday noon to Sunday
    assert told.startswith("no Monday, Tuesday, Wednesday in the validation part") and "data.train_share = 0.6 " in told
    assert of_days(values, train_share=0.6) == []
    assert of_days(np.tile(values, (2, 1))) == []  # ten weeks: a tenth is a week
    (told,) = of_days(values[: 2 * 56])  # two weeks: half of the training part would be gone
    assert "a longer series makes" in told


def test_seen_categories_are_those_of_the_training_part():
    task = task_of(np.random.default_rng(0).uniform(20, 60, (48, 2)))  # 34 rows train: Monday to Friday 06:00
    assert task.seen_days.tolist() == [True] * 5 + [False] * 2
    assert task.seen_times.all() and task.T == 8


def test_windows_first_and_then_cut_as_dcrnn_does():
    shape = {"history": 12, "horizon": 12, "train": 0.7, "test": 0.2, "rule": "dcrnn"}
    starts, rows = cut_windows(34272, **shape)  # METR-LA: DCRNN's own numbers of samples
    assert [len(part) for part in starts.values()] == [23974, 3425, 6850] and rows == (0, 23974 + 23)
    assert np.concatenate(list(starts.values())).tolist() == list(range(34272 - 23))
    with pytest.raises(DataError, match="test part has no window"):
        cut_windows(25, **shape)


def test_the_split_is_told_and_is_part_of_the_data():
    values = np.random.default_rng(0).uniform(20, 60, (80, 2))
    ours, theirs = task_of(values), task_of(values, split="dcrnn")
    assert (ours.split, theirs.split) == ("gman", "dcrnn") and ours.fingerprint != theirs.fingerprint
    assert len(theirs.starts["test"]) > len(ours.starts["test"])
    observed = values[slice(*theirs.train_rows)]
    assert theirs.mean == pytest.approx(observed.mean(), rel=1e-6)
    last = theirs.starts["train"][-1] + theirs.P + theirs.Q
    assert theirs.train_rows == (0, last)  # the scaler sees what training windows see, and no more


def test_new_settings_left_the_data_of_earlier_studies_as_they_were():
    assert load_task(DataSpec(), None).fingerprint.startswith("822d31dad26f669b35d49d72bc6f8655")


def test_fifteen_minutes_make_96_times_of_day():
    values = np.random.default_rng(0).uniform(20, 60, (960, 2))
    task = make_task(DataSpec(history=4, horizon=8), series(values, 15), np.eye(2))
    assert (task.T, task.P, task.Q) == (96, 4, 8) and task.seen_times.all()


@pytest.mark.parametrize("change", [{"imputation": "mean"}, {"train_share": 0.6}, {"unit": "km/h"}])
def test_other_settings_have_another_fingerprint(change):
    values = np.random.default_rng(0).uniform(20, 60, (80, 2))
    assert task_of(values, **change).fingerprint != task_of(values).fingerprint


def test_the_fingerprint_is_of_the_graph_and_not_of_the_last_bits_computed_from_it():
    readings = series(np.random.default_rng(0).uniform(20, 60, (80, 2)))
    spec, graph = DataSpec(history=2, horizon=2), np.float32([[1, 0.4], [0.4, 1]])
    vectors = np.float32([[0.3, 0.0], [-0.3, 0.0]])

    def fingerprint(embedding, graph):
        return make_task(spec, readings, embedding, graph=graph).fingerprint

    # -0.0 and one unit in the last place: what another number of threads makes of the same graph.
    other = np.nextafter(vectors, np.float32(1)) * np.float32([1, -1])
    assert fingerprint(other, graph) == fingerprint(vectors, graph)
    assert fingerprint(vectors, graph * np.float32(0.9)) != fingerprint(vectors, graph)
    assert fingerprint(vectors[:, :1], graph) != fingerprint(vectors, graph)
    assert fingerprint(vectors, None) != fingerprint(vectors + np.float32(0.1), None)


FINGERPRINT = """
import sys
from pathlib import Path
from gman_search.data.task import load_task
from gman_search.spec import DataSpec
data = {"readings": "los_speed.csv", "adjacency": "los_adj.csv", "start": "2012-03-01", "step": "5min"}
print(load_task(DataSpec() if sys.argv[1] == "demo" else DataSpec(**data), Path(sys.argv[1])).fingerprint)
"""


def fingerprints(folder):
    environments = ({"OMP_NUM_THREADS": "1"}, {"OMP_NUM_THREADS": "2"}, {"OPENBLAS_CORETYPE": "Prescott"})
    return {
        subprocess.run(
            [sys.executable, "-c", FINGERPRINT, str(folder)],
            env=os.environ | environment, check=True, capture_output=True, text=True,
        ).stdout
        for environment in environments
    }  # fmt: skip


def test_workers_with_other_threads_or_processors_know_the_demo_study_again():
    assert len(fingerprints("demo")) == 1


@pytest.mark.real_data
def test_workers_with_other_threads_or_processors_know_a_real_study_again(metr_la_week):
    assert len(fingerprints(metr_la_week)) == 1


@pytest.mark.real_data
@pytest.mark.parametrize("sensors", [20, None])
def test_the_real_week_loads_with_its_embedding(metr_la_week, sensors):
    spec = DataSpec(
        readings="los_speed.csv",
        adjacency="los_adj.csv",
        embedding="SE(METR).txt",
        start="2012-03-01",
        step="5min",
        sensors=sensors,
    )
    checked = load_checked(StudySpec(data=spec), metr_la_week)
    assert checked.task.embedding.shape == (sensors or 207, 64)
    assert "Tuesday, Wednesday never occur" in checked.findings[0].message


@pytest.mark.parametrize("windows, stride", [(1, 1), (179, 1), (749, 1), (783, 2), (1200, 2), (5621, 11)])
def test_about_five_hundred_windows_are_validated(windows, stride):
    assert DataSpec(readings="demo").stride_of(windows) == stride
    assert DataSpec(readings="demo", validation_stride=8).stride_of(windows) == 8


def test_the_bundled_demo_loads():
    task = load_task(DataSpec(), None)
    assert 16 <= len(task.series.sensors) <= 24 and task.embedding_source == "spectral"
    assert task.seen_days.all()
    assert set(task.coordinates) == set(task.series.sensors)


def test_coordinates_are_those_of_the_chosen_sensors_and_of_the_demo_only():
    task = load_task(DataSpec(sensors=("FW2", "FE1")), None)
    assert set(task.coordinates) == {"FE1", "FW2"}
    assert all(-90 <= latitude <= 90 and -180 <= longitude <= 180 for latitude, longitude in task.coordinates.values())
    assert task_of(np.random.default_rng(0).uniform(20, 60, (80, 2))).coordinates == {}
