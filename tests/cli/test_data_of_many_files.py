"""Folders and patterns of files on the command line."""

import json

import numpy as np
import pandas as pd
import pytest

from gman_search.data.read import read_series
from gman_search.forecasting.readings import read_readings
from gman_search.specification import resolve_spec


@pytest.fixture
def days(tmp_path):
    """Two weeks of station files of PeMS in the folder `pems`, one a day, hourly steps."""
    folder = tmp_path / "pems"
    folder.mkdir()
    wave = np.random.default_rng(0).uniform(20, 60, (24 * 14, 3)).round(1)
    for number, day in enumerate(pd.date_range("2025-03-03", periods=14)):
        rows = []
        for hour, time in enumerate(pd.date_range(day, periods=24, freq="1h")):
            for station in range(3):
                observed = 40 if hour == 5 else 100
                speed = wave[24 * number + hour, station]
                rows.append(f"{time:%m/%d/%Y %H:%M:%S},{400000 + station},4,101,N,ML,.3,10,{observed},99,.05,{speed}")
        (folder / f"d04_text_station_hour_{day:%Y_%m_%d}.txt").write_text("\n".join(rows) + "\n")
    return folder, wave


def test_check_reads_a_pattern_and_says_what_was_imputed(command_line, days, tmp_path):
    flags = ("--channel", "speed", "--json")
    for name in ("pems", "pems/*.txt"):
        process = command_line("data", "check", name, *flags, cwd=tmp_path)
        assert process.returncode == 0, process.stderr
        document = json.loads(process.stdout)
        assert document["sensors"] == 3 and document["steps"] == 24 * 14
        assert document["files"] == [{"file": name, "kind": "readings"}]
        told = [finding["message"] for finding in document["findings"]]
        assert any("PeMS imputed 0.0% of the readings wholly and 4.2% in part" in text for text in told)


def test_several_files_without_quotes_are_told_to_quote_the_pattern(command_line, days, tmp_path):
    files = sorted(days[0].iterdir())[:2]
    process = command_line("data", "check", *files, "--channel", "speed", cwd=tmp_path)
    assert process.returncode == 2 and "a pattern in quotes" in process.stderr


def test_convert_writes_one_file_with_the_settings(command_line, days, tmp_path):
    folder, wave = days
    settings = ("--channel", "speed", "--set", "data.min_observed=50", "--json")
    process = command_line("data", "convert", "pems/*.txt", "speed.npz", *settings, cwd=tmp_path)
    assert process.returncode == 0, process.stderr
    expected = wave.copy()
    expected[5::24] = 0
    np.testing.assert_allclose(read_series(tmp_path / "speed.npz").values, expected, rtol=1e-6)
    assert any("4.2% of the readings were less than 50 % observed" in n for n in json.loads(process.stdout)["notes"])
    wrong = command_line(
        "data", "convert", "pems", "x.npz", "--channel", "speed", "--set", "data.min_obs=5", cwd=tmp_path
    )
    assert wrong.returncode == 2 and "min_observed" in wrong.stderr


def test_recent_readings_for_a_forecast_may_be_a_folder(days):
    from gman_search.reading_options import ReadingOptions

    folder, wave = days
    recent = read_readings(str(folder / "*03_1*.txt"), ReadingOptions(channel="speed"))
    np.testing.assert_allclose(recent.values, wave[24 * 7 :], rtol=1e-6)


@pytest.mark.parametrize("data, name", [
    ("/x/pems/*.txt.gz", "pems"), ("/x/pems", "pems"), ("/x/pems/d04_*.txt", "d04"), ("/x/speed_.csv", "speed"),
    ("/*", "study"),
])  # fmt: skip
def test_a_study_is_named_after_the_folder_of_a_pattern(tmp_path, data, name):
    spec = resolve_spec(spec_file=None, study=None, studies_folder=tmp_path, flags={"data.readings": data}, settings=[])
    assert spec.name == name


def test_a_pattern_in_a_specification_starts_from_it(days, tmp_path):
    (tmp_path / "mine.toml").write_text('[data]\nreadings = "pems/*.txt"\nchannel = "speed"\n')
    spec = resolve_spec(spec_file=tmp_path / "mine.toml", study=None, studies_folder=tmp_path, flags={}, settings=[])
    assert spec.data.readings == str(tmp_path / "pems" / "*.txt")
    assert len(read_series(tmp_path / spec.data.readings, spec.data.reading).values) == 24 * 14
    other = {"data.readings": "other.csv"}
    spec = resolve_spec(spec_file=tmp_path / "mine.toml", study=None, studies_folder=tmp_path, flags=other, settings=[])
    assert spec.data.channel is None
