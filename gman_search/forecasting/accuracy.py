"""How good forecasts were: at each step, for each sensor, in each hour of the day (pure)."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gman_search.record import Scores
from gman_search.training.metrics import masked_scores, mean_of_steps, scores_by_step

__all__ = ["Accuracy", "accuracy"]

Array = NDArray[np.floating]


@dataclass(frozen=True)
class Accuracy:
    """Masked errors of W windows.

    `steps[q]` scores the q-th step alone, `mean` averages the steps' scores, as the original prints it. `sensors` and
    `hours` score all steps together: a sensor's, and those of which the forecast moment lies in that hour of the day
    (0 to 23, local time). An hour that no forecast speaks of is not among them; where nothing was observed, scores are
    NaN. `masked_share` of the readings were missing.
    """

    windows: int
    masked_share: float
    steps: Mapping[int, Scores]
    mean: Scores
    sensors: Mapping[str, Scores]
    hours: Mapping[int, Scores]


def accuracy(truth: Array, forecast: Array, hours: NDArray[np.integer], sensors: tuple[str, ...]) -> Accuracy:
    """Scores of `forecast` (W, Q, N) against `truth`, with the `hours` of the forecast moments (W, Q).

    Raises:
        ValueError: the shapes differ.
    """
    steps = scores_by_step(truth, forecast)
    return Accuracy(
        windows=len(truth),
        masked_share=float(np.mean(~np.isfinite(truth) | (truth == 0))),
        steps=steps,
        mean=mean_of_steps(steps),
        sensors={name: masked_scores(truth[:, :, i], forecast[:, :, i]) for i, name in enumerate(sensors)},
        hours={int(hour): masked_scores(truth[hours == hour], forecast[hours == hour]) for hour in np.unique(hours)},
    )
