"""The time of a run of some hours: until when it searches, and until when it trains, so that the test ends in time.

How long the test takes is estimated before anything was trained. Evaluations show how fast the machine is, and which
sizes of models will be tested, and the times are corrected by that.
"""

import time
from typing import NamedTuple

from gman_search.halving.finals import final_share_of_all
from gman_search.tuning.finals import test_seconds
from gman_search.tuning.search_study import SearchStudy
from gman_search.tuning.stored_study import Clock

__all__ = ["RunClock", "TimeLimit"]

LEAST_FINAL = 0.8
"""A schedule that is late may take so much less of the time that is set aside for final trainings."""
FIRST_LOOK = 3
"""Finished evaluations that show how fast the machine is."""
RENEWED_EVERY = 60.0
"""Seconds after which a clock that is over is set again."""


class TimeLimit(NamedTuple):
    """Of one run, which has so many `hours` since it `began`, by `time.monotonic()`.

    `planned`: how many configs are tried follows from the hours. Else they only end a search of so many configs as the
    user asked for, and the time is divided as without hours: configs first.
    """

    hours: float
    began: float
    planned: bool = True

    @property
    def ends(self) -> float:
        """When the hours are over, by `time.monotonic()`."""
        return self.began + 3600 * self.hours


class RunClock:
    """Sets the clock of a study for one run.

    Args:
        study: whose clock is set.
        limit: of the run; None: it has no clock.
        first_fit: seconds that the baselines' first fit took; None: that is not known.
    """

    def __init__(self, study: SearchStudy, limit: TimeLimit | None, first_fit: float | None = None) -> None:
        self._study, self._limit, self._first_fit = study, limit, first_fit
        self._test_seconds = test_seconds(study, (), first_fit)
        self._first = time.monotonic()
        self._looked_at = 0
        self._set()

    @property
    def until(self) -> float | None:
        """When training must have ended, by `time.monotonic()`."""
        if self._limit is None:
            return None
        return self._limit.ends - self._test_seconds

    def look(self) -> bool:
        """Correct the clock by what has ended since the last look; whether it was corrected."""
        if self._limit is None:
            return False
        if self._is_late() and time.time() - self._set_at > RENEWED_EVERY:
            self._set()  # a clock expires that was over long ago, and what began before it may train for minutes
        rows = self._study.table().rows()
        finished = sum(row.state.is_finished for row in rows)
        if finished < FIRST_LOOK or finished == self._looked_at:
            return False
        self._looked_at = finished
        self._test_seconds = test_seconds(self._study, rows, self._first_fit)
        self._set()
        return True

    def end(self) -> None:
        """The run is over, and with it the clock."""
        self._study.set_clock(None)

    def _is_late(self) -> bool:
        return self.until is not None and time.monotonic() > self.until

    def _set(self) -> None:
        """The search and the final trainings share the time until the test."""
        self._set_at = time.time()
        if self.until is None or self._limit is None:
            self._study.set_clock(None)
            return
        settings, seconds = self._study.spec.search, max(0.0, self.until - self._first)
        share = final_share_of_all(reference=settings.reference, hours=self._limit.planned)
        final = share * seconds if settings.most_finals else 0.0
        until = time.time() + max(0.0, self.until - time.monotonic())
        self._study.set_clock(Clock(until - LEAST_FINAL * final, until, self._limit.planned))
