"""Graph files: every form is read into finite weights, or refused in one line."""

import pickle
import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gman_search.data.graph import graph_kind, read_adjacency, read_locations
from gman_search.data.graphs.great_circle import great_circle
from gman_search.data.graphs.kernel import gaussian_kernel
from gman_search.data.graphs.nearness import nearness
from gman_search.data.read import read_series
from gman_search.errors import DataError
from gman_search.reading_options import ReadingOptions

SENSORS = ("a", "b", "c")


@pytest.mark.parametrize("text, told", [
    ("1,0,0,0\n0,1,0,0\n", "3 x 3"), ("", "rows of numbers"), (b"\x80\x02]q\x00", "pickle"), (b"\xff\xfe1", "text"),
    ("0 1 1\n1 x 2\n", "numbers"), ("0 3 1\n", "from 0 to 2"), ("0.5 1 1\n", "from 0 to 2"), ("-1 1 1\n", "from 0 to 2"),
    ("from,to,cost\na,b,-1\n", "line 2"), ("a,b,1\nb,c,\n", "line 2"), ("from,to,cost\na,b,1\nb\n", "line 3"),
    ("from,to,cost\nx,y,1\n", "'x'"),
    ("1,0,0\n0,nan,0\n0,0,1\n", "finite"), ("1,0,0\n0,inf,0\n0,0,1\n", "finite"),
    ("from,to,cost\n", "rows"),
    ("from,to,cost\na,b,5\n,b,5\n", "line 3"),
    ("from,to,cost\na,b,inf\nb,c,3\n", "line 2"),
    ("0 1 nan\n1 2 1\n", "line 1"),
    ("0 1 1\n1 2\n", "line 2"),
])  # fmt: skip
@pytest.mark.filterwarnings("ignore")
def test_malformed_graphs_are_refused(write, refused, text, told):
    path = write(text)
    message = refused(lambda: read_adjacency(path, SENSORS))
    assert told in message and str(path) in message


def test_a_sensor_may_be_called_na(write):
    assert read_adjacency(write("from,to,cost\nNA,b,100\nb,c,300\n"), ("NA", "b", "c"))[0, 1] > 0


def test_equal_distances_still_connect(write):
    matrix = read_adjacency(write("from,to,cost\na,b,300\nb,c,300\n"), SENSORS)
    assert matrix[0, 1] > 0 and matrix[1, 2] > 0


def test_direction_is_kept(write):
    matrix = read_adjacency(write("from,to,cost\na,b,100\nb,c,300\n"), SENSORS)
    assert matrix[0, 1] > 0 and matrix[1, 0] == 0


fields = st.sampled_from(["a", "b", "0", "1", "2", "7", "0.5", "-1", "", " ", "x", '"', "1e9"])


@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.lists(fields, min_size=1, max_size=4), max_size=4))
def test_no_dense_matrix_makes_the_reader_stumble(write, table):
    # Four sensors, so that nothing here is taken for `from,to,cost`.
    text = "\n".join(",".join(row + ["1"] * (4 - len(row))) for row in table)
    try:
        assert np.isfinite(read_adjacency(write(text), ("a", "b", "c", "d"))).all()
    except DataError as refusal:
        assert "\n" not in str(refusal)


def test_three_sensors_three_numbers_a_line_is_a_matrix(write):
    matrix = read_adjacency(write("1,0.5,0\n0.25,1,0.2\n0,0,1\n"), ("a", "b", "c"))
    np.testing.assert_allclose(matrix, [[1, 0.5, 0], [0.25, 1, 0.2], [0, 0, 1]])  # asymmetric as it was


@pytest.mark.parametrize("text", [
    "cost,from,to\n100,a,b\n300,b,c\n", "id,from,to,cost,road\n1,a,b,100,I5\n2,b,c,300,\n", '"Source","Target","Distance"\na,b,100\nb,c,300\n',
])  # fmt: skip
def test_a_header_says_which_column_is_which(write, text):
    expected = read_adjacency(write("a,b,100\nb,c,300\n"), SENSORS)
    np.testing.assert_array_equal(read_adjacency(write(text), SENSORS), expected)
    assert graph_kind(write(text), SENSORS) == "distances"


@pytest.mark.parametrize("header", ["from,to,road", "a,b,far", "one,two,cost", "from,to,from"])
def test_a_header_of_other_columns_is_refused(write, refused, header):
    message = refused(lambda: read_adjacency(write(header + "\na,b,1\nb,c,2\n"), SENSORS))
    assert "line 1: expected columns from, to and cost" in message and header.replace(",", ", ") in message


@pytest.mark.parametrize("text", [
    ",b,c,a\nb,1,0.2,0\na,0.5,0,1\nc,0,1,0.7\n", "b,c,a\n1,0.2,0\n0,1,0.7\n0.5,0,1\n", "id,b,x,c,a\nx,9,9,9,9\nb,1,9,0.2,0\nc,0,9,1,0.7\na,0.5,9,0,1\n",
])  # fmt: skip
def test_a_matrix_with_names_is_put_in_the_order_of_the_readings(write, text):
    matrix = read_adjacency(write(text), SENSORS)
    np.testing.assert_allclose(matrix, [[1, 0.5, 0], [0, 1, 0.2], [0.7, 0, 1]])


def test_a_matrix_with_other_names_is_refused(write, refused):
    text = ",a,b,d\na,1,0,0\nb,0,1,0\nd,0,0,1\n"
    assert "c is there 0 times" in refused(lambda: read_adjacency(write(text), SENSORS))


def test_names_that_look_like_missing_values_are_names(write):
    matrix = read_adjacency(write("from,to,cost\nNA,b,3\na,NA,9\n"), ("a", "NA", "b"))
    assert matrix[1, 2] > 0.1 and matrix[2, 1] == 0


@pytest.mark.parametrize("unit", [1.0, 1000.0])
def test_the_unit_of_distances_does_not_matter(unit):
    equal = gaussian_kernel(np.array([1.8, 1.8]) * unit)
    np.testing.assert_allclose(equal, np.exp(-1.0))  # one distance alone has no deviation: it is its own measure
    spread = gaussian_kernel(np.array([1.0, 3.0, 6.0]) * unit)
    np.testing.assert_allclose(spread, gaussian_kernel(np.array([1.0, 3.0, 6.0])))


@pytest.mark.parametrize("text, told", [
    ("0 0 1\n0 1 nan\n", "line 2.*finite weight"),
    ("0 0 1\n0 1\n", "line 2.*expected 3 cells.*received 2"),
    ("0 1 inf\n", "line 1.*finite weight"),
    ("0 1 -2\n", "line 1.*finite weight"),
    ("0.5 1 1\n", "indices from 0 to 2"),
    ("1,0,0\n0,-1,0\n0,0,1\n", "finite weights"),
    ("from,to,cost\na,b,inf\nb,c,5\n", "line 2: expected a distance.*received 'inf': leave out"),
    ("from,to,cost\na,b,-1\n", "line 2: expected a distance"),
    ("from,to,cost\n", "header line alone"),
    ("", "expected rows of numbers"),
    ("1,0.5\n0,1\n", "expected a 3 x 3 matrix.*received 2 x 2"),
])  # fmt: skip
def test_refusals(write, text, told):
    with pytest.raises(DataError, match=told) as refusal:
        read_adjacency(write(text), ("a", "b", "c"))
    assert "\n" not in str(refusal.value)


def test_a_missing_file(tmp_path):
    with pytest.raises(DataError, match="no such file"):
        read_adjacency(tmp_path / "none.csv", ("a",))


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.one_of(st.text(max_size=60), st.text(alphabet="012,.-e \nabcnf", max_size=60)))
def test_no_text_makes_the_reader_stumble(write, text):
    try:
        matrix = read_adjacency(write(text), ("a", "b", "c"))
    except DataError as refusal:
        assert "\n" not in str(refusal)
    else:
        assert matrix.shape == (3, 3) and np.isfinite(matrix).all() and (matrix >= 0).all()


RAN = []


class RunsCode:
    """What unpickling of this would do: tell that it was done."""

    def __reduce__(self):
        return RAN.append, ("ran",)


def dcrnn(ids=("c", "a", "b"), matrix=None, protocol=2):
    matrix = np.float32([[1, 0.5, 0], [0.25, 1, 0], [0, 0.125, 1]]) if matrix is None else matrix
    return pickle.dumps([list(ids), {name: index for index, name in enumerate(ids)}, matrix], protocol=protocol)


@pytest.mark.parametrize("protocol", range(2, 6))
@pytest.mark.parametrize("dtype", ["f4", "f8", ">f8", "i8"])
def test_a_pickle_is_ordered_by_the_speed_files_sensors(write, protocol, dtype):
    matrix = np.array([[4, 2, 0], [1, 4, 0], [0, 3, 4]], dtype=dtype)
    read = read_adjacency(write(dcrnn(matrix=matrix, protocol=protocol), "adj.pkl"), SENSORS)
    np.testing.assert_array_equal(read, [[4, 0, 1], [3, 4, 0], [2, 0, 4]])
    fortran = read_adjacency(write(dcrnn(matrix=np.asfortranarray(matrix), protocol=protocol), "adj.pkl"), SENSORS)
    np.testing.assert_array_equal(fortran, read)


def test_a_pickle_may_have_more_sensors_than_the_speed_file_and_not_fewer(write, refused):
    path = write(dcrnn(), "adj.pkl")
    np.testing.assert_array_equal(read_adjacency(path, ("b", "c")), [[1, 0], [0, 1]])
    assert "1 of 2 are not in it, such as z" in refused(lambda: read_adjacency(path, ("a", "z")))
    np.testing.assert_array_equal(read_adjacency(path, ("0", "1", "2"))[0], [1, 0.5, 0])  # readings without names


@pytest.mark.parametrize("protocol", range(0, 6))
@pytest.mark.parametrize("where", [0, 1, 2])
def test_a_pickle_that_would_run_code_is_refused_and_nothing_runs(write, refused, protocol, where):
    layout = [["a", "b", "c"], {"a": 0}, np.eye(3)]
    layout[where] = [RunsCode()] if where < 2 else np.array([[RunsCode()] * 3] * 3)
    message = refused(lambda: read_adjacency(write(pickle.dumps(layout, protocol=protocol), "evil.pkl"), SENSORS))
    assert "nothing was run" in message or "expected a matrix of numbers" in message
    assert RAN == []


@pytest.mark.parametrize("code, told", [
    (b"cos\nsystem\n(S'echo'\ntR.", "os.system"), (b"cbuiltins\neval\n(S'1'\ntR.", "builtins.eval"),
    (b"c__main__\nx\n.", "__main__.x"), (b"\x80\x04\x8c\x02os\x8c\x06system\x93.", "os.system"),
    (b"Pobject\n.", "outside of the file"), (b"\x80\x02\x82\x01.", "expected"),
    (b"c_codecs\nencode\n(S'x'\nS'zip'\ntR.", "zip"), (b"(lp2147483647\n.", "layout"),
    (b"\x80\x04r\xff\xff\xff\x7f.", "expected"), (b"]" * 5000 + b"a" * 4999 + b".", "layout"),
    (dcrnn(matrix=np.eye(2)), "layout"), (dcrnn(matrix=-np.eye(3)), "at least 0"),
    (dcrnn(matrix=np.full((3, 3), np.nan)), "finite"), (dcrnn(matrix=np.eye(3, dtype=complex)), "numbers"),
    (dcrnn()[:-30], "expected"), (pickle.dumps({"a": 1}), "layout"), (pickle.dumps(np.eye(3)), "layout"),
])  # fmt: skip
def test_odd_pickles_are_refused(write, refused, code, told):
    assert told in refused(lambda: read_adjacency(write(code, "odd.pkl"), SENSORS))


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, len(dcrnn()) - 1), st.binary(min_size=1, max_size=4))
def test_no_damage_of_a_pickle_makes_the_reader_stumble(write, place, patch):
    content = bytearray(dcrnn())
    content[place : place + len(patch)] = patch
    try:
        assert np.isfinite(read_adjacency(write(bytes(content), "adj.pkl"), SENSORS)).all()
    except DataError as refusal:
        assert "\n" not in str(refusal)


def test_great_circle_distances_by_hand():
    # A degree of latitude is 111.2 km everywhere; one of longitude shrinks with the cosine.
    distances = great_circle(np.array([[0.0, 0.0], [1.0, 0.0], [60.0, 0.0], [60.0, 1.0]]))
    assert distances[0, 1] == pytest.approx(111.19, abs=0.01) and distances[2, 3] == pytest.approx(55.60, abs=0.01)
    assert (distances == distances.T).all() and not distances.diagonal().any()


PLACES = "sensor_id,lat,lon\nb,34.00,-118.00\na,34.01,-118.00\nc,34.50,-118.00\n"


def test_coordinates_become_nearness(write):
    path = write(PLACES)
    matrix = read_adjacency(path, SENSORS)
    assert (matrix == matrix.T).all() and (matrix.diagonal() == 1).all() and matrix[0, 1] > 0.9 and matrix[0, 2] < 0.2
    assert read_locations(path, ("c", "a")) == {"c": (34.5, -118.0), "a": (34.01, -118.0)}
    assert read_locations(write("from,to,cost\na,b,1\n", "costs.csv"), SENSORS) == {}
    assert graph_kind(path, SENSORS) == "coordinates"


@pytest.mark.parametrize("text, told", [
    (PLACES.replace("34.50", "134.5"), "line 4.*'134.5'"), (PLACES.replace("34.50", "x"), "line 4"),
    (PLACES.replace("c,", "a,"), "line 4: expected every sensor once; received 'a'"),
    (PLACES.replace("c,", "d,"), "1 have none, such as c"),
])  # fmt: skip
def test_coordinates_that_are_refused(write, refused, text, told):
    assert re.search(told, refused(lambda: read_adjacency(write(text), SENSORS)))


def test_only_the_nearest_sensors_are_neighbours():
    names = tuple(map(str, range(60)))
    line = {name: (34 + index / 100, -118.0) for index, name in enumerate(names)}
    matrix = nearness(Path("places"), line, names)
    assert (matrix[30] > 0).sum() <= 9 and matrix[30, 31] > 0 and matrix[30, 40] == 0


@pytest.mark.real_data
def test_the_real_pickle_is_the_published_edge_list(shared_data, metr_la_week):
    sensors = read_series(metr_la_week / "los_speed.csv", ReadingOptions(start="2012-03-01", step="5min")).sensors
    pickled = read_adjacency(shared_data / "graphs" / "adj_mx_metr_la.pkl", sensors)
    edges = read_adjacency(shared_data / "graphs" / "Adj(METR).txt", sensors)
    np.testing.assert_allclose(pickled, edges, atol=5e-7)
    backwards = read_adjacency(shared_data / "graphs" / "adj_mx_metr_la.pkl", sensors[::-1])
    np.testing.assert_array_equal(backwards, pickled[::-1, ::-1])


@pytest.mark.real_data
def test_the_real_coordinates_join_those_that_the_road_joins(metr_la_week):
    sensors = read_series(metr_la_week / "los_speed.csv", ReadingOptions(start="2012-03-01", step="5min")).sensors
    path = metr_la_week / "graph_sensor_locations.csv"
    assert len(read_locations(path, sensors)) == 207
    near, road = read_adjacency(path, sensors) > 0, read_adjacency(metr_la_week / "los_adj.csv", sensors) > 0
    # Chance would be the road graph's own density of 7 %.
    assert road[near].mean() > 0.5
