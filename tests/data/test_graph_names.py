"""Which sensor a graph's name means: exactly, written otherwise, by number where that is safe, or refused."""

import numpy as np
import pytest

from gman_search.data.graph import read_graph
from gman_search.errors import DataError

NUMBERED = tuple(map(str, range(8)))
ONE_MORE = [(1, 2), (2, 3), (3, 4), (4, 5), (5, 6), (6, 7), (7, 8), (8, 1)]


def listed(pairs, shift=0):
    return "from,to,cost\n" + "".join(f"{a + shift},{b + shift},{300 + 10 * a}\n" for a, b in pairs)


def places(first, count):
    return "id,latitude,longitude\n" + "".join(f"{first + i},{34 + i / 100},-118\n" for i in range(count))


@pytest.mark.parametrize("text, sensors, told", [
    (listed(ONE_MORE), NUMBERED, "2 rows name sensors that the readings do not have, such as 8; the ids look like counted from 1"),
    (listed(ONE_MORE), tuple(f"det{i}" for i in range(8)), "received 8: the ids look like counted from 1"),
    (listed(ONE_MORE, -1), tuple(map(str, range(1, 9))), "such as 0; the ids look like counted from 0, and those of the readings are from 1"),
    (listed(ONE_MORE, 100), tuple(map(str, range(100, 108))), "such as 108; the ids look like counted from 101"),
    (places(1, 8), NUMBERED, "1 rows name sensors.*such as 8; the ids look like counted from 1"),
    ("1 2 0.5\n8 1 0.5\n", NUMBERED, "counted from 1"), ("1;2;300,5\n8;1;410\n", NUMBERED, "counted from 1"),
    ("," + ",".join(map(str, range(1, 9))) + "\n" + "".join(f"{i}" + ",1" * 8 + "\n" for i in range(1, 9)), NUMBERED, "counted from 1"),
])  # fmt: skip
def test_ids_counted_from_another_number_are_refused(write, text, sensors, told):
    with pytest.raises(DataError, match=told):
        read_graph(write(text), sensors)


@pytest.mark.parametrize("text, told", [
    (listed([(0, 1), (1, 2), (2, 8), (9, 0)]), "2 of 4 rows in file.csv name sensors the readings do not have, such as 8"),
    (listed([(3, 4), (2, 20)]), "1 of 2 rows in file.csv name sensors the readings do not have, such as 20"),
])  # fmt: skip
def test_rows_of_unknown_sensors_are_counted_in_a_note(write, text, told):
    graph = read_graph(write(text), NUMBERED)
    assert any(told in note for note in graph.notes)


@pytest.mark.parametrize("sensors, names", [
    (("773869", "767541", "767542"), ("773869.0", "767541.0", "767542.0")), (("VDS1", "VDS2", "VDS3"), ("vds1", "Vds2", "VDS3")),
    (("007", "010", "123"), ("7", "10", "123")), (("7", "10", "123"), ("007", "0010", "123")),
    (("773869", "767541", "767542"), ("7.73869E+05", "767541", "767542")), (("sensor_1", "sensor_2", "sensor_3"), ("sensor_01", "Sensor_02", "sensor_03")),
])  # fmt: skip
def test_names_written_otherwise_are_the_same_with_a_note(write, sensors, names):
    a, b, c = names
    differing = sum(name not in sensors for name in names)
    for text in (f"from,to,cost\n{a},{b},100\n{b},{c},200\n", f"id,{a},{b},{c}\n{a},1,0.5,0\n{b},0,1,0.2\n{c},0,0,1\n"):
        graph = read_graph(write(text), sensors)
        assert graph.matrix[0, 1] > graph.matrix[1, 2] > 0 and graph.matrix[0, 2] == 0
        assert any(f"{differing} names in file.csv are written otherwise" in note for note in graph.notes)
    places = read_graph(write(f"sensor,lat,lon\n{c},34.3,-118\n{a},34.1,-118\n{b},34.2,-118\n"), sensors)
    assert places.places == {sensors[0]: (34.1, -118), sensors[1]: (34.2, -118), sensors[2]: (34.3, -118)}


def test_names_that_two_sensors_could_be_are_no_match(write):
    graph = read_graph(write("from,to,cost\nA,b,100\nx1,b,200\n"), ("a", "b", "x01", "x001"))
    assert graph.matrix[0, 1] > 0 and not graph.matrix[2:, 1].any()
    assert any("1 of 2 rows" in note and "such as x1" in note for note in graph.notes)
    # 101.05 and 101.5 are two names.
    assert "101.05" in read_graph(write("from,to,cost\n101.05,b,100\nb,c,5\n"), ("101.5", "b", "c")).notes[-1]


def test_numbers_of_columns_are_taken_only_where_no_name_is_known_and_all_are_columns(write, refused):
    graph = read_graph(write("from,to,cost\n0,1,100\n1,2,200\n"), ("a", "b", "c"))
    assert graph.matrix[0, 1] > 0 and any("numbers of their columns, counted from 0" in note for note in graph.notes)
    assert "indices from 0 to 2" in refused(
        lambda: read_graph(write("from,to,cost\n0,1,100\n1,7,200\n"), ("a", "b", "c"))
    )
    assert "'x'" in refused(lambda: read_graph(write("from,to,cost\nx,y,100\n"), ("a", "b", "c")))
    assert read_graph(write("0 1 0.5\n"), ("a", "b", "c")).notes == ()  # GMAN's lines are by number


def test_the_order_of_numbered_names_is_their_own(write):
    sensors = ("0", "10", "1", "2")  # as a program sorts texts
    matrix = read_graph(write("from,to,cost\n10,2,100\n0,1,100\n"), sensors).matrix
    assert matrix[1, 3] > 0 and matrix[0, 2] > 0 and np.count_nonzero(matrix) == 6


@pytest.mark.parametrize("ids", [("x", "y", "z"), ("5", "6", "7")])
def test_other_names_are_never_taken_by_their_order(write, refused, ids):
    text = "sensor,lat,lon\n" + "".join(f"{name},34.{i},-118\n" for i, name in enumerate(ids))
    assert "expected names of sensors" in refused(lambda: read_graph(write(text), ("a", "b", "c")))


def test_links_between_unknown_sensors_alone_are_refused(write, refused):
    assert "none" in refused(lambda: read_graph(write("from,to,cost\na,x,100\ny,b,100\n"), ("a", "b")))
