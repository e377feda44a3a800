"""Which of the quantities in an array (steps, sensors, channels) is meant, and what each looks like."""

import re
from pathlib import Path

import numpy as np

from gman_search.errors import DataError
from gman_search.reading_options import CHOOSE_CHANNEL

__all__ = ["choose_channel", "clock_in", "is_pems_04_or_08"]

CHANNELS = ("flow", "occupancy", "speed")
"""Of PEMS04 and PEMS08; PEMS03 and PEMS07 have the flow alone."""
KNOWN_SHAPES = ((16992, 307), (17856, 170))
KNOWN_NAMES = re.compile(r"pems_?d?0?[48](?!\d)", re.IGNORECASE)
LONGEST_CYCLE = 1440


def is_pems_04_or_08(path: Path, shape: tuple[int, ...]) -> bool:
    """Whether an array (steps, sensors, channels) is one of the two published files, by its name or its size."""
    return shape[2:] == (3,) and (KNOWN_NAMES.match(path.name) is not None or shape[:2] in KNOWN_SHAPES)


def choose_channel(path: Path, array: np.ndarray, wish: int | str | None) -> tuple[int, tuple[str, ...]]:
    """Number of the channel in an array (S, N, C) that is meant by `wish`, and notes on it.

    Raises:
        DataError: no choice among several channels, or one that is not there; with what each channel has.
    """
    count = array.shape[2]
    named = is_pems_04_or_08(path, array.shape)
    wanted = str(wish).strip().lower()
    known = {str(index): index for index in range(count)}
    if named:
        known |= {name: index for index, name in enumerate(CHANNELS)}
    notes: tuple[str, ...] = ()
    if count == 1 and (wish is None or wanted in CHANNELS):
        chosen = 0  # a lone channel has no name that could contradict
    elif wanted in known:
        chosen = known[wanted]
    else:
        received = "none was chosen" if wish is None else f"received {wish!r}"
        choices = ", ".join(_described(array[:, :, index], str(index), CHANNELS[index] if named else "")
                            for index in range(count))  # fmt: skip
        raise DataError(f"{path}: expected the channel to forecast, one of {choices}; {received}: {CHOOSE_CHANNEL}")
    clock = clock_in(array[:, :, chosen])
    if clock is not None:
        notes = (f"channel {chosen} looks like a clock, not like readings: {clock}; choose another one (data.channel)",)
    return chosen, notes


def clock_in(values: np.ndarray) -> str | None:
    """Why a channel (S, N) is rather a clock or calendar than readings, or None."""
    values = values if values.dtype.kind == "f" else values.astype(np.float64)
    low, high = np.nanmin(values, initial=np.inf), np.nanmax(values, initial=-np.inf)
    if not low < high < np.inf:
        return None
    if values.shape[1] > 1 and (values == values[:, :1]).all():
        return f"it is the same for all sensors at every time ({low:g} to {high:g})"
    cycle = int(high) + 1
    if low != 0 or cycle > LONGEST_CYCLE or len(values) < cycle or (values != np.floor(values)).any():
        return None
    # From one row to the next a clock goes on by one, stands still, or begins anew.
    if np.isin(np.diff(values, axis=0) % cycle, (0, 1)).all():
        kind = "days of the week" if cycle == 7 else "times of day"
        return f"it counts from 0 to {high:g} again and again, as {kind} do"
    return None


def _described(values: np.ndarray, number: str, name: str) -> str:
    label = f"{number} = {name}" if name else number
    seen = values[np.isfinite(values)]
    if not len(seen):
        return f"{label} (no numbers)"
    told = f"{seen.min():.4g} to {seen.max():.4g}, mean {seen.mean():.4g}"
    return f"{label} ({told}{', a clock' if clock_in(values) else ''})"
