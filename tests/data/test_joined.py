"""A folder or a pattern of files is one series."""

import gzip
import shutil

import numpy as np
import pandas as pd
import pytest

from gman_search.data.read import read_series
from gman_search.data.task import load_task
from gman_search.data_spec import DataSpec
from gman_search.reading_options import ReadingOptions

DAY = 288


def whole(days=3, names=("b", "a")):
    """Times of some days and readings of sensors, none of which is 0."""
    index = pd.date_range("2025-03-03", periods=days * DAY, freq="5min")
    values = np.random.default_rng(4).uniform(20, 65, (len(index), len(names))).round(2)
    return pd.DataFrame(values, index=index, columns=list(names)).rename_axis("time")


@pytest.fixture
def folder(tmp_path):
    """A folder of one CSV a day, whose names are not in the order of their times."""
    (tmp_path / "days").mkdir()
    for number, (_, day) in enumerate(whole().groupby(whole().index.date)):
        day.to_csv(tmp_path / "days" / f"{'cab'[number]}.csv")
    return tmp_path / "days"


def same(series, table):
    np.testing.assert_allclose(series.values, table.fillna(0).to_numpy(), rtol=1e-6)
    assert series.sensors == tuple(table.columns)
    assert (series.times == table.index.to_numpy().astype("datetime64[m]")).all()


def test_a_folder_and_a_pattern_are_one_series_in_the_order_of_times(folder):
    same(read_series(folder), whole())
    same(read_series(folder / "*.csv"), whole())
    assert "3 files are one series: c.csv to b.csv" in read_series(folder).notes


def test_files_of_several_formats_join(folder):
    table = pd.read_csv(folder / "a.csv", index_col=0, parse_dates=True)
    (folder / "a.csv").unlink()
    table.to_parquet(folder / "a.parquet")
    with gzip.open(folder / "b.csv.gz", "wb") as file:
        file.write((folder / "b.csv").read_bytes())
    (folder / "b.csv").unlink()
    same(read_series(folder), whole())


def test_hidden_files_are_not_looked_at_and_others_are_refused_with_the_pattern_as_advice(folder, refused):
    (folder / ".DS_Store").write_bytes(b"\0\1\2")
    same(read_series(folder), whole())
    (folder / "distances.csv").write_text("from,to,cost\na,b,300\n")
    message = refused(lambda: read_series(folder))
    assert "distances.csv" in message and "give a pattern" in message
    (folder / "distances.csv").write_text("sensor_id,latitude,longitude\n1,34.1,-118.2\n2,34.2,-118.3\n")
    assert "distances.csv" in refused(lambda: read_series(folder))


def test_what_is_not_there_is_said(tmp_path, refused):
    (tmp_path / "empty").mkdir()
    assert "there are none" in refused(lambda: read_series(tmp_path / "empty"))
    assert "match" in refused(lambda: read_series(tmp_path / "empty" / "*.csv"))


def test_sensors_are_united_and_a_note_says_which_are_not_everywhere(folder):
    table = whole()
    table["new"] = 33.0
    table.loc[:"2025-03-04 23:55", "new"] = np.nan
    table.loc["2025-03-05":].to_csv(folder / "b.csv")
    series = read_series(folder)
    same(series, table)
    assert any("1 of 3 sensors are not in every file, such as new (not in c.csv)" in note for note in series.notes)


def test_overlaps_with_equal_readings_merge_and_fill_each_other(folder):
    table = whole()
    overlap = table.loc["2025-03-03 22:00":"2025-03-04 02:00"].copy()
    table.loc["2025-03-03 23:00", "a"] = np.nan  # missing in one file, there in the other
    table.loc["2025-03-04 01:00", "b"] = 0
    for name, day in (("c", "2025-03-03"), ("a", "2025-03-04")):
        table.loc[day].to_csv(folder / f"{name}.csv")
    overlap.to_csv(folder / "overlap.csv")
    series = read_series(folder)
    same(series, whole())
    assert any("files overlap in 49 rows" in note for note in series.notes)


def test_overlaps_with_different_readings_are_refused_naming_both_files(folder, refused):
    other = whole().loc["2025-03-04 02:00":"2025-03-04 03:00"].copy()
    other.loc["2025-03-04 02:30", "a"] = 1.5
    other.to_csv(folder / "z.csv")
    message = refused(lambda: read_series(folder))
    right = whole().loc["2025-03-04 02:30", "a"]
    assert f"sensor 'a' at 2025-03-04 02:30:00 is {right:g} in a.csv and 1.5 in z.csv" in message


def test_files_of_one_sensor_each_and_one_name_are_told_to_name_it(tmp_path, refused):
    for name in "xy":
        whole(names=(name,)).rename(columns={name: "speed"}).mul(ord(name)).to_csv(tmp_path / f"{name}.csv")
    assert "name its column by the sensor" in refused(lambda: read_series(tmp_path / "*.csv"))
    for name in "xy":
        whole(names=(name,)).to_csv(tmp_path / f"{name}.csv")
    assert read_series(tmp_path / "*.csv").sensors == ("x", "y")


def test_files_of_other_steps_or_without_times_are_refused(folder, refused, tmp_path):
    whole(1).resample("1h").mean().to_csv(folder / "hourly.csv")
    assert "60 min in hourly.csv" in refused(lambda: read_series(folder))
    (folder / "hourly.csv").unlink()
    np.save(folder / "bare.npy", np.ones((300, 2)))
    assert "such as bare.npy" in refused(lambda: read_series(folder, ReadingOptions(start="2025-03-03", step="5min")))


def test_numbered_sensors_that_do_not_correspond_are_refused(tmp_path, refused):
    for number, day in enumerate(["2025-03-03", "2025-03-04"]):
        index = pd.date_range(day, periods=DAY, freq="5min")
        table = pd.DataFrame(np.full((DAY, 2 + number), 30.5), index=index)
        table.to_csv(tmp_path / f"{number}.csv", header=False)
    assert "2 numbered ones in 0.csv and 3 in 1.csv" in refused(lambda: read_series(tmp_path))


def test_newest_first_and_the_night_when_clocks_go_back(tmp_path):
    times = [*pd.date_range("2025-11-02 00:00", "2025-11-02 01:55", freq="5min"),
             *pd.date_range("2025-11-02 01:00", "2025-11-02 23:55", freq="5min")]  # fmt: skip
    first = pd.DataFrame({"a": np.arange(len(times)) + 1.0}, index=times)
    first.to_csv(tmp_path / "1.csv", index_label="time")
    second = pd.DataFrame({"a": np.arange(DAY) + 1000.0}, index=pd.date_range("2025-11-03", periods=DAY, freq="5min"))
    second[::-1].to_csv(tmp_path / "2.csv", index_label="time")
    series = read_series(tmp_path)
    assert series.values[:, 0].tolist() == [*range(1, 25), *range(37, 37 + 22 * 12), *range(1000, 1288)]
    assert any("clocks went back on 2025-11-02: 12 rows" in note for note in series.notes)


def test_a_wrong_cell_is_found_in_its_file(folder, refused):
    text = (folder / "a.csv").read_text().replace("2025-03-04 00:10:00,", "2025-03-04 00:10:00,-")
    (folder / "a.csv").write_text(text)
    assert "a.csv, line 4, column 'b': expected a finite reading" in refused(lambda: read_series(folder))


def test_notes_of_the_same_kind_are_said_once(folder):
    for name in "abc":
        table = pd.read_csv(folder / f"{name}.csv")
        table.to_csv(folder / f"{name}.csv", sep=";", decimal=",", index=False)
    notes = [note for note in read_series(folder).notes if "decimal commas" in note]
    assert len(notes) == 1 and notes[0].endswith("(and so in 2 more files)")


def test_another_file_is_changed_data(tmp_path, folder):
    later = tmp_path / "later"
    shutil.copytree(folder, later)
    spec = DataSpec(readings="days", history=3, horizon=3)
    before = load_task(spec, tmp_path).fingerprint
    assert load_task(spec.model_copy(update={"readings": "days/*.csv"}), tmp_path).fingerprint == before
    whole(4).loc["2025-03-06":].to_csv(later / "d.csv")
    assert load_task(spec.model_copy(update={"readings": "later"}), tmp_path).fingerprint != before


def test_one_match_is_read_as_the_file_itself(folder):
    one = read_series(folder / "c*.csv")
    same(one, whole(1))
    assert one.notes == ()


def days_of(tmp_path, first, days, rows=DAY, form="%d/%m/%Y %H:%M"):
    """A folder of one file a day from `first` on, with its table."""
    index = pd.date_range(first, periods=days * rows, freq=f"{1440 // rows}min")
    table = pd.DataFrame({"b": np.arange(len(index)) + 1.0, "a": 30.5}, index=index)
    for number, (_, day) in enumerate(table.groupby(table.index.date)):
        day.set_axis(day.index.strftime(form)).rename_axis("time").to_csv(tmp_path / f"{number}.csv")
    return table


@pytest.mark.parametrize("first, days, rows, form", [
    ("2025-03-04", 7, DAY, "%d/%m/%Y %H:%M"), ("2025-03-04", 2, 24, "%d/%m/%Y %H:%M"), ("2025-03-01", 12, 24, "%d/%m/%Y %H:%M"),
    ("2025-03-12", 2, 24, "%d/%m/%Y %H:%M"),  # 12 March may be 3 December, 13 March not
    ("2025-03-12", 2, 24, "%m/%d/%Y %H:%M"), ("2025-03-04", 3, 24, "%m/%d/%Y %H:%M"),
])  # fmt: skip
def test_the_order_of_day_and_month_is_that_of_all_files(tmp_path, first, days, rows, form):
    table = days_of(tmp_path, first, days, rows, form)
    series = read_series(tmp_path)
    same(series, table)
    assert series.day_first is form.startswith("%d")
    same(read_series(tmp_path, ReadingOptions(day_first=form.startswith("%d"))), table)
    assert not any("in two ways" in note for note in series.notes) or series.day_first is False


def test_files_that_are_written_in_two_orders_are_refused(tmp_path, refused):
    days_of(tmp_path, "2025-03-13", 1)
    (tmp_path / "0.csv").rename(tmp_path / "x.csv")
    days_of(tmp_path, "2025-03-14", 1, form="%m/%d/%Y %H:%M")
    message = refused(lambda: read_series(tmp_path))
    assert "0.csv has day_first = False and x.csv has day_first = True" in message and "data.day_first" in message


def test_files_of_one_sensor_each_with_several_quantities_say_what_to_do(tmp_path, refused):
    for name in "xy":
        whole(1, names=("flow", "speed")).mul(ord(name)).to_csv(tmp_path / f"{name}.csv")
    message = refused(lambda: read_series(tmp_path))
    assert "'flow', 'speed' are quantities, keep one of them and name its column by the sensor, such as 'y'" in message


def test_files_in_utc_join_as_local_times(tmp_path):
    """Two days of UTC, between which clocks in Berlin go back; the second pass of the hour is left out."""
    for number, day in enumerate(["2025-10-25", "2025-10-26"]):
        times = pd.date_range(day, periods=24, freq="1h")
        values = np.arange(24) + 100.0 * (number + 1)
        pd.DataFrame({"time": times.strftime("%Y-%m-%dT%H:%M:%SZ"), "a": values}).to_csv(
            tmp_path / f"{number}.csv", index=False
        )
    series = read_series(tmp_path, ReadingOptions(timezone="Europe/Berlin"))
    assert str(series.times[0]) == "2025-10-25T02:00" and len(series.values) == 47
    # 00:00 UTC is 02:00 in summer, 01:00 UTC is 02:00 in winter.
    assert series.values[23:27, 0].tolist() == [123, 200, 202, 203]
    assert not any("ignored" in note for note in series.notes)
