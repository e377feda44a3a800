"""Searches as they are compared: each tells what to train next and learns what came of it.

All draw from the product's own space, and all here try the guide's config first, as the product does. The product's own
search is its stages and its sampler; Optuna's samplers and pruners are Optuna's; the schedule of KerasTuner's Hyperband
is written anew from its documented formulas, because the package cannot be asked without training.
"""

import math
import sys
import warnings
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np
import optuna
from optuna.trial import TrialState

from gman_search.halving.cost import LEAST_FACTOR
from gman_search.halving.evaluations import Evaluation, State
from gman_search.halving.halving_schedule import HalvingSchedule
from gman_search.halving.promotion import Decision, Done, Promote, Sample, decide_on
from gman_search.halving.rungs import Rungs
from gman_search.space import SearchSpace
from gman_search.tuning.sampling import ConfigSampler, distributions

__all__ = ["DRAWN", "METHODS", "PRESET", "STAGES", "AtFull", "Halving", "KerasTunerHyperband", "Method", "Work"]

STAGES = ("quick", "medium", "full")
STARTUP = 10
BY_COST = (LEAST_FACTOR, LEAST_FACTOR)
"""What `eta = "cost"` comes to under the cut of `recorder.py`, by the product's cost model and by the clock."""
SPACE = SearchSpace()
DRAWN = distributions(SPACE)
PRESET = {name: value for name, value in SPACE.preset().items() if name in DRAWN}


@dataclass(frozen=True)
class Work:
    """Epochs `first` to `last` (from 1, both trained) of a config at one kind of evaluation."""

    config: int
    kind: str
    first: int
    last: int


class Method(Protocol):
    """A search."""

    params: dict[int, dict[str, Any]]
    """Hyperparameters of every config that has been asked for."""

    def ask(self) -> Work | None:
        """What to train next; None: nothing before something else has ended."""

    def tell(self, work: Work, val: list[float]) -> None:
        """The validation MAE after each epoch of `work`."""

    def standing(self, work: Work) -> int:
        """Of two evaluations the one that stands higher is the better; among equals the validation MAE decides."""


def _study(seed: int, sampler: str, pruner: optuna.pruners.BasePruner | None = None) -> optuna.Study:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        tpe = optuna.samplers.TPESampler(seed=seed, n_startup_trials=STARTUP, multivariate=True, constant_liar=True)
    chosen = tpe if sampler == "tpe" else optuna.samplers.RandomSampler(seed=seed)
    name = f"replay-{seed}"  # Hyperband draws brackets by it
    study = optuna.create_study(study_name=name, sampler=chosen, pruner=pruner or optuna.pruners.NopPruner())
    study.enqueue_trial(PRESET)
    return study


class Halving:
    """The product: its stages's decisions, its sampler.

    Args:
        seed: of the sampler.
        epochs: of every stage.
        trials: configs at quick scale.
        etas: reduction factors.
        sampler: `tpe` or `random`.
        synchronous: whether a stage must be complete before anything of it is promoted.
        grown: whether promoted models grow out of their smaller ones.
        startup: evaluations before the sampler learns.
    """

    def __init__(
        self,
        seed: int,
        epochs: int,
        trials: int = 50,
        etas: tuple[int, ...] = BY_COST,
        sampler: str = "tpe",
        synchronous: bool = False,
        grown: bool = True,
        startup: int = STARTUP,
    ) -> None:
        self._trials = trials
        self._ladder = HalvingSchedule(STAGES[: len(etas) + 1], etas, trials, synchronous)
        self._rungs, self._epochs, self.grown = Rungs(self._ladder.stages), epochs, grown
        self._waiting: deque[tuple[int, str]] = deque()
        # At random is TPE that never has enough to learn from.
        self._sampler = ConfigSampler(DRAWN, startup if sampler == "tpe" else sys.maxsize, seed)
        self._best: dict[tuple[int, str], float] = {}
        self.params: dict[int, dict[str, Any]] = {}
        self.rounds = 0

    def ask(self) -> Work | None:
        while isinstance(decision := self._decide(), Promote | Done):
            if isinstance(decision, Done):  # who has time left goes on with more trials
                self.rounds += 1
                self._ladder = replace(self._ladder, trials=self._ladder.trials + self._trials)
                continue
            self._rungs.put(Evaluation(decision.config_id, decision.stage))
            self._waiting.append((decision.config_id, decision.stage))
        if self._waiting:
            config, stage = max(self._waiting, key=lambda pair: STAGES.index(pair[1]))
            self._waiting.remove((config, stage))
        elif isinstance(decision, Sample):
            config, stage = len(self.params), STAGES[0]
            self.params[config] = self._draw(config)
            self._show(config, State.RUNNING)
        else:
            return None
        self._rungs.put(Evaluation(config, stage, state=State.RUNNING))
        return Work(config, stage if self.grown or stage == STAGES[0] else f"{stage} cold", 1, self._epochs)

    def _decide(self) -> Decision:
        return decide_on(self._rungs, self._ladder)

    def _draw(self, config: int) -> dict[str, Any]:
        return self._sampler.draw(config, PRESET if config == 0 else None)

    def _show(self, config: int, state: State, val_mae: float | None = None, epochs: int = 0) -> None:
        """Let the sampler see how a quick evaluation stands."""
        params, facts = self.params[config], {"trial": config}
        row = Evaluation(config, STAGES[0], state=state, val_mae=val_mae, epochs=epochs, params=params, facts=facts)
        self._sampler.see([row])

    def tell(self, work: Work, val: list[float]) -> None:
        stage = work.kind.removesuffix(" cold")
        best = self._best[work.config, stage] = min([*val, self._start(work)])
        self._rungs.put(Evaluation(work.config, stage, state=State.COMPLETE, val_mae=best))
        if stage == STAGES[0]:
            self._show(work.config, State.COMPLETE, best)

    def _start(self, work: Work) -> float:
        """A grown model starts as its parent ended, and that is its epoch 0; infinite for a cold one."""
        if not self.grown or work.kind == STAGES[0]:
            return math.inf
        return self._best[work.config, STAGES[STAGES.index(work.kind) - 1]]

    def standing(self, work: Work) -> int:
        return 0


class AtFull:
    """Optuna with every config at one scale from the start, and one of its pruners looking on after every epoch."""

    def __init__(
        self,
        seed: int,
        epochs: int,
        sampler: str,
        pruner: Callable[[int], optuna.pruners.BasePruner] | None = None,
        kind: str = "full cold",
    ) -> None:
        self._study = _study(seed, sampler, pruner(epochs) if pruner else None)
        self._epochs, self._prunes, self._kind = epochs, pruner is not None, kind
        self._open: dict[int, optuna.Trial] = {}
        self._goes_on: deque[tuple[int, int]] = deque()
        self.best: dict[int, float] = {}
        self.params: dict[int, dict[str, Any]] = {}

    def ask(self) -> Work | None:
        if self._goes_on:
            config, epoch = self._goes_on.popleft()
            return Work(config, self._kind, epoch, epoch)
        trial = self._study.ask(DRAWN)
        self._open[trial.number], self.params[trial.number] = trial, dict(trial.params)
        return Work(trial.number, self._kind, 1, 1 if self._prunes else self._epochs)

    def tell(self, work: Work, val: list[float]) -> None:
        trial = self._open[work.config]
        best = self.best[work.config] = min([*val, self.best.get(work.config, math.inf)])
        for epoch, value in enumerate(val, work.first):
            trial.report(value, epoch)
        if work.last == self._epochs:
            self._study.tell(trial, best)
        elif trial.should_prune():
            self._study.tell(trial, state=TrialState.PRUNED)
        else:
            self._goes_on.append((work.config, work.last + 1))

    def standing(self, work: Work) -> int:
        return 0


class KerasTunerHyperband:
    """The schedule of `keras_tuner.Hyperband`: brackets of random configs at full scale, trained on from where they
    were.

    Bracket b begins with ceil((1 + log_f(E)) / (b + 1) f^b) configs of E / f^b epochs each.
    """

    FACTOR = 3

    def __init__(self, seed: int, epochs: int) -> None:
        self._study, self._epochs = _study(seed, "random"), epochs
        self._highest = int(math.log(epochs, self.FACTOR))
        self._bracket, self._round = self._highest, -1
        self._ready: deque[Work] = deque()
        self._results: dict[int, float] = {}
        self._awaited = 0
        self.params: dict[int, dict[str, Any]] = {}

    def _size(self, number: int) -> int:
        ends = math.ceil(1 + math.log(self._epochs, self.FACTOR)) / (self._bracket + 1)
        return math.ceil(ends * self.FACTOR ** (self._bracket - number))

    def _budget(self, number: int) -> int:
        return math.ceil(self._epochs / self.FACTOR ** (self._bracket - number))

    def _next_round(self) -> None:
        self._round += 1
        if self._round > self._bracket:
            self._bracket, self._round = (self._bracket - 1) % (self._highest + 1), 0
        last = self._budget(self._round)
        if self._round == 0:
            for _ in range(self._size(0)):
                trial = self._study.ask(DRAWN)
                self.params[trial.number] = dict(trial.params)
                self._ready.append(Work(trial.number, "full cold", 1, last))
        else:
            kept = sorted(self._results, key=self._results.__getitem__)[: self._size(self._round)]
            self._ready.extend(Work(config, "full cold", self._budget(self._round - 1) + 1, last) for config in kept)
        self._results = {}

    def ask(self) -> Work | None:
        if not self._ready:
            if self._awaited:
                return None
            self._next_round()
        self._awaited += 1
        return self._ready.popleft()

    def tell(self, work: Work, val: list[float]) -> None:
        self._awaited -= 1
        self._results[work.config] = min(val, default=math.inf)

    def standing(self, work: Work) -> int:
        return 0


def _successive_halving(epochs: int) -> optuna.pruners.BasePruner:
    return optuna.pruners.SuccessiveHalvingPruner(min_resource=1, reduction_factor=3)


def _hyperband(epochs: int) -> optuna.pruners.BasePruner:
    return optuna.pruners.HyperbandPruner(min_resource=1, max_resource=epochs, reduction_factor=3)


METHODS: dict[str, Callable[[int, int], Method]] = {
    "gman-search": Halving,
    "gman-search, synchronous": lambda seed, epochs: Halving(seed, epochs, synchronous=True),
    "gman-search, eta 2": lambda seed, epochs: Halving(seed, epochs, etas=(2, 2)),
    "gman-search, eta 4": lambda seed, epochs: Halving(seed, epochs, etas=(4, 4)),
    "gman-search, eta 8, 4": lambda seed, epochs: Halving(seed, epochs, etas=(8, 4)),
    "gman-search, not grown": lambda seed, epochs: Halving(seed, epochs, grown=False),
    "synchronous halving, random": lambda seed, epochs: Halving(seed, epochs, sampler="random", synchronous=True),
    "random at full": lambda seed, epochs: AtFull(seed, epochs, "random"),
    "Optuna TPE at full": lambda seed, epochs: AtFull(seed, epochs, "tpe"),
    "Optuna TPE at medium": lambda seed, epochs: AtFull(seed, epochs, "tpe", kind="medium cold"),
    "Optuna TPE at quick": lambda seed, epochs: AtFull(seed, epochs, "tpe", kind="quick"),
    "Optuna TPE, SuccessiveHalvingPruner": lambda seed, epochs: AtFull(seed, epochs, "tpe", _successive_halving),
    "Optuna TPE, HyperbandPruner": lambda seed, epochs: AtFull(seed, epochs, "tpe", _hyperband),
    "KerasTuner Hyperband": KerasTunerHyperband,
}
"""Methods by name: (seed, epochs of a stage) -> search."""


def drawn_at_random(count: int, seed: int) -> list[dict[str, Any]]:
    """Configs of the space, drawn without a search: to find what the best can be."""
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=int(np.int64(seed))))
    return [dict(study.ask(DRAWN).params) for _ in range(count)]
