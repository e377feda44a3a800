"""What a search delivers in addition to its winner: the baselines, the ensemble and the leaderboard."""

import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np

from gman_search.baselines.base import Baseline
from gman_search.data.task import ForecastDataset
from gman_search.data.usual import UsualValues
from gman_search.data.window_set import WindowSet
from gman_search.data_spec import DataSpec
from gman_search.ensemble.build import Chosen, Tested, choose_members, test_members
from gman_search.ensemble.candidate import Candidate, Opened
from gman_search.ensemble.check import mean_error
from gman_search.ensemble.store import (
    SavedEnsemble,
    WithoutTrees,
    member_folder,
    write_ensemble,
)
from gman_search.ensemble.untested import saved_ensemble
from gman_search.forecasting.intervals import coverage
from gman_search.forecasting.model_io import write_saved_model
from gman_search.halving.evaluations import Evaluation
from gman_search.io.atomic import atomic_folder
from gman_search.metrics import mean_of_steps, scores_by_step
from gman_search.record import EnsembleTest, LeaderboardRow, TestResult
from gman_search.tuning.kept_baselines import Fitted, KeptBaselines

if TYPE_CHECKING:
    from gman_search.training.test_evaluator import TestEvaluator

__all__ = ["ENSEMBLE", "Delivery", "candidates_of", "opened_for_test", "shown_evaluations", "training_costs"]

ENSEMBLE = "ensemble"
SHOWN = 5
"""Evaluations in the leaderboard besides winner and reference."""
PERCENTS = (50, 80, 90, 95)


@dataclass(frozen=True)
class Delivery:
    """Makes the ensemble of a study and writes it into `folder`.

    Args:
        task: the data.
        data: how readings are read and filled in.
        folder: for the ensemble; replaced as a whole.
        on_warning: called with a message for each candidate that cannot be opened.
        usual: usual values that the delivered baselines need; None: those of the training part.
    """

    task: ForecastDataset
    data: DataSpec
    folder: Path
    on_warning: Callable[[str], None]
    usual: UsualValues | None = None

    def test(self, result: TestResult, candidates: Sequence[Candidate], shown: Sequence[str]) -> TestResult:
        """`result` with ensemble, leaderboard and the baselines that could be fitted.

        `shown` are names of the evaluations that the leaderboard has.
        """
        names = [*shown, *(candidate.name for candidate in candidates if candidate.kind == "baseline")]
        chosen = choose_members(self.task, candidates, self.on_warning)
        if chosen is None:
            shutil.rmtree(self.folder, ignore_errors=True)
            return replace(result, ensemble=None, leaderboard=(), refitted=())
        with atomic_folder(self.folder) as partial:

            def keep(candidate: Candidate, opened: Opened) -> None:
                number = [chosen.candidates[index] for index in chosen.members].index(candidate)
                opened.save(member_folder(partial, number))

            tested = test_members(self.task, chosen, names, keep)
            test = self._scored(chosen, tested)
            write_ensemble(self._saved(partial, chosen, tested, test))
        baselines = {row.name: {"steps": row.steps, "mean": row.mean} for row in tested.rows if row.kind == "baseline"}
        return replace(
            result,
            baselines={**result.baselines, **baselines},
            ensemble=test,
            leaderboard=_leaderboard(chosen, tested, test),
            refitted=tuple(each.name for each in chosen.candidates if each.refitted is not None),
        )

    def _scored(self, chosen: Chosen, tested: Tested) -> EnsembleTest:
        truth = _truth(self.task)
        steps = scores_by_step(truth, tested.forecast)
        covered = {
            percent: coverage(truth, tested.forecast, chosen.intervals, percent)
            for percent in PERCENTS
            if chosen.intervals.has(percent)
        }
        choice = chosen.choice
        return EnsembleTest(
            steps, mean_of_steps(steps), chosen.described(), choice.val_mae, choice.check, tested.forecast_ms, covered
        )

    def _saved(self, folder: Path, chosen: Chosen, tested: Tested, test: EnsembleTest) -> SavedEnsemble:
        task, without = self.task, None
        if tested.exportable is not None:
            without = WithoutTrees(with_all=test.mean.mae, exported=mean_error(_truth(task), tested.exportable))
        return saved_ensemble(
            task,
            self.data,
            chosen,
            folder,
            forecast_ms=test.forecast_ms,
            without_trees=without,
            coverage=test.coverage,
            usual=self.usual,
        )


def candidates_of(
    rows: Sequence[Evaluation],
    winner: Evaluation | None,
    lineage: Mapping[str, Evaluation],
    fitted: Mapping[str, Fitted],
    task: ForecastDataset,
    bench: Callable[[Path], Opened],
    weights: Callable[[Evaluation], Path],
    refitted: KeptBaselines | None = None,
) -> list[Candidate]:
    """Baselines and evaluations as candidates, the evaluations best first.

    `lineage` has the evaluations of a study by their keys, `weights` brings those of one into its folder, and `bench`
    opens a folder with weights. `refitted` are the baselines that are tested in place of those that are chosen among;
    None: the same. There is no `winner` while nothing has finished.
    """

    def evaluation(row: Evaluation) -> Candidate:
        def opened() -> Opened:
            return bench(weights(row))

        role: Literal["winner", "reference", "evaluation"] = "evaluation"
        if winner is not None and row.key == winner.key:
            role = "winner"
        elif row.control == "reference":
            role = "reference"
        return Candidate(row.key, "evaluation", row.key, role, training_costs(row, lineage), opened)

    windows = replace(task.windows("val"), starts=np.arange(len(task.targets)))
    later = windows
    if refitted is not None and refitted.usual is not None:
        later = replace(windows, usual=refitted.usual.at(task.day_of_week, task.time_of_day))

    def of(baseline: Baseline, windows: WindowSet) -> Opened:
        return Opened(lambda starts: baseline.forecast(windows.take(starts)), baseline.save)

    def baseline(name: str, found: Fitted) -> Candidate:
        opened = partial(of, found.baseline, windows)
        again = None if refitted is None else partial(of, refitted.baselines[name], later)
        parts = (name, found.baseline.builds_on)
        costs = {each: fitted[each].seconds for each in parts if each is not None and each in fitted}
        return Candidate(name, "baseline", None, "baseline", costs, opened, again)

    return [*(evaluation(row) for row in rows), *(baseline(*item) for item in fitted.items())]


def opened_for_test(bench: "TestEvaluator", source: Path) -> Opened:
    """The evaluation in the folder `source` as `bench` opens it."""
    saved, forecast = bench.opened(source)
    return Opened(forecast, lambda folder: write_saved_model(saved, folder))


def shown_evaluations(rows: Sequence[Evaluation], winner: Evaluation, most: int = SHOWN) -> list[Evaluation]:
    """Winner, reference and the `most` best others of `rows`, which come best first."""
    apart = [row for row in rows if row.key == winner.key or row.control == "reference"]
    return [*apart, *[row for row in rows if row not in apart][:most]]


def training_costs(row: Evaluation, lineage: Mapping[str, Evaluation]) -> dict[str, float]:
    """Seconds of training of `row` and of all that it was grown from, by key."""
    costs: dict[str, float] = {}
    ancestor: Evaluation | None = row
    while ancestor is not None and ancestor.key not in costs:
        costs[ancestor.key] = ancestor.seconds
        ancestor = lineage.get(ancestor.parent or "")
    return costs


def _leaderboard(chosen: Chosen, tested: Tested, test: EnsembleTest) -> tuple[LeaderboardRow, ...]:
    costs = {key: seconds for index in chosen.members for key, seconds in chosen.candidates[index].costs.items()}
    delivered = LeaderboardRow(
        name=ENSEMBLE,
        kind=ENSEMBLE,
        key=None,
        val_mae=test.val_mae,
        steps=test.steps,
        mean=test.mean,
        train_seconds=sum(costs.values()),
        forecast_ms=test.forecast_ms,
    )
    return tuple(sorted([delivered, *tested.rows], key=lambda row: (not np.isfinite(row.val_mae), row.val_mae)))


def _truth(task: ForecastDataset) -> np.ndarray:
    readings: np.ndarray = task.windows("test").targets
    return readings
