"""A graph means the same whatever stands between its cells, in its numbers, at its line ends and before its first byte."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gman_search.data.file_type import file_type
from gman_search.data.graph import read_graph
from gman_search.errors import DataError

SENSORS = ("773869", "767541", "Main St/5", "717447", "a_1", "x 2")
PLAIN = ("773869", "767541", "717446", "717447", "717450", "760987")
COSTS = {(0, 1): 300.5, (1, 2): 1500.5, (2, 3): 998.0, (3, 4): 1041.0, (4, 5): 12.25, (5, 0): 2200.0}
SEPARATORS = {",": ".", ";": ",", "\t": ",", " ": ".", "   ": ",", "|": ".", ", ": "."}


def number(value, mark, thousands=""):
    text = f"{value:,.3f}".rstrip("0").rstrip(".")
    return text.translate({ord(","): thousands, ord("."): mark})


def encoded(text, encoding, ending):
    return text.replace("\n", ending).encode(encoding)


def links(separator, mark, sensors, header, thousands="", order=(0, 1, 2)):
    rows = [(sensors[a], sensors[b], number(cost, mark, thousands)) for (a, b), cost in COSTS.items()]
    lines = ([header] if header else []) + rows
    return "".join(separator.join(row[index] for index in order) + "\n" for row in lines)


@pytest.fixture
def expected(tmp_path):
    """The adjacency of `COSTS`."""
    path = tmp_path / "plain.csv"
    path.write_text(links(",", ".", PLAIN, ("from", "to", "cost")))
    matrix = read_graph(path, PLAIN).matrix
    assert (matrix > 0).sum() == 12 and matrix[4, 5] > matrix[0, 1] > matrix[5, 0]
    return matrix


@pytest.mark.parametrize("separator", SEPARATORS)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
def test_links_with_any_separator_encoding_and_line_end(write, expected, separator, encoding, ending):
    text = links(separator, SEPARATORS[separator], PLAIN, ("from", "to", "cost"))
    path = write(encoded(text, encoding, ending))
    np.testing.assert_array_equal(read_graph(path, PLAIN).matrix, expected)
    assert file_type(path) == "graph"


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize(
    "header",
    [
        ("origin", "destination", "dist"),
        ("Source", "Target", "Distance"),
        ("from_node", "to_node", "LENGTH"),
        ("u", "v", "length_km"),
        ("From sensor", "To sensor", "Distance (m)"),
        ("id1", "id2", "dist [km]"),
    ],
)
@pytest.mark.parametrize("order", [(0, 1, 2), (2, 0, 1), (1, 2, 0)])
def test_headers_of_other_names_and_orders(write, expected, separator, header, order):
    text = links(separator, SEPARATORS[separator], PLAIN, header, order=order)
    np.testing.assert_array_equal(read_graph(write(text), PLAIN).matrix, expected)


@pytest.mark.parametrize("separator", [";", "\t"])
@pytest.mark.parametrize("mark, thousands", [(",", ""), (",", "."), (".", ""), (".", ",")])
def test_thousands_and_decimal_marks(write, expected, separator, mark, thousands):
    graph = read_graph(write(links(separator, mark, PLAIN, ("from", "to", "cost"), thousands)), PLAIN)
    np.testing.assert_array_equal(graph.matrix, expected)
    assert any("thousands marks" in note for note in graph.notes) == bool(thousands)
    assert any("decimal commas" in note for note in graph.notes) == (mark == ",")


def test_points_are_thousands_marks_where_whole_numbers_show_it(write):
    graph = read_graph(write("from;to;cost\na;b;1.041\nb;c;998\nc;d;2.200\n"), tuple("abcd"))
    plain = read_graph(write("from;to;cost\na;b;1041\nb;c;998\nc;d;2200\n"), tuple("abcd"))
    np.testing.assert_array_equal(graph.matrix, plain.matrix)
    assert any("points in numbers of file.csv are taken as thousands marks" in note for note in graph.notes)
    # Of kilometres alone both readings give one graph, and weights are none of that.
    np.testing.assert_array_equal(
        read_graph(write("0 1 0.125\n1 2 0.250\n2 3 1\n"), tuple("abcd")).matrix[[0, 1, 2], [1, 2, 3]], [0.125, 0.25, 1]
    )


@pytest.mark.parametrize(
    "text, told", [("from;to;cost\na;b;1.041\nb;c;3\n", "1041 or 1.041"), ("a\tb\t1,000\nb\tc\t2\n", "1000 or 1")]
)
def test_marks_that_can_be_both_are_refused(write, text, told):
    with pytest.raises(DataError, match=told):
        read_graph(write(text), tuple("abc"))


def test_both_signs_as_decimals_are_refused(write, refused):
    assert "one decimal sign" in refused(lambda: read_graph(write("from;to;cost\na;b;3,5\nb;c;2.75\n"), tuple("abc")))


def test_names_with_separators_and_spaces(write, expected):
    rows = "".join(f'"{SENSORS[a]}","{SENSORS[b]}",{cost}\n' for (a, b), cost in COSTS.items())
    np.testing.assert_array_equal(read_graph(write(f"from,to,cost\n{rows}"), SENSORS).matrix, expected)
    np.testing.assert_array_equal(read_graph(write(f"from,to,cost\n{rows}".replace('"', "")), SENSORS).matrix, expected)
    commas = read_graph(
        write('from,to,cost\n"Main St, north",b,300\nb,"Main St, north",200\n'), ("Main St, north", "b")
    )
    assert commas.matrix[0, 1] > 0 and commas.matrix[1, 0] > 0


def test_comments_and_excels_first_line(write, expected):
    text = links(";", ",", PLAIN, ("from", "to", "cost"))
    for before in ("# made by hand\n#\n", "sep=;\n", '"sep=;"\n', "\n\n"):
        np.testing.assert_array_equal(read_graph(write(before + text), PLAIN).matrix, expected)
    below = links(" ", ".", PLAIN, None)
    np.testing.assert_array_equal(read_graph(write("# from to distance\n" + below), PLAIN).matrix, expected)
    message = pytest.raises(DataError, read_graph, write(f"# one\n\n{text}773869;;5\n"), PLAIN).value
    assert "line 10" in str(message)  # comments and blank lines count


@pytest.mark.parametrize("separator", SEPARATORS)
@pytest.mark.parametrize("names", ["none", "above", "both", "corner", "beside"])
def test_dense_matrices(write, separator, names):
    random = np.random.default_rng(1)
    matrix = np.where(random.random((6, 6)) < 0.5, 0, random.uniform(0.1, 1, (6, 6)).round(3))
    np.fill_diagonal(matrix, 1)
    order = [3, 0, 5, 1, 2, 4] if names != "none" else range(6)
    rows = [
        [PLAIN[i]] * (names in ("both", "corner", "beside"))
        + [
            number(matrix[i, j], SEPARATORS[separator])
            if 0 < matrix[i, j] == 1
            else str(matrix[i, j]).replace(".", SEPARATORS[separator])
            for j in order
        ]
        for i in order
    ]
    above = {"above": [], "both": ["id"], "corner": []}
    header = [[*above[names], *(PLAIN[i] for i in order)]] if names in above else []
    path = write("".join(separator.join(row) + "\n" for row in header + rows))
    np.testing.assert_allclose(read_graph(path, PLAIN).matrix, matrix, rtol=1e-6)


def test_numpys_own_text(tmp_path):
    matrix = np.eye(6) + np.eye(6, k=2) * 0.25
    for form, delimiter in (("%.18e", " "), ("%.4f", ","), ("%g", "\t")):
        np.savetxt(tmp_path / "adj.txt", matrix, fmt=form, delimiter=delimiter, header="the network")
        np.testing.assert_allclose(read_graph(tmp_path / "adj.txt", PLAIN).matrix, matrix)
        assert file_type(tmp_path / "adj.txt") == "numbers"


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_no_layout_is_read_wrongly_in_silence(write, data):
    """A generator that knows the truth: the graph is the true one, or the file is refused in one line."""
    draw = data.draw
    size = draw(st.integers(4, 9))
    kind = draw(st.sampled_from(["plain", "shifted names", "padded", "float"]))
    sensors = [str(100 + 7 * i) for i in range(size)]
    written = {
        "plain": sensors,
        "shifted names": [f"0{name}" for name in sensors],
        "padded": [f" {name} " for name in sensors],
        "float": [f"{name}.0" for name in sensors],
    }[kind]
    pairs = draw(
        st.lists(
            st.tuples(st.integers(0, size - 1), st.integers(0, size - 1)).filter(lambda pair: pair[0] != pair[1]),
            min_size=2,
            max_size=14,
            unique=True,
        )
    )
    costs = draw(
        st.lists(
            st.one_of(
                st.integers(1, 4000).map(float),
                st.integers(10, 400000).map(lambda n: n / 100),
                st.integers(1000, 4000000).map(lambda n: n / 1000),
            ),
            min_size=len(pairs),
            max_size=len(pairs),
        )
    )
    separator = draw(st.sampled_from([",", ";", "\t", " "]))
    mark = "." if separator == "," else draw(st.sampled_from([".", ","]))
    thousands = "" if separator in (",", " ") else draw(st.sampled_from(["", {".": ",", ",": "."}[mark]]))
    if separator == " " and kind == "padded":
        written = sensors
    order = draw(st.permutations(range(3)))
    header = draw(st.sampled_from([("from", "to", "cost"), ("source", "target", "distance")]))
    lines = [
        header,
        *((written[a], written[b], number(cost, mark, thousands)) for (a, b), cost in zip(pairs, costs, strict=True)),
    ]
    text = "".join(separator.join(row[index] for index in order) + "\n" for row in lines)
    content = encoded(
        text, draw(st.sampled_from(["utf-8", "utf-8-sig", "utf-16"])), draw(st.sampled_from(["\n", "\r\n", "\r"]))
    )
    plain = "from,to,cost\n" + "".join(
        f"{sensors[a]},{sensors[b]},{cost}\n" for (a, b), cost in zip(pairs, costs, strict=True)
    )
    truth = read_graph(write(plain, "plain.csv"), tuple(sensors)).matrix
    try:
        graph = read_graph(write(content), tuple(sensors))
    except DataError as refusal:
        assert "\n" not in str(refusal)
        # Only marks of thousands contradict, or three decimals that look like them.
        assert thousands or any(cost * 100 % 1 for cost in costs), (text, refusal)
    else:
        right = np.allclose(graph.matrix, truth, rtol=1e-5)
        assert right or any("thousands" in note for note in graph.notes), (text, graph.notes)


@pytest.mark.parametrize("mark", [" ", "\u00a0", "\u202f", "'", "’"])
def test_blanks_and_apostrophes_group_thousands(write, mark):
    plain = read_graph(write("from;to;cost\na;b;1041\nb;c;998\nc;d;12200\n"), tuple("abcd"))
    graph = read_graph(write(f"from;to;cost\na;b;1{mark}041\nb;c;998\nc;d;12{mark}200\n"), tuple("abcd"))
    np.testing.assert_array_equal(graph.matrix, plain.matrix)
    assert any(f"{f'1{mark}041'!r} is 1041" in note for note in graph.notes)
    matrix = read_graph(write(f"0;1{mark}041,5;612\n1{mark}041,5;0;998\n612;998;0\n"), tuple("abc"), "distances")
    wanted = read_graph(write("0;1041.5;612\n1041.5;0;998\n612;998;0\n"), tuple("abc"), "distances")
    np.testing.assert_array_equal(matrix.matrix, wanted.matrix)


@pytest.mark.parametrize("text", ["from,to,cost\na,b,1041 m\nb,c,998 m\n", "0,1.2km,2km\n1.2km,0,3km\n2km,3km,0\n"])
def test_units_are_no_missing_links(write, text):
    with pytest.raises(DataError, match="write plain numbers, without units") as refusal:
        read_graph(write(text), tuple("abc"))
    assert "leave out" not in str(refusal.value)
