"""Graph files: every form is read into finite weights, or refused in one line."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gman_search.data.graph import gaussian_kernel, read_adjacency
from gman_search.errors import DataError

SENSORS = ("a", "b", "c")


@pytest.mark.parametrize("text, told", [
    ("1,0,0,0\n0,1,0,0\n", "3 x 3"), ("", "rows of numbers"), (b"\x80\x02]q\x00", "text"),
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


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
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
    ("0 0 1\n0 1\n", "line 2.*finite weight"),
    ("0 1 inf\n", "line 1.*finite weight"),
    ("0 1 -2\n", "line 1.*finite weight"),
    ("0.5 1 1\n", "indices from 0 to 2"),
    ("1,0,0\n0,-1,0\n0,0,1\n", "finite weights"),
    ("from,to,cost\na,b,inf\nb,c,5\n", "line 2: expected a distance.*received 'inf': leave out"),
    ("from,to,cost\na,b,-1\n", "line 2: expected a distance"),
    ("from,to,cost\n", "header line alone"),
    ("", "expected rows of numbers"),
    ("1,0\n0,1\n", "expected a 3 x 3 matrix.*received 2 x 2"),
])  # fmt: skip
def test_refusals(write, text, told):
    with pytest.raises(DataError, match=told) as refusal:
        read_adjacency(write(text), ("a", "b", "c"))
    assert "\n" not in str(refusal.value)


def test_a_missing_file(tmp_path):
    with pytest.raises(DataError, match="no such file"):
        read_adjacency(tmp_path / "none.csv", ("a",))


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.one_of(st.text(max_size=60), st.text(alphabet="012,.-e \nabcnf", max_size=60)))
def test_no_text_makes_the_reader_stumble(write, text):
    try:
        matrix = read_adjacency(write(text), ("a", "b", "c"))
    except DataError as refusal:
        assert "\n" not in str(refusal)
    else:
        assert matrix.shape == (3, 3) and np.isfinite(matrix).all() and (matrix >= 0).all()
