"""A forecasting task: everything a trainer needs to know of the data, ready to be put on a device."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from importlib import resources
from pathlib import Path

import numpy as np
import pandas as pd

from gman_search.data.cautions import cautions
from gman_search.data.embedding import made_embedding, read_embedding
from gman_search.data.graph import read_adjacency, read_locations
from gman_search.data.holidays import NO_HOLIDAYS, YEARS_AHEAD, calendar_days, holiday_dates
from gman_search.data.read import read_series
from gman_search.data.series import TrafficSeries
from gman_search.data.usual import UsualValues, usual_values, usual_without_own_day
from gman_search.data.window_set import WindowSet
from gman_search.data.windows import cut_windows
from gman_search.errors import DataError
from gman_search.spec import DataSpec

__all__ = ["ForecastTask", "fill_missing", "load_adjacency", "load_series", "load_task", "make_task", "task_of"]

DEMO = resources.files("gman_search.data") / "demo"


@dataclass(frozen=True)
class ForecastTask:
    """Readings, calendar, spatial embedding, windows and scaler of one network.

    `inputs` (S, N) are normalised readings with missing ones filled, `targets` (S, N) raw readings with 0 for missing.
    `starts[part]` are the first rows of the windows of train, val and test, cut by the rule `split`. `seen_days` (7,)
    and `seen_times` (T,) tell which calendar categories occur in training windows: a model can know nothing about the
    others. `usual` has what sensors usually read, from the training part; `usual_rows` (S, N) is that of every row, of
    a training row as the other days have it. `holiday_dates` are days that count as Sundays, in `day_of_week` and for
    years to come. `coordinates` has (latitude, longitude) by sensor where they are known.
    `groups` is the number of groups of group spatial attention, 0 for attention of all to all. `fingerprint` is equal
    on every machine for equal data.
    """

    series: TrafficSeries
    embedding: np.ndarray
    P: int
    Q: int
    starts: dict[str, np.ndarray]
    train_rows: tuple[int, int]
    mean: float
    std: float
    inputs: np.ndarray
    targets: np.ndarray
    day_of_week: np.ndarray
    time_of_day: np.ndarray
    seen_days: np.ndarray
    seen_times: np.ndarray
    usual: UsualValues
    usual_rows: np.ndarray
    unit: str
    embedding_source: str
    warnings: tuple[str, ...]
    fingerprint: str
    coordinates: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    groups: int = 0
    split: str = "gman"
    holiday_dates: np.ndarray = field(default_factory=lambda: NO_HOLIDAYS)

    @property
    def T(self) -> int:
        """Times of a day."""
        return self.series.steps_per_day

    def windows(self, part: str) -> WindowSet:
        """The windows of "train", "val" or "test", for forecasters of any kind."""
        return WindowSet(
            readings=self.targets,
            day=self.day_of_week,
            time=self.time_of_day,
            usual=self.usual_rows,
            starts=self.starts[part],
            P=self.P,
            Q=self.Q,
            mean=self.mean,
        )


def load_series(spec: DataSpec, base: Path, *, blank: float = 0.0) -> TrafficSeries:
    """All sensors of the readings of `spec`; `blank` as in `read_series`.

    Raises:
        DataError: the file is missing or malformed.
    """
    if spec.speed != "demo":
        return read_series(
            base / spec.speed,
            start=spec.start,
            step=spec.step,
            channel=spec.channel,
            missing=spec.missing,
            blank=blank,
        )
    with resources.as_file(DEMO / "speed.csv.gz") as path:
        return read_series(path, blank=blank)


def load_adjacency(spec: DataSpec, base: Path, all_sensors: tuple[str, ...]) -> np.ndarray | None:
    """Adjacency (M, M) of all sensors of the readings, or None without a graph file.

    Raises:
        DataError: the file is missing, malformed or of other sensors.
    """
    if spec.adjacency is not None:
        return read_adjacency(base / spec.adjacency, all_sensors)
    if spec.speed != "demo":
        return None
    with resources.as_file(DEMO / "distances.csv") as path:
        return read_adjacency(path, all_sensors)


def load_task(spec: DataSpec, base: Path) -> ForecastTask:
    """Read the files of `spec` (relative to `base`; "demo" is bundled) and cut them into windows.

    Raises:
        DataError: a file is missing or malformed, or the files do not fit each other.
    """
    everything = load_series(spec, base)
    return task_of(spec, base, everything, load_adjacency(spec, base, everything.sensors))


def task_of(spec: DataSpec, base: Path, everything: TrafficSeries, adjacency: np.ndarray | None) -> ForecastTask:
    """The task of readings and graph of all sensors that are already in memory; only an embedding is still read.

    Raises:
        DataError: the embedding is missing or malformed, or the files do not fit each other.
    """
    columns = everything.columns(len(everything.sensors) if spec.sensors is None else spec.sensors)
    chosen = everything.take(spec.sensors)
    if spec.embedding is not None:
        embedding = read_embedding(base / spec.embedding, len(everything.sensors))[columns]
        task = make_task(spec, chosen, embedding, "file")
    else:
        part = None if adjacency is None else adjacency[np.ix_(columns, columns)]
        embedding, source = made_embedding(spec.embedding_method, part, len(columns), spec.embedding_size)
        task = make_task(spec, chosen, embedding, source, graph=None if source == "random" else part)
    if spec.speed != "demo":
        places = {} if spec.adjacency is None else read_locations(base / spec.adjacency, chosen.sensors)
        return replace(task, coordinates=places)
    with resources.as_file(DEMO / "sensors.csv") as path:
        return replace(task, coordinates=read_locations(path, chosen.sensors))


def make_task(
    spec: DataSpec,
    series: TrafficSeries,
    embedding: np.ndarray,
    source: str = "given",
    *,
    graph: np.ndarray | None = None,
) -> ForecastTask:
    """A task from readings (S, N) and an embedding (N, E) that are already in memory.

    `graph` (N, N) is what the embedding was computed from, if it was: the fingerprint is taken of that, because an
    eigenvector's last bits differ between processors and numbers of threads.
    """
    steps = len(series.values)
    if steps < spec.history + spec.horizon:
        raise DataError(
            f"the series is too short: expected at least P + Q = {spec.history + spec.horizon} rows for one window, "
            f"received {steps}"
        )
    sensors = len(series.sensors)
    groups = spec.groups_of(sensors)
    if groups > sensors:
        raise DataError(f"expected at most as many groups as sensors, {sensors}; received groups = {groups}")
    starts, (first, end) = cut_windows(
        steps, history=spec.history, horizon=spec.horizon, train=spec.train, test=spec.test, rule=spec.split
    )
    observed = series.values[first:end]
    observed = observed[observed != 0]
    # Not the standard deviation: rounding leaves a little of it in equal readings.
    if not len(observed) or observed.min() == observed.max():
        raise DataError(
            "the training part has no readings that vary: expected measurements, received one value or none"
        )
    for part, windows in starts.items():
        last = windows[-1] + spec.history + spec.horizon
        if not series.values[windows[0] + spec.history : last].any():
            raise DataError(
                f"the {part} part has no readings to forecast: expected some from {series.times[windows[0]]} to "
                f"{series.times[last - 1]}, received only missing ones"
            )
    mean, std = float(observed.mean(dtype=np.float64)), float(observed.std(dtype=np.float64))
    holidays = _holidays(spec, series)
    days, times = calendar_days(series.times, holidays), series.time_of_day
    training = (series.values[first:end], days[first:end], times[first:end], series.steps_per_day)
    usual = usual_values(*training)
    usual_rows = usual.at(days, times)
    usual_rows[first:end] = usual_without_own_day(*training)
    seen_days = np.isin(np.arange(7), days[first:end])
    seen_times = np.isin(np.arange(series.steps_per_day), times[first:end])
    return ForecastTask(
        series=series,
        embedding=embedding.astype(np.float32),
        P=spec.history,
        Q=spec.horizon,
        starts=starts,
        train_rows=(first, end),
        mean=mean,
        std=std,
        inputs=fill_missing(series.values, mean, std, spec.missing_inputs),
        targets=series.values.astype(np.float32),
        day_of_week=days,
        time_of_day=times,
        seen_days=seen_days,
        seen_times=seen_times,
        usual=usual,
        usual_rows=usual_rows,
        unit=spec.unit,
        embedding_source=source,
        warnings=cautions(spec, series, days, starts, seen_days),
        fingerprint=_fingerprint(
            spec, series, holidays, embedding if graph is None else graph, embedding.shape[1], source
        ),
        groups=groups,
        split=spec.split,
        holiday_dates=holidays,
    )


def _holidays(spec: DataSpec, series: TrafficSeries) -> np.ndarray:
    """Days that count as Sundays, from the first year of the readings on."""
    if spec.holidays is None:
        return NO_HOLIDAYS
    first, last = (int(str(series.times[row].astype("datetime64[Y]"))) for row in (0, -1))
    return holiday_dates(spec.holidays, first, last + YEARS_AHEAD)


def fill_missing(values: np.ndarray, mean: float, std: float, rule: str) -> np.ndarray:
    """Normalised readings (S, N) with missing ones (0) filled from the past only.

    `rule` "last": the sensor's last observed reading, the mean before any; "mean": the mean; "zero": a reading of 0,
    as in the original.
    """
    if rule == "zero":
        return ((values - mean) / std).astype(np.float32)
    frame = pd.DataFrame(np.where(values == 0, np.nan, values))
    filled = frame.ffill() if rule == "last" else frame
    return ((filled.fillna(mean).to_numpy() - mean) / std).astype(np.float32)


def _fingerprint(
    spec: DataSpec, series: TrafficSeries, holidays: np.ndarray, space: np.ndarray, width: int, source: str
) -> str:
    digest = hashlib.sha256()
    for array in (series.values.astype(np.float32), series.times.astype("datetime64[m]").astype(np.int64)):
        digest.update(np.ascontiguousarray(array).tobytes())
    rounded = np.ascontiguousarray(space, dtype=np.float64).round(5) + 0.0  # + 0.0: rounding leaves both 0 and -0
    digest.update(rounded.tobytes())
    settings = (
        width,
        series.sensors,
        spec.history,
        spec.horizon,
        spec.train,
        spec.test,
        spec.missing_inputs,
        spec.unit,
    )
    digest.update(repr(settings).encode())
    if spec.groups:
        digest.update(f"groups {spec.groups}".encode())
    # Added to a study's data only where they differ from what they once had to be.
    if spec.split != "gman":
        digest.update(f"split {spec.split}".encode())
    if spec.holidays is not None:
        # Not those of years to come, on which two versions of the package may differ.
        known = holidays[holidays <= series.times[-1].astype("datetime64[D]")]
        digest.update(f"holidays {spec.holidays} {known.astype(str).tolist()}".encode())
    if source == "node2vec":
        digest.update(source.encode())
    return digest.hexdigest()
