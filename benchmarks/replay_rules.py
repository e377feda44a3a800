"""Rules that might make the product's search better, each tried alone in the replay; the product takes what gains.

Every class is the product's search with one thing changed.
"""

import math
from collections import defaultdict
from collections.abc import Callable
from typing import Any

import numpy as np
import optuna
from optuna.distributions import CategoricalDistribution
from optuna.trial import TrialState, create_trial
from replay_methods import DRAWN, PRESET, STAGES, STARTUP, Halving, Method, Work

from gman_search.halving.evaluations import Evaluation, State
from gman_search.halving.promotion import Decision, Promote
from gman_search.halving.stopping import WARM, Curve, stop_decision

__all__ = ["RULES"]


class TiesGoOn(Halving):
    """A noise-aware cut: whoever is within `noise` of the last promoted one is promoted too.

    Args:
        noise: share of the validation MAE by which two seeds of one config differ.
    """

    def __init__(self, seed: int, epochs: int, noise: float, **more: Any) -> None:
        super().__init__(seed, epochs, **more)
        self._noise = noise

    def _decide(self) -> Decision:
        decision = super()._decide()
        if isinstance(decision, Promote):
            return decision
        pairs = zip(self._ladder.stages, self._ladder.stages[1:], self._ladder.reduction_factors, strict=False)
        for below, above, eta in pairs:
            here, promoted = self._rungs[below], self._rungs[above].rows
            if not here.is_idle or (below == STAGES[0] and len(here.rows) < self._ladder.trials):
                break
            kept = [val for val, config in here.order if config in promoted]
            for val, config in here.order if kept else ():
                if config not in promoted and val <= max(kept[: len(here.rows) // eta]) * (1 + self._noise):
                    return Promote(config, below, above)
        return decision


class StopsInside(Halving):
    """The product's `halving.pruner`: an evaluation ends early when its best is above what others had by then.

    Args:
        share: of the curves that may go on.
    """

    def __init__(self, seed: int, epochs: int, share: float = 0.5, **more: Any) -> None:
        super().__init__(seed, epochs, **more)
        self._share, self._warm = share, math.ceil(WARM * epochs)
        self._values: dict[tuple[int, str], list[float]] = defaultdict(list)
        self._curves: dict[str, list[Curve]] = defaultdict(list)
        self._goes_on: list[Work] = []

    def ask(self) -> Work | None:
        if self._goes_on:
            return self._goes_on.pop(0)
        work = super().ask()
        return None if work is None else Work(work.config, work.kind, 1, self._warm)

    def tell(self, work: Work, val: list[float]) -> None:
        values = self._values[work.config, work.kind]
        values.extend(val)
        others, start = self._curves[work.kind], self._start(work)
        if work.last == self._epochs:
            others.append(Curve(values, start=start))
            super().tell(work, values)
        elif not stop_decision(Curve(values, whole=False, start=start), others, self._epochs, share=self._share):
            self._goes_on.append(Work(work.config, work.kind, work.last + 1, work.last + 1))
        else:
            others.append(Curve(values, whole=False, start=start))
            self._rungs.put(Evaluation(work.config, work.kind.removesuffix(" cold"), state=State.PRUNED))
            if work.kind == STAGES[0]:
                self._show(work.config, State.PRUNED, min(values), work.last)


class HighestStageWins(Halving):
    """The best is the least validation MAE of the highest stage that has one, as it was the product's rule once."""

    def standing(self, work: Work) -> int:
        return STAGES.index(work.kind)


class DrawsByHighest(Halving):
    """New configs are drawn by the results of the highest stage that has as many as TPE's start needs."""

    def __init__(self, seed: int, epochs: int, **more: Any) -> None:
        super().__init__(seed, epochs, **more)
        self._by_stage = {
            stage: optuna.create_study(sampler=optuna.samplers.TPESampler(seed=seed, n_startup_trials=STARTUP))
            for stage in STAGES[1:]
        }

    def _draw(self, config: int) -> dict[str, Any]:
        for stage in reversed(STAGES[1:]):
            study = self._by_stage[stage]
            if sum(trial.state is TrialState.COMPLETE for trial in study.get_trials(deepcopy=False)) >= STARTUP:
                drawn = study.ask(DRAWN)
                study.tell(drawn, state=TrialState.FAIL)
                return dict(drawn.params)
        return super()._draw(config)

    def tell(self, work: Work, val: list[float]) -> None:
        super().tell(work, val)
        if (study := self._by_stage.get(work.kind)) is not None:
            best = self._best[work.config, work.kind]
            study.add_trial(create_trial(params=self.params[work.config], distributions=DRAWN, value=best))


class BeginsNearTheGuide(Halving):
    """The first configs lie around the guide's: an expert's prior.

    Args:
        near: how many.
    """

    def __init__(self, seed: int, epochs: int, near: int = 5, **more: Any) -> None:
        super().__init__(seed, epochs, **more)
        random = np.random.default_rng([seed, 77])
        self._queued = [{name: _near(name, random) for name in DRAWN} for _ in range(near)]

    def _draw(self, config: int) -> dict[str, Any]:
        return self._queued.pop(0) if config and self._queued else super()._draw(config)


def _near(name: str, random: np.random.Generator) -> Any:
    """The guide's value; a number moved by about a sixth of its range, a choice drawn anew one time in three."""
    own, centre = DRAWN[name], PRESET[name]
    if isinstance(own, CategoricalDistribution):
        return own.choices[int(random.integers(len(own.choices)))] if random.random() < 1 / 3 else centre
    scale = np.log if own.log else float
    low, high = float(scale(own.low)), float(scale(own.high))
    moved = float(np.clip(float(scale(centre)) + random.normal(0, (high - low) / 6), low, high))
    value = float(np.clip(np.exp(moved) if own.log else moved, own.low, own.high))
    return value if isinstance(own, optuna.distributions.FloatDistribution) else round(value)


RULES: dict[str, Callable[[int, int], Method]] = {
    "stops inside at the median": StopsInside,
    "the highest stage wins": HighestStageWins,
    "synchronous, stops inside at the median": lambda seed, epochs: StopsInside(seed, epochs, synchronous=True),
    "synchronous, stops inside at the best quarter": lambda seed, epochs: StopsInside(
        seed, epochs, share=0.25, synchronous=True
    ),
    "synchronous, quick and medium only": lambda seed, epochs: Halving(seed, epochs, etas=(3,), synchronous=True),
    "synchronous, 25 trials": lambda seed, epochs: Halving(seed, epochs, trials=25, synchronous=True),
    "synchronous, 100 trials": lambda seed, epochs: Halving(seed, epochs, trials=100, synchronous=True),
    "synchronous, ties within 1 % go on": lambda seed, epochs: TiesGoOn(seed, epochs, noise=0.01, synchronous=True),
    "synchronous, ties within 3 % go on": lambda seed, epochs: TiesGoOn(seed, epochs, noise=0.03, synchronous=True),
    "synchronous, draws by the highest stage": lambda seed, epochs: DrawsByHighest(seed, epochs, synchronous=True),
    "synchronous, begins near the guide": lambda seed, epochs: BeginsNearTheGuide(seed, epochs, synchronous=True),
}
"""Candidates by name: (seed, epochs of a stage) -> search. Most were tried when synchronous was the default."""
