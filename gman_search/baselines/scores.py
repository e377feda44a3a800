"""Errors of a baseline at each step."""

from gman_search.baselines.base import Baseline
from gman_search.data.window_set import WindowSet
from gman_search.record import Scores
from gman_search.training.metrics import scores_by_step

__all__ = ["baseline_scores"]


def baseline_scores(baseline: Baseline, windows: WindowSet) -> dict[int, Scores]:
    """Scores of a fitted baseline at each step, from 1, over the observed targets; see `metrics.mean_of_steps`."""
    return scores_by_step(windows.targets, baseline.forecast(windows))
