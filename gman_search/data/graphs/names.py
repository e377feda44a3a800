"""Which sensor of the readings a graph's name means (pure)."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from gman_search.errors import DataError

__all__ = ["NameMatch", "known_positions", "match_names"]

WHOLE = re.compile(r"[+-]?\d+")
OTHERWISE = re.compile(r"([+-]?\d+)(\.0*)?")
EXPONENT = re.compile(r"\d(\.\d+)?e\+?\d{1,2}")
MOST_EXACT = 2**53


@dataclass(frozen=True)
class NameMatch:
    """Column in the readings by the graph's name; `unknown` are the names that the readings do not have."""

    position: dict[str, int]
    unknown: tuple[str, ...] = ()
    by_number: bool = False
    notes: tuple[str, ...] = field(default=())


def match_names(path: Path, rows: Sequence[tuple[str, ...]], sensors: tuple[str, ...]) -> NameMatch:
    """Match a graph's names with the sensors' exactly, else but for case, leading zeros and a `.0`, else as numbers.

    `rows` are the names in each row of the graph's file. A note says how many rows name sensors that the readings do
    not have.

    Raises:
        DataError: no name is known and they are no numbers of columns either, or they are counted from another number.
    """
    distinct = tuple(dict.fromkeys(name for row in rows for name in row))
    position, notes = _known(path, distinct, sensors)
    unknown = tuple(name for name in distinct if name not in position)
    if position:
        if unknown:
            lost = sum(any(name not in position for name in row) for row in rows)
            _refuse_shifted(path, lost, distinct, unknown[0], sensors)
            notes += (
                f"{lost} of {len(rows)} rows in {path.name} name sensors the readings do not have, such as "
                f"{unknown[0]}, and are not used",
            )
        return NameMatch(position, unknown, notes=notes)
    whole = {name: number for name in distinct if (number := _whole(name)) is not None}
    size = len(sensors)
    if len(whole) == len(distinct) and whole:
        numbers = set(whole.values())
        if numbers <= set(range(size)):
            return NameMatch(
                whole,
                by_number=True,
                notes=(
                    f"{path.name} names no sensor of the readings; its ids 0 to {size - 1} are taken as numbers of "
                    "their columns, counted from 0",
                ),
            )
        if numbers <= set(range(1, size + 1)):
            raise DataError(
                f"{path}: expected names of sensors, or numbers of the readings' columns from 0 to {size - 1}; "
                f"received {size}: the ids look like counted from 1; subtract 1 or use the names"
            )
    shown = next((name for name in distinct if name not in whole or not 0 <= whole[name] < size), distinct[0])
    raise DataError(
        f"{path}: expected names of sensors in the readings (such as {sensors[0]}) or indices from 0 to {size - 1}, "
        f"numbers of its columns; received {shown!r}"
    )


def known_positions(path: Path, names: Sequence[str], sensors: tuple[str, ...]) -> dict[str, int]:
    """Columns in the readings of those of `names` that are names of sensors, also written otherwise."""
    return _known(path, tuple(dict.fromkeys(names)), sensors)[0]


def _known(path: Path, names: tuple[str, ...], sensors: tuple[str, ...]) -> tuple[dict[str, int], tuple[str, ...]]:
    exact = {name: index for index, name in enumerate(sensors)}
    position = {name: exact[name] for name in names if name in exact}
    if len(position) == len(names):
        return position, ()
    taken = set(position.values())
    common = Counter(_common(name) for name in sensors)
    loose = {_common(name): index for index, name in enumerate(sensors) if common[_common(name)] == 1}
    left = [name for name in names if name not in position]
    claims = Counter(_common(name) for name in left)
    found = {
        name: loose[form]
        for name in left
        if (form := _common(name)) in loose and loose[form] not in taken and claims[form] == 1
    }
    if not found:
        return position, ()
    first = next(iter(found))
    note = (
        f"{len(found)} names in {path.name} are written otherwise than in the readings, such as {first} for "
        f"{sensors[found[first]]}, and are taken as the same"
    )
    return position | found, (note,)


def _common(name: str) -> str:
    """What two ways of writing one name share: case, leading zeros and `.0` taken away."""
    plain = name.strip().strip("\"'").strip().casefold()
    whole = OTHERWISE.fullmatch(plain)
    if whole:
        return str(int(whole[1])) if len(whole[1]) < 300 else plain
    if EXPONENT.fullmatch(plain):  # spreadsheets write 7.73869E+05
        number = float(plain)
        return str(int(number)) if number.is_integer() and number < MOST_EXACT else plain
    # sensor_007 and sensor_7: digits after letters lose their zeros, too.
    return re.sub(r"(?<![\d.])0+(?=\d)", "", plain)


def _whole(name: str) -> int | None:
    form = _common(name)
    return int(form) if WHOLE.fullmatch(form) and len(form) < 20 else None


def _refuse_shifted(path: Path, rows: int, distinct: tuple[str, ...], unknown: str, sensors: tuple[str, ...]) -> None:
    """Refuse ids that begin one later, or one earlier, than the consecutive ones of the readings."""
    theirs, ours = [_whole(name) for name in distinct], [_whole(name) for name in sensors]
    if None in theirs or None in ours:
        return
    graph, readings = {n for n in theirs if n is not None}, {n for n in ours if n is not None}
    first, last = min(readings), max(readings)
    if last - first + 1 != len(sensors):
        return
    later = first not in graph and max(graph) == last + 1 and min(graph) > first
    earlier = last not in graph and min(graph) == first - 1 and max(graph) < last
    if later or earlier:
        raise DataError(
            f"{path}: {rows} rows name sensors that the readings do not have, such as {unknown}; the ids look like "
            f"counted from {first + (1 if later else -1)}, and those of the readings are from {first}: number both "
            "alike"
        )
