"""Forecasting with an ensemble, and with whatever a folder holds."""

from collections.abc import Mapping
from copy import copy
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gman_search.baselines.base import Baseline
from gman_search.baselines.registry import baselines
from gman_search.data.usual import UsualValues
from gman_search.data.window_set import WindowSet
from gman_search.ensemble.candidate import exportable_weights, is_exportable
from gman_search.ensemble.store import EnsembleConfig, SavedEnsemble, is_ensemble, member_folder, read_ensemble
from gman_search.errors import DataError
from gman_search.forecasting.forecaster import Forecaster
from gman_search.forecasting.network import Backend, chosen_backend
from gman_search.forecasting.series_forecaster import SeriesForecaster

__all__ = ["EnsembleForecaster", "load_forecaster"]

Member = Forecaster | Baseline


class EnsembleForecaster(SeriesForecaster):
    """The weighted mean of some models and baselines, each with its own weight at every step.

    Args:
        ensemble: a folder as `gman-search run` leaves it in `studies/NAME/ensemble`, or one that was read.
        traced: as for `Forecaster`.
        backend: as for `Forecaster`; "auto" looks at the work of all members.
        exportable: only members that an export can hold, with their weights made to add up to 1.

    Raises:
        DataError: there is no ensemble, a member is missing or damaged, or none can be exported.
        UsageError: LightGBM, which a member needs, is not installed.
    """

    config: EnsembleConfig

    def __init__(
        self,
        ensemble: SavedEnsemble | Path | str,
        *,
        traced: bool = True,
        exportable: bool = False,
        backend: Backend = "auto",
    ) -> None:
        self.ensemble = ensemble if isinstance(ensemble, SavedEnsemble) else read_ensemble(Path(ensemble))
        config = self.ensemble.config
        weights, intervals = config.weights, self.ensemble.intervals
        if exportable:
            can = [is_exportable(member.kind, member.name) for member in config.members]
            if not any(can):
                raise DataError("expected an ensemble that can be exported; no member of this one can: use --single")
            left = exportable_weights(weights, can)
            if left is not None:
                weights, intervals = left, self.ensemble.exported_intervals or intervals
                config = config.model_copy(update={"coverage": {}})  # that of all members
        super().__init__(config, intervals, UsualValues(self.ensemble.usual), self.ensemble.holidays)
        chosen_backend(backend, 0)
        self._backend = backend
        self.members: list[tuple[NDArray[np.floating], Member]] = []
        for number, member in enumerate(config.members):
            if weights[:, number].any():
                folder = member_folder(self.ensemble.folder, number)
                opened = self._opened(member.kind, member.name, folder, traced)
                self.members.append((weights[:, number], opened))
        self._same = self._distinct()

    def values(self, windows: WindowSet, *, of: int | None = None) -> np.ndarray:
        """Forecasts (W, Q, N) in the data's unit."""
        total = np.zeros((len(windows), self.Q, len(self.sensors)))
        work = sum(member.work for _, member in self.members if isinstance(member, Forecaster))
        backend = chosen_backend(self._backend, work * (of or len(windows)))
        looked_up = {id(self._usual): windows}
        for weights, member in self.members:
            if isinstance(member, Forecaster):
                # A model was trained with usual values of the training part; those of the ensemble are newer.
                usual = self._same.get(id(member.usual), self._usual)
                if id(usual) not in looked_up and usual is not None:
                    looked_up[id(usual)] = replace(windows, usual=usual.at(windows.day, windows.time))
                forecast = member.values(looked_up[id(usual)], backend=backend)
            else:
                forecast = member.forecast(windows)
            total += weights[:, np.newaxis] * forecast
        return total.astype(np.float32)

    def with_baselines(self, kept: Mapping[str, Baseline], usual: UsualValues) -> "EnsembleForecaster":
        """The same weights and models, and the baselines in `kept`, which need `usual`, in place of those it has."""
        other = copy(self)
        other._usual = usual
        other._same = other._distinct()
        other.members = [
            (weights, member if isinstance(member, Forecaster) else kept.get(member.name, member))
            for weights, member in self.members
        ]
        return other

    def _distinct(self) -> dict[int, UsualValues]:
        """By id of a model's usual values, the first that are equal to them: the models of a study share theirs."""
        found = [] if self._usual is None else [self._usual]
        same = {}
        for _, member in self.members:
            if isinstance(member, Forecaster) and member.usual is not None:
                own = member.usual
                equal = next((one for one in found if np.array_equal(one.table, own.table)), None)
                if equal is None:
                    found.append(own)
                same[id(own)] = equal or own
        return same

    def _opened(self, kind: str, name: str, folder: Path, traced: bool) -> Member:
        if kind == "baseline":
            kinds = baselines()
            if name not in kinds:
                raise DataError(f"{folder}: expected one of the baselines {', '.join(kinds)}; received {name}")
            return kinds[name].load(folder)
        member = Forecaster(folder, traced=traced, backend=self._backend)
        if (member.sensors, member.P, member.Q) != (self.sensors, self.P, self.Q):
            raise DataError(f"{folder}: expected a model of the ensemble's sensors, P and Q; received another")
        return member


def load_forecaster(folder: Path | str, *, traced: bool = True, backend: Backend = "auto") -> SeriesForecaster:
    """The ensemble of a study or of `folder` itself, where it has one; else the saved model in `folder`.

    `traced` and `backend` as for `Forecaster`.

    Raises:
        DataError: there is neither, or it is damaged.
    """
    place = Path(folder)
    for candidate in (place, place / "ensemble"):
        if is_ensemble(candidate):
            return EnsembleForecaster(candidate, traced=traced, backend=backend)
    winner = place / "winner"
    is_study = not (place / "weights.npz").is_file() and (winner / "weights.npz").is_file()
    return Forecaster(winner if is_study else place, traced=traced, backend=backend)
