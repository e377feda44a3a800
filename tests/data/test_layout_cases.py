"""The layouts that users have, as the project's shared cases hold them; skipped where these are absent."""

import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from gman_search.data.file_type import file_type
from gman_search.data.read import read_series
from gman_search.reading_options import ReadingOptions

COUNTED = {"start": "2025-03-03", "step": "15min"}


@pytest.fixture(scope="module")
def cases(repository):
    folder = Path(os.environ.get("GMAN_SEARCH_CASES", repository.parent / "shared" / "cases"))
    if not folder.is_dir():
        pytest.skip(f"no cases at {folder}: set GMAN_SEARCH_CASES")
    return folder


@pytest.fixture(scope="module")
def right(cases):
    """The readings that several cases hold in different layouts, from the plainest of them."""
    return pd.read_csv(cases / "l_geo" / "speed.csv", index_col=0, parse_dates=True)


def same(series, right, names=None):
    np.testing.assert_allclose(series.values, right.to_numpy(), rtol=1e-6)
    assert series.sensors == (names or tuple(right.columns))
    assert (series.times == right.index.to_numpy().astype("datetime64[m]")).all()


def test_a_workbook(cases, right):
    pytest.importorskip("openpyxl")
    same(read_series(cases / "f_xlsx" / "speed.xlsx"), right)


def test_an_unnamed_array(cases, right, refused):
    path = cases / "f_npz_arr0" / "speed.npz"
    same(read_series(path, ReadingOptions(**COUNTED)), right, ("0", "1", "2", "3"))
    assert "--start and --step" in refused(lambda: read_series(path))


def test_hdf5_packed_with_blosc(cases, refused):
    message = refused(lambda: read_series(cases / "f_hdf_gz" / "speed.h5"))
    assert "blosc" in message and "to_hdf" in message


def test_dyna(cases, right):
    same(read_series(cases / "l_dyna" / "d.dyna"), right)
    assert file_type(cases / "l_dyna" / "d.dyna") == "readings"


def test_libcitys_places_are_a_graph(cases, refused):
    assert file_type(cases / "l_geo" / "d.geo") == "graph"
    assert "data.adjacency" in refused(lambda: read_series(cases / "l_geo" / "d.geo"))


def test_pems_stations(cases, refused):
    path = cases / "p_pems_raw" / "d07.txt"
    assert "flow, occupancy, speed" in refused(lambda: read_series(path))
    table = pd.read_csv(path, header=None)
    for channel, column in (("flow", 9), ("occupancy", 10), ("speed", 11)):
        expected = table.pivot(index=0, columns=1, values=column).sort_index(key=pd.to_datetime)
        series = read_series(path, ReadingOptions(channel=channel))
        np.testing.assert_allclose(series.values, expected.to_numpy(), rtol=1e-6)
        assert series.sensors == ("715898", "715918", "715920") and series.step_minutes == 5
    assert file_type(path) == "readings"


def test_pems_metadata_is_a_graph(cases, refused):
    path = cases / "p_pems_meta" / "meta.txt"
    assert file_type(path) == "graph"
    assert "data.adjacency" in refused(lambda: read_series(path))
