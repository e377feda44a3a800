"""Readers: what they accept, and the one line with which they refuse."""

import gzip

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from gman_search.data.embedding import position_embedding, read_embedding, spectral_embedding
from gman_search.data.graph import read_adjacency
from gman_search.data.graphs.kernel import gaussian_kernel
from gman_search.data.read import read_series
from gman_search.errors import DataError
from gman_search.reading_options import ReadingOptions

GOOD = "time,a,b\n2025-03-03 00:00,50,\n2025-03-03 00:05,51.5,0\n2025-03-03 00:10,NaN,60\n"


def test_a_file_with_times(write):
    series = read_series(write(GOOD))
    assert series.sensors == ("a", "b") and series.step_minutes == 5
    np.testing.assert_array_equal(series.values, np.float32([[50, 0], [51.5, 0], [0, 60]]))
    assert str(series.times[-1]) == "2025-03-03T00:10"
    assert series.day_of_week.tolist() == [0, 0, 0] and series.time_of_day.tolist() == [0, 1, 2]


def test_a_file_without_times_needs_start_and_step(write):
    path = write("773869,767541\n64.4,67.6\n62.7,68.5\n")
    series = read_series(path, ReadingOptions(start="2012-03-01", step="5min"))
    assert series.sensors == ("773869", "767541") and series.day_of_week.tolist() == [3, 3]
    with pytest.raises(DataError, match="give --step"):
        read_series(path, ReadingOptions(start="2012-03-01"))


@pytest.mark.parametrize("flags", [{"start": "2020-01-01"}, {"step": "15min"}])
def test_start_and_step_of_a_file_with_times_are_told_to_be_idle(write, flags):
    series = read_series(write(GOOD), ReadingOptions(**flags))
    assert series.step_minutes == 5 and str(series.times[0]) == "2025-03-03T00:00"
    assert series.notes == ("--start and --step are ignored: file.csv has times of its own",)


def test_gaps_become_missing_rows_and_gz_is_read(write):
    text = (
        "".join(line for line in GOOD.splitlines(True) if "00:05" not in line)
        + "2025-03-03 00:15,1,2\n2025-03-03 00:20,1,2\n"
    )
    series = read_series(write(gzip.compress(text.encode()), "speed.csv.gz"))
    assert series.values.shape == (5, 2) and not series.values[1].any()


@pytest.mark.parametrize("text, told", [
    ("time,a\n2025-03-03 00:00,x\n", "line 2, column 'a': expected a number; received 'x'"),
    ("time,a,b\n2025-03-03 00:00,1,\n2025-03-03 00:05,1,NaN\n", "column 'b' has no readings at all"),
    ("time,a,a\n2025-03-03 00:00,1,2\n2025-03-03 00:05,1,2\n", "'a' twice"),
    ("time,a\n2025-03-03 00:00,1\n2025-03-03 00:00,1\n", "rising times"),
    ("time,a\n2025-03-03 00:00,1\n2025-03-03 00:05,1\n2025-03-03 00:07,1\n2025-03-03 00:12,1\n", "regular steps|few gaps"),
    ("time,a\n2025-03-03 00:00,1\nnever,1\n", "line 3: expected a time; received 'never'"),
    ("time,a\n2025-03-03 00:00,-5\n2025-03-03 00:05,5\n", "at least 0; received -5"),
    ("time,a\n2025-03-03 00:00,inf\n2025-03-03 00:05,5\n", "at least 0; received inf"),
    ("time,a\n2025-03-03 00:00,1,2\n", "cells|same number"),
    ("", "no rows"), ("time,a\n", "no rows"), (b"\xff\xfe\x00", "UTF-8"),
    ("time,a\n2025-03-03 00:00,1\n2025-03-03 00:07,1\n2025-03-03 00:14,1\n", "divides a day"),
])  # fmt: skip
def test_malformed_files_are_refused_in_one_line(write, text, told):
    with pytest.raises(DataError, match=told) as refusal:
        read_series(write(text))
    assert "\n" not in str(refusal.value)


def test_damaged_gz_and_missing_file(write, tmp_path):
    with pytest.raises(DataError):
        read_series(write(gzip.compress(GOOD.encode())[:-9], "cut.csv.gz"))
    with pytest.raises(DataError, match="no such file"):
        read_series(tmp_path / "none.csv")


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.one_of(st.text(max_size=80), st.text(alphabet='0123456789,.-:\n at"eNT', max_size=80)))
@example("-INFINITY")
def test_no_text_makes_the_reader_stumble(write, text):
    try:
        read_series(write(text.encode("utf-8", "replace")), ReadingOptions(start="2025-01-01", step="5min"))
    except DataError as refusal:
        assert "\n" not in str(refusal)


def test_sensors_are_taken_by_number_or_name(write):
    series = read_series(write(GOOD))
    assert series.take(1).sensors == ("a",) and series.take(("b", "a")).sensors == ("b", "a")
    for wrong in (0, 3, ("c",), ("a", "a")):
        with pytest.raises(DataError):
            series.take(wrong)


def test_dense_adjacency_and_its_shape(write):
    np.testing.assert_array_equal(read_adjacency(write("1,0.5\n0,1\n"), ("a", "b")), [[1, 0.5], [0, 1]])
    with pytest.raises(DataError, match="expected a 3 x 3 matrix.*received 2 x 2"):
        read_adjacency(write("1,0.5\n0,1\n"), ("a", "b", "c"))


def test_edge_list(write):
    matrix = read_adjacency(write("0 0 1.0\n0 1 0.25\n1 1 1.0\n"), ("a", "b"))
    np.testing.assert_array_equal(matrix, [[1, 0.25], [0, 1]])
    with pytest.raises(DataError, match="indices from 0 to 1"):
        read_adjacency(write("0 5 1.0\n"), ("a", "b"))


@pytest.mark.parametrize("text", ["from,to,cost\na,b,100\nb,c,300\n", "a,b,100\nb,c,300\n", "0,1,100\n1,2,300\n",
                                  "from,to,cost\na,b,100\nb,c,300\nb,elsewhere,50\n"])  # fmt: skip
def test_costs_by_name_or_index_with_and_without_header(write, text):
    matrix = read_adjacency(write(text), ("a", "b", "c"))
    # Neighbours: the farthest keeps 0.1, and with the same sigma a third of its distance exp(-ln(10) / 9).
    np.testing.assert_allclose(matrix, [[1, 0.1 ** (1 / 9), 0], [0, 1, 0.1], [0, 0, 1]], rtol=1e-6)


def test_costs_of_unknown_sensors_are_refused(write):
    with pytest.raises(DataError, match="names of sensors"):
        read_adjacency(write("from,to,cost\nx,y,1\n"), ("a", "b", "c"))
    with pytest.raises(DataError, match="line 2: expected a distance"):
        read_adjacency(write("from,to,cost\na,b,far\n"), ("a", "b", "c"))


def test_gaussian_kernel_by_hand():
    np.testing.assert_allclose(gaussian_kernel(np.array([0.0, 2.0])), [1.0, 0.0])
    np.testing.assert_allclose(gaussian_kernel(np.array([1.0, 3.0, 1.0])), [np.exp(-9 / 8), 0.0, np.exp(-9 / 8)])


def test_embedding_rows_are_placed_by_index(write):
    np.testing.assert_array_equal(read_embedding(write("2 3\n1 4 5 6\n0 1 2 3\n"), 2), [[1, 2, 3], [4, 5, 6]])


@pytest.mark.parametrize("text", ["", "2 3\n0 1 2 3\n", "2 3\n0 1 2 3\n0 1 2 3\n", "2 3\n0 1 2 3\n1 1 2\n",
                                  "2 3\n0 1 2 3\n1 x 2 3\n", "3 3\n0 1 2 3\n1 1 2 3\n", "2 3\n0 1 2 3\n1 1 2 nan\n"])  # fmt: skip
def test_malformed_embeddings_are_refused(write, text):
    with pytest.raises(DataError):
        read_embedding(write(text), 2)


def test_spectral_embedding_places_neighbours_near_each_other():
    line = np.diag(np.ones(9), 1) + np.eye(10)
    vectors = spectral_embedding(line, 4)
    gaps = np.linalg.norm(np.diff(vectors[:, :1], axis=0), axis=1)
    assert gaps.max() < np.linalg.norm(vectors[0, :1] - vectors[-1, :1]) / 2
    assert spectral_embedding(np.eye(3), 8).shape == (3, 8)
    np.testing.assert_array_equal(vectors, spectral_embedding(line, 4))


def test_position_embedding_tells_sensors_apart():
    vectors = position_embedding(10, 4)
    assert len({tuple(row) for row in vectors}) == 10


@pytest.mark.real_data
def test_real_graph_files_are_read(shared_data, metr_la_week):
    graphs = shared_data / "graphs"
    sensors = read_series(metr_la_week / "los_speed.csv", ReadingOptions(start="2012-03-01", step="5min")).sensors
    edges = read_adjacency(graphs / "Adj(METR).txt", sensors)
    assert edges.shape == (207, 207) and (np.diag(edges) == 1).all()
    dense = read_adjacency(metr_la_week / "los_adj.csv", sensors)
    np.testing.assert_allclose(np.maximum(edges, edges.T), dense, atol=1e-5)
    bay = [line.split(",")[0] for line in (graphs / "distances_bay_2017.csv").read_text().splitlines()]
    names = tuple(dict.fromkeys(bay))
    assert (read_adjacency(graphs / "distances_bay_2017.csv", names) > 0).sum() > len(names)
    eight = read_adjacency(graphs / "PEMS08_distance.csv", tuple(f"sensor{i}" for i in range(170)))
    assert (eight > 0).sum() > 170
