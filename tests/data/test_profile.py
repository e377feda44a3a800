"""What `data check` says of readings and graphs, on data whose faults are known; its estimates against measurements."""

import dataclasses
import json

import numpy as np
import pandas as pd
import pytest

from gman_search.data.checks.check import check_data
from gman_search.data.checks.document import check_document
from gman_search.data.checks.registry import find
from gman_search.data.estimate import step_sizes
from gman_search.data.file_type import file_type
from gman_search.data.profile import guess_unit, profile_graph, profile_series
from gman_search.data.series import TrafficSeries
from gman_search.data.step_plan import step_gb
from gman_search.halving.cost import step_seconds
from gman_search.model.param_count import best_groups
from gman_search.spec import StudySpec
from gman_search.stages import PRESETS


def series(values, step=15):
    values = np.asarray(values, np.float32)
    times = np.datetime64("2025-03-03T00:00", "m") + np.arange(len(values)) * step
    return TrafficSeries(values, times, tuple(f"s{i}" for i in range(values.shape[1])), step)


def test_shares_gaps_and_repeats_by_hand():
    values = np.arange(1, 101, dtype=float)[:, None] + np.array([[0, 0.5, 200]])
    values[10:20] = np.nan
    values[30, :] = 0
    values[40:50, 1] = np.nan
    values[60:90, 2] = 33
    found = profile_series(series(values))
    assert (found.gaps, found.gap_steps, found.longest_gap) == (2, 11, 10)
    np.testing.assert_allclose(found.nans, [0.1, 0.2, 0.1])
    np.testing.assert_allclose(found.zeros, [0.01] * 3)
    assert found.longest_repeat.tolist() == [1, 1, 30] and found.stuck.tolist() == [False, False, True]
    assert found.duplicate_sensors == () and found.quantiles["100%"] == 300


def test_missing_readings_are_not_stuck_and_copies_are_found():
    values = np.random.default_rng(0).uniform(20, 60, (100, 3))
    values[20:80, 0] = np.nan
    values[20:80, 1] = 0
    values[:, 2] = values[:, 1]
    found = profile_series(series(values))
    assert not found.stuck.any() and found.duplicate_sensors == (("s1", "s2"),)


@pytest.mark.parametrize("values, unit", [
    (np.linspace(5, 69, 100), "mph"), (np.linspace(9, 120, 100), "km/h"), (np.linspace(1, 33, 100) + 0.3, "m/s"),
    (np.arange(400.0), "vehicles"), (np.linspace(0.01, 0.6, 100), "share (occupancy)"), (np.array([]), "unknown"),
])  # fmt: skip
def test_units_are_guessed(values, unit):
    assert guess_unit(values) == unit


def road(sensors=12, rows=600):
    """Readings that travel along a line of sensors."""
    random = np.random.default_rng(0)
    wave = np.convolve(random.normal(size=rows + 99), np.ones(20) / 5, mode="valid")
    lag = [wave[4 * index : 4 * index + rows - 60] for index in range(sensors)]
    return series(50 + 5 * np.stack(lag, axis=1) + random.normal(0, 0.2, (rows - 60, sensors)))


def test_a_graph_in_another_order_than_the_readings_is_found_out():
    line = np.eye(12) + np.diag(np.ones(11), 1)
    found = profile_graph(line, road())
    assert found.fits_readings and found.edge_correlation > found.pair_correlation + 0.1
    assert (found.edges, found.symmetric, found.components, found.isolated) == (11, False, (12,), ())
    order = np.random.default_rng(0).permutation(12)
    assert not profile_graph(line[np.ix_(order, order)], road()).fits_readings


def test_parts_and_lonely_sensors_of_a_graph():
    graph = np.zeros((12, 12))
    graph[0, 1] = graph[2, 3] = graph[3, 4] = 1
    found = profile_graph(graph, road())
    assert found.components[:3] == (3, 2, 1) and len(found.isolated) == 7 and found.isolated[0] == "s5"


def test_estimates_reproduce_the_kept_measurements(repository):
    kept = json.loads((repository / "benchmarks" / "results" / "step-curve.json").read_text())
    rows = [row for row in kept["points"] if "ms" in row]
    assert len(rows) >= 40 and {row["workers"] for row in rows} == {1, 2}
    for row in rows:
        stage = PRESETS[row["stage"]].model_copy(update={"batch_size": row["B"]})
        groups = best_groups(row["N"]) if row["groups"] == "auto" else row["groups"]
        shape = {"sensors": row["N"], "history": 12, "horizon": 12, "groups": groups}
        # Of the machine's two cores one worker has both.
        assert 0.7 < step_seconds(stage, **shape, threads=2 // row["workers"]) * 1000 / row["ms"] < 1.4, row
        assert 0.75 < step_gb(step_sizes(stage, **shape)) / row["peak_gb"] < 1.33, row


@pytest.mark.parametrize("text, name, kind", [
    ("time,a,b\n2025-03-03,1,2\n", "a.csv", "readings"), ("a,b\n1,2\n", "a.csv", "readings"),
    ("1.5,2.5\n1,2\n3,4\n", "a.csv", "readings"), ("time,sensor,speed\n2025-03-03,a,1\n", "a.csv", "readings"),
    ("from,to,cost\na,b,1\n", "a.csv", "graph"), ("a,b,3\n", "a.csv", "readings"), ("1,2,3.5\n4,5,6\n", "a.csv", "numbers"),
    (",a,b\na,1,0\nb,0,1\n", "a.csv", "graph"), (",a,b\n2025-03-03,1,2\n2025-03-04,1,2\n", "a.csv", "readings"),
    ("time\ta\tb\n2025-03-03\t1\t2\n", "a.csv", "readings"),
    ("0 1 0.5\n", "a.txt", "graph"), ("1,0\n0,1\n", "a.csv", "numbers"), ("sensor,lat,lon\na,1,2\n", "a.csv", "graph"),
    ("2 3\n0 1 2 3\n1 4 5 6\n", "SE.txt", "embedding"), (b"\x80\x02]q\x00.", "a", "graph"), (b"PK\x03\x04", "a", "readings"),
    (b"\x89HDF\r\n\x1a\n", "a", "readings"), ("", "a.csv", "readings"), (b"\xff\xfe", "a.csv", "readings"),
])  # fmt: skip
def test_files_are_told_apart(write, text, name, kind):
    assert file_type(write(text, name)) == kind


def faulty(folder, **change):
    """Four weeks of 15 minutes with about every fault a warning speaks of."""
    random = np.random.default_rng(0)
    index = pd.date_range("2025-03-03", periods=96 * 28, freq="15min")
    night = (index.hour < 5)[:, None]
    values = 80 + 20 * np.sin(np.arange(len(index)) / 96 * 2 * np.pi)[:, None] + random.normal(0, 2, (len(index), 4))
    values = np.where(night & (random.random(values.shape) < 0.3), 0, values)
    values[100:200, 1] = 77.0
    values[:, 3] = values[:, 2]
    values[5:7, 0] = 999
    pd.DataFrame(values.round(2), index=index, columns=list("abcd")).to_csv(folder / "speed.csv", index_label="time")
    (folder / "graph.csv").write_text("from,to,cost\na,b,5\n")
    data = {"readings": "speed.csv", "adjacency": "graph.csv", "history": 4, "horizon": 4, **change}
    return check_data(StudySpec.model_validate({"data": data}), folder)


@pytest.mark.parametrize("told", [
    "look like km/h", "of 1 sensor (b): the same reading for hours", "sensors c and d have equal readings", "zeros are mostly at night",
    "999 may be a code", "without a neighbour in the graph: 2 sensors (c, d)",
])  # fmt: skip
def test_warnings(tmp_path, told):
    texts = [finding.text for finding in faulty(tmp_path).findings]
    assert any(told in text for text in texts), texts


def test_what_is_right_is_not_warned_of(tmp_path):
    assert "other-unit" not in [finding.code for finding in faulty(tmp_path, unit="km/h").findings]
    assert "no-graph" not in [finding.code for finding in faulty(tmp_path).findings]
    assert "no-graph" in [finding.code for finding in faulty(tmp_path, adjacency=None).findings]


@pytest.mark.parametrize("rows, told", [
    (slice(0, 2000), ("without a reading in the train part: 1 sensor (b); the model learns nothing", "missing more often than not")),
    (slice(2140, None), ("without a reading in the test part: 1 sensor (b); the test errors say nothing of them",)),
    (slice(1870, 2160), ("without a reading in the val part: 1 sensor (b); configs are chosen without them",)),
    (slice(0, 100), ()),
])  # fmt: skip
def test_sensors_built_late_or_dead_early_are_told(tmp_path, rows, told):
    values = np.random.default_rng(0).uniform(20, 60, (96 * 28, 3)).round(2)
    values[rows, 1] = 0
    index = pd.date_range("2025-03-03", periods=len(values), freq="15min")
    pd.DataFrame(values, index=index, columns=list("abc")).to_csv(tmp_path / "speed.csv", index_label="time")
    data = {"readings": "speed.csv", "history": 4, "horizon": 4}
    found = check_data(StudySpec.model_validate({"data": data}), tmp_path).findings
    warnings = [finding.text for finding in found]
    assert all(any(text in warning for warning in warnings) for text in told), warnings
    assert sum("without a reading in the" in text or "more often" in text for text in warnings) == len(told)


def test_the_document_is_plain_and_says_what_was_cut(tmp_path):
    document = json.loads(json.dumps(check_document(faulty(tmp_path, split="dcrnn"))))
    assert (document["T"], document["P"], document["step_minutes"]) == (96, 4, 15)
    assert document["split"]["rule"] == "dcrnn" and document["split"]["parts"]["train"]["from"] == "2025-03-03 00:00"
    assert document["by_sensor"]["b"]["stuck"] and [row["stage"] for row in document["stages"]] == [
        "quick",
        "medium",
        "full",
    ]


def test_advice_for_a_thousand_sensors(tmp_path, monkeypatch):
    values = np.random.default_rng(0).uniform(20, 60, (300, 1000)).astype(np.float32)
    times = np.datetime64("2025-03-03T00:00", "m") + np.arange(300) * 60
    many = TrafficSeries(values, times, tuple(map(str, range(1000))), 60)
    monkeypatch.setattr("gman_search.data.checks.gather.load_series", lambda *_, **__: many)
    spec = StudySpec.model_validate({"data": {"readings": "x.csv"}, "search": {"workers": 8}})
    found = check_data(spec, tmp_path)
    assert found.facts.advised_groups == 79
    assert any('data.spatial_groups = "auto"' in finding.advice for finding in found.findings)
    small = dataclasses.replace(found.facts, machine_gb=16.0)
    assert any("8 workers at full need about" in finding.message for finding in find(small))


@pytest.mark.real_data
def test_the_real_week(metr_la_week):
    data = {"readings": "los_speed.csv", "adjacency": "los_adj.csv", "start": "2012-03-01", "step": "5min"}
    found = check_data(StudySpec.model_validate({"data": data}), metr_la_week)
    assert found.graph is not None and found.graph.fits_readings and found.profile.unit == "mph"
    assert {"nothing-missing", "straight-lines"} <= {finding.code for finding in found.findings}
