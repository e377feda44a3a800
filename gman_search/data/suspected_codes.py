"""Numbers among readings that look like codes for missing ones, such as 99999 or -1 (pure)."""

from collections.abc import Iterator

import numpy as np

__all__ = ["suspected_codes", "suspicion"]

REPEATED, USUAL_REPEATED = 5, 2
FAR, USUAL_FAR = 5.0, 2.0
"""How many times the largest other reading a code is at least, and one that is usual as a code."""
FULL = (255.0, 1023.0, 4095.0, 32767.0, 65535.0)
"""The largest numbers of so many bits; codes of nines alone, such as 999, are usual, too."""
LOOKED_AT = 6
"""The largest different numbers that are looked at: a few faults may lie above a code."""
LEAST_NINES = 99
PART_READINGS = 2**22


def suspected_codes(values: np.ndarray) -> tuple[float, ...]:
    """Numbers that come again and again far off all others: negative ones first, then by size.

    Args:
        values: readings of any shape, NaN where there is none; 0 is a missing reading and no code.
    """
    # No reading is negative: a negative number that comes again is a code, many different ones are faults.
    negative = [-size for size, count, _ in _largest(values, -1) if count >= USUAL_REPEATED]
    large = [size for size, count, rest in _largest(values) if rest > 0 and _is_far(size, count, rest)]
    return (*sorted(negative), *sorted(large))


def suspicion(codes: tuple[float, ...]) -> str:
    """What a reader of files says of them."""
    listed = ", ".join(f"{code:.15g}" for code in codes)
    return (
        f"{listed} may stand for missing readings, far off all others and several times in the file: if so, say "
        f"data.missing_codes = [{listed}]"
    )


def _is_far(size: float, count: int, rest: float) -> bool:
    usual = size in FULL or (size >= LEAST_NINES and set(f"{size:.15g}") == {"9"})
    return (usual and count >= USUAL_REPEATED and size >= USUAL_FAR * rest) or (
        count >= REPEATED and size >= FAR * rest
    )


def _largest(values: np.ndarray, sign: int = 1) -> list[tuple[float, int, float]]:
    """The largest different numbers above 0 of `sign` times `values`.

    Each with how often it comes, and the next one below (0: none).
    """
    found: list[tuple[float, int, float]] = []
    size = _largest_below(values, sign, np.inf)
    if any((sign * part == np.inf).any() for part in _parts(values)):
        return found
    while size > 0 and len(found) < LOOKED_AT:
        count = sum(int(np.count_nonzero(sign * part == size)) for part in _parts(values))
        rest = _largest_below(values, sign, size)
        found.append((size, count, rest))
        size = rest
    return found


def _largest_below(values: np.ndarray, sign: int, size: float) -> float:
    """The largest of `sign` times `values` that is below `size`; 0 where none is above 0."""
    largest = 0.0
    for part in _parts(values):
        signed = sign * part
        largest = float(np.fmax.reduce(signed, axis=None, initial=largest, where=signed < size))
    return largest


def _parts(values: np.ndarray) -> Iterator[np.ndarray]:
    """Some of the readings at a time: a copy of a year of 2,000 sensors has 2 GB."""
    whole = np.atleast_1d(values)
    rows = max(1, PART_READINGS // max(1, whole[:1].size))
    return (whole[first : first + rows] for first in range(0, len(whole), rows))
