"""The first column that only counts the rows, as pandas and R write one: whole, or filtered, sliced, joined, turned."""

from collections.abc import Sequence

import numpy as np

from gman_search.data.tables.known_names import ROW_NUMBERS
from gman_search.data.tables.table import Table, texts_of

__all__ = ["counts_rows", "row_number_note", "row_numbers"]

NAMELESS = {"", "unnamed: 0"}
"""What a column without a name is called: pandas reads it back by a name of its own."""
ONE_WAY = 0.8
"""Share of the steps that go up, or down, in numbers of rows; readings do both equally often."""
MOST_DIGITS = 15


def row_numbers(table: Table, taken: Sequence[int]) -> int | None:
    """Position of a first column that only counts the rows; None where there is none.

    A column without a name cannot be a sensor: next to times (`taken`) its numbers may have gaps, begin anywhere, begin
    again and again, or fall. A column with a name must count from 0 or 1.
    """
    if table.header is None or table.width < 2 or 0 in taken or table.key(0) not in ROW_NUMBERS:
        return None
    if counts_rows(table, 0):
        return 0
    numbers = _whole_numbers(table, 0) if taken and table.key(0) in NAMELESS else None
    return 0 if numbers is not None and _go_one_way(numbers) else None


def row_number_note(table: Table, position: int) -> str:
    """What is said of such a column."""
    if counts_rows(table, position):
        return f"column {table.name(position)!r} only counts the rows and is not read"
    first = texts_of(table.cells.iloc[:1, position]).iloc[0]
    called = f"{table.name(position)!r}" if table.name(position) else "without a name"
    return (
        f"the first column, {called}, has numbers of rows, from {first} on, and is not read: give it another name if "
        "these are readings"
    )


def counts_rows(table: Table, position: int) -> bool:
    """Whether a column counts the rows from 0 or 1."""
    numbers = _whole_numbers(table, position)
    return numbers is not None and bool(numbers[0] in (0, 1) and (np.diff(numbers) == 1).all())


def _whole_numbers(table: Table, position: int) -> np.ndarray | None:
    texts = texts_of(table.cells.iloc[:, position])
    if len(texts) < 2 or not texts.str.fullmatch("[0-9]+").all() or texts.str.len().max() > MOST_DIGITS:
        return None
    numbers: np.ndarray = texts.astype(np.int64).to_numpy()
    return numbers


def _go_one_way(numbers: np.ndarray) -> bool:
    steps = np.diff(numbers)
    distinct = len(np.unique(numbers)) == len(numbers)
    return distinct or max((steps > 0).mean(), (steps < 0).mean()) >= ONE_WAY
