"""Station files of Caltrans' PeMS as downloaded (5 minutes, hour): no header, one row a station and time."""

import io
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

from gman_search.data.observed import Observed
from gman_search.data.readings import Readings
from gman_search.data.size_limits import check_size
from gman_search.data.tables.long import spread
from gman_search.errors import DataError
from gman_search.reading_options import CHOOSE_CHANNEL

__all__ = ["is_pems", "pems_readings"]

STAMP = rb'^(?:\xef\xbb\xbf)?"?(\d{1,2}/\d{1,2}/\d{4} \d{1,2}:\d{2}:\d{2})"?'
# Time, station, district, freeway, direction and type of lanes.
FIRST = re.compile(STAMP + rb',"?\d+"?,\d{1,2},\d{1,4}[A-Z]?,"?[NSEW]?"?,"?(?:ML|HV|OR|FR|FF|CD|CH)"?,')
RAW = re.compile(STAMP + rb",\d{6,7},")
TIMES = "%m/%d/%Y %H:%M:%S"
BASIC = 12
"""Columns of a station; those of its lanes follow: 5 a lane in 5-minute files, 6 delays and 3 a lane in hourly ones."""
MOST = 64
CHANNELS = ("flow", "occupancy", "speed")
SEPARATORS = ",\t;"


@dataclass(frozen=True)
class _Columns:
    """Where the columns are; files with a header of one's own may have them elsewhere."""

    time: int
    station: int
    observed: int | None
    values: dict[str, int]
    header: bool = False
    separator: str = ","


PUBLISHED = _Columns(0, 1, 8, {name: 9 + index for index, name in enumerate(CHANNELS)})


def is_pems(raw: bytes) -> bool:
    """Whether a text is a station file of PeMS, also a raw one of 30 seconds, by its first lines."""
    return FIRST.match(raw) is not None or _is_raw(raw) or _headed(raw) is not None


def pems_readings(path: Path, raw: bytes, channel: int | str | None, min_observed: float) -> Readings:
    """One quantity of all stations.

    Args:
        path: the file, for messages.
        raw: its text.
        channel: "flow" (vehicles in a step), "occupancy" (0 to 1) or "speed" (mph).
        min_observed: percent below which a reading, mostly imputed, counts as missing; 0 keeps all.

    Raises:
        DataError: no choice of channel, a daily or raw file, or cells that are no times and numbers.
    """
    if _is_raw(raw):
        raise DataError(
            f"{path}: expected 5-minute or hourly station files of PeMS; received raw ones of 30 seconds: "
            "download 'Station 5-Minute'"
        )
    columns = _headed(raw) or PUBLISHED
    wanted = str(channel).strip().lower()
    if wanted not in columns.values:
        received = "none was chosen" if channel is None else f"received {channel!r}"
        raise DataError(
            f"{path}: expected the channel to forecast, one of {', '.join(columns.values)} (a PeMS station file); "
            f"{received}: {CHOOSE_CHANNEL}"
        )
    table = _table(path, raw, columns, wanted)
    first = 1 + columns.header

    def line(row: int) -> str:
        return f"line {int(table.index[row]) + first}"

    times = _times(path, table["time"], first)
    values = _numbers(path, table["value"], f"{wanted} (column {columns.values[wanted] + 1})", first)
    observed = None
    if columns.observed is not None:
        percent = _numbers(path, table["observed"], f"% Observed (column {columns.observed + 1})", first)
        values, observed = _measured(path, values, percent, min_observed, line)
    kept, notes = _once(times, table["station"], values)
    if len(kept) < len(table):
        table, times, values = table.iloc[kept], times[kept], values[kept]
    found = spread(path, times, table["station"], values, line)
    return replace(
        found,
        instants=None,
        notes=(f"PeMS station file: {wanted} of every station", *notes),
        observed=observed,
        spare=True,
    )


def _is_raw(raw: bytes) -> bool:
    lines = raw[:4096].splitlines()[:2]
    found = [RAW.match(line) for line in lines]
    if FIRST.match(raw) or len(found) < 2 or not all(found):
        return False
    return found[0][1] == found[1][1] and lines[0].count(b",") % 3 == 1  # type: ignore[index]


def _headed(raw: bytes) -> _Columns | None:
    """Columns of a file above which someone put the names of the documentation."""
    first = raw[:4096].split(b"\n", 1)[0].decode("utf-8-sig", "replace")
    separator = max(SEPARATORS, key=first.count)
    names = [re.sub("[^a-z]", "", name.lower()) for name in first.split(separator)]
    position = {name: index for index, name in reversed(list(enumerate(names)))}
    values = {name: position[key] for name, key in zip(CHANNELS, ("totalflow", "avgoccupancy", "avgspeed"), strict=True)
              if key in position}  # fmt: skip
    stations = [position[name] for name in ("station", "stationid") if name in position]
    if "timestamp" not in position or not stations or "observed" not in position or not values:
        return None
    return _Columns(position["timestamp"], stations[0], position["observed"], values, header=True, separator=separator)


def _widest(path: Path, raw: bytes, columns: _Columns) -> int:
    """Cells of the longest line, after lines that are cut off and files of other columns are refused."""
    first, mark = raw[:65536].split(b"\n", 1)[0], columns.separator.encode()
    width = first.count(mark) + 1
    check_size(path, (raw.count(b"\n") + 1, 1))
    kinds = _kinds(width)
    if not columns.header and not kinds:
        kind = "a daily file" if width == 16 else f"{width} columns"
        raise DataError(
            f"{path}, line 1: expected {BASIC} columns and 5 (5-minute files) or 6 and 3 (hourly files) for each lane; "
            f"received {kind}: download 'Station 5-Minute' or 'Station Hour'"
        )
    body = raw.rstrip(b"\r\n")
    if body.count(mark) == (width - 1) * (body.count(b"\n") + 1):
        return width  # every line as the first; counting line by line would take as long as reading
    widest = width
    for number, row in enumerate(raw.splitlines(), start=1):
        cells = row.count(mark) + 1
        if row.strip() and (cells != width if columns.header else not kinds & _kinds(cells)):
            raise DataError(f"{path}, line {number}: expected {width} columns as in the first; received {cells}")
        widest = max(widest, cells)
    return widest


def _kinds(width: int) -> set[str]:
    """Of which kind a file with lines of so many cells may be: 5 for each lane, or 6 and 3 for each lane."""
    lanes = width - BASIC
    fits = {"5-minute": lanes % 5 == 0, "hourly": lanes >= 6 and lanes % 3 == 0}
    return {kind for kind, does in fits.items() if does and 0 <= lanes <= MOST - BASIC}


def _table(path: Path, raw: bytes, columns: _Columns, channel: str) -> pd.DataFrame:
    """Columns time, station, value (and observed); the label of a row is its number."""
    used = {columns.time: "time", columns.station: "station", columns.values[channel]: "value"}
    if columns.observed is not None:
        used[columns.observed] = "observed"
    width = _widest(path, raw, columns)
    try:
        table = pd.read_csv(
            io.BytesIO(raw),
            sep=columns.separator,
            header=None,
            names=list(range(width)),
            skiprows=int(columns.header),
            usecols=sorted(used),
            dtype={columns.time: "category", columns.station: "category"},
            skip_blank_lines=False,
            low_memory=False,
            encoding_errors="replace",
        )
    except (ValueError, OSError) as error:
        raise DataError(f"{path}: expected a station file of PeMS; {' '.join(str(error).split())}") from None
    table = table.rename(columns=used)
    return table[table["time"].notna() | table["station"].notna()]  # without blank lines


def _times(path: Path, cells: pd.Series, first: int) -> np.ndarray:
    """Times (R,) datetime64[s]; each of the few different ones is parsed once."""
    kinds = pd.to_datetime(pd.Series(cells.cat.categories.astype(str)), format=TIMES, errors="coerce")
    codes = cells.cat.codes.to_numpy()
    wrong = np.flatnonzero((codes < 0) | kinds.isna().to_numpy()[codes])
    if len(wrong):
        row = int(wrong[0])
        raise DataError(
            f"{path}, line {int(cells.index[row]) + first}: expected a time like 10/01/2015 00:05:00; "
            f"received {str(cells.iloc[row])!r}"
        )
    times: np.ndarray = kinds.to_numpy().astype("datetime64[s]")[codes]
    return times


def _numbers(path: Path, cells: pd.Series, name: str, first: int) -> np.ndarray:
    numbers = pd.to_numeric(cells, errors="coerce")
    wrong = np.flatnonzero((numbers.isna() & cells.notna()).to_numpy())
    if len(wrong):
        row = int(wrong[0])
        raise DataError(
            f"{path}, line {int(cells.index[row]) + first}, {name}: expected a number; received {cells.iloc[row]!r}"
        )
    return numbers.to_numpy(dtype=float)


def _measured(
    path: Path, values: np.ndarray, percent: np.ndarray, at_least: float, line: Callable[[int], str]
) -> tuple[np.ndarray, Observed]:
    """Values without those that were observed too little, and how many these are."""
    outside = np.flatnonzero((percent < 0) | (percent > 100))
    if len(outside):
        raise DataError(
            f"{path}, {line(int(outside[0]))}, % Observed: expected a percentage; received {percent[outside[0]]:g}"
        )
    percent = np.nan_to_num(percent)
    there = ~np.isnan(values)
    below = there & (percent < at_least)
    wholly, partly = int((there & (percent == 0)).sum()), int((there & (percent > 0) & (percent < 100)).sum())
    return np.where(below, np.nan, values), Observed(int(there.sum()), wholly, partly, int(below.sum()), at_least)


def _once(times: np.ndarray, stations: pd.Series, values: np.ndarray) -> tuple[np.ndarray, list[str]]:
    """Rows without those that repeat another one, equal in all; others are left for a refusal."""
    kinds = len(stations.cat.categories) + 1
    cells = pd.Series(times.astype(np.int64) * kinds + stations.cat.codes.to_numpy())
    again = cells.duplicated().to_numpy()
    if again.any():
        again = pd.DataFrame({"cell": cells, "value": values}).duplicated().to_numpy()
    notes = [f"{again.sum()} rows come twice, with equal readings: they count once"] if again.any() else []
    return np.flatnonzero(~again), notes
