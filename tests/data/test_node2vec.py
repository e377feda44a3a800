"""node2vec: walks by hand, and vectors that are seeded, kept by content, and near where sensors are near."""

import sys

import numpy as np
import pytest

from gman_search.data import node2vec
from gman_search.data.embedding import build_embedding
from gman_search.data.node2vec import node2vec_embedding, walks
from gman_search.errors import DataError, UsageError

LINE = np.diag(np.ones(9), 1) + np.diag(np.ones(9), -1) + np.eye(10)


def silent(text):
    pass


def short(monkeypatch, number=10, length=20):
    monkeypatch.setattr(node2vec, "WALKS", number)
    monkeypatch.setattr(node2vec, "LENGTH", length)


def test_walks_follow_edges_and_start_everywhere(monkeypatch):
    short(monkeypatch)
    paths = walks(LINE, np.random.default_rng(0), say=silent)
    assert paths.shape == (100, 20) and (paths >= 0).all()
    assert (np.abs(np.diff(paths, axis=1)) == 1).all()
    assert np.bincount(paths[:, 0]).tolist() == [10] * 10


def test_steps_are_drawn_by_weight_and_going_back_is_half_as_likely(monkeypatch):
    short(monkeypatch, number=400, length=40)
    triangle = np.array([[0, 1, 3], [1, 0, 1], [3, 1, 0]], dtype=float)
    paths = walks(triangle, np.random.default_rng(0), say=silent)
    first = paths[paths[:, 0] == 0][:, 1]
    assert (first == 2).mean() == pytest.approx(0.75, abs=0.06)
    steps = np.stack([paths[:, :-2], paths[:, 1:-1], paths[:, 2:]], axis=-1).reshape(-1, 3)
    back = steps[(steps[:, 0] == 1) & (steps[:, 1] == 0)][:, 2]  # from 1 to 0: back to 1 (1/2) or on to 2 (3)
    assert (back == 1).mean() == pytest.approx(0.5 / 3.5, abs=0.02)


def test_a_walk_ends_where_there_is_no_way_on(monkeypatch):
    short(monkeypatch, length=6)
    one_way = np.zeros((3, 3))
    one_way[0, 1] = one_way[1, 2] = 1.0
    paths = {tuple(path) for path in walks(one_way, np.random.default_rng(0), say=silent).tolist()}
    assert paths == {(0, 1, 2, -1, -1, -1), (1, 2, -1, -1, -1, -1), (2, -1, -1, -1, -1, -1)}


def test_vectors_are_seeded_and_kept_by_content(monkeypatch, tmp_path):
    pytest.importorskip("gensim")
    short(monkeypatch)
    told = []
    first = node2vec_embedding(LINE, 8, cache=tmp_path, say=told.append)
    assert first.shape == (10, 8) and first.dtype == np.float32 and "pass 10 of 10" in told[-1]
    count = len(told)
    np.testing.assert_array_equal(first, node2vec_embedding(LINE, 8, cache=tmp_path, say=told.append))
    assert len(told) == count  # read, not made
    np.testing.assert_array_equal(first, node2vec_embedding(LINE, 8, cache=tmp_path / "other", say=silent))
    assert not np.array_equal(first, node2vec_embedding(LINE, 8, seed=1, cache=tmp_path, say=silent))
    assert not np.array_equal(first, node2vec_embedding(LINE + LINE @ LINE, 8, cache=tmp_path, say=silent))


def test_a_damaged_or_unwritable_cache_is_made_anew(monkeypatch, tmp_path):
    pytest.importorskip("gensim")
    short(monkeypatch, number=2)
    first = node2vec_embedding(LINE, 4, cache=tmp_path, say=silent)
    (kept,) = tmp_path.iterdir()
    kept.write_bytes(b"damaged")
    np.testing.assert_array_equal(first, node2vec_embedding(LINE, 4, cache=tmp_path, say=silent))
    (tmp_path / "file").write_text("not a folder")
    np.testing.assert_array_equal(first, node2vec_embedding(LINE, 4, cache=tmp_path / "file", say=silent))


def test_neighbours_get_similar_vectors(monkeypatch, tmp_path):
    pytest.importorskip("gensim")
    short(monkeypatch, number=100)
    two_roads = np.kron(np.eye(2), LINE)
    vectors = node2vec_embedding(two_roads, 16, cache=tmp_path, say=silent)
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    alike = unit @ unit.T
    assert alike[:10, :10].mean() > alike[:10, 10:].mean() + 0.3


def test_methods_and_what_they_need(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    random, source = build_embedding("random", None, 30, 64)
    assert source == "random" and random.std() == pytest.approx(0.3, abs=0.02)
    np.testing.assert_array_equal(random, build_embedding("random", LINE, 30, 64)[0])
    assert build_embedding("spectral", LINE, 10, 4)[1] == "spectral"
    assert build_embedding("spectral", None, 3, 4)[1] == "position"
    with pytest.raises(DataError, match="give --adjacency"):
        build_embedding("node2vec", None, 3, 4)
    monkeypatch.setitem(sys.modules, "gensim.models", None)
    with pytest.raises(UsageError, match=r"gman-search\[embed\]"):
        build_embedding("node2vec", LINE, 10, 4)
