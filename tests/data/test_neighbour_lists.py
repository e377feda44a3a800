"""Lists of neighbours keep every link; lists of all pairs within reach have DCRNN's weights, and say what these drop."""

import csv
from importlib import resources

import numpy as np
import pytest

from gman_search.data.graph import read_graph
from gman_search.data.graphs.kernel import gaussian_kernel, neighbour_kernel
from gman_search.data.graphs.reach import lists_all_pairs


def text_of(links):
    return "from,to,cost\n" + "".join(f"{a},{b},{cost}\n" for a, b, cost in links)


def dcrnn(links, sensors):
    """What the reader gave before lists of neighbours were told apart: DCRNN's kernel of everything listed."""
    costs = np.array([float(cost) for _, _, cost in links])
    matrix = np.zeros((len(sensors), len(sensors)), dtype=np.float32)
    weights = np.exp(-np.square(costs / costs.std()))
    matrix[[sensors.index(a) for a, _, _ in links], [sensors.index(b) for _, b, _ in links]] = np.where(
        weights < 0.1, 0, weights
    )
    np.fill_diagonal(matrix, 1)
    return matrix


def published_like(seed, sensors=170, links=295):
    """Neighbours as PEMS03, 04, 07 and 08 list them: chains of a few hundred metres with some far jumps, one way."""
    random = np.random.default_rng(seed)
    order = random.permutation(sensors)
    chains = [(order[i], order[i + 1]) for i in range(sensors - 1) if i % 12 != 11]
    extra = {tuple(random.choice(sensors, 2, replace=False)) for _ in range(links)}
    pairs = (chains + [pair for pair in extra if pair not in chains])[:links]
    costs = np.round(random.normal(330, 40, len(pairs)).clip(3), 1)
    costs[random.choice(len(pairs), 12, replace=False)] = np.round(random.uniform(600, 3300, 12), 1)
    return [(str(a), str(b), cost) for (a, b), cost in zip(pairs, costs, strict=True)]


def all_pairs(places, reach):
    """Every ordered pair of places (N, 2) at most `reach` apart."""
    distances = np.linalg.norm(places[:, None] - places, axis=-1)
    return [
        (str(a), str(b), round(distances[a, b], 3)) for a in range(len(places)) for b in range(len(places))
        if a != b and distances[a, b] <= reach
    ]  # fmt: skip


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("sensors, links", [(170, 295), (358, 547), (307, 340)])
def test_every_link_of_a_list_of_neighbours_keeps_a_weight(write, seed, sensors, links):
    listed = published_like(seed, sensors, links)
    graph = read_graph(write(text_of(listed)), tuple(str(i) for i in range(sensors)))
    weights = np.array([graph.matrix[int(a), int(b)] for a, b, _ in listed])
    assert graph.listed == len(listed) and graph.dropped == 0 and (weights >= np.float32(0.1)).all()
    assert (graph.matrix > 0).sum() == len(listed) + sensors  # nothing else is joined
    order = np.argsort([cost for _, _, cost in listed])
    assert (np.diff(weights[order]) <= 0).all() and weights[order[0]] > weights[order[-1]]
    assert any(f"all of its {len(listed)} links keep a weight" in note for note in graph.notes)
    assert (dcrnn(listed, [str(i) for i in range(sensors)]) > 0).sum() < (
        graph.matrix > 0
    ).sum()  # it is the rule that does it


def test_the_scale_is_the_least_at_which_the_farthest_link_has_a_tenth():
    # exp(-(d / sigma)^2) = 0.1 at d = 900: sigma^2 = 900^2 / ln 10; at a third of the distance 0.1^(1/9).
    np.testing.assert_allclose(neighbour_kernel(np.array([300.0, 300.0, 900.0])), [0.1 ** (1 / 9)] * 2 + [0.1])
    # Equal distances have DCRNN's weights.
    np.testing.assert_array_equal(neighbour_kernel(np.array([7.0, 7.0])), gaussian_kernel(np.array([7.0, 7.0])))


def test_the_how_tos_own_example_keeps_its_links(write):
    graph = read_graph(write("from,to,cost\ns0,s1,900\ns1,s2,901\n"), ("s0", "s1", "s2", "s3"))
    expected = 0.1 ** ((900 / 901) ** 2)
    np.testing.assert_allclose(
        graph.matrix, [[1, expected, 0, 0], [0, 1, 0.1, 0], [0, 0, 1, 0], [0, 0, 0, 1]], rtol=1e-6
    )
    assert (graph.listed, graph.dropped) == (2, 0)


def line(size):
    random = np.random.default_rng(size)
    return np.stack([np.cumsum(random.uniform(0.2, 2, size)), np.zeros(size)], axis=1)


@pytest.mark.parametrize("places, reach", [
    (line(6), np.inf), (line(40), np.inf), (line(40), 8.0), (line(300), 9.0), (np.random.default_rng(0).uniform(0, 10, (12, 2)), np.inf),
    (np.random.default_rng(1).uniform(0, 10, (120, 2)), 2.5), (np.random.default_rng(2).uniform(0, 10, (300, 2)), 1.5),
])  # fmt: skip
def test_a_list_of_all_pairs_within_reach_has_the_weights_it_had(write, places, reach):
    links, sensors = all_pairs(places, reach), [str(i) for i in range(len(places))]
    before = dcrnn(links, sensors)
    graph = read_graph(write(text_of(links)), tuple(sensors))
    np.testing.assert_array_equal(graph.matrix, before)
    between = before[~np.eye(len(sensors), dtype=bool)]
    assert graph.listed == len(links) and graph.dropped == len(links) - (between > 0).sum() > 0
    assert any(
        f"{graph.dropped} of {len(links)} listed links in file.csv have weight 0" in note for note in graph.notes
    )
    # One direction of a road alone, and distances of sensors to themselves, change nothing.
    oneway = [link for link in links if int(link[0]) < int(link[1])] + [(name, name, 0.0) for name in sensors]
    np.testing.assert_array_equal(read_graph(write(text_of(oneway)), tuple(sensors)).matrix, dcrnn(oneway, sensors))


def test_the_bundled_demo_has_the_graph_it_had():
    with resources.as_file(resources.files("gman_search.data") / "demo" / "distances.csv") as path:
        links = list(csv.reader(path.read_text().splitlines()[1:]))
        sensors = list(dict.fromkeys(name for link in links for name in link[:2]))
        graph = read_graph(path, tuple(sensors))
    np.testing.assert_array_equal(graph.matrix, dcrnn(links, sensors))
    assert (graph.listed, graph.dropped) == (64, 40)


def test_chains_rings_and_grids_are_lists_of_neighbours():
    def told(pairs, size, cost=lambda number: 1 + number % 5):
        sources, targets = np.array(pairs).T
        return lists_all_pairs(sources, targets, np.array([float(cost(i)) for i in range(len(pairs))]), size)

    chain = [(i, i + 1) for i in range(30)]
    assert not told(chain, 31) and not told(chain + [(b, a) for a, b in chain], 31)
    assert not told([(i, (i + 1) % 30) for i in range(30)], 30)
    grid = [
        (8 * y + x, 8 * (y + dy) + x + dx)
        for y in range(8)
        for x in range(8)
        for dx, dy in ((1, 0), (0, 1), (-1, 0), (0, -1))
        if 0 <= x + dx < 8 and 0 <= y + dy < 8
    ]
    assert not told(grid, 64)
    assert told([(a, b) for a in range(6) for b in range(6) if a != b], 6)  # every pair there is


def test_a_kernel_that_would_leave_nothing_has_not_the_scale_of_the_list(write):
    pairs = [(a, b, 900 + number) for number, (a, b) in enumerate((a, b) for a in "abcde" for b in "abcde" if a < b)]
    graph = read_graph(write(text_of(pairs)), tuple("abcde"))
    assert graph.dropped == 0 and (graph.matrix[np.triu_indices(5, 1)] >= np.float32(0.1)).all()


def test_of_a_pair_listed_twice_the_shorter_distance_counts(write):
    graph = read_graph(write("from,to,cost\na,b,5\na,b,10\nb,c,10\na,b,10\n"), ("a", "b", "c"))
    alone = read_graph(write("from,to,cost\nb,c,10\na,b,10\na,b,10\na,b,5\n"), ("a", "b", "c"))
    assert graph.matrix[0, 1] > graph.matrix[1, 2] and any(
        "1 pairs" in note and "shortest" in note for note in graph.notes
    )
    np.testing.assert_array_equal(graph.matrix, alone.matrix)


def test_a_far_code_for_no_link_is_pointed_out(write):
    graph = read_graph(write("from,to,cost\na,b,500\nb,c,700\nc,a,99999\na,c,99999\n"), ("a", "b", "c"))
    assert any("99999" in note and "no link" in note for note in graph.notes)
    assert not any(
        "no link" in note
        for note in read_graph(write("from,to,cost\na,b,500\nb,c,700\nc,a,3000\na,c,3000\n"), ("a", "b", "c")).notes
    )


@pytest.mark.real_data
def test_the_published_list_of_pems08_keeps_its_295_links(shared_data):
    path = shared_data / "graphs" / "PEMS08_distance.csv"
    graph = read_graph(path, tuple(str(i) for i in range(170)))
    assert (graph.listed, graph.dropped) == (295, 0)
    for a, b, _ in csv.reader(path.read_text().splitlines()[1:]):
        assert graph.matrix[int(a), int(b)] >= np.float32(0.1)


@pytest.mark.real_data
def test_pems_bays_list_of_all_pairs_within_reach_has_the_graph_it_had(shared_data):
    path = shared_data / "graphs" / "distances_bay_2017.csv"
    links = list(csv.reader(path.read_text().splitlines()))
    sensors = list(dict.fromkeys(link[0] for link in links))
    graph = read_graph(path, tuple(sensors))
    np.testing.assert_array_equal(graph.matrix, dcrnn(links, sensors))
    assert (graph.listed, graph.dropped) == (8033, 5664)
