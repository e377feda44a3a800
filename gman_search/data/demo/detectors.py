"""From simulated speeds to what loop detectors report: noise, rounding, gaps."""

from dataclasses import dataclass

import numpy as np

__all__ = ["Wear", "draw_wear", "report"]

NOISE = 1.1
"""Standard deviation in mph of a five-minute reading, however many vehicles passed."""
SPREAD = 4.5
"""Standard deviation in mph between drivers: few vehicles at night give an uncertain mean."""
FEWEST = 6.0
DROPOUTS = 0.015
"""Share of single readings lost."""
OUTAGES = 0.09
"""Chance a sensor and day that it fails for some hours."""
HIGHEST = 80.0


@dataclass(frozen=True)
class Wear:
    """How each of N sensors is off, all its life: reported = true * gain (N,)."""

    gain: np.ndarray


def draw_wear(count: int, rng: np.random.Generator) -> Wear:
    """Calibration errors of `count` sensors, about two per cent."""
    return Wear(1 + rng.normal(0, 0.02, size=count))


def report(speeds: np.ndarray, flows: np.ndarray, wear: Wear, rng: np.random.Generator) -> np.ndarray:
    """Readings (T, N) in mph with one decimal, 0 where missing.

    Args:
        speeds: true mean speeds (T, N) in mph.
        flows: vehicles per bin (T, N).
        wear: of the same N sensors.
        rng: this day's own generator.
    """
    deviation = np.sqrt(NOISE**2 + SPREAD**2 / np.maximum(flows, FEWEST))
    noisy = speeds * wear.gain + rng.normal(size=speeds.shape) * deviation
    # 0 means missing, so that a standing queue still reads above it.
    readings = np.round(np.clip(noisy, 2.0, HIGHEST), 1)
    readings[_lost(speeds.shape, rng)] = 0.0
    return readings


def _lost(shape: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
    rows, columns = shape
    lost = rng.random(shape) < DROPOUTS
    for column in range(columns):
        if rng.random() < OUTAGES:
            start, length = int(rng.integers(rows)), int(rng.integers(12, 84))
            lost[start : start + length, column] = True
    return lost
