"""Arrays in an .npz: PEMS03, 04, 07 and 08 as published, and our own compact format. Never unpickled."""

import math
import zipfile
import zlib
from dataclasses import replace
from pathlib import Path
from tokenize import TokenError

import numpy as np

from gman_search.data.guards import check_inflation, check_size
from gman_search.data.readings import Readings, check_names
from gman_search.data.series import TrafficSeries
from gman_search.errors import DataError

__all__ = ["npz_readings", "write_npz"]

CHANNELS = ("flow", "occupancy", "speed")
"""Of PEMS04 and PEMS08; PEMS03 and PEMS07 have the flow alone."""
MAX_LIST = 2**20
OURS = ("values", "sensors", "start", "step_minutes")
# What zipfile, zlib and numpy's parser of headers raise on damaged files.
UNREADABLE = (
    OSError, EOFError, ValueError, KeyError, SyntaxError, RuntimeError, MemoryError, TokenError, zipfile.BadZipFile,
    zlib.error,
)  # fmt: skip
HEADERS = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}


def npz_readings(path: Path, channel: int | str | None) -> Readings:
    """`data` (R, N) or (R, N, F) without clock and names, or what `write_npz` writes.

    Raises:
        DataError: no such array, objects in it, no choice among several channels, or a size that no network has.
    """
    try:
        headers = _headers(path)
        with np.load(path, allow_pickle=False) as arrays:
            if set(OURS) <= headers.keys():
                return _ours(path, {name: arrays[name] for name in OURS})
            if "data" not in headers:
                raise DataError(
                    f"{path}: expected an array `data` (rows, sensors, channels); received {', '.join(headers)}"
                )
            return _pems(path, headers["data"], arrays, channel)
    except UNREADABLE as error:
        raise DataError(f"{path}: expected arrays of numbers in an .npz; {' '.join(str(error).split())}") from None


def write_npz(path: Path, series: TrafficSeries) -> None:
    """Write `series` as our compact format: four arrays, packed.

    `values` (S, N) float32 with 0 for missing, `sensors` (N,) text, `start` text like 2012-03-01T00:00, `step_minutes`.
    """
    np.savez_compressed(
        path,
        values=series.values.astype(np.float32),
        sensors=np.array(series.sensors, dtype=str),
        start=np.array(str(series.times[0].astype("datetime64[m]"))),
        step_minutes=np.array(series.step_minutes),
    )


def _headers(path: Path) -> dict[str, tuple[int, ...]]:
    """Shape of every array, from its header alone."""
    shapes = {}
    with zipfile.ZipFile(path) as packed:
        for member in packed.infolist():
            name = member.filename.removesuffix(".npy")
            with packed.open(member) as file:
                version = np.lib.format.read_magic(file)
                if version not in HEADERS:
                    raise DataError(f"{path}, {name}: expected a plain array; received version {version} of its format")
                shape, _, dtype = HEADERS[version](file)
            if dtype.hasobject:
                raise DataError(f"{path}, {name}: expected numbers; received objects, which may run code: save it anew")
            check_size(path, shape)
            check_inflation(path, member.compress_size, math.prod(shape) * dtype.itemsize)
            shapes[name] = shape
    return shapes


def _pems(path: Path, shape: tuple[int, ...], arrays: np.lib.npyio.NpzFile, channel: int | str | None) -> Readings:
    if len(shape) not in (2, 3) or 0 in shape:
        raise DataError(f"{path}, data: expected (rows, sensors, channels); received {shape}")
    chosen = _channel(path, shape[2] if len(shape) == 3 else 1, channel)
    array = arrays["data"]
    if array.dtype.kind not in "iuf":
        raise DataError(f"{path}, data: expected numbers; received {array.dtype}")
    values = (array if array.ndim == 2 else array[:, :, chosen]).astype(np.float64)
    names, notes = _listed(path, shape[1])
    return replace(_numbered(path, values, names, None), notes=notes)


def _listed(path: Path, count: int) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Names of sensors from STEM.txt beside the file, as PEMS03 has it; else their numbers."""
    file, numbers = path.with_suffix(".txt"), tuple(str(index) for index in range(count))
    try:
        if not file.is_file() or file.stat().st_size > MAX_LIST:
            return numbers, ()
        names = tuple(file.read_text(encoding="utf-8-sig").split())
    except (OSError, UnicodeDecodeError):
        return numbers, ()
    if len(names) != count:
        return numbers, (f"{file.name} has {len(names)} names for {count} sensors and was not used: they are numbered",)
    check_names(file, names)
    return names, (f"names of sensors are those in {file.name}",)


def _channel(path: Path, count: int, wish: int | str | None) -> int:
    names = CHANNELS if count == len(CHANNELS) else CHANNELS[:1]
    known = {str(index): index for index in range(count)} | {name: index for index, name in enumerate(names)}
    if wish is None and count == 1:
        return 0
    if str(wish).lower() not in known:
        received = "none was chosen" if wish is None else f"received {wish!r}"
        raise DataError(
            f"{path}: expected the channel to forecast, one of {', '.join(known)}; {received}: "
            "give --channel (data.channel)"
        )
    return known[str(wish).lower()]


def _ours(path: Path, arrays: dict[str, np.ndarray]) -> Readings:
    values, sensors = arrays["values"], arrays["sensors"]
    minutes = int(arrays["step_minutes"])
    start = np.datetime64(str(arrays["start"]), "m")
    if values.ndim != 2 or sensors.shape != values.shape[1:] or values.dtype.kind not in "iuf" or minutes < 1:
        raise DataError(f"{path}: expected `values` (steps, sensors) and `sensors` of one length; convert it again")
    names = tuple(str(name) for name in sensors)
    check_names(path, names)
    times = (start + np.arange(len(values)) * minutes).astype("datetime64[s]")
    return _numbered(path, values.astype(np.float64), names, times)


def _numbered(path: Path, values: np.ndarray, names: tuple[str, ...], times: np.ndarray | None) -> Readings:
    def place(row: int, column: int | None) -> str:
        return f"row {row}" + ("" if column is None else f", sensor {names[column]!r}")

    return Readings(path, values, names, times, place)
