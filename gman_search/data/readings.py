"""Readings as a file gives them, before their times are made regular."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from gman_search.data.observed import Observed
from gman_search.errors import DataError

__all__ = ["Readings", "check_names"]


@dataclass(frozen=True)
class Readings:
    """Values (R, N) float64 of N sensors in the R rows of a file, NaN where it gives none.

    `times` is (R,) datetime64[s], in the file's order, or None where it has none. `place(row, column)` says where a
    value stands in the file, such as "line 3, column 'a'"; `column` may be None. `instants` is (R,) datetime64[s] in
    UTC where the file gives a time zone or counts seconds: an hour that comes twice by the clock is told apart by it.
    `day_first` and `decimal` are what the file showed of the order of day and month and of the decimal mark, where
    other files of the same origin may not show it. `observed` says how much of it was
    imputed, where the file tells. `spare` is whether sensors without any reading are left out and not refused: nobody
    can take a ramp, which has no speed, out of the files of a whole district.
    """

    path: Path
    values: np.ndarray
    sensors: tuple[str, ...]
    times: np.ndarray | None
    place: Callable[[int, int | None], str]
    notes: tuple[str, ...] = ()
    instants: np.ndarray | None = None
    day_first: bool | None = None
    decimal: str | None = None
    observed: Observed | None = None
    spare: bool = False

    def without_silent(self) -> "Readings":
        """Without the sensors that have no reading at all, if they are `spare`; a note says how many these were."""
        silent = np.isnan(self.values).all(axis=0)
        if not self.spare or not silent.any() or silent.all():
            return self
        kept = np.flatnonzero(~silent)
        first = self.sensors[int(np.flatnonzero(silent)[0])]
        note = f"{silent.sum()} of {len(silent)} sensors have no reading at all and are left out, such as {first}"

        def place(row: int, column: int | None) -> str:
            return self.place(row, None if column is None else int(kept[column]))

        sensors = tuple(self.sensors[index] for index in kept)
        return replace(
            self, values=self.values[:, kept], sensors=sensors, place=place, notes=(*self.notes, note), spare=False
        )

    def without_codes(self, codes: Collection[float]) -> "Readings":
        """Readings in which numbers that mean a missing one (`data.missing_codes`) are NaN, with a note on each."""
        values, notes = self.values, []
        for code in codes:
            is_code = values == code
            if is_code.any():
                notes.append(f"{int(is_code.sum())} readings are {code:.15g} and count as missing (data.missing_codes)")
                values = np.where(is_code, np.nan, values)
        return replace(self, values=values, notes=(*self.notes, *notes)) if notes else self

    def checked(
        self, missing: Collection[str], *, allow_all_missing: bool = False, coded: np.ndarray | None = None
    ) -> np.ndarray:
        """Values (R, N) float32 with NaN for every missing one.

        Args:
            missing: what is no reading: "nan" (also blank cells), "zero", "negative".
            allow_all_missing: whether a sensor may have no reading at all.
            coded: (R, N), where a code stood for a missing reading, which is no blank.

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
            advice = ""
            if value < 0:
                advice = ': put "negative" into data.missing_values if such readings are missing ones'
                if float(value).is_integer():
                    advice += f", or this number alone into data.missing_codes, as [{value:.15g}]"
            raise DataError(
                f"{self.path}, {self.place(row, column)}: expected a finite reading of at least 0; "
                f"received {value:g}{advice}"
            )
        unsaid = blank if coded is None else blank & ~coded
        if "nan" not in missing and unsaid.any():
            row, column = self._first(unsaid)
            raise DataError(
                f"{self.path}, {self.place(row, column)}: expected a reading; received none: "
                'put "nan" into data.missing_values if blanks are missing readings'
            )
        empty = np.flatnonzero(blank.all(axis=0))
        if len(empty) and not allow_all_missing:
            raise DataError(
                f"{self.path}: column {self.sensors[empty[0]]!r} has no readings at all (only NaN or blank): "
                f'leave it out with data.ignore_columns = ["{self.sensors[empty[0]]}"]'
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
