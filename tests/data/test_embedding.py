"""Spatial embeddings: read from a file, or computed so that every machine computes the same; at their edges."""

import os
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gman_search.data.embedding import SPREAD, position_embedding, read_embedding, spectral_embedding
from gman_search.errors import DataError


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


@pytest.mark.parametrize("text, told", [
    ("2 0\n0\n1\n", "first line"),
    ("2 -1\n0 1\n1 1\n", "first line"),
    ("2 99999999999999\n0 1\n1 2\n", "line 2"),  # announced width is not allocated before a row bears it out
    ("2 1\n0 1e39\n1 2\n", "line 2.*finite"),
    ("2 1\n0 1\n0 2\n", "line 3: expected every index once; received 0"),
    ("2 1\n0 1\n2 2\n", "line 3.*index from 0 to 1"),
    ("2 1\n0 1\n1 x\n", "line 3"),
    ("2 1\n0 1\n", "2 announced, 1 given"),
])  # fmt: skip
def test_malformed_files_are_refused_in_one_line(write, text, told):
    with pytest.raises(DataError, match=told) as refusal:
        read_embedding(write(text), 2)
    assert "\n" not in str(refusal.value)


@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(alphabet="0123456789-.e \nnax", max_size=50))
def test_no_text_makes_the_reader_stumble(write, text):
    try:
        assert read_embedding(write("2 1\n" + text), 2).shape == (2, 1)
    except DataError as refusal:
        assert "\n" not in str(refusal)


def test_columns_are_spread_like_the_published_ones_and_padded_with_zeros():
    line = np.diag(np.ones(4), 1)
    vectors = spectral_embedding(line, 8)
    np.testing.assert_allclose(vectors[:, :4].std(axis=0), SPREAD, rtol=1e-5)
    assert vectors.shape == (5, 8) and not vectors[:, 4:].any() and vectors.dtype == np.float32


def test_parts_of_a_disconnected_graph_are_told_apart():
    two = np.kron(np.eye(2), np.ones((3, 3)))
    vectors = spectral_embedding(two, 1)
    within = np.ptp(vectors[:3]) + np.ptp(vectors[3:])
    assert abs(vectors[0, 0] - vectors[3, 0]) > 0.5 and within < 0.01


@pytest.mark.parametrize("graph", [np.eye(1), np.zeros((4, 4)), np.ones((4, 4)), np.eye(6)[::-1]])
def test_odd_graphs_give_finite_vectors(graph):
    assert np.isfinite(spectral_embedding(graph, 3)).all()


GRAPHS = """
import numpy as np, sys
from gman_search.data.embedding import spectral_embedding
ring = np.roll(np.eye(12), 1, axis=1)                      # every eigenvalue twice
ties = np.kron(np.eye(3), np.ones((2, 2)))                 # three equal parts
lonely = np.zeros((9, 9)); lonely[0, 1] = lonely[1, 2] = 1  # six sensors without neighbours
np.savez(sys.argv[1], *(spectral_embedding(graph, 8) for graph in (ring, ties, lonely)))
"""


def test_ties_are_broken_alike_by_other_arithmetic(tmp_path):
    # OpenBLAS picks its kernels by processor; elsewhere the variable does nothing and the test passes trivially.
    found = []
    for kernel in ("Prescott", "Haswell"):
        path = tmp_path / f"{kernel}.npz"
        environment = os.environ | {"OPENBLAS_CORETYPE": kernel, "OMP_NUM_THREADS": "1"}
        subprocess.run([sys.executable, "-c", GRAPHS, str(path)], env=environment, check=True)
        with np.load(path) as arrays:
            found.append([arrays[name] for name in arrays.files])
    for one, other in zip(*found, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-5)


def test_position_codes_are_different_and_repeatable():
    vectors = position_embedding(300, 64)
    assert len({tuple(row) for row in vectors}) == 300
    np.testing.assert_array_equal(vectors, position_embedding(300, 64))


@pytest.mark.real_data
def test_the_published_embedding(metr_la_week):
    vectors = read_embedding(metr_la_week / "SE(METR).txt", 207)
    assert vectors.shape == (207, 64) and 0.1 < vectors.std() < 0.6
