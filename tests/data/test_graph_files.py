"""Graphs in binary files: arrays and sparse matrices are read, others refused with one line that says what they are."""

import gzip
import io
import pickle
import zipfile

import numpy as np
import pandas as pd
import pytest
import scipy.io
import scipy.sparse

from gman_search.data.file_type import file_type
from gman_search.data.graph import graph_kind, read_graph
from gman_search.errors import DataError

SENSORS = tuple("abcd")
WEIGHTS = np.eye(4) + np.diag([0.5, 0.25, 0.125], 1)
DISTANCES = np.abs(np.subtract.outer([0.0, 600, 1243, 1801], [0.0, 600, 1243, 1801]))


def packed(save, *arguments, **named):
    stream = io.BytesIO()
    save(stream, *arguments, **named)
    return stream.getvalue()


@pytest.mark.parametrize("content, name", [
    (packed(np.save, WEIGHTS), "adj.npy"), (packed(np.save, WEIGHTS.astype("f4")), "adj.npy"), (packed(np.savez, WEIGHTS), "adj.npz"),
    (packed(np.savez_compressed, adj=WEIGHTS), "adj.npz"), (packed(np.savez, adj=WEIGHTS, other=WEIGHTS + 1), "adj.npz"),
    (packed(scipy.sparse.save_npz, scipy.sparse.csr_matrix(WEIGHTS)), "adj.npz"), (packed(scipy.sparse.save_npz, scipy.sparse.coo_matrix(WEIGHTS)), "adj.npz"),
    (packed(scipy.io.mmwrite, scipy.sparse.coo_matrix(WEIGHTS)), "adj.mtx"), (packed(scipy.io.mmwrite, WEIGHTS), "adj.mtx"),
    (gzip.compress(b"0 1 0.5\n1 2 0.25\n2 3 0.125\n0 0 1\n1 1 1\n2 2 1\n3 3 1\n", mtime=0), "adj.txt.gz"),
    (gzip.compress(pickle.dumps([list("abcd"), {}, WEIGHTS]), mtime=0), "adj.pkl.gz"), (pickle.dumps([list("abcd"), {}, WEIGHTS]), "adj.pkl"),
])  # fmt: skip
def test_weights_in_arrays(write, content, name):
    path = write(content, name)
    np.testing.assert_allclose(read_graph(path, SENSORS).matrix, WEIGHTS)
    assert graph_kind(path, SENSORS) in ("arrays", "matrix market", "pickle", "edge list")
    if not (name == "adj.npz" and b"other" in content):  # whose two arrays could be readings, too
        assert file_type(path) == "graph"


@pytest.mark.parametrize("content, name", [
    (packed(np.save, DISTANCES), "d.npy"), (packed(scipy.sparse.save_npz, scipy.sparse.csr_matrix(DISTANCES)), "d.npz"),
    (packed(scipy.io.mmwrite, scipy.sparse.coo_matrix(DISTANCES)), "d.mtx"), (pickle.dumps([list("abcd"), {}, DISTANCES]), "d.pkl"),
])  # fmt: skip
def test_distances_in_arrays_go_through_the_kernel(write, content, name):
    graph = read_graph(write(content, name), SENSORS)
    assert any("taken as distances" in note for note in graph.notes) and graph.listed == 12
    between = DISTANCES[~np.eye(4, dtype=bool)]
    assert graph.matrix[0, 1] == np.float32(np.exp(-((600 / between.std()) ** 2))) and graph.matrix[0, 3] == 0


@pytest.mark.parametrize("content, name, told", [
    (packed(np.save, np.eye(3)), "a.npy", "expected a 4 x 4 matrix.*received 3 x 3"), (packed(np.save, np.ones((9, 4))), "a.npy", "expected one square array"),
    (packed(np.save, np.array([["a"]], dtype=object)), "a.npy", "objects, which may run code"), (packed(np.savez, a=np.eye(4), b=np.eye(4)), "a.npz", "expected one square array.*a .4, 4., b"),
    (packed(np.save, np.eye(4))[:-9], "a.npy", "expected a matrix of numbers"), (packed(np.savez, np.eye(4))[:-30], "a.npz", "damaged zip"), (packed(np.save, -np.eye(4)), "a.npy", "row 0, column 0.*at least 0"),
    (b"%%MatrixMarket matrix coordinate real general\n999999999 999999999 1\n1 1 1\n", "a.mtx", "999,999,999"), (b"%%MatrixMarket matrix nonsense\n", "a.mtx", "Matrix Market"),
    (b"version https://git-lfs.github.com/spec/v1\noid sha256:1\nsize 5\n", "a.csv", "Git LFS pointer: fetch the file itself with git lfs pull"),
    (b"\x89HDF\r\n\x1a\n123", "a.h5", "received HDF5"), (b"PAR1abcPAR1", "a.parquet", "received Parquet"), (b"MATLAB 5.0 MAT-file", "a.mat", "received MATLAB: save it with writematrix"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1", "a.xls", "old Excel workbook"), (b"<!DOCTYPE html><html>", "a.csv", "web page"), (b'{"type": "FeatureCollection"}', "a.geojson", "received JSON"),
    (b"", "a.csv", "empty file"), (b" \n\n", "a.csv", "empty file"), (b"\x1f\x8bdamaged", "a.csv.gz", "cannot be read"), (gzip.compress(b"0 1 1\n" * 90, mtime=0)[:-9], "a.gz", "cannot be read"),
])  # fmt: skip
def test_other_files_are_refused_in_one_line(write, content, name, told):
    path = write(content, name)
    with pytest.raises(DataError, match=told) as refusal:
        read_graph(path, SENSORS)
    assert "\n" not in str(refusal.value) and str(path) in str(refusal.value)
    file_type(path)  # says something, whatever it is


@pytest.mark.parametrize(
    "inside, told",
    [
        ("xl/workbook.xml", "received an Excel workbook: save its sheet as CSV"),
        ("graph.csv", "a zip archive with graph.csv: unpack it"),
    ],
)
def test_archives(write, inside, told):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr(inside, "from,to\n")
    with pytest.raises(DataError, match=told):
        read_graph(write(stream.getvalue(), "a.xlsx"), SENSORS)


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_a_pickled_frame_is_called_one_and_is_not_a_graph(write, protocol):
    path = write(pickle.dumps(pd.DataFrame(np.eye(4)), protocol=protocol), "frame.pkl")
    with pytest.raises(
        DataError, match="a pandas table as a pickle, which may run code: nothing was run; save it with to_csv"
    ):
        read_graph(path, SENSORS)
    assert file_type(path) == "readings"


def test_readings_in_arrays_are_no_graph(write):
    assert file_type(write(packed(np.savez, data=np.ones((50, 4, 3))), "PEMS08.npz")) == "readings"
    assert file_type(write(packed(np.save, np.ones((50, 4))), "speed.npy")) == "readings"


def test_readings_without_names_take_a_pickles_order_with_a_note(write, refused):
    path = write(pickle.dumps([list("wxyz"), {}, WEIGHTS]), "adj.pkl")
    graph = read_graph(path, ("0", "1", "2", "3"))
    np.testing.assert_allclose(graph.matrix, WEIGHTS)
    assert "taken in its order" in graph.notes[0]
    refused(lambda: read_graph(path, SENSORS))  # named otherwise: another network
