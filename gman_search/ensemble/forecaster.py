"""Forecasting with an ensemble, and with whatever a folder holds."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gman_search.baselines.base import Baseline
from gman_search.baselines.registry import baselines
from gman_search.data.usual import UsualValues
from gman_search.data.window_set import WindowSet
from gman_search.ensemble.build import exportable_weights
from gman_search.ensemble.candidate import is_exportable
from gman_search.ensemble.store import EnsembleAbout, SavedEnsemble, is_ensemble, member_folder, read_ensemble
from gman_search.errors import DataError
from gman_search.forecasting.forecaster import Forecaster
from gman_search.forecasting.series_forecaster import SeriesForecaster

__all__ = ["EnsembleForecaster", "load_forecaster"]

Member = Forecaster | Baseline


class EnsembleForecaster(SeriesForecaster):
    """The weighted mean of some models and baselines, each with its own weight at every step.

    Args:
        ensemble: a folder as `gman-search run` leaves it in `studies/NAME/ensemble`, or one that was read.
        traced: as for `Forecaster`.
        exportable: only members that an export can hold, with their weights made to add up to 1.

    Raises:
        DataError: there is no ensemble, a member is missing or damaged, or none can be exported.
        UsageError: LightGBM, which a member needs, is not installed.
    """

    about: EnsembleAbout

    def __init__(self, ensemble: SavedEnsemble | Path | str, *, traced: bool = True, exportable: bool = False) -> None:
        self.ensemble = ensemble if isinstance(ensemble, SavedEnsemble) else read_ensemble(Path(ensemble))
        about = self.ensemble.about
        weights, intervals = about.weights, self.ensemble.intervals
        if exportable:
            can = [is_exportable(member.kind, member.name) for member in about.members]
            if not any(can):
                raise DataError("expected an ensemble that can be exported; no member of this one can: use --single")
            left = exportable_weights(weights, can)
            if left is not None:
                weights, intervals = left, self.ensemble.exported_intervals or intervals
                about = about.model_copy(update={"coverage": {}})  # that of all members
        super().__init__(about, intervals, UsualValues(self.ensemble.usual), self.ensemble.holidays)
        self.members: list[tuple[NDArray[np.floating], Member]] = []
        for number, member in enumerate(about.members):
            if weights[:, number].any():
                folder = member_folder(self.ensemble.folder, number)
                opened = self._opened(member.kind, member.name, folder, traced)
                self.members.append((weights[:, number], opened))

    def values(self, windows: WindowSet) -> np.ndarray:
        """Forecasts (W, Q, N) in the data's unit."""
        total = np.zeros((len(windows), self.Q, len(self.sensors)))
        for weights, member in self.members:
            forecast = member.values(windows) if isinstance(member, Forecaster) else member.forecast(windows)
            total += weights[:, np.newaxis] * forecast
        return total.astype(np.float32)

    def _opened(self, kind: str, name: str, folder: Path, traced: bool) -> Member:
        if kind == "baseline":
            kinds = baselines()
            if name not in kinds:
                raise DataError(f"{folder}: expected one of the baselines {', '.join(kinds)}; received {name}")
            return kinds[name].load(folder)
        member = Forecaster(folder, traced=traced)
        if (member.sensors, member.P, member.Q) != (self.sensors, self.P, self.Q):
            raise DataError(f"{folder}: expected a model of the ensemble's sensors, P and Q; received another")
        return member


def load_forecaster(folder: Path | str, *, traced: bool = True) -> SeriesForecaster:
    """The ensemble of a study or of `folder` itself, where it has one; else the saved model in `folder`.

    Raises:
        DataError: there is neither, or it is damaged.
    """
    place = Path(folder)
    for candidate in (place, place / "ensemble"):
        if is_ensemble(candidate):
            return EnsembleForecaster(candidate, traced=traced)
    winner = place / "winner"
    is_study = not (place / "weights.npz").is_file() and (winner / "weights.npz").is_file()
    return Forecaster(winner if is_study else place, traced=traced)
