"""What is left over of recorded curves, drawn anew: a Gaussian copula with the recorded marginals.

To draw a recorded run's residuals as they are would not do: of hundreds of configs the winners would all have those of
one run. A normal luck of their covariance would not do either: residuals are skewed, few runs are much better than
foretold and some are much worse, and its best draws were lower than any recorded model by several percent.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri
from scipy.stats import rankdata

__all__ = ["Luck"]


class Luck:
    """Draws residual curves that rank with each other as the recorded ones do, with their distribution in every column.

    Args:
        left_over: residuals of recorded runs, (R, C): a column is one epoch's validation or test MAE.
    """

    def __init__(self, left_over: NDArray[np.float64]) -> None:
        runs = len(left_over)
        self._places = (np.arange(runs) + 0.5) / runs
        scores = ndtri((rankdata(left_over, axis=0) - 0.5) / runs)
        self._scores = scores / np.sqrt((scores**2).mean(axis=0))
        self._ordered = np.sort(left_over, axis=0)

    def __call__(self, weights: NDArray[np.float64]) -> NDArray[np.float64]:
        """(C,). Two kinds of evaluation share a luck as far as they were recorded together, by the same weights.

        Args:
            weights: of the recorded runs, (R,), normal with variance 1 / R.
        """
        chances = ndtr(weights @ self._scores)
        columns = zip(chances, self._ordered.T, strict=True)
        return np.array([np.interp(chance, self._places, column) for chance, column in columns])
