"""Readings as a file gives them, before their times are made regular."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from gman_search.errors import DataError

__all__ = ["Readings", "check_names"]


@dataclass(frozen=True)
class Readings:
    """Values (R, N) float64 of N sensors in the R rows of a file, NaN where it gives none.

    `times` is (R,) datetime64[s], in the file's order, or None where it has none. `place(row, column)` says where a
    value stands in the file, such as "line 3, column 'a'"; `column` may be None.
    """

    path: Path
    values: np.ndarray
    sensors: tuple[str, ...]
    times: np.ndarray | None
    place: Callable[[int, int | None], str]
    notes: tuple[str, ...] = ()

    def checked(self, missing: Collection[str], *, silent: bool = False) -> np.ndarray:
        """Values (R, N) float32 with NaN for every missing one.

        Args:
            missing: what is no reading: "nan" (also blank cells), "zero", "negative".
            silent: whether a sensor may have no reading at all.

        Raises:
            DataError: a value is negative, infinite or NaN where that is no missing reading; a sensor has none at all.
        """
        values = self.values
        if "negative" in missing:
            values = np.where(values < 0, np.nan, values)
        blank = np.isnan(values)
        impossible = ~blank & ~((values >= 0) & (values <= np.finfo(np.float32).max))
        if impossible.any():
            row, column = self._first(impossible)
            value = self.values[row, column]
            advice = ': put "negative" into data.missing if such readings are missing ones' if value < 0 else ""
            raise DataError(
                f"{self.path}, {self.place(row, column)}: expected a finite reading of at least 0; "
                f"received {value:g}{advice}"
            )
        if "nan" not in missing and blank.any():
            row, column = self._first(blank)
            raise DataError(
                f"{self.path}, {self.place(row, column)}: expected a reading; received none: "
                'put "nan" into data.missing if blanks are missing readings'
            )
        empty = np.flatnonzero(blank.all(axis=0))
        if len(empty) and not silent:
            raise DataError(
                f"{self.path}: column {self.sensors[empty[0]]!r} has no readings at all (only NaN or blank): "
                "remove the column"
            )
        return values.astype(np.float32)

    def _first(self, wrong: np.ndarray) -> tuple[int, int]:
        column = int(np.flatnonzero(wrong.any(axis=0))[0])
        return int(np.flatnonzero(wrong[:, column])[0]), column


def check_names(path: Path, sensors: Sequence[str]) -> None:
    """Refuse sensors without a name, or two of one name.

    Raises:
        DataError: with the first such name.
    """
    if not sensors:
        raise DataError(f"{path}: expected at least one column of readings; received none")
    if "" in sensors:
        number = list(sensors).index("") + 1
        raise DataError(f"{path}: expected a name for every sensor; number {number} has none: name it")
    if len(set(sensors)) < len(sensors):
        seen: set[str] = set()
        doubled = min(name for name in sensors if name in seen or seen.add(name))  # type: ignore[func-returns-value]
        raise DataError(f"{path}: expected a different name for every sensor; received {doubled!r} twice")
