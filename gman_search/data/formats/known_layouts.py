"""Long tables in the layouts of published collections: LibCity's .dyna and UTD19, as the plain long table of time,
sensor and values that everything else reads."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd
from pandas.api.types import is_datetime64_any_dtype

from gman_search.data.tables.table import Table, blanked, texts_of
from gman_search.errors import DataError

__all__ = ["is_known_layout", "plain_long"]

DYNA = ("type", "time", "entity_id")
UTD19 = ("day", "interval", "detid")
DAY = 86400
LOCAL = (
    "times of LibCity's .dyna are read as local times, without their Z: its converters put a Z behind the local times "
    "of METR-LA and others, and LibCity drops it; if yours are in UTC, set data.timezone"
)
ERRORS = "{} of {} readings are marked as errors (UTD19's `error`) and count as missing"


def is_known_layout(names: Sequence[str]) -> bool:
    """Whether columns of these names are of one of the layouts."""
    plain = {name.strip().lower() for name in names}
    return {*DYNA, "dyna_id"} <= plain or set(UTD19) <= plain


def plain_long(table: Table, *, in_utc: bool = False) -> Table:
    """The same table where it is of neither layout.

    Args:
        table: cells with a header.
        in_utc: whether the user says what the times' Z means, so that it stays.

    Raises:
        DataError: UTD19's columns have no days and seconds, or several cities.
    """
    names = [name.strip().lower() for name in table.header or []]
    if set(DYNA) <= set(names) and "dyna_id" in names:
        return _dyna(table, names, in_utc=in_utc)
    return _utd19(table, names) if set(UTD19) <= set(names) else table


def _dyna(table: Table, names: list[str], *, in_utc: bool) -> Table:
    cells, notes = table.cells, table.notes
    times = cells.iloc[:, names.index("time")]
    if not is_datetime64_any_dtype(times.dtype):  # a workbook's dates have no Z
        times = texts_of(times)
        if not in_utc and times.str.endswith("Z").any():
            times, notes = times.str.removesuffix("Z"), (*notes, LOCAL)
    values = [index for index, name in enumerate(names) if name not in ("dyna_id", *DYNA)]
    return _long(table, times, names.index("entity_id"), values, notes)


def _utd19(table: Table, names: list[str]) -> Table:
    cells, notes = table.cells, table.notes
    if "city" in names:
        cities = texts_of(cells.iloc[:, names.index("city")]).unique()
        if len(cities) > 1:
            raise DataError(
                f"{table.path}: expected one city; received {len(cities)}, such as {', '.join(map(str, cities[:3]))}: "
                "keep the rows of one"
            )
    seconds = pd.to_numeric(cells.iloc[:, names.index("interval")], errors="coerce").to_numpy(dtype=float)
    wrong = np.flatnonzero(~((seconds >= 0) & (seconds < DAY) & (seconds % 1 == 0)))
    if len(wrong):
        raise DataError(
            f"{table.path}, {table.place(int(wrong[0]))}, column 'interval': expected seconds of the day, 0 to "
            f"{DAY - 1}; received {cells.iloc[wrong[0], names.index('interval')]!r}"
        )
    clock = pd.Series(seconds.astype("timedelta64[s]"), index=cells.index)
    text = (clock.dt.components.hours.map("{:02d}".format) + ":" + clock.dt.components.minutes.map("{:02d}".format)
            + ":" + clock.dt.components.seconds.map("{:02d}".format))  # fmt: skip
    days = cells.iloc[:, names.index("day")]
    days = days.dt.strftime("%Y-%m-%d") if is_datetime64_any_dtype(days.dtype) else texts_of(days)
    times = days + " " + text
    values = [index for index, name in enumerate(names) if name not in (*UTD19, "error", "city")]
    if "error" in names:
        flags = pd.to_numeric(cells.iloc[:, names.index("error")], errors="coerce").fillna(0) != 0
        if flags.any():
            cells = blanked(cells, values, flags.to_numpy())
            notes = (*notes, ERRORS.format(int(flags.sum()), len(flags)))
    return _long(replace(table, cells=cells), times, names.index("detid"), values, notes)


def _long(table: Table, times: pd.Series, sensor: int, values: list[int], notes: tuple[str, ...]) -> Table:
    header = table.header or []
    columns = [times, table.cells.iloc[:, sensor], *(table.cells.iloc[:, index] for index in values)]
    cells = pd.concat(columns, axis=1)
    cells.columns = pd.RangeIndex(len(columns))
    return replace(
        table, header=["time", "sensor", *(header[index].strip() for index in values)], cells=cells, notes=notes
    )
