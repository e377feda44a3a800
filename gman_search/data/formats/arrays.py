"""Arrays of numbers without names and times: which of its axes are times, sensors and channels."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import numpy as np

from gman_search.data.formats.channels import choose_channel, is_pems_04_or_08
from gman_search.data.readings import Readings, check_names
from gman_search.data.size_limits import check_inflation, check_size
from gman_search.errors import DataError
from gman_search.reading_options import ReadingOptions

__all__ = ["UNREADABLE_ARRAY", "array_header", "array_readings", "npy_readings", "numbered"]

MAX_LIST = 2**20
MANY_CHANNELS = 8
USUAL = ("time", "sensor", "channel")
# What numpy's parser of headers raises on damaged files.
UNREADABLE_ARRAY = (OSError, EOFError, ValueError, KeyError, SyntaxError, RuntimeError, MemoryError)
HEADERS = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}


@dataclass(frozen=True)
class ArrayHeader:
    """Name of an array in a file (nothing in a .npy), its shape and type."""

    name: str
    shape: tuple[int, ...]
    dtype: np.dtype

    @property
    def is_table(self) -> bool:
        """Whether it may be readings: numbers, with two or three axes."""
        return self.dtype.kind in "iuf" and len(self.shape) in (2, 3) and 0 not in self.shape


def array_header(path: Path, name: str, file: IO[bytes], packed: int) -> ArrayHeader:
    """The header of an array in the open `file`, after it was found harmless.

    Args:
        path: the file, for messages.
        name: of the array, for messages.
        file: a binary file at the array's beginning.
        packed: bytes that the array takes in the file.

    Raises:
        DataError: objects in it, an unknown version, or a size that no network has.
    """
    version = np.lib.format.read_magic(file)
    where = f"{path}, {name}" if name else str(path)
    if version not in HEADERS:
        raise DataError(f"{where}: expected a plain array; received version {version} of its format")
    shape, _, dtype = HEADERS[version](file)
    if dtype.hasobject:
        raise DataError(f"{where}: expected numbers; received objects, which may run code: save it again")
    check_size(path, shape)
    check_inflation(path, packed, int(np.prod(shape, dtype=object)) * dtype.itemsize)
    return ArrayHeader(name, shape, dtype)


def npy_readings(path: Path, options: ReadingOptions, *, recent: bool = False) -> Readings:
    """A .npy file of one array; arguments and errors as in `array_readings`."""
    try:
        with path.open("rb") as file:
            header = array_header(path, "", file, path.stat().st_size)
        return array_readings(path, header, lambda: np.load(path, allow_pickle=False), options, recent=recent)
    except UNREADABLE_ARRAY as error:
        raise DataError(f"{path}: expected an array of numbers; {' '.join(str(error).split())}") from None


def array_readings(
    path: Path, header: ArrayHeader, load: Callable[[], np.ndarray], options: ReadingOptions, *, recent: bool = False
) -> Readings:
    """Readings without clock and names.

    Args:
        path: the file.
        header: of the array.
        load: reads it.
        options: `axes` and `channel`.
        recent: whether the file has the last readings of a known network: it may have fewer times than sensors.

    Raises:
        DataError: no numbers, axes that cannot be told apart, or no choice among several channels.
    """
    where = f"{path}, {header.name}" if header.name else str(path)
    if len(header.shape) not in (2, 3) or 0 in header.shape:
        raise DataError(f"{where}: expected (rows, sensors, channels); received {header.shape}")
    if header.dtype.kind not in "iuf":
        raise DataError(f"{where}: expected numbers; received {header.dtype}")
    order, notes = _axes(where, path, header, options.axes, recent=recent)
    array = np.transpose(load(), order)
    if array.ndim == 2:
        array = array[:, :, None]
    chosen, doubts = choose_channel(path, array, options.channel)
    names, told = _listed(path, array.shape[1])
    values = array[:, :, chosen].astype(np.float64)
    return numbered(path, values, names, None, (*notes, *doubts, *told))


def numbered(
    path: Path, values: np.ndarray, names: tuple[str, ...], times: np.ndarray | None, notes: tuple[str, ...] = ()
) -> Readings:
    """Readings whose places are numbers of rows."""

    def place(row: int, column: int | None) -> str:
        return f"row {row}" + ("" if column is None else f", sensor {names[column]!r}")

    return Readings(path, values, names, times, place, notes)


def _axes(
    where: str, path: Path, header: ArrayHeader, given: str | None, *, recent: bool
) -> tuple[tuple[int, ...], tuple[str, ...]]:
    """Where time, sensor (and channel) are among the axes of an array."""
    shape = header.shape
    usual = USUAL[: len(shape)]
    if given is not None:
        names = given.split(",")
        if len(names) != len(shape):
            raise DataError(
                f"{where}: expected {len(names)} axes, as data.axes = {given!r} says; received an array of {shape}"
            )
        return tuple(names.index(name) for name in usual), ()
    plain, turned = tuple(range(len(shape))), "sensor,time" + ("" if len(shape) == 2 else ",channel")
    if recent or is_pems_04_or_08(path, shape):
        return plain, ()
    advice = f'say which axis is which with data.axes = "{turned}" or "{",".join(usual)}"'
    if len(shape) == 2 and shape[0] == shape[1] and header.name != "data":
        raise DataError(
            f"{where}: expected readings (times, sensors); received as many rows as columns, {shape[0]}, as a graph "
            f"has: {advice} if it is no graph"
        )
    if shape[0] < shape[1]:
        likely = _likely(shape)
        if likely not in (turned, ",".join(usual)):
            advice = f'say which axis is which, such as data.axes = "{likely}"'
        raise DataError(
            f"{where}: expected more times than sensors in an array (times, sensors); received {shape}, which may have "
            f"its axes in another order: {advice}"
        )
    if len(shape) == 3 and shape[2] > max(shape[1], MANY_CHANNELS):
        raise DataError(
            f"{where}: expected (times, sensors, channels); received {shape}, with more channels than sensors: say "
            'which axis is which, such as data.axes = "time,channel,sensor"'
        )
    return plain, ()


def _likely(shape: tuple[int, ...]) -> str:
    """Axes by their lengths: the longest is time, and the shortest of three has the channels."""
    names = ("sensor", "time") if len(shape) == 2 else ("channel", "sensor", "time")
    by_length = dict(zip(sorted(range(len(shape)), key=lambda axis: (shape[axis], -axis)), names, strict=True))
    return ",".join(by_length[axis] for axis in range(len(shape)))


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
