"""A forecasting task: everything a trainer needs to know of the data, ready to be put on a device."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from importlib import resources
from pathlib import Path

import numpy as np

from gman_search.data.cleaning.clean import refuse_other_unit
from gman_search.data.embedding import build_embedding, read_embedding
from gman_search.data.fill import fill_missing
from gman_search.data.fingerprint import task_fingerprint
from gman_search.data.graph import Graph, coordinates_of_table, read_graph, read_locations
from gman_search.data.holidays import NO_HOLIDAYS, YEARS_AHEAD, calendar_days, holiday_dates
from gman_search.data.read import read_series
from gman_search.data.series import TrafficSeries
from gman_search.data.stored import StoredData
from gman_search.data.usual import UsualValues, usual_values, usual_without_own_day
from gman_search.data.window_set import WindowSet
from gman_search.data.windows import cut_windows
from gman_search.data_spec import DataSpec
from gman_search.errors import DataError
from gman_search.missing import is_observed
from gman_search.reading_options import ReadingOptions

__all__ = ["ForecastDataset", "build_task", "fill_missing", "load_adjacency", "load_series", "load_task", "make_task"]

DEMO = resources.files("gman_search.data") / "demo"


@dataclass(frozen=True)
class ForecastDataset:
    """Readings, calendar, spatial embedding, windows and scaler of one network.

    `inputs` (S, N) are normalised readings with missing ones filled, `targets` (S, N) raw readings with 0 for missing.
    `starts[part]` are the first rows of the windows of train, val and test, cut by the rule `split`. `seen_days` (7,)
    and `seen_times` (T,) tell which calendar categories occur in training windows: a model can know nothing about the
    others. `usual` has what sensors usually read, from the training part; `usual_rows` (S, N) is that of every row, of
    a training row as the other days have it. `holiday_dates` are days that count as Sundays, in `day_of_week` and for
    years to come. `coordinates` has (latitude, longitude) by sensor where they are known.
    `graph_notes` say what was decided in reading the graph.
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
    fingerprint: str
    coordinates: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    groups: int = 0
    split: str = "gman"
    holiday_dates: np.ndarray = field(default_factory=lambda: NO_HOLIDAYS)
    graph_notes: tuple[str, ...] = ()

    @property
    def T(self) -> int:
        """Times of a day."""
        return self.series.steps_per_day

    @cached_property
    def stored(self) -> StoredData:
        """What a study and its models remember of the readings."""
        return StoredData.of(self)

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
        DataError: the file is missing or malformed, or its readings are in another unit than `clean` goes by.
    """
    if spec.readings != "demo":
        series = read_series(base / spec.readings, spec.reading, blank=blank)
    else:
        with resources.as_file(DEMO / "speed.csv.gz") as path:
            series = read_series(path, ReadingOptions(unit=spec.unit, clean=spec.clean), blank=blank)
    refuse_other_unit(series, spec.unit)
    return series


def load_adjacency(spec: DataSpec, base: Path, all_sensors: tuple[str, ...]) -> Graph | None:
    """The graph of all M sensors of the readings, or None without one: no file, and no coordinates in the readings.

    Raises:
        DataError: the file is missing, malformed or of other sensors.
    """
    if spec.adjacency is not None:
        return read_graph(base / spec.adjacency, all_sensors, spec.graph_values)
    if spec.readings != "demo":
        return coordinates_of_table(base / spec.readings, all_sensors)
    with resources.as_file(DEMO / "distances.csv") as path:
        return read_graph(path, all_sensors)


def load_task(spec: DataSpec, base: Path, readings: TrafficSeries | None = None) -> ForecastDataset:
    """Read the files of `spec` (relative to `base`; "demo" is bundled) and cut them into windows.

    `readings` of all sensors, or some rows of them, that were read before stand for those in the file.

    Raises:
        DataError: a file is missing or malformed, or the files do not fit each other.
    """
    everything = load_series(spec, base) if readings is None else readings
    return build_task(spec, base, everything, load_adjacency(spec, base, everything.sensors))


def build_task(spec: DataSpec, base: Path, everything: TrafficSeries, graph: Graph | None) -> ForecastDataset:
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
        part = None if graph is None else graph.matrix[np.ix_(columns, columns)]
        embedding, source = build_embedding(spec.embedding_method, part, len(columns), spec.embedding_size)
        task = make_task(spec, chosen, embedding, source, graph=None if source == "random" else part)
    if graph is not None:
        task = replace(task, graph_notes=graph.notes)
    if spec.readings != "demo":
        found = {} if graph is None else graph.places
        return replace(task, coordinates={name: found[name] for name in chosen.sensors if name in found})
    with resources.as_file(DEMO / "sensors.csv") as path:
        return replace(task, coordinates=read_locations(path, chosen.sensors))


def make_task(
    spec: DataSpec,
    series: TrafficSeries,
    embedding: np.ndarray,
    source: str = "given",
    *,
    graph: np.ndarray | None = None,
) -> ForecastDataset:
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
        steps, history=spec.history, horizon=spec.horizon, train=spec.train_share, test=spec.test_share, rule=spec.split
    )
    observed = series.values[first:end]
    observed = observed[is_observed(observed)]
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
    return ForecastDataset(
        series=series,
        embedding=embedding.astype(np.float32),
        P=spec.history,
        Q=spec.horizon,
        starts=starts,
        train_rows=(first, end),
        mean=mean,
        std=std,
        inputs=fill_missing(series.values, mean, std, spec.imputation),
        targets=series.values.astype(np.float32, copy=False),
        day_of_week=days,
        time_of_day=times,
        seen_days=seen_days,
        seen_times=seen_times,
        usual=usual,
        usual_rows=usual_rows,
        unit=spec.unit,
        embedding_source=source,
        fingerprint=task_fingerprint(
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
