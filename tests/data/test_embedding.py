"""Embedding files and embeddings made from graphs, at their edges."""

import numpy as np
import pytest

from gman_search.data.embedding import read_embedding, spectral_embedding


@pytest.mark.parametrize("text, told", [
    ("2 2\n0 1 2\n5 1 2\n", "line 3"), ("2 2\n0 1 2\n0 1 2\n", "line 3"), ("2 2\n0 1 2\n1 1 x\n", "line 3"),
    ("2 2\n0 1 2\n1 1 2 3\n", "line 3"), ("2 2\n0.0 1 2\n1 1 2\n", "line 2"), ("two 2\n", "first line"),
    ("2 0\n0\n1\n", "first line"),
    ("2 -1\n0\n1\n", "first line"),
    ("2 1\n0 1e39\n1 1\n", "line 2"),
])  # fmt: skip
@pytest.mark.filterwarnings("ignore")
def test_malformed_embeddings_are_refused_with_their_line(write, refused, text, told):
    path = write(text)
    assert told in refused(lambda: read_embedding(path, 2))


def test_graphs_with_lonely_sensors_or_a_single_one_have_finite_embeddings():
    lonely = np.eye(4)
    lonely[0, 1] = 0.5
    for graph in (lonely, np.eye(1), np.zeros((3, 3))):
        vectors = spectral_embedding(graph, 6)
        assert vectors.shape == (len(graph), 6) and np.isfinite(vectors).all()


def test_columns_are_about_as_strong_as_published_vectors():
    ring = np.eye(12) + np.roll(np.eye(12), 1, axis=1)
    np.testing.assert_allclose(spectral_embedding(ring, 5).std(axis=0), 0.3, rtol=1e-5)


@pytest.mark.real_data
def test_the_published_file_is_placed_by_index(metr_la_week):
    path = metr_la_week / "SE(METR).txt"
    vectors = read_embedding(path, 207)
    lines = [line.split() for line in path.read_text().splitlines()[1:]]
    assert [int(line[0]) for line in lines] != list(range(207))  # the file's order is not the sensors'
    for line in lines:
        np.testing.assert_array_equal(vectors[int(line[0])], np.array(line[1:], np.float32))
