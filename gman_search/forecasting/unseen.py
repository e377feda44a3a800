"""Which readings of a file a model can be scored on: never those that it was trained on or chosen by."""

from dataclasses import dataclass

import numpy as np

from gman_search.data.series import TrafficSeries
from gman_search.data.stored import StoredData, duration_of_rows
from gman_search.errors import DataError
from gman_search.forecasting.backtest import Windows
from gman_search.forecasting.series_forecaster import SeriesForecaster

__all__ = ["Unseen", "unseen_windows"]


@dataclass(frozen=True)
class Unseen:
    """Windows whose targets the model has not seen, and how many rows of the file belong to which part.

    `new` rows come after all of the study's; `test` ones lie in its test part, `known` ones in its training and
    validation parts, `older` ones before it. The windows' targets are new rows; where there are none, those of the test
    part.
    """

    windows: Windows
    new: int
    test: int
    known: int
    older: int
    stored: StoredData

    def notes(self) -> list[str]:
        """What is scored and what is not, in words."""
        until, end = (getattr(self.stored, name).replace("T", " ") for name in ("known_until", "last"))
        rows = [f"{self.known} rows in the training and validation parts (until {until})"] if self.known else []
        if self.older:
            rows.append(f"{self.older} rows before them")
        if self.new:
            rows += [f"{self.test} rows in the test part (until {end})"] if self.test else []
            length = duration_of_rows(self.new, self.stored.step_minutes)
            told = [f"new readings since the study: {length} ({self.new} rows); these are scored"]
        else:
            told = [
                f"no row is newer than the study, which ends at {end}: {self.test} rows of its test part are scored"
            ]
        return [*told, f"left out of the scores: {' and '.join(rows)}"] if rows else told


def unseen_windows(model: SeriesForecaster, readings: TrafficSeries, stored: StoredData) -> Unseen:
    """The windows of `readings` that can be scored; `stored` is what the model remembers of its data.

    Earlier rows may be inputs of a window: only what is forecast must be unseen.

    Raises:
        DataError: no row is after the training and validation parts, or too few for a window.
    """
    series = model.known(readings)
    times = series.times.astype("datetime64[m]")
    older = int((times < stored.time("first")).sum())
    known = int((times <= stored.time("known_until")).sum()) - older
    test = int((times <= stored.time("last")).sum()) - older - known
    new = len(times) - older - known - test
    if not new and not test:
        raise DataError(
            f"expected readings after {stored.known_until}, up to which the model was trained and chosen; these are "
            f"from {times[0]} to {times[-1]}: name a file of newer ones"
        )
    first = older + known + (test if new else 0)
    starts = np.arange(max(0, first - model.P), len(times) - model.P - model.Q + 1)
    if not len(starts):
        raise DataError(
            f"expected at least Q = {model.Q} rows after {stored.last if new else stored.known_until}, and "
            f"P = {model.P} before the first that is forecast; received {len(times) - first} after it of {len(times)} "
            "rows: name a file of more"
        )
    return Unseen(Windows(series, starts), new, test, known, older, stored)
