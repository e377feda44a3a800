"""How often prediction intervals held on the test part, beside what they promise (pure)."""

from dataclasses import dataclass

from gman_search.record import StudyRecord

__all__ = ["IntervalRow", "IntervalSummary", "interval_summary"]


@dataclass(frozen=True)
class IntervalRow:
    """Intervals that promise `percent`; all others are percent of the readings, `width` is in the data's unit.

    `slow` is what held where the forecast was slow, `lowest_sensor` at the sensor where they held least often.
    """

    percent: int
    held: float
    by_step: tuple[float, ...]
    slow: float
    lowest_sensor: float
    width: float

    @property
    def short(self) -> float:
        """Percentage points by which they held less often than promised."""
        return self.percent - self.held


@dataclass(frozen=True)
class IntervalSummary:
    """One row for each promise, smallest first; `minutes` ahead of the steps.

    `role` is whose intervals they are: those of the "ensemble" where that is delivered, else of the "winner".
    """

    unit: str
    minutes: tuple[int, ...]
    rows: tuple[IntervalRow, ...]
    role: str = "winner"


def interval_summary(record: StudyRecord) -> IntervalSummary | None:
    """The measured coverage, or none where no intervals were tested."""
    test = record.test
    if test is None:
        return None
    of_ensemble = {} if test.ensemble is None else test.ensemble.coverage
    coverage = of_ensemble or test.coverage
    if not coverage:
        return None
    rows = tuple(
        IntervalRow(percent, found.held, found.by_step, found.slow, found.lowest_sensor, found.width)
        for percent, found in sorted(coverage.items())
    )
    minutes = tuple(step * record.step_minutes for step in range(1, 1 + max(len(row.by_step) for row in rows)))
    return IntervalSummary(record.unit, minutes, rows, "ensemble" if of_ensemble else "winner")
