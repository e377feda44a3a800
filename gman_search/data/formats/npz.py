"""Arrays in an .npz: PEMS03, 04, 07 and 08 as published, any lone array, and our own format. Never unpickled."""

import zipfile
import zlib
from pathlib import Path
from tokenize import TokenError

import numpy as np

from gman_search.data.formats.arrays import (
    UNREADABLE_ARRAY,
    ArrayHeader,
    array_header,
    array_readings,
    numbered,
)
from gman_search.data.readings import Readings, check_names
from gman_search.data.series import TrafficSeries
from gman_search.errors import DataError
from gman_search.io.atomic import atomic_path
from gman_search.reading_options import CHOOSE_CHANNEL, ReadingOptions

__all__ = ["npz_readings", "write_npz"]

OURS = ("values", "sensors", "start", "step_minutes")
# What zipfile, zlib and numpy's parser of headers raise on damaged files.
UNREADABLE = (*UNREADABLE_ARRAY, TokenError, zipfile.BadZipFile, zlib.error)
WINDOWS = {"x", "y"}


def npz_readings(path: Path, options: ReadingOptions, *, recent: bool = False) -> Readings:
    """`data` (R, N) or (R, N, F), or the only array, without clock and names; or what `write_npz` writes.

    Arguments as in `array_readings`.

    Raises:
        DataError: no such array, objects in it, no choice among several, or a size that no network has.
    """
    try:
        headers = _headers(path)
        with np.load(path, allow_pickle=False) as arrays:
            if set(OURS) <= headers.keys():
                return _ours(path, {name: arrays[name] for name in OURS})
            header, options = _chosen(path, headers, options)
            return array_readings(path, header, lambda: arrays[header.name], options, recent=recent)
    except UNREADABLE as error:
        raise DataError(f"{path}: expected arrays of numbers in an .npz; {' '.join(str(error).split())}") from None


def write_npz(path: Path, series: TrafficSeries) -> None:
    """Write `series` as our compact format: four arrays, packed.

    `values` (S, N) float32 with 0 for missing, `sensors` (N,) text, `start` text like 2012-03-01T00:00, `step_minutes`.
    """
    with atomic_path(path) as partial, partial.open("wb") as stream:
        np.savez_compressed(
            stream,
            values=series.values.astype(np.float32),
            sensors=np.array(series.sensors, dtype=str),
            start=np.array(str(series.times[0].astype("datetime64[m]"))),
            step_minutes=np.array(series.step_minutes),
        )


def _headers(path: Path) -> dict[str, ArrayHeader]:
    """Every array, from its header alone."""
    headers = {}
    with zipfile.ZipFile(path) as packed:
        for member in packed.infolist():
            name = member.filename.removesuffix(".npy")
            with packed.open(member) as file:
                headers[name] = array_header(path, name, file, member.compress_size)
    return headers


def _chosen(path: Path, headers: dict[str, ArrayHeader], options: ReadingOptions) -> tuple[ArrayHeader, ReadingOptions]:
    """The array of readings, and the options that are left: a channel that names an array is used up."""
    if "data" in headers:
        return headers["data"], options
    tables = {name: header for name, header in headers.items() if header.is_table}
    if len(headers) == 1:
        return next(iter(headers.values())), options
    if headers.keys() >= WINDOWS:
        raise DataError(
            f"{path}: expected readings (times, sensors); received windows, cut already ({', '.join(headers)}): "
            "give the file that they were cut from"
        )
    if len(tables) == 1:
        return next(iter(tables.values())), options
    if options.channel in tables:
        return tables[str(options.channel)], options.model_copy(update={"channel": None})
    received = ", ".join(f"{name} {header.shape}" for name, header in headers.items())
    raise DataError(
        f"{path}: expected an array `data` or a single one (times, sensors, channels); received {received}: "
        f"{CHOOSE_CHANNEL}"
    )


def _ours(path: Path, arrays: dict[str, np.ndarray]) -> Readings:
    values, sensors = arrays["values"], arrays["sensors"]
    minutes = int(arrays["step_minutes"])
    start = np.datetime64(str(arrays["start"]), "m")
    if values.ndim != 2 or sensors.shape != values.shape[1:] or values.dtype.kind not in "iuf" or minutes < 1:
        raise DataError(f"{path}: expected `values` (steps, sensors) and `sensors` of one length; convert it again")
    names = tuple(str(name) for name in sensors)
    check_names(path, names)
    times = (start + np.arange(len(values)) * minutes).astype("datetime64[s]")
    return numbered(path, values.astype(np.float64), names, times)
