"""Packed text, and files that are something else than readings."""

import bz2
import gzip
import lzma
import pickle
import zipfile

import h5py
import numpy as np
import pandas as pd
import pytest

from gman_search.data.file_type import file_type
from gman_search.data.graph import read_graph
from gman_search.data.read import read_series
from gman_search.reading_options import ReadingOptions

TEXT = b"time,a,b\n2025-03-03 00:00,5,6\n2025-03-03 00:05,7,8\n"


def zstd(content):
    import pyarrow

    return pyarrow.Codec("zstd").compress(content, asbytes=True)


def zipped(path, **members):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in members.items():
            file.writestr(name.replace("__", "/").replace("_", "."), content)
    return path


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, lzma.compress, zstd])
def test_packed_text_is_read_whatever_its_name(write, pack):
    path = write(pack(TEXT), "speed.csv.packed")
    assert read_series(path).values.tolist() == [[5, 6], [7, 8]]
    assert file_type(path) == "readings"
    assert file_type(write(pack(b"from,to,cost\na,b,3\n"), "graph.packed")) == "graph"


def test_a_zip_of_one_csv_is_read(tmp_path):
    path = zipped(tmp_path / "a.zip", speed_csv=TEXT, __MACOSX___speed_csv=b"\0")
    with zipfile.ZipFile(path, "a") as file:
        file.writestr("__MACOSX/._speed.csv", b"\0")
    path = zipped(tmp_path / "b.zip", folder__speed_csv=TEXT)
    assert read_series(path).values.tolist() == [[5, 6], [7, 8]]
    assert file_type(path) == "readings"
    assert file_type(zipped(tmp_path / "g.zip", graph_csv=b"from,to,cost\na,b,3\n")) == "graph"


def test_other_zips_say_what_was_found(tmp_path, refused):
    message = refused(lambda: read_series(zipped(tmp_path / "two.zip", a_csv=TEXT, b_csv=TEXT)))
    assert "2 files (a.csv, b.csv)" in message and "give the folder" in message
    message = refused(lambda: read_series(zipped(tmp_path / "model.pt", archive__data_pkl=b"x", archive__version=b"3")))
    assert "archive/data.pkl, archive/version" in message and "magic" not in message
    assert "an empty zip file" in refused(lambda: read_series(zipped(tmp_path / "empty.zip")))
    (tmp_path / "cut.zip").write_bytes(zipped(tmp_path / "c.zip", a_csv=TEXT).read_bytes()[:40])
    assert "cut.zip" in refused(lambda: read_series(tmp_path / "cut.zip"))


@pytest.mark.parametrize("pack", [gzip.compress, lzma.compress, zstd])
def test_bombs_and_cut_streams(write, refused, pack):
    bomb = pack(b"0,0,0\n" * 3_000_000)
    assert "unpack" in refused(lambda: read_series(write(bomb, "bomb.csv")))
    cut = pack(TEXT * 200)[:-20]
    assert "cut.csv" in refused(lambda: read_series(write(cut, "cut.csv")))


def test_a_zip_bomb(tmp_path, refused):
    path = zipped(tmp_path / "bomb.zip", a_csv=b"0,0,0\n" * 12_000_000)
    assert "unpack" in refused(lambda: read_series(path, ReadingOptions(start="2025-03-03", step="5min")))


def test_packed_files_that_are_no_text(tmp_path, write, refused):
    pd.DataFrame({"a": [1.0]}).to_hdf(tmp_path / "a.h5", key="df")
    assert "received HDF5: unpack it first" in refused(
        lambda: read_series(write(gzip.compress((tmp_path / "a.h5").read_bytes()), "a.h5.gz"))
    )


@pytest.mark.parametrize("mode", ["w", "w:gz", "w:xz"])
def test_a_tar_archive_is_named(tmp_path, write, refused, mode):
    import tarfile

    inner = write(
        "time,a\n" + "".join(f"2025-03-03 {row // 12:02}:{row % 12 * 5:02},5\n" for row in range(200)), "q.csv"
    )
    with tarfile.open(tmp_path / "days.tar", mode) as archive:
        archive.add(inner, "q.csv")
    message = refused(lambda: read_series(tmp_path / "days.tar"))
    assert "received a tar archive: unpack it" in message and len(message) < 300
    if mode != "w:xz":
        assert "received a tar archive: unpack it" in refused(lambda: read_graph(tmp_path / "days.tar", ("a",)))


@pytest.mark.parametrize(
    "beginning, told", [(b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive"), (b"Rar!\x1a\x07", "a RAR archive")]
)
def test_other_archives_are_named(write, refused, beginning, told):
    assert f"received {told}: unpack it" in refused(lambda: read_series(write(beginning + bytes(range(256)), "x")))


def test_messages_quote_no_more_of_a_cell_than_people_read(write, refused):
    text = "time,a\n2025-03-03 00:00,1\n2025-03-03 00:05," + "x" * 9000 + "\n"
    assert len(refused(lambda: read_series(write(text)))) < 400
    text = "time,a\n2025-03-03 00:00,1\n" + "x" * 9000 + ",2\n"
    assert len(refused(lambda: read_series(write(text)))) < 400


@pytest.mark.parametrize("content, told", [
    (b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n", "git lfs pull"),
    (b"<!DOCTYPE html>\n<html><body>Please log in</body></html>", "a web page"), (b"\n <HTML><head>", "a web page"),
    (b'{"a": [1, 2]}', "JSON"), (b'[{"a": 1}]', "JSON"), (b"%PDF-1.7\n", "a PDF"), (b"<?xml version='1.0'?><a/>", "XML"),
    (b"SQLite format 3\0", "SQLite"), (b"MATLAB 5.0 MAT-file", "MATLAB"), (b"FEA1" + b"\0" * 20, "Feather of version 1"),
    (b"geo_id,type,coordinates\n1,Point,\"[1, 2]\"\n", "data.adjacency"),
    (b"rel_id,type,origin_id,destination_id,cost\n0,geo,1,2,3\n", "data.adjacency"),
    (b"from,to,cost\na,b,1\n", "data.adjacency"),
    (b"dyna_id,type,time,row_id,column_id,inflow\n0,state,2014-01-01T00:00:00Z,0,0,3\n", "cells of a grid"),
])  # fmt: skip
def test_what_is_no_readings_is_named(write, refused, content, told):
    path = write(content, "speed.csv")
    message = refused(lambda: read_series(path))
    assert told in message and str(path) in message and "remove the column" not in message


def test_line_ends_of_old_macs(write):
    assert read_series(write(TEXT.replace(b"\n", b"\r"))).values.tolist() == [[5, 6], [7, 8]]


@pytest.mark.parametrize("protocol", range(2, 6))
def test_a_pickled_frame_is_never_called_a_graph(write, refused, protocol):
    frame = pd.DataFrame(np.ones((3, 2)), columns=["a", "b"])
    for number, thing in enumerate((frame, frame.to_numpy(), {"a": 1})):
        path = write(pickle.dumps(thing, protocol=protocol), f"{number}.pkl")
        assert file_type(path) == "readings"
        assert "save it as CSV or Parquet" in refused(lambda path=path: read_series(path))
    graph = [["1", "2"], {"1": 0, "2": 1}, np.eye(2, dtype=np.float32)]
    assert file_type(write(pickle.dumps(graph, protocol=protocol), "adj.pkl")) == "graph"
    assert file_type(write(pickle.dumps(tuple(graph), protocol=protocol), "adj.pkl")) == "graph"


def test_every_kind_of_file_is_identified(tmp_path, write):
    np.save(tmp_path / "a.npy", np.ones((3, 2)))
    np.savez(tmp_path / "a.npz", np.ones((3, 2)))
    table = pd.DataFrame({"time": pd.date_range("2025-03-03", periods=3, freq="5min"), "a": [1.0, 2, 3]})
    table.to_feather(tmp_path / "a.feather")
    table.to_excel(tmp_path / "a.xlsx")
    for name in ("a.npy", "a.npz", "a.feather", "a.xlsx"):
        assert file_type(tmp_path / name) == "readings", name
    assert file_type(tmp_path) == file_type(tmp_path / "*.csv") == "readings"
    assert file_type(write("03/03/2025 00:00:00,715898,7,5,S,ML,0.43,20,100,201,0.093,56.3\n", "d07.txt")) == "readings"
    header = "ID\tFwy\tDir\tDistrict\tCounty\tCity\tState_PM\tAbs_PM\tLatitude\tLongitude\tLength\tType\tLanes\tName\n"
    assert file_type(write(header + "1\t5\tS\t7\t37\t\t1\t1\t33\t-118\t1\tML\t3\tx\n", "meta.txt")) == "graph"
    assert file_type(write('geo_id,type,coordinates\n1,Point,"[1, 2]"\n', "d.geo")) == "graph"
    assert file_type(write("rel_id,type,origin_id,destination_id,cost\n0,geo,1,2,3\n", "d.rel")) == "graph"
    dyna = "dyna_id,type,time,entity_id,traffic_speed\n0,state,2025-03-03T00:00:00Z,101,55.2\n"
    assert file_type(write(dyna, "d.dyna")) == "readings"
    places = "time,sensor_id,latitude,longitude,speed\n2025-03-03 00:00,1,34,-118,5\n"
    assert file_type(write(places, "long.csv")) == "readings"
    assert file_type(write("sensor_id;latitude;longitude\n1;34;-118\n", "places.csv")) == "graph"


def test_hdf5_packed_in_a_way_that_h5py_lacks_names_the_filter(tmp_path, refused):
    table = pd.DataFrame(
        np.ones((300, 3)), index=pd.date_range("2012-03-01", periods=300, freq="5min"), columns=list("abc")
    )
    table.to_hdf(tmp_path / "speed.h5", key="df", complib="blosc", complevel=5)
    message = refused(lambda: read_series(tmp_path / "speed.h5"))
    assert "the filter blosc" in message and "complib='zlib'" in message
    table.to_hdf(tmp_path / "new.h5", key="df", complib="zlib", complevel=5)  # what it says
    assert (read_series(tmp_path / "new.h5").values == 1).all()
    with h5py.File(tmp_path / "speed.h5") as file:
        assert file["df/block0_values"].id.get_create_plist().get_nfilters()
