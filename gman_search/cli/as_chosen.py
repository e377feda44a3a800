"""An ensemble as it was chosen, for errors on the validation part: the baselines in it have learned from that since."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gman_search.cli.run_locator import SavedRun
    from gman_search.forecasting.series_forecaster import SeriesForecaster

__all__ = ["NOTE", "SEEN", "as_chosen"]

SEEN = ("train", "val")
"""Parts that the delivered baselines have learned from."""

NOTE = (
    "baselines, also those in the ensemble, are those that the choice was made among; those that are delivered were "
    "trained on the validation part, too"
)


def as_chosen(run: "SavedRun", model: "SeriesForecaster") -> "SeriesForecaster":
    """`model`, which is that of `run`, with the baselines that it was chosen among, where it has some."""
    from gman_search.ensemble.forecaster import EnsembleForecaster

    if not isinstance(model, EnsembleForecaster) or model.config.refit is not None or run.interim:
        return model
    kept = run.baselines(lambda text: None, as_tested=False)
    return model if kept.usual is None else model.with_baselines(kept.baselines, kept.usual)
