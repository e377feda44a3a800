"""Numbers among readings that look like codes for missing ones, such as 99999 or -1 (pure)."""

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


def suspected_codes(values: np.ndarray) -> tuple[float, ...]:
    """Numbers that come again and again far off all others: negative ones first, then by size.

    Args:
        values: readings of any shape, NaN where there is none; 0 is a missing reading and no code.
    """
    # No reading is negative: a negative number that comes again is a code, many different ones are faults.
    negative = [-size for size, count, _ in _largest(-values) if count >= USUAL_REPEATED]
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


def _largest(values: np.ndarray) -> list[tuple[float, int, float]]:
    """The largest different numbers above 0: each with how often it comes, and the next one below (0: none)."""
    found: list[tuple[float, int, float]] = []
    left = values
    size = float(np.fmax.reduce(left, axis=None, initial=0.0))
    while 0 < size < np.inf and len(found) < LOOKED_AT:
        is_size = left == size
        left = np.where(is_size, np.nan, left)
        rest = float(np.fmax.reduce(left, axis=None, initial=0.0))
        found.append((size, int(is_size.sum()), rest))
        size = rest
    return found
