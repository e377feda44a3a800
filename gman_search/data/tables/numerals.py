"""How a file writes numbers: which sign stands before decimals, and which one groups thousands (pure)."""

import re
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import numpy as np

from gman_search.data.tables.missing_words import is_missing_word
from gman_search.errors import DataError

__all__ = ["NAMES", "OTHER", "Evidence", "NumberStyle", "style_of"]

SPACES = "'’ \u00a0\u2009\u202f\u2007"
"""Signs that group thousands and never stand before decimals: apostrophes and spaces of all widths."""
NAMES = {".": "points", ",": "commas"}
OTHER = {".": ",", ",": "."}
ONE_MARK = re.compile(rf"[+-]?([0-9]*(?:[{SPACES}][0-9]{{3}})*)([.,])([0-9]*)([eE][+-]?[0-9]+)?")
MANY_MARKS = re.compile(r"[+-]?[0-9]{1,3}([.,])[0-9]{3}(?:\1[0-9]{3})+")
TWO_MARKS = re.compile(r"[+-]?[0-9]{1,3}([.,])[0-9]{3}(?:\1[0-9]{3})*(?!\1)([.,])[0-9]*")
NEAR = 10.0
"""Numbers with and without a mark are of one kind where their medians differ by less; a wrong mark makes it 1000."""


@dataclass(frozen=True)
class NumberStyle:
    """`decimal` is the sign before decimals. `doubtful` tells that without it the file could be read in two ways."""

    decimal: str = "."
    notes: tuple[str, ...] = ()
    doubtful: bool = False
    pattern: re.Pattern[str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        groups = rf"[0-9]{{1,3}}(?:(?P<mark>[{SPACES}{OTHER[self.decimal]}])[0-9]{{3}}(?:(?P=mark)[0-9]{{3}})*)"
        point = re.escape(self.decimal)
        whole = rf"(?:{groups}|[0-9]+)(?:{point}[0-9]*)?|{point}[0-9]+"
        object.__setattr__(self, "pattern", re.compile(rf"[+-]?(?:{whole})(?:[eE][+-]?[0-9]+)?"))

    def number(self, text: str) -> float | None:
        """The number that a cell says, or None where it says none."""
        found = self.pattern.fullmatch(text)
        if found is None:
            return float(text) if text.lower().lstrip("+-") in ("inf", "infinity") else None
        if found["mark"]:
            text = text.replace(found["mark"], "")
        return float(text.replace(self.decimal, "."))

    def is_grouped(self, text: str) -> bool:
        """Whether a cell is a number with marks between its thousands."""
        found = self.pattern.fullmatch(text)
        return found is not None and found["mark"] is not None


@dataclass
class Evidence:
    """What a file's numbers show: an example of each kind for each mark, and the sizes of those that can be either."""

    decimals: dict[str, str] = field(default_factory=dict)
    thousands: dict[str, str] = field(default_factory=dict)
    either: dict[str, str] = field(default_factory=dict)
    plain: list[float] = field(default_factory=list)
    sizes: list[float] = field(default_factory=list)
    spaced: bool = False
    marked: int = 0
    as_thousands: dict[str, str] = field(default_factory=dict)
    as_decimals: dict[str, str] = field(default_factory=dict)

    def add(self, texts: Iterable[str], codes: Collection[float]) -> None:
        """Look at the cells of a column; `codes` are numbers that say nothing about size."""
        column, plain = Evidence(), list[float]()
        for raw in texts:
            text = raw.strip()
            if text.isdigit():
                if text.isascii():
                    plain.append(float(text))
            elif not is_missing_word(text):
                column._add_marked(text)
        if column.sizes:
            column.plain = [value for value in plain if value > 0 and value not in codes and not _is_nines(value)]
        if not column.decimals and not column.thousands and len(column.either) == 1:
            kind = _kind_by_size(column)
            {"thousands": self.as_thousands, "decimals": self.as_decimals}.get(kind or "", {}).update(column.either)
        self._join(column)

    def _join(self, other: "Evidence") -> None:
        for mine, theirs in (
            (self.decimals, other.decimals), (self.thousands, other.thousands), (self.either, other.either)
        ):  # fmt: skip
            for mark, example in theirs.items():
                mine.setdefault(mark, example)
        self.plain += other.plain
        self.sizes += other.sizes
        self.spaced = self.spaced or other.spaced
        self.marked += other.marked

    def _add_marked(self, text: str) -> None:
        if "." not in text and "," not in text:
            self.spaced = self.spaced or any(sign in text[1:-1] for sign in SPACES)
        elif one := ONE_MARK.fullmatch(text):
            self.marked += 1
            whole, mark, rest, exponent = one.groups()
            if exponent or len(rest) != 3 or whole[:1] in ("", "0") or not whole.isdigit() or len(whole) > 3:
                self.decimals.setdefault(mark, text)
            else:
                self.either.setdefault(mark, text)
                self.sizes.append(float(f"{whole}.{rest}"))
        elif many := MANY_MARKS.fullmatch(text):
            self.marked += 1
            self.thousands.setdefault(many[1], text)
        elif two := TWO_MARKS.fullmatch(text):
            self.marked += 1
            self.thousands.setdefault(two[1], text)
            self.decimals.setdefault(two[2], text)


def style_of(
    path: Path,
    columns: Iterable[Iterable[str]],
    *,
    delimiter: str,
    decimal: str = "auto",
    codes: Collection[float] = (),
    undecided: Callable[[Evidence, str], NumberStyle | None] | None = None,
) -> NumberStyle:
    """How the file writes numbers, from the different cells of each column.

    A numeral such as 0.5, 61.25 or 1041.5 shows a decimal mark, 1.041.000 and 1.041,5 one for thousands. Where all have
    three digits behind the mark, numbers without one in the same column decide: 998 beside 1.041 is 1041, 61 beside
    61.123 is not 61123. A column that says so of a mark which is another one in other columns is refused.

    Args:
        path: the file, for messages.
        columns: cells; those that are no numbers are passed over.
        delimiter: what stands between cells: a comma there is no decimal mark, and a semicolon is used where it is one.
        decimal: "." or "," decides; "auto": the file does.
        codes: numbers that mean a missing reading.
        undecided: the rule where every number with a mark (its second argument) can be read in both ways; default: by
            the size of numbers without one. None: refused.

    Raises:
        DataError: the file contradicts itself, or can be read in two ways.
    """
    if decimal != "auto":
        return NumberStyle(decimal)
    found = Evidence()
    for texts in columns:
        found.add(texts, codes)
    _check_consistent(path, found)
    if undecided is None:
        _check_columns(path, found)
    doubtful = bool(found.sizes) and 2 * len(found.sizes) >= found.marked
    if found.decimals:
        return NumberStyle(next(iter(found.decimals)), doubtful=doubtful)
    if found.thousands:
        return NumberStyle(OTHER[next(iter(found.thousands))], doubtful=doubtful)
    if not found.either:
        return NumberStyle()
    mark = next(iter(found.either))
    if len(found.either) == 1 and found.spaced:
        return NumberStyle(mark)
    if undecided is None:
        undecided = partial(_by_size, delimiter)
    style = undecided(found, mark)
    if style is None:
        examples = " and ".join(repr(example) for example in found.either.values())
        value = found.either[mark].replace(mark, "")
        raise DataError(
            f"{path}: expected numbers that can be read in one way; received {examples}, which may be "
            f'{found.either[mark].replace(mark, ".")} or {value}: say with data.decimal = "." or "," which sign stands '
            "before decimals"
        )
    return style


def _check_consistent(path: Path, found: Evidence) -> None:
    for mark in ".,":
        if mark in found.decimals and mark in found.thousands:
            raise DataError(
                f"{path}: expected {NAMES[mark]} in numbers to mean one thing; received {found.decimals[mark]!r} and "
                f'{found.thousands[mark]!r}: write all numbers alike, or say with data.decimal = "." or "," which it is'
            )
    for kind, sign in ((found.decimals, "decimal"), (found.thousands, "thousands")):
        if len(kind) > 1:
            raise DataError(
                f"{path}: expected one {sign} sign in all numbers; received {kind['.']!r} and {kind[',']!r}: write all "
                "numbers in the same way"
            )


def _check_columns(path: Path, found: Evidence) -> None:
    """Refuse a column of thousands next to one of decimals with the same mark: one style holds for the whole file."""
    for mark in ".,":
        decimals = found.decimals.get(mark) or found.as_decimals.get(mark)
        thousands = found.as_thousands.get(mark)
        if thousands is not None and decimals is not None:
            raise DataError(
                f"{path}: expected {NAMES[mark]} in numbers to mean one thing; received {decimals!r}, and in a "
                f"column of whole numbers below 1000 {thousands!r}: write it as {thousands.replace(mark, '')} if it is "
                f'one thousand or more, or say data.decimal = "{mark}" if it is not'
            )
        if mark in found.thousands and mark in found.as_decimals:
            raise DataError(
                f"{path}: expected {NAMES[mark]} in numbers to mean one thing; received {found.thousands[mark]!r}, and "
                f"{found.as_decimals[mark]!r} in a column whose other numbers have its size: write thousands without "
                "a mark"
            )


def _kind_by_size(column: Evidence) -> str | None:
    """ "decimals" or "thousands", by the size of numbers without a mark; None where that does not decide."""
    if not column.plain or not column.sizes:
        return None
    ratio = float(np.median(column.sizes)) / float(np.median(column.plain))
    if 1 / NEAR <= ratio <= NEAR:
        return "decimals"
    return "thousands" if 1 / NEAR <= 1000 * ratio <= NEAR and max(column.plain) < 1000 else None


def _is_nines(value: float) -> bool:
    """9999 and the like, which stand for missing readings more often than for themselves."""
    return value >= 999 and set(str(int(value))) == {"9"}


def _by_size(delimiter: str, found: Evidence, mark: str) -> NumberStyle | None:
    """What all numerals with the mark are, by the size of numbers without one; None where those do not tell."""
    if len(found.either) > 1:
        return None
    example = found.either[mark]
    grouped = example.replace(mark, "")
    if not found.plain:
        if {mark, delimiter} not in ({".", ","}, {",", ";"}):
            return None
        told = (
            f"{NAMES[mark]} in numbers, such as {example}, are taken for decimal marks, as they are in files with "
            f'{delimiter!r} between cells: if {example} is {grouped}, say data.decimal = "{OTHER[mark]}"'
        )
        return NumberStyle(mark, (told,), doubtful=True)
    kind = _kind_by_size(found)
    if kind == "decimals":
        usual = np.median(found.plain)
        told = (
            f"{NAMES[mark]} in numbers, such as {example}, stand before decimals: {usual:g} has the same "
            f'size; if {example} is {grouped}, say data.decimal = "{OTHER[mark]}"'
        )
        return NumberStyle(mark, (told,), doubtful=True)
    if kind == "thousands":
        told = (
            f"{NAMES[mark]} in numbers group thousands: {example} is read as {grouped}, since numbers below 1000 have "
            f'none; if not, say data.decimal = "{mark}"'
        )
        return NumberStyle(OTHER[mark], (told,), doubtful=True)
    return None
