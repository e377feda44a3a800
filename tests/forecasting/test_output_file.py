"""Forecasts in the format that the name says, and never over what they are made from."""

import gzip
import os

import numpy as np
import pandas as pd
import pytest

from gman_search.errors import DataError, UsageError
from gman_search.forecasting import output_file
from gman_search.forecasting.output_file import check_target, format_of, write_forecasts

TIMES = pd.to_datetime(["2025-03-03 00:00", "2025-03-03 01:00"])
TABLES = [
    pd.DataFrame({"time": TIMES, "s0": np.float32([0.123456, 2.5])}),
    pd.DataFrame({"time": TIMES + pd.Timedelta(hours=2), "s0": np.float32([np.nan, 4.0])}),
]


@pytest.mark.parametrize("name, form", [
    ("f.csv", "csv"), ("f.CSV", "csv"), ("f.txt", "csv"), ("f", "csv"), ("f.csv.gz", "gzip"), ("f.parquet", "parquet"),
    ("f.pq", "parquet"), ("f.XLSX", "excel"), ("1.2/f.csv", "csv"),
])  # fmt: skip
def test_the_name_says_the_format(tmp_path, name, form):
    assert format_of(tmp_path / name) == form


@pytest.mark.parametrize("name", ["f.xls", "f.json", "f.h5", "f.npz", "f.tsv", "f.gz", "f.csv.zip"])
def test_other_endings_are_refused_and_the_known_ones_named(name):
    with pytest.raises(UsageError, match=r"ends in \.csv, \.csv\.gz, .*\.parquet.*\.xlsx.*received"):
        format_of(output_file.Path(name))


def test_every_format_holds_the_same_rows(tmp_path):
    readers = {"f.csv": pd.read_csv, "f.csv.gz": pd.read_csv, "f.parquet": pd.read_parquet, "f.xlsx": pd.read_excel}
    for name, read in readers.items():
        pytest.importorskip({"f.parquet": "pyarrow", "f.xlsx": "openpyxl"}.get(name, "pandas"))
        assert write_forecasts(iter(TABLES), tmp_path / name, 3) == 4
        found = read(tmp_path / name)
        assert list(found.columns) == ["time", "s0"]
        assert found["s0"].round(3).tolist() == pytest.approx([0.123, 2.5, float("nan"), 4.0], nan_ok=True, abs=1e-6)
        assert pd.to_datetime(found["time"]).tolist() == [TIMES[0] + pd.Timedelta(hours=hour) for hour in range(4)]
    with gzip.open(tmp_path / "f.csv.gz", "rt") as stream:
        assert stream.read() == (tmp_path / "f.csv").read_text()
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(readers)


def test_a_sheet_that_would_be_too_long_is_refused_and_nothing_is_left(tmp_path, monkeypatch):
    pytest.importorskip("openpyxl")
    monkeypatch.setattr(output_file, "MOST_EXCEL_ROWS", 4)
    with pytest.raises(DataError, match="at most 3 rows for a sheet"):
        write_forecasts(iter(TABLES), tmp_path / "f.xlsx", 2)
    assert not list(tmp_path.iterdir())


def test_the_readings_are_never_written_over(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    recent = tmp_path / "recent.csv"
    recent.write_text("time,s0\n")
    (tmp_path / "link.csv").symlink_to(recent)
    os.link(recent, tmp_path / "hard.csv")
    (tmp_path / "sub").mkdir()
    for name in ("recent.csv", "sub/../recent.csv", str(recent), "link.csv", "hard.csv"):
        with pytest.raises(UsageError, match="expected another file to write than to read"):
            check_target(output_file.Path(name), [tmp_path / "other.csv", recent])
    with pytest.raises(UsageError, match="another file"):
        check_target(recent, [tmp_path / "link.csv"])
    check_target(tmp_path / "new.csv", [recent, tmp_path / "absent.csv"])
    with pytest.raises(UsageError, match="sub is a folder"):
        check_target(tmp_path / "sub", [recent])


def test_nor_is_anything_written_among_them(tmp_path):
    folder = tmp_path / "pems"
    folder.mkdir()
    with pytest.raises(UsageError, match="expected a file outside"):
        check_target(folder / "forecast.csv", [folder])
    with pytest.raises(UsageError, match="another file"):
        check_target(folder / "forecast.csv", [folder / "*.csv"])
    check_target(folder / "forecast.parquet", [folder / "*.csv"])
