"""What the cells of a column look like, from its first rows."""

from enum import Enum, auto

import pandas as pd

from gman_search.data.tables.missing_words import is_missing_word
from gman_search.data.tables.numerals import NumberStyle
from gman_search.data.tables.stamp_numbers import is_stamp_number
from gman_search.data.tables.stamp_text import is_clock, is_stamp, parsed
from gman_search.data.tables.table import Table, texts_of

__all__ = ["Kind", "is_numeral", "kind_of", "looks_like_time"]

LOOKED_AT = 40
"""Rows of which the first that says something decides; missing readings may stand above it."""
STYLES = (NumberStyle("."), NumberStyle(","))


class Kind(Enum):
    """STAMP: date and clock; DATE: no clock; CLOCK: no date; DIGITS: a number that may be a time; BLANK: nothing."""

    STAMP = auto()
    DATE = auto()
    CLOCK = auto()
    DIGITS = auto()
    NUMBER = auto()
    BLANK = auto()
    OTHER = auto()


def kind_of(table: Table, position: int) -> Kind:
    """What a column looks like."""
    column = table.cells.iloc[:LOOKED_AT, position]
    if pd.api.types.is_datetime64_any_dtype(column.dtype):
        stamps = column.dropna()
        midnight = len(stamps) > 1 and bool((stamps == stamps.dt.normalize()).all())
        return Kind.DATE if midnight and bool(table.cells.iloc[:, position].duplicated().any()) else Kind.STAMP
    texts = [text for text in texts_of(column) if not is_missing_word(text)]
    if not texts:
        return Kind.BLANK
    kind = _kind(texts[0])
    if kind is Kind.DATE and any(_kind(text) is Kind.STAMP for text in texts):
        return Kind.STAMP  # midnights written as dates alone
    if kind is Kind.DIGITS and not all(is_stamp_number(text) for text in texts):
        return Kind.NUMBER
    return kind


def is_numeral(text: str) -> bool:
    """Whether a cell is a number in any style."""
    return any(style.number(text.strip()) is not None for style in STYLES)


def looks_like_time(cell: str) -> bool:
    """Whether a cell is a time written with marks; a reading never is: plain numbers are not tried."""
    return is_stamp(cell.strip())


def _kind(text: str) -> Kind:
    if is_stamp_number(text):
        return Kind.DIGITS
    if is_numeral(text):
        return Kind.NUMBER
    if is_clock(text):
        return Kind.CLOCK
    piece = parsed(text)
    if piece is None:
        return Kind.OTHER
    return Kind.DATE if piece.seconds is None else Kind.STAMP
