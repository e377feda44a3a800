"""One file of readings: which reader takes it is told by how it begins."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from gman_search.data.formats.csv_text import read_table
from gman_search.data.formats.known_layouts import plain_long
from gman_search.data.formats.no_readings import refuse_other_kinds
from gman_search.data.formats.packed import unpacked
from gman_search.data.formats.pems_report import plain_report
from gman_search.data.formats.pems_stations import is_pems, pems_readings
from gman_search.data.formats.zipped import zip_kind
from gman_search.data.ignored_columns import kept_columns
from gman_search.data.readings import Readings
from gman_search.data.tables.read import table_readings
from gman_search.data.tables.table import Table
from gman_search.errors import DataError
from gman_search.reading_options import ReadingOptions

__all__ = ["file_readings"]

Reader = Callable[[Path, ReadingOptions, bool], Readings]
PICKLE = "a pickle, which may run code: save it as CSV or Parquet"
REFUSED = {
    b"FEA1": "Feather of version 1: write it again as version 2, or as Parquet",
    b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1": "an old Excel workbook (.xls) or one with a password: save it as .xlsx "
    "without a password, or as CSV",
    b"PK\x05\x06": "an empty zip file: give one with a file of readings",
    b"CDF": "NetCDF: save it as CSV or Parquet",
    b"MATLAB ": "a MATLAB file: save it as CSV, or in Python with numpy.save",
    b"SQLite f": "an SQLite database: save the table as CSV or Parquet",
    **{bytes([0x80, version]): PICKLE for version in range(2, 6)},
}


def file_readings(path: Path, options: ReadingOptions, recent: bool) -> Readings:
    """Readings of a file of any known format.

    Args:
        path: the file.
        options: how it is to be read.
        recent: whether it has the last readings of a known network: an array may have fewer times than sensors, and
            columns that `ignore_columns` names may be absent.

    Raises:
        DataError: there is no such file, or it is none of readings.
        UsageError: an extra that its format needs is not installed.
    """
    if not path.is_file():
        raise DataError(f"expected a file of readings at {path}; there is no such file")
    try:
        with path.open("rb") as file:
            beginning = file.read(8)
    except OSError as error:
        raise DataError(f"{path}: expected a file that can be read; {error.strerror}") from None
    received = next((kind for sign, kind in REFUSED.items() if beginning.startswith(sign)), None)
    if path.suffix in (".pkl", ".pickle"):
        received = PICKLE
    if received is not None:
        raise DataError(f"{path}: expected readings; received {received}")
    reader = next((reader for sign, reader in READERS.items() if beginning.startswith(sign)), _text)
    return reader(path, options, recent)


def _hdf(path: Path, options: ReadingOptions, recent: bool) -> Readings:
    from gman_search.data.formats.pandas_hdf import hdf_readings

    return _without_ignored(hdf_readings(path, options), options, recent)


def _parquet(path: Path, options: ReadingOptions, recent: bool) -> Readings:
    from gman_search.data.formats.parquet import parquet_readings

    return parquet_readings(path, options, strict=not recent)


def _arrow(path: Path, options: ReadingOptions, recent: bool) -> Readings:
    from gman_search.data.formats.feather import feather_readings

    return feather_readings(path, options, strict=not recent)


def _npy(path: Path, options: ReadingOptions, recent: bool) -> Readings:
    from gman_search.data.formats.arrays import npy_readings

    return _without_ignored(npy_readings(path, options, recent=recent), options, recent)


def _zip(path: Path, options: ReadingOptions, recent: bool) -> Readings:
    kind = zip_kind(path)
    if kind == "arrays":
        from gman_search.data.formats.npz import npz_readings

        return _without_ignored(npz_readings(path, options, recent=recent), options, recent)
    if kind == "workbook":
        return _table_readings(_workbook_table(path, options), options, recent)
    return _text(path, options, recent)


def _text(path: Path, options: ReadingOptions, recent: bool) -> Readings:
    raw = unpacked(path)
    refuse_other_kinds(path, raw)
    if is_pems(raw):
        found = pems_readings(path, raw, options.channel, options.min_observed)
        return _without_ignored(found, options, recent)
    return _table_readings(read_table(path, raw), options, recent)


READERS: dict[bytes, Reader] = {
    b"\x89HDF\r\n\x1a\n": _hdf,
    b"PAR1": _parquet,
    b"ARROW1\0\0": _arrow,
    b"\x93NUMPY": _npy,
    b"PK\x03\x04": _zip,
}


def _workbook_table(path: Path, options: ReadingOptions) -> Table:
    from gman_search.data.formats.excel import read_sheet

    return read_sheet(path, options.sheet)


def _table_readings(table: Table, options: ReadingOptions, recent: bool) -> Readings:
    """A table, wide or long, whatever file it came from."""
    table, observed = plain_report(table, options.min_observed)
    # With data.timezone the user says that the Z of a .dyna is true.
    found = table_readings(plain_long(table, in_utc=options.timezone is not None), options, strict=not recent)
    return found if observed is None else replace(found, observed=observed)


def _without_ignored(readings: Readings, options: ReadingOptions, recent: bool) -> Readings:
    """Readings of a format that has sensors alone, without those that `data.ignore_columns` names."""
    if not options.ignore_columns:
        return readings
    kept = kept_columns(readings.path, readings.sensors, options.ignore_columns, strict=not recent)
    return replace(
        readings,
        values=readings.values[:, kept],
        sensors=tuple(readings.sensors[index] for index in kept),
        place=lambda row, column: readings.place(row, None if column is None else kept[column]),
    )
