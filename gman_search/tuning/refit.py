"""What a study delivers, trained again on all readings: the winner, and every member of the ensemble."""

import json
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from gman_search.baselines.base import shared_regression
from gman_search.baselines.registry import baselines
from gman_search.data.task import ForecastDataset
from gman_search.ensemble.store import (
    SavedEnsemble,
    is_ensemble,
    member_folder,
    read_ensemble,
    write_ensemble,
)
from gman_search.errors import DataError
from gman_search.forecasting.model_io import SavedModel, read_saved_model, write_saved_model
from gman_search.forecasting.refit_facts import RefitFacts
from gman_search.halving.refit import BEST_RULE, RefitRule
from gman_search.io.atomic import atomic_folder
from gman_search.tuning.kept_baselines import cores

if TYPE_CHECKING:
    from gman_search.training.on_all import AllReadings

__all__ = ["ABOUT", "ENSEMBLE", "REFIT", "WINNER", "Refit", "is_refit", "read_facts", "refit_facts"]

REFIT, ABOUT, ENSEMBLE, WINNER = "refit", "refit.json", "ensemble", "winner"
SCHEMA = "gman-search/refit/1"

Say = Callable[[str], None]


@dataclass(frozen=True)
class Refit:
    """Refits the deliverable in `source`, which has a folder `winner` and mostly a folder `ensemble`, and stays.

    Args:
        source: of a study.
        task: with all readings in its training part; see `data.all_readings.task_of_all`.
        facts: what it will say of itself.
        seed: of the baselines.
        say: called with what is being trained.
        rule: how GMANs are trained on.
    """

    source: Path
    task: ForecastDataset
    facts: RefitFacts
    seed: int
    say: Say
    rule: RefitRule = BEST_RULE

    def write(self, target: Path) -> RefitFacts:
        """Train and write `target`, laid out as `source` is; it is replaced as a whole. Needs TensorFlow started.

        Raises:
            DataError: a model is missing or damaged, or `target` cannot be written.
            UsageError: LightGBM, which a member needs, is not installed.
        """
        from gman_search.training.on_all import AllReadings

        winner = read_saved_model(self.source / WINNER)
        ensemble = read_ensemble(self.source / ENSEMBLE) if is_ensemble(self.source / ENSEMBLE) else None
        with atomic_folder(target) as partial, tempfile.TemporaryDirectory(prefix="gman-search-") as scratch:
            models = AllReadings(self.task, self.facts.new_windows, self.rule, Path(scratch), self.say)
            steps: dict[str, int] = {}
            new = None if ensemble is None else self._members(ensemble, winner, models, partial / ENSEMBLE, steps)
            if new is None:
                new = self._model(winner, WINNER, models, steps)
            write_saved_model(new, partial / WINNER)
            facts = self.facts.model_copy(update={"steps": steps})
            if ensemble is not None:
                config = ensemble.config.model_copy(update={"coverage": {}, "without_trees": None, "refit": facts})
                usual = self.task.usual.table
                write_ensemble(replace(ensemble, folder=partial / ENSEMBLE, config=config, usual=usual))
            described = {"schema": SCHEMA, **facts.model_dump(mode="json"), "unchanged": facts.unchanged}
            (partial / ABOUT).write_text(json.dumps(described, indent=2) + "\n", encoding="utf-8")
        return facts

    def _members(
        self, ensemble: SavedEnsemble, winner: SavedModel, models: "AllReadings", folder: Path, steps: dict[str, int]
    ) -> SavedModel | None:
        """Every member into `folder`; returns the winner's, where it is one of them."""
        found: SavedModel | None = None
        regression = shared_regression(self.task)
        for number, member in enumerate(ensemble.config.members):
            into = member_folder(folder, number)
            if member.kind == "baseline":
                self.say(f"fitting {member.name}")
                baseline = baselines()[member.name]()
                baseline.fit(self.task, threads=cores(), seed=self.seed, regression=regression)
                baseline.save(into)
                continue
            saved = read_saved_model(member_folder(ensemble.folder, number))
            new = self._model(saved, member.name, models, steps)
            write_saved_model(new, into)
            if _same(saved, winner):
                found = new
        return found

    def _model(self, saved: SavedModel, name: str, models: "AllReadings", steps: dict[str, int]) -> SavedModel:
        self.say(f"training {name} on for {models.steps_of(saved, name)} steps")
        new = models.refitted(saved, name, self.facts)
        steps |= new.config.refit.steps if new.config.refit is not None else {}
        return new


def refit_facts(task: ForecastDataset, trained_windows: int, tested_mae: float | None = None) -> RefitFacts:
    """Facts of a refit on `task`, of whose windows the tested model was trained on the first `trained_windows`."""
    windows, times = len(task.starts["train"]), task.series.times.astype("datetime64[m]")
    return RefitFacts(
        first=str(times[0]).replace("T", " "),
        until=str(times[-1]).replace("T", " "),
        windows=windows,
        new_windows=windows - trained_windows,
        tested_mae=tested_mae,
    )


def is_refit(folder: Path) -> bool:
    """Whether `folder` is what a refit left."""
    return (folder / ABOUT).is_file()


def read_facts(folder: Path) -> RefitFacts:
    """The facts of the refit in `folder`.

    Raises:
        DataError: they are damaged.
    """
    file = folder / ABOUT
    try:
        return RefitFacts.model_validate_json(file.read_bytes())
    except (OSError, ValueError):
        raise DataError(f"{file}: expected the description of a refit; it is damaged: refit again") from None


def _same(one: SavedModel, other: SavedModel) -> bool:
    """Whether both have the same weights."""
    return one.weights.keys() == other.weights.keys() and all(
        np.array_equal(array, other.weights[name]) for name, array in one.weights.items()
    )
