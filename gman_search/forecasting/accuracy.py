"""How good forecasts were: at each step, for each sensor, in each hour of the day, on each weekday (pure)."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gman_search.metrics import masked_scores, mean_of_steps, scores_by_step
from gman_search.missing import is_observed
from gman_search.record import Scores

__all__ = ["Accuracy", "accuracy"]

Array = NDArray[np.floating]


@dataclass(frozen=True)
class Accuracy:
    """Masked errors of W windows.

    `steps[q]` scores the q-th step alone, `mean` averages the steps' scores, as the original prints it. `sensors`,
    `hours` and `days` score all steps together: a sensor's, and those of which the forecast moment lies in that hour of
    the day (0 to 23, local time) or on that weekday (0 is Monday). An hour or weekday that no forecast speaks of is not
    among them; where nothing was observed, scores are NaN. `masked_share` of the readings were missing.
    """

    windows: int
    masked_share: float
    steps: Mapping[int, Scores]
    mean: Scores
    sensors: Mapping[str, Scores]
    hours: Mapping[int, Scores]
    days: Mapping[int, Scores]


def accuracy(
    truth: Array,
    forecast: Array,
    hours: NDArray[np.integer],
    days: NDArray[np.integer],
    sensors: tuple[str, ...],
) -> Accuracy:
    """Scores of `forecast` (W, Q, N) against `truth`, with `hours` and weekdays of the forecast moments (W, Q).

    Raises:
        ValueError: the shapes differ.
    """
    steps = scores_by_step(truth, forecast)
    return Accuracy(
        windows=len(truth),
        masked_share=float(np.mean(~is_observed(truth))),
        steps=steps,
        mean=mean_of_steps(steps),
        sensors={name: masked_scores(truth[:, :, i], forecast[:, :, i]) for i, name in enumerate(sensors)},
        hours=_by(hours, truth, forecast),
        days=_by(days, truth, forecast),
    )


def _by(moments: NDArray[np.integer], truth: Array, forecast: Array) -> dict[int, Scores]:
    chosen = {int(value): moments == value for value in np.unique(moments)}
    return {value: masked_scores(truth[where], forecast[where]) for value, where in chosen.items()}
