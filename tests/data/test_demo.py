"""The bundled demo is what its README says: regular, plausible, and worth forecasting."""

from importlib import resources
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from gman_search.data.demo.check import baselines, read

FOLDER = Path(str(resources.files("gman_search.data") / "demo"))
FILES = ("speed.csv.gz", "distances.csv", "sensors.csv", "README.md")


@pytest.fixture(scope="module")
def speed() -> pd.DataFrame:
    return read(FOLDER / "speed.csv.gz")


@pytest.fixture(scope="module")
def errors(speed: pd.DataFrame) -> dict[str, dict[int, float]]:
    return baselines(speed)


def _mean_at(speed: pd.DataFrame, days: range, first: int, end: int) -> pd.Series:
    rows = speed.index.day_of_week.isin(list(days)) & (speed.index.hour >= first) & (speed.index.hour < end)
    return speed[rows].where(speed[rows] != 0).mean()


def test_files_are_there_and_small() -> None:
    sizes = [(FOLDER / name).stat().st_size for name in FILES]
    assert min(sizes) > 0
    assert sum(sizes) <= 1_000_000


def test_speed_bytes_carry_no_date() -> None:
    assert (FOLDER / "speed.csv.gz").read_bytes()[4:8] == bytes(4)


def test_times_are_regular_from_a_monday_for_four_weeks(speed: pd.DataFrame) -> None:
    assert speed.index[0].day_of_week == 0
    assert (speed.index[0].hour, speed.index[0].minute) == (0, 0)
    assert (np.diff(speed.index.to_numpy()) == np.timedelta64(5, "m")).all()
    assert len(speed) >= 28 * 288


def test_readings_are_speeds(speed: pd.DataFrame) -> None:
    values = speed.to_numpy()
    assert np.isfinite(values).all()
    assert values.min() == 0
    assert values.max() <= 80
    assert 0.02 <= (values == 0).mean() <= 0.045


def test_sensor_names_agree(speed: pd.DataFrame) -> None:
    names = list(speed.columns)
    sensors = pd.read_csv(FOLDER / "sensors.csv")
    distances = pd.read_csv(FOLDER / "distances.csv")
    assert 16 <= len(names) <= 24
    assert list(sensors["sensor"]) == names
    assert list(sensors.columns) == ["sensor", "latitude", "longitude", "road"]
    assert list(distances.columns) == ["from", "to", "cost"]
    assert set(distances["from"]) | set(distances["to"]) == set(names)
    assert distances["cost"].between(0, 8000).all()
    assert not distances.duplicated(["from", "to"]).any()


def test_rush_hours_are_slower_than_nights_in_their_direction(speed: pd.DataFrame) -> None:
    night = _mean_at(speed, range(5), 1, 4)
    morning, evening = _mean_at(speed, range(5), 7, 9), _mean_at(speed, range(5), 16, 18)
    east = [name for name in speed if name.startswith("FE")]
    west = [name for name in speed if name.startswith("FW")]
    assert (night - morning)[east].mean() > 5
    assert (night - evening)[west].mean() > 5
    assert (night - morning)[west].mean() < (night - morning)[east].mean()


def test_weekends_differ(speed: pd.DataFrame) -> None:
    weekday, weekend = _mean_at(speed, range(5), 7, 9), _mean_at(speed, range(5, 7), 7, 9)
    assert (weekend - weekday).mean() > 3


def test_forecasting_it_is_neither_trivial_nor_hopeless(errors: dict[str, dict[int, float]]) -> None:
    persistence, average = errors["persistence"], errors["historical average"]
    assert 5 <= persistence[12] <= 12
    assert persistence[12] > 1.25 * persistence[3]
    assert 4 <= average[12] <= 10
