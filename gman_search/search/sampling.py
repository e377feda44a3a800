"""Drawing configs: a study in memory that repeats the first stage, from which Optuna's sampler learns."""

import warnings
from collections.abc import Iterable, Mapping
from math import isfinite
from typing import Any

import numpy as np
import optuna
from optuna.distributions import BaseDistribution, CategoricalDistribution, IntDistribution
from optuna.trial import TrialState, create_trial

from gman_search.halving.retries import BY_HAND
from gman_search.halving.table import Evaluation, State
from gman_search.space import ParamValue

__all__ = ["ConfigSampler", "ImpossibleValues", "make_sampler", "ordered_values"]


class ImpossibleValues(Exception):
    """A person queued something that is no value of its parameter."""


def make_sampler(startup_trials: int, seed: int) -> optuna.samplers.BaseSampler:
    """The sampler of every search: TPE over all parameters together, which avoids what is under way.

    Args:
        startup_trials: evaluations that must have ended before it learns from them; until then it draws at random.
        seed: of its random draws.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        return optuna.samplers.TPESampler(
            seed=seed, n_startup_trials=startup_trials, multivariate=True, constant_liar=True
        )


def ordered_values(distribution: BaseDistribution) -> list[Any] | None:
    """The choices in rising order where all are numbers; None for everything else."""
    if not isinstance(distribution, CategoricalDistribution):
        return None
    numbers = [value for value in distribution.choices if isinstance(value, int | float)]
    if len(numbers) < len(distribution.choices) or any(isinstance(value, bool) for value in numbers):
        return None
    return sorted(numbers)


class ConfigSampler:
    """Draws configs for a search from what its first stage has shown.

    A draw is `Study.ask` on a study in memory. Each worker has its own and keeps it in line with the stored one, so a
    draw needs no lock and changes nothing that is stored. Choices of numbers are their rank there: a sampler that
    knows that 32 lies between 16 and 64 learns more from each evaluation.

    Args:
        distributions: of the parameters that are searched, as they are stored.
        startup_trials: see `make_sampler`.
        seed: of the search; with the number of a config it seeds the draw of that config.
    """

    def __init__(self, distributions: Mapping[str, BaseDistribution], startup_trials: int, seed: int) -> None:
        self._stored, self._startup, self._seed = dict(distributions), startup_trials, seed
        self._values = {name: ordered_values(distribution) for name, distribution in distributions.items()}
        self._drawn = {
            name: distribution if (values := self._values[name]) is None else IntDistribution(0, len(values) - 1)
            for name, distribution in distributions.items()
        }
        self._study = optuna.create_study(direction="minimize")
        self._seen: dict[int, Evaluation] = {}
        self._open: dict[int, int] = {}

    @property
    def description(self) -> dict[str, Any]:
        """What draws, as it is stored with a study."""
        ordered = [name for name, values in self._values.items() if values is not None]
        return {"name": "TPESampler", "multivariate": True, "startup_trials": self._startup, "ordered": ordered}

    @property
    def study(self) -> optuna.Study:
        """The study in memory; for reading."""
        return self._study

    def see(self, evaluations: Iterable[Evaluation]) -> None:
        """Take in how the evaluations of the first stage stand now; those that are as they were cost nothing."""
        for row in evaluations:
            key = int(row.facts["trial"])
            if self._seen.get(key) is not row:
                self._seen[key] = row
                self._note(key, row)

    def draw(self, number: int, given: Mapping[str, Any] | None = None) -> dict[str, ParamValue]:
        """Values of all parameters that are searched, for the config of this number.

        Args:
            given: values that are fixed; what is no parameter is left out.

        Raises:
            ImpossibleValues: one of them is no value of its parameter.
        """
        fixed = {name: self._possible(name, value) for name, value in (given or {}).items() if name in self._stored}
        if fixed.keys() == self._stored.keys():
            return fixed
        seed = int(np.random.SeedSequence([self._seed, number]).generate_state(1)[0])
        self._study.sampler = make_sampler(self._startup, seed)
        trial = self._study.ask(self._drawn)
        # It comes back with the history once it is stored. Optuna's own way of fixing values comes to the same: it
        # draws all parameters and then replaces some.
        self._study.tell(trial, state=TrialState.FAIL)
        params = {name: self._to_stored(name, value) for name, value in trial.params.items()}
        return {**params, **fixed}

    def _note(self, key: int, row: Evaluation) -> None:
        state, value = STATES.get(row.state), row.val_mae
        if value is None or not isfinite(value) or row.reason.startswith(BY_HAND):
            value = None  # what a person ended has no value that could be compared
            state = TrialState.PRUNED if state is TrialState.COMPLETE else state
        before = self._open.pop(key, None)
        if before is not None:
            if state is TrialState.COMPLETE:
                self._study.tell(before, value)
                return
            self._study.tell(before, state=TrialState.FAIL)
        params = self._to_drawn(row.params)
        if state is None or params is None or row.control:
            return
        try:
            trial = create_trial(
                state=state,
                params=params,
                distributions=self._drawn,
                value=value if state is TrialState.COMPLETE else None,
                intermediate_values={row.epochs: value} if state is TrialState.PRUNED and value is not None else None,
            )
        except ValueError:
            return  # a person queued a value outside the space
        if state is TrialState.RUNNING:
            self._open[key] = len(self._study.get_trials(deepcopy=False))
        self._study.add_trial(trial)

    def _possible(self, name: str, value: Any) -> ParamValue:
        distribution = self._stored[name]
        try:
            found: ParamValue = distribution.to_external_repr(distribution.to_internal_repr(value))
        except (ValueError, TypeError) as error:
            raise ImpossibleValues(f"{name}: {' '.join(str(error).split())[:200]}") from None
        return found

    def _to_drawn(self, params: Mapping[str, Any]) -> dict[str, Any] | None:
        """As the study in memory has them; None unless all are there."""
        if not self._stored.keys() <= params.keys():
            return None
        ranked = {name: values for name, values in self._values.items() if values is not None}
        if any(params[name] not in values for name, values in ranked.items()):
            return None
        return {name: ranked[name].index(params[name]) if name in ranked else params[name] for name in self._drawn}

    def _to_stored(self, name: str, value: Any) -> ParamValue:
        values = self._values[name]
        return value if values is None else values[value]


STATES = {
    State.WAITING: TrialState.RUNNING,  # it will run, so it is avoided, too
    State.RUNNING: TrialState.RUNNING,
    State.COMPLETE: TrialState.COMPLETE,
    State.PRUNED: TrialState.PRUNED,
}
"""What an evaluation is to the sampler; a failed one taught nothing and is not there."""
