"""Searches of other packages, asked and told one evaluation at a time; each import is made when a search begins.

They need an environment of their own: pip install dehb smac "syne-tune[basic]", beside gman-search without TensorFlow
(PYTHONPATH). The fidelity of all of them is the number of epochs at full scale, which is what they can vary without
knowing GMAN. DEHB and SMAC begin with random configs, without the guide's.
"""

import math
from collections.abc import Callable
from typing import Any

from replay_methods import DRAWN, PRESET, Method, Work

__all__ = ["PEERS"]


def _space(seed: int) -> Any:
    from ConfigSpace import Categorical, ConfigurationSpace, Float, Integer
    from optuna.distributions import CategoricalDistribution, FloatDistribution

    space = ConfigurationSpace(seed=seed)
    for name, own in DRAWN.items():
        if isinstance(own, CategoricalDistribution):
            space.add(Categorical(name, list(own.choices), default=PRESET[name]))
        else:
            kind: Any = Float if isinstance(own, FloatDistribution) else Integer
            space.add(kind(name, (own.low, own.high), log=own.log, default=PRESET[name]))
    return space


class _AtFullFromStart:
    """A peer's evaluations begin at full scale; one that is asked for again with more epochs is trained on."""

    def __init__(self) -> None:
        self.params: dict[int, dict[str, Any]] = {}
        self._numbers: dict[tuple[Any, ...], int] = {}
        self._trained: dict[int, int] = {}
        self._best: dict[int, float] = {}

    def standing(self, work: Work) -> int:
        return 0

    def _work(self, params: dict[str, Any], epochs: int) -> Work:
        key = tuple(params[name] for name in DRAWN)
        number = self._numbers.setdefault(key, len(self._numbers))
        self.params[number] = params
        first = min(self._trained.get(number, 0) + 1, epochs)
        self._trained[number] = max(epochs, self._trained.get(number, 0))
        return Work(number, "full cold", first, epochs)

    def _found(self, work: Work, val: list[float]) -> float:
        self._best[work.config] = min([*val, self._best.get(work.config, math.inf)])
        return self._best[work.config]


class Dehb(_AtFullFromStart):
    """DEHB (Awad et al. 2021)."""

    def __init__(self, seed: int, epochs: int) -> None:
        super().__init__()
        import logging
        import tempfile

        from dehb import DEHB
        from loguru import logger

        logger.remove()
        logging.disable(logging.WARNING)
        space = _space(seed)
        self._search = DEHB(
            f=lambda *_, **__: {}, cs=space, dimensions=len(space), min_fidelity=1, max_fidelity=epochs, eta=3,
            n_workers=1, seed=seed, output_path=tempfile.mkdtemp(), resume=False, save_freq="end",
        )  # fmt: skip
        self._jobs: dict[Work, list[Any]] = {}

    def ask(self) -> Work | None:
        job = self._search.ask()
        work = self._work(dict(job["config"]), max(1, round(float(job["fidelity"]))))
        self._jobs.setdefault(work, []).append(job)
        return work

    def tell(self, work: Work, val: list[float]) -> None:
        self._search.tell(self._jobs[work].pop(0), {"fitness": self._found(work, val), "cost": float(len(val))})


class Smac(_AtFullFromStart):
    """SMAC's multi-fidelity facade: random forest and Hyperband (Lindauer et al. 2022)."""

    def __init__(self, seed: int, epochs: int) -> None:
        super().__init__()
        import logging
        import tempfile
        from pathlib import Path

        from smac import MultiFidelityFacade, Scenario

        logging.disable(logging.WARNING)
        scenario = Scenario(
            _space(seed), deterministic=True, n_trials=5000, min_budget=1, max_budget=epochs, seed=seed,
            output_directory=Path(tempfile.mkdtemp()),
        )  # fmt: skip
        self._search = MultiFidelityFacade(
            scenario, lambda config, seed=0, budget=0: 0.0, overwrite=True, logging_level=False,
            intensifier=MultiFidelityFacade.get_intensifier(scenario, eta=3),
            # Its default would be 90 random configs, more than there is time for.
            initial_design=MultiFidelityFacade.get_initial_design(scenario, n_configs=10),
        )  # fmt: skip
        self._asked: dict[Work, list[Any]] = {}

    def ask(self) -> Work | None:
        info = self._search.ask()
        work = self._work(dict(info.config), max(1, round(float(info.budget))))
        self._asked.setdefault(work, []).append(info)
        return work

    def tell(self, work: Work, val: list[float]) -> None:
        from smac.runhistory.dataclasses import TrialValue

        self._search.tell(
            self._asked[work].pop(0), TrialValue(cost=self._found(work, val), time=float(len(val))), save=False
        )


class SyneTuneAsha(_AtFullFromStart):
    """Syne Tune's ASHA: a random config, stopped after 1, 3 and 9 epochs unless it is among the best third there."""

    def __init__(self, seed: int, epochs: int) -> None:
        super().__init__()
        from optuna.distributions import CategoricalDistribution, FloatDistribution
        from syne_tune import config_space as cs
        from syne_tune.backend.trial_status import Trial
        from syne_tune.optimizer.baselines import ASHA

        space: dict[str, Any] = {}
        for name, own in DRAWN.items():
            if isinstance(own, CategoricalDistribution):
                space[name] = cs.choice(list(own.choices))
            elif isinstance(own, FloatDistribution):
                space[name] = (cs.loguniform if own.log else cs.uniform)(own.low, own.high)
            else:
                space[name] = cs.randint(own.low, own.high)
        self._search = ASHA(
            space, metric="val", time_attr="epoch", max_t=epochs, grace_period=1, reduction_factor=3, random_seed=seed,
            do_minimize=True, points_to_evaluate=[dict(PRESET)],
        )  # fmt: skip
        self._trial, self._epochs = Trial, epochs
        self._trials: dict[int, Any] = {}
        self._goes_on: list[tuple[int, int]] = []

    def ask(self) -> Work | None:
        if self._goes_on:
            number, epoch = self._goes_on.pop(0)
            return Work(number, "full cold", epoch, epoch)
        from datetime import datetime

        told = self._search.suggest()
        number = len(self._trials)
        self.params[number] = dict(told.config)
        self._trials[number] = self._trial(number, dict(told.config), datetime.now())
        self._search.on_trial_add(self._trials[number])
        return Work(number, "full cold", 1, 1)

    def tell(self, work: Work, val: list[float]) -> None:
        trial, result = self._trials[work.config], {"val": val[-1], "epoch": work.last}
        if work.last == self._epochs:
            self._search.on_trial_complete(trial, result)
        elif self._search.on_trial_result(trial, result) == "CONTINUE":
            self._goes_on.append((work.config, work.last + 1))
        else:
            self._search.on_trial_remove(trial)


PEERS: dict[str, Callable[[int, int], Method]] = {
    "DEHB": Dehb,
    "SMAC multi-fidelity": Smac,
    "Syne Tune ASHA": SyneTuneAsha,
}
"""As `METHODS`."""
