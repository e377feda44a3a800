"""HDF5 as pandas writes it with `df.to_hdf(path, key=...)`, fixed format: METR-LA and PEMS-BAY come so.

Read array by array with h5py. pandas itself would unpickle whatever the file has as objects; here such a file is
refused, as is anything that points outside of it.
"""

from pathlib import Path

import h5py
import numpy as np

from gman_search.data.readings import Readings, check_names
from gman_search.data.size_limits import check_inflation, check_size
from gman_search.data.tables.times import Stamps, instant_stamps, nearest_seconds
from gman_search.errors import DataError
from gman_search.reading_options import ReadingOptions

__all__ = ["hdf_readings"]

UNITS = {"datetime64": "ns", **{f"datetime64[{unit}]": unit for unit in ("s", "ms", "us", "ns")}}
FILTERS = {307: "bzip2", 305: "lzo", 32000: "lzf", 32001: "blosc", 32004: "lz4", 32015: "zstd", 32026: "blosc2"}
"""Names of filters by the numbers under which HDF5 registers them."""
ADVICE = 'write it with df.to_hdf(path, key="df", format="fixed") from a DataFrame of numbers, or save it as CSV'


def hdf_readings(path: Path, options: ReadingOptions) -> Readings:
    """One DataFrame: `axis0` sensors, `axis1` times, `block0_items`, `block0_values` (R, N), and further blocks.

    Raises:
        DataError: several frames, another layout, object arrays, links to other files, or sizes that no network has.
    """
    try:
        with h5py.File(path, "r") as file:
            return _frame(path, _only_frame(path, file), options)
    except (OSError, KeyError, ValueError, TypeError, RuntimeError, UnicodeDecodeError) as error:
        raise DataError(f"{path}: expected an HDF5 file of pandas; {' '.join(str(error).split())}: {ADVICE}") from None


def _only_frame(path: Path, file: h5py.File) -> h5py.Group:
    frames = []
    for name in file:
        if not isinstance(file.get(name, getlink=True), h5py.HardLink):
            raise DataError(f"{path}, {name}: expected data in the file itself; received a link: {ADVICE}")
        if isinstance(file[name], h5py.Group) and "pandas_type" in file[name].attrs:
            frames.append(name)
    if len(frames) != 1:
        received = "none" if not frames else ", ".join(frames)
        raise DataError(f"{path}: expected one DataFrame of pandas; received {received}: {ADVICE}")
    return file[frames[0]]


def _frame(path: Path, group: h5py.Group, options: ReadingOptions) -> Readings:
    kind = _text(group.attrs["pandas_type"])
    if kind != "frame":
        raise DataError(f"{path}, {group.name}: expected pandas' fixed format; received {kind!r}: {ADVICE}")
    names = _names(path, group, "axis0")
    check_names(path, names)
    stamps = _times(path, group, options)
    times = stamps.times
    check_size(path, (len(times), len(names)))
    values = np.full((len(times), len(names)), np.nan)
    column = {name: index for index, name in enumerate(names)}
    for block in range(int(group.attrs["nblocks"])):
        items = _names(path, group, f"block{block}_items")
        array = _array(path, group, f"block{block}_values", numbers=True)
        unknown = [name for name in items if name not in column]
        if unknown or array.shape != (len(times), len(items)):
            raise DataError(
                f"{path}, {group.name}/block{block}_values: expected {len(times)} x {len(items)} numbers, as its "
                f"axes say; received {' x '.join(map(str, array.shape))}{f' of {unknown[0]!r}' if unknown else ''}"
            )
        values[:, [column[name] for name in items]] = array

    def place(row: int, index: int | None) -> str:
        where = f"row {row} ({str(times[row]).replace('T', ' ')})"
        return where if index is None else f"{where}, column {names[index]!r}"

    instants = stamps.instants if stamps.zoned else None
    return Readings(path, values, names, times, place, stamps.notes, instants=instants)


def _names(path: Path, group: h5py.Group, name: str) -> tuple[str, ...]:
    array = _array(path, group, name)
    if array.ndim != 1 or array.dtype.kind not in "SUiu":
        raise DataError(f"{path}, {group.name}/{name}: expected names of sensors; received {array.dtype} numbers")
    return tuple(_text(item).strip() for item in array.tolist())


def _times(path: Path, group: h5py.Group, options: ReadingOptions) -> Stamps:
    array = _array(path, group, "axis1")
    attributes = group["axis1"].attrs
    kind = _text(attributes.get("kind", ""))
    if kind not in UNITS or array.ndim != 1 or array.dtype.kind != "i":
        raise DataError(f"{path}, {group.name}/axis1: expected times as the index; received {kind!r}: {ADVICE}")
    times = array.astype(f"datetime64[{UNITS[kind]}]")
    if np.isnat(times).any():
        raise DataError(f"{path}, {group.name}/axis1: expected a time in every row; received NaT")
    times = nearest_seconds(times)
    if "tz" in attributes and not isinstance(attributes["tz"], h5py.Empty):  # pandas writes UTC and names the zone
        first = str(times[0]).replace("T", " ") if len(times) else "none"
        return instant_stamps(path, times, f"{first} UTC, with a time zone", options)
    return Stamps(times, times)


def _array(path: Path, group: h5py.Group, name: str, *, numbers: bool = False) -> np.ndarray:
    """A dataset in memory, after its header was found harmless."""
    where = f"{path}, {group.name}/{name}"
    if not isinstance(group.get(name, getlink=True), h5py.HardLink):
        raise DataError(f"{where}: expected data in the file itself; received a link or nothing: {ADVICE}")
    dataset = group[name]
    if not isinstance(dataset, h5py.Dataset) or dataset.is_virtual or dataset.external:
        raise DataError(f"{where}: expected data in the file itself; received a link to other files: {ADVICE}")
    if dataset.dtype.kind not in ("biuf" if numbers else "SUiu"):
        raise DataError(
            f"{where}: expected {'numbers' if numbers else 'names or times'}; received objects ({dataset.dtype}), "
            f"which only unpickling could read: {ADVICE}"
        )
    check_size(path, dataset.shape)
    check_inflation(path, path.stat().st_size, dataset.size * dataset.dtype.itemsize)
    _check_filters(where, path, dataset)
    array: np.ndarray = dataset[()]
    return array


def _check_filters(where: str, path: Path, dataset: h5py.Dataset) -> None:
    """Refuse data packed in a way that h5py cannot unpack, with how to write it anew."""
    made = dataset.id.get_create_plist()
    for index in range(made.get_nfilters()):
        code, _, _, name = made.get_filter(index)
        if not h5py.h5z.filter_avail(code):
            kind = FILTERS.get(code) or _text(name).strip() or f"number {code}"
            raise DataError(
                f"{where}: expected data that h5py can unpack; received the filter {kind}: write the file again where "
                f"pandas can read it, pd.read_hdf({path.name!r}).to_hdf('new.h5', key='df', complib='zlib'), or save "
                "it as CSV"
            )


def _text(value: object) -> str:
    if isinstance(value, bytes):  # also numpy's
        return value.decode("utf-8")
    return "" if isinstance(value, h5py.Empty) else str(value)
