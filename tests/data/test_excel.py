"""Excel workbooks of readings, made here as people make them."""

import builtins
import datetime as dt
import zipfile

import numpy as np
import pandas as pd
import pytest

from gman_search.data.read import read_series
from gman_search.errors import UsageError
from gman_search.reading_options import ReadingOptions

openpyxl = pytest.importorskip("openpyxl")


def frame(rows=48):
    values = np.random.default_rng(0).uniform(20, 65, (rows, 3))
    return pd.DataFrame(values, index=pd.date_range("2025-03-03", periods=rows, freq="5min"), columns=["a", "b", "7"])


def same(series, table):
    np.testing.assert_allclose(series.values, table.fillna(0).to_numpy(), rtol=1e-6)
    assert series.sensors == tuple(table.columns) and str(series.times[1]) == "2025-03-03T00:05"


def workbook(path, **sheets):
    """A workbook of sheets given as rows of cells."""
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, rows in sheets.items():
        page = book.create_sheet(name)
        for row in rows:
            page.append(row)
    book.save(path)
    return path


def rows_of(table):
    return [
        ["time", *table.columns],
        *([time.to_pydatetime(), *row] for time, row in zip(table.index, table.to_numpy().tolist(), strict=True)),
    ]


def test_wide(tmp_path):
    frame().to_excel(tmp_path / "speed.xlsx", index_label="time")
    same(read_series(tmp_path / "speed.xlsx"), frame())


def test_blanks_errors_titles_and_empty_columns(tmp_path):
    table = frame()
    rows = [[None, *row] for row in rows_of(table)]
    rows[3][3], rows[5][2] = "#DIV/0!", None
    path = workbook(tmp_path / "a.xlsx", speed=[["Speeds of spring 2025"], [], *rows, []])
    series = read_series(path)
    table.iloc[2, 1] = table.iloc[4, 0] = np.nan
    same(series, table)
    assert any("the first 2 rows of sheet 'speed'" in note for note in series.notes)
    assert any("1 cells of sheet 'speed' have an error of a formula" in note for note in series.notes)


def test_lines_in_messages_are_rows_of_the_sheet(tmp_path, refused):
    rows = rows_of(frame())
    rows[4][2] = "fast"
    path = workbook(tmp_path / "a.xlsx", speed=[["A title"], [], *rows])
    assert "row 7, column 'b': expected a number; received 'fast'" in refused(lambda: read_series(path))


def test_long_with_numbers_as_names(tmp_path):
    table = frame(12)[["a", "b"]].set_axis([101, 102], axis=1)
    long = table.rename_axis("time").reset_index().melt("time", var_name="station", value_name="flow")
    long["speed"] = 50.5
    long.to_excel(tmp_path / "long.xlsx", index=False)
    series = read_series(tmp_path / "long.xlsx", ReadingOptions(channel="flow"))
    assert series.sensors == ("101", "102")
    np.testing.assert_allclose(series.values, table.to_numpy(), rtol=1e-6)


def test_times_that_excel_counted_in_parts_of_a_day(tmp_path):
    """A column filled down by =A2+1/288 has times such as 00:14:59.999."""
    rows = rows_of(frame())
    for number, row in enumerate(rows[1:]):
        row[0] = dt.datetime(2025, 3, 3) + dt.timedelta(minutes=5 * number, microseconds=-900 if number % 2 else 700)
    series = read_series(workbook(tmp_path / "a.xlsx", speed=rows))
    same(series, frame())


def test_only_one_sheet_with_readings_is_read_and_several_ask_for_a_choice(tmp_path, refused):
    table, words = rows_of(frame()), [["sensor", "road"], ["a", "I5"], ["b", "I10"]]
    path = workbook(tmp_path / "a.xlsx", config=words, speed=table)
    series = read_series(path)
    same(series, frame())
    assert any("only 'speed' has a table of readings" in note for note in series.notes)
    doubled = [[cell * 2 if isinstance(cell, float) else cell for cell in row] for row in table]
    path = workbook(tmp_path / "b.xlsx", speed=table, flow=doubled)
    message = refused(lambda: read_series(path))
    assert "'speed', 'flow'" in message and 'data.sheet = "speed"' in message
    same(read_series(path, ReadingOptions(sheet="flow")), frame() * 2)
    assert "no sheet 'flwo'" in refused(lambda: read_series(path, ReadingOptions(sheet="flwo")))
    one = workbook(tmp_path / "c.xlsx", Sheet1=table)
    assert any("no sheet 'flow'" in note for note in read_series(one, ReadingOptions(sheet="flow")).notes)
    assert "none of config" in refused(lambda: read_series(workbook(tmp_path / "d.xlsx", config=words)))


def test_without_the_extra_it_says_what_to_install(tmp_path, monkeypatch):
    frame().to_excel(tmp_path / "speed.xlsx", index_label="time")
    plain = builtins.__import__

    def absent(name, *arguments, **more):
        if name.startswith("openpyxl"):
            raise ImportError(name)
        return plain(name, *arguments, **more)

    monkeypatch.setattr(builtins, "__import__", absent)
    with pytest.raises(UsageError, match=r'pip install "gman-search\[excel\]"'):
        read_series(tmp_path / "speed.xlsx")


def test_old_and_binary_and_open_document_workbooks_are_refused_with_what_to_do(tmp_path, refused):
    (tmp_path / "old.xls").write_bytes(bytes.fromhex("d0cf11e0a1b11ae1") + b"\0" * 600)
    assert "old Excel workbook (.xls)" in refused(lambda: read_series(tmp_path / "old.xls"))
    for name, members in (("b.xlsb", ["xl/workbook.bin"]), ("c.ods", ["mimetype", "content.xml"])):
        with zipfile.ZipFile(tmp_path / name, "w") as file:
            for member in members:
                file.writestr(member, "x")
        assert "save it as .xlsx or CSV" in refused(lambda name=name: read_series(tmp_path / name))


def changed(source, target, name, content):
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as new:
        for member in old.namelist():
            new.writestr(member, content if member == name else old.read(member))
    return target


def test_hostile_and_damaged_workbooks(tmp_path, refused, monkeypatch):
    good = workbook(tmp_path / "a.xlsx", speed=rows_of(frame()))
    page = "xl/worksheets/sheet1.xml"
    bomb = changed(good, tmp_path / "bomb.xlsx", page, b"<x>" + b" " * 2**26 + b"</x>")
    assert "unpack" in refused(lambda: read_series(bomb))
    laughs = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaa">]><x>&a;</x>'
    assert "definitions" in refused(lambda: read_series(changed(good, tmp_path / "l.xlsx", page, laughs)))
    assert "expected" in refused(lambda: read_series(changed(good, tmp_path / "d.xlsx", page, b"<broken")))
    (tmp_path / "cut.xlsx").write_bytes(good.read_bytes()[:3000])
    assert "cut.xlsx" in refused(lambda: read_series(tmp_path / "cut.xlsx"))
    monkeypatch.setattr("gman_search.data.formats.excel.MAX_CELLS", 100)
    assert "at most 100 cells" in refused(lambda: read_series(good))


def test_numbers_of_a_sheet_are_never_taken_for_thousands(tmp_path):
    """As text, 61.123 in every cell could be 61123."""
    table = frame().round(0) + 0.123
    table.to_excel(tmp_path / "speed.xlsx", index_label="time")
    same(read_series(tmp_path / "speed.xlsx"), table)


def test_a_sheet_without_names_has_numbered_sensors(tmp_path):
    path = workbook(tmp_path / "a.xlsx", speed=rows_of(frame())[1:])
    series = read_series(path)
    np.testing.assert_allclose(series.values, frame().to_numpy(), rtol=1e-6)
    assert series.sensors == ("0", "1", "2")


def test_numbers_that_are_text_are_a_table_too(tmp_path):
    rows = rows_of(frame())
    body = [[row[0], *(str(cell).replace(".", ",") for cell in row[1:])] for row in rows[1:]]
    series = read_series(
        workbook(tmp_path / "a.xlsx", speed=[rows[0], *body], about=[["Made by", "us"], ["in", "2025"]])
    )
    same(series, frame())
    assert any("decimal commas" in note for note in series.notes)


def test_formulas_that_nobody_computed_are_said_to_be_that(tmp_path, refused):
    rows = [["time", "a"], *([row[0], "=25*2"] for row in rows_of(frame())[1:])]
    path = workbook(tmp_path / "a.xlsx", speed=rows)
    assert "its formulas have no values: open it in a spreadsheet program" in refused(lambda: read_series(path))
    path = workbook(tmp_path / "b.xlsx", speed=[["time", "a"], ["x", "y"]])
    assert "its formulas" not in refused(lambda: read_series(path))


def test_sensors_in_rows_below_dates(tmp_path):
    rows = [list(row) for row in zip(*rows_of(frame()), strict=True)]
    series = read_series(workbook(tmp_path / "a.xlsx", speed=[["sensor", *rows[0][1:]], *rows[1:]]))
    same(series, frame())
    assert any("the table was transposed" in note for note in series.notes)
