"""Distances are never taken for weights: what a file's numbers are is told by the file, with a note, or by a setting."""

import numpy as np
import pytest

from gman_search.data.graph import read_graph
from gman_search.data.graphs.kernel import gaussian_kernel
from gman_search.errors import DataError

ROAD = np.array([0.0, 601, 1243, 1855, 2480, 3301, 3890, 4512])
NAMES = tuple(map(str, range(8)))


def distances(reach=1900):
    """Distances (8, 8) along a road, 0 beyond reach, as ArcGIS and others export them."""
    matrix = np.abs(ROAD[:, None] - ROAD)
    return np.where(matrix <= reach, matrix, 0)


def kernel_of(matrix):
    linked = matrix > 0
    weights = np.zeros(matrix.shape)
    weights[linked] = gaussian_kernel(matrix[linked])
    return weights + np.eye(len(matrix))


def dense(matrix, separator=",", form=str):
    return "".join(separator.join(form(value) for value in row) + "\n" for row in matrix)


def triples(matrix, separator=" ", zeros=False, selves=False):
    size = range(len(matrix))
    return "".join(
        f"{i}{separator}{j}{separator}{matrix[i, j]:g}\n" for i in size for j in size
        if matrix[i, j] > 0 or (zeros and i != j) or (selves and i == j)
    )  # fmt: skip


def test_a_dense_matrix_of_distances_goes_through_the_kernel(write):
    graph = read_graph(write(dense(distances())), NAMES)
    np.testing.assert_allclose(graph.matrix, kernel_of(distances()), rtol=1e-6)
    assert graph.matrix[0, 1] > 0.1 > graph.matrix[0, 3] and graph.listed == (distances() > 0).sum()
    taken, dropped = graph.notes
    assert "taken as distances" in taken and 'graph_values = "weights"' in taken
    assert (
        f"{graph.dropped} of {graph.listed} listed links" in dropped
        and graph.dropped == graph.listed - (kernel_of(distances()) > 0).sum() + 8
    )


@pytest.mark.parametrize("blank", ["inf", "", "nan", "NaN", "Infinity"])
def test_pairs_without_a_distance_are_not_linked(write, blank):
    def form(value):
        return blank if value == 0 else str(value)

    matrix = distances()
    named = "\n".join(",".join([str(i), *map(form, row)]) for i, row in enumerate(matrix))
    with_names = f"id,{','.join(NAMES)}\n{named}\n"
    for text in (dense(matrix, ",", form), with_names):
        np.testing.assert_allclose(read_graph(write(text), NAMES).matrix, kernel_of(matrix), rtol=1e-6)


def test_kilometres_are_distances_too(write):
    np.testing.assert_allclose(
        read_graph(write(dense(distances() / 1000)), NAMES).matrix, kernel_of(distances()), rtol=1e-6
    )


def test_sensors_at_one_place_are_the_nearest_and_not_without_a_link(write):
    places = np.array([0.0, 0, 700, 1500, 2100])
    graph = read_graph(write(dense(np.abs(places[:, None] - places))), tuple("abcde"))
    assert graph.matrix[0, 1] == graph.matrix[1, 0] == 1 and any("at one place" in note for note in graph.notes)
    # Zeros beyond reach are another thing: the rows of these two have nothing in common.
    assert read_graph(write(dense(distances())), NAMES).matrix[0, 7] == 0


@pytest.mark.parametrize("matrix", [
    np.eye(4) + np.eye(4, k=1) * 0.5, np.eye(4, k=1) + np.eye(4, k=-1), np.ones((4, 4)), np.eye(4, k=1),
])  # fmt: skip
def test_weights_are_weights_without_a_word(write, matrix):
    graph = read_graph(write(dense(matrix)), tuple("abcd"))
    np.testing.assert_allclose(graph.matrix, matrix, rtol=1e-6)
    assert graph.notes == ()


@pytest.mark.parametrize("matrix, told", [
    (np.eye(4, k=1) * 0.3 + np.eye(4, k=2) * 0.7, "taken as weights because none exceeds 1"),
    (np.eye(4) * 90 + np.eye(4, k=1) * 30, "taken as weights because the diagonal is not 0"),
])  # fmt: skip
def test_weights_that_might_be_distances_are_noted(write, matrix, told):
    path = write(dense(matrix))
    graph = read_graph(path, tuple("abcd"))
    np.testing.assert_allclose(graph.matrix, matrix, rtol=1e-6)
    assert told in graph.notes[0] and 'graph_values = "distances"' in graph.notes[0]
    assert not np.allclose(read_graph(path, tuple("abcd"), "distances").matrix, matrix)


def test_a_diagonal_that_is_zero_in_part_decides_nothing(write, refused):
    text = "0,600,0\n600,1,700\n0,700,0\n"
    assert 'graph_values = "distances" or "weights"' in refused(lambda: read_graph(write(text), tuple("abc")))
    assert read_graph(write(text), tuple("abc"), "weights").matrix[0, 1] == 600


@pytest.mark.parametrize("zeros, selves", [(False, False), (False, True), (True, True)])
@pytest.mark.parametrize("separator", [" ", "\t", ";"])
def test_lines_of_i_j_w_with_distances_go_through_the_kernel_with_a_note(write, zeros, selves, separator):
    graph = read_graph(write(triples(distances(), separator, zeros, selves)), NAMES)
    assert any("taken as distances" in note for note in graph.notes)
    assert (
        graph.matrix[0, 1] > 0.1 > graph.matrix[0, 3]
        and graph.matrix[0, 7] == 0
        and graph.listed == (distances() > 0).sum()
    )


@pytest.mark.parametrize("text, wish, expected", [
    ("0 1 0.25\n1 2 0.5\n", "auto", 0.25), ("0 1 7\n1 2 3\n", "weights", 7), ("from,to,weight\n0,1,0.25\n1,2,0.5\n", "auto", 0.25),
    ("source;target;w\n0;1;0,25\n1;2;0,5\n", "auto", 0.25), ("rel_id,type,origin_id,destination_id,link_weight\n0,geo,0,1,0.25\n1,geo,1,2,1\n", "auto", 0.25),
    ("from,to,cost\n0,1,7\n1,2,3\n", "weights", 7), ("# i j w\n0 1 0.25\n", "auto", 0.25), ("0 0 4\n0 1 2\n1 1 4\n", "auto", 2),
])  # fmt: skip
def test_lists_of_weights(write, text, wish, expected):
    graph = read_graph(write(text), ("0", "1", "2"), wish)
    assert graph.matrix[0, 1] == np.float32(expected) and graph.matrix[1, 0] == 0


@pytest.mark.parametrize(
    "text",
    [
        "0 1 7\n1 2 3\n",
        "from,to,weight\n0,1,612\n",
        "from,to,cost\n0,0,1\n0,1,0.5\n",
        "0,0,9\n0,1,5\n",
        "from,to,distance,weight\n0,1,612,0.5\n",
    ],
)
def test_what_cannot_be_told_is_refused_and_the_setting_named(write, refused, text):
    assert "graph_values" in refused(lambda: read_graph(write(text), ("0", "1", "2")))
    read_graph(write(text), ("0", "1", "2"), "distances")
    read_graph(write(text), ("0", "1", "2"), "weights")


def test_both_columns_and_the_setting(write):
    text = "from,to,distance,weight\n0,1,612,0.5\n1,2,1224,0.25\n"
    np.testing.assert_allclose(read_graph(write(text), ("0", "1", "2"), "weights").matrix[[0, 1], [1, 2]], [0.5, 0.25])
    np.testing.assert_allclose(
        read_graph(write(text), ("0", "1", "2"), "distances").matrix[[0, 1], [1, 2]], [0.1**0.25, 0.1], rtol=1e-6
    )


@pytest.mark.parametrize("text, expected", [
    ("0,1,300\n1,2,300\n2,0,300\n", "list"), ("773869,767541,300\n767541,767542,300\n767542,773869,300\n", "list"), ("0 1 0.5\n1 2 0.25\n2 0 0.5\n", "list"),
    ("1 0 0\n0 1 0\n0 0 1\n", "matrix"), ("1.0 0.5 0.0\n0.0 1.0 0.5\n0.0 0.0 1.0\n", "matrix"), ("0,1,1\n1,0,1\n1,1,0\n", "matrix"),
])  # fmt: skip
def test_three_numbers_a_line_for_three_sensors_are_links_or_a_matrix(write, text, expected):
    matrix = read_graph(write(text), ("773869", "767541", "767542")).matrix
    linked = np.argwhere(matrix - np.diag(matrix.diagonal())).tolist()
    table = np.array([[float(cell) for cell in line.replace(",", " ").split()] for line in text.splitlines()])
    listed = [[0, 1], [1, 2], [2, 0]]
    assert linked == (listed if expected == "list" else np.argwhere(table - np.diag(np.diag(table))).tolist())


def test_small_numbers_between_commas_are_distances_with_a_note(write):
    graph = read_graph(write("0,1,0.4\n1,2,0.8\n"), ("0", "1", "2"))
    assert graph.matrix[0, 1] > graph.matrix[1, 2] and any("taken as distances" in note for note in graph.notes)


@pytest.mark.parametrize(
    "text",
    [
        "from,to\na,b\nb,c\n",
        "a b\nb c\n",
        "a;b\nb;c\n",
        "# roads\na\tb\nb\tc\n",
        "rel_id,type,origin_id,destination_id\n0,geo,a,b\n1,geo,b,c\n",
        "0,1\n1,2\n",
    ],
)
def test_two_columns_are_links_of_weight_one_in_the_direction_listed(write, text):
    graph = read_graph(write(text), ("a", "b", "c"))
    np.testing.assert_array_equal(graph.matrix - np.diag(graph.matrix.diagonal()), [[0, 1, 0], [0, 0, 1], [0, 0, 0]])
    assert any("each of its 2 links has weight 1, in the direction listed" in note for note in graph.notes)


def test_a_wish_of_distances_or_weights_is_taken(write):
    path = write(dense(distances()))
    np.testing.assert_array_equal(read_graph(path, NAMES, "weights").matrix, distances().astype(np.float32))
    with pytest.raises(DataError, match="distances of at least 0; received '-3'"):
        read_graph(write("0,-3\n1,0\n"), ("a", "b"), "distances")
