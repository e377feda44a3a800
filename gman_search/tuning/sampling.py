"""Drawing configs: a study in memory that repeats the first stage, from which Optuna's sampler learns."""

import warnings
from collections.abc import Iterable, Mapping, Sequence
from math import isfinite
from typing import Any

import numpy as np
import optuna
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.trial import TrialState, create_trial

from gman_search.halving.evaluations import Evaluation, State
from gman_search.halving.prior import PriorConfig
from gman_search.halving.reference_config import REFERENCE_CONFIG_ID
from gman_search.halving.retries import BY_HAND
from gman_search.space import Choice, FloatRange, ParamValue, SearchSpace

__all__ = ["ConfigSampler", "ImpossibleValues", "contains", "distributions", "make_sampler", "ordered_values"]

MOST_KNOWN, BEST_KNOWN = 500, 50
"""Evaluations that a sampler learns from where there are more: the newest, and the best of all. With ten thousand a
draw takes several times as long and is no better (`benchmarks/storage.py`, `tests/tuning/test_long_history.py`)."""


class ImpossibleValues(Exception):
    """A person queued something that is no value of its parameter."""


def contains(distribution: BaseDistribution, value: ParamValue) -> bool:
    """Whether `value` is one of the distribution's."""
    if isinstance(distribution, CategoricalDistribution):
        return value in distribution.choices
    if isinstance(value, str) or not isinstance(distribution, FloatDistribution | IntDistribution):
        return False
    is_possible = isinstance(distribution, FloatDistribution) or value % 1 == 0
    return is_possible and distribution.low <= value <= distribution.high


def distributions(space: SearchSpace) -> dict[str, BaseDistribution]:
    """Optuna's distributions of the dimensions that are searched (a single-valued one is fixed)."""
    found: dict[str, BaseDistribution] = {}
    for name, dimension in space.dimensions().items():
        if isinstance(dimension, Choice):
            if len(dimension.choices) > 1:
                found[name] = CategoricalDistribution(dimension.choices)
        elif dimension.low < dimension.high:
            kind = FloatDistribution if isinstance(dimension, FloatRange) else IntDistribution
            found[name] = kind(dimension.low, dimension.high, log=dimension.log)  # type: ignore[arg-type]
    return found


def make_sampler(n_startup_trials: int, seed: int) -> optuna.samplers.BaseSampler:
    """The sampler of every search: TPE over all parameters together, which avoids what is under way.

    Args:
        n_startup_trials: evaluations that must have ended before it learns from them; it draws at random before.
        seed: of its random draws.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        return optuna.samplers.TPESampler(
            seed=seed, n_startup_trials=n_startup_trials, multivariate=True, constant_liar=True
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
        n_startup_trials: see `make_sampler`.
        seed: of the search; with the number of a config it seeds the draw of that config.
        prior: configs of earlier searches. They count as evaluations of this one as soon as its reference config has
            shown what their errors would be here.
    """

    def __init__(
        self,
        distributions: Mapping[str, BaseDistribution],
        n_startup_trials: int,
        seed: int,
        prior: Sequence[PriorConfig] = (),
    ) -> None:
        self._reference = 0.0
        self._stored, self._startup, self._seed = dict(distributions), n_startup_trials, seed
        self._values = {name: ordered_values(distribution) for name, distribution in distributions.items()}
        self._drawn = {
            name: distribution if (values := self._values[name]) is None else IntDistribution(0, len(values) - 1)
            for name, distribution in distributions.items()
        }
        self.prior = [config for config in prior if self._has(config)]
        """Those of `prior` that are in this space."""
        self._memory = optuna.create_study(direction="minimize")
        self._seen: dict[int, Evaluation] = {}
        self._known: set[int] = set()
        self._open: dict[int, int] = {}

    @property
    def description(self) -> dict[str, Any]:
        """What draws, as it is stored with a study."""
        ordered = [name for name, values in self._values.items() if values is not None]
        described = {"name": "TPESampler", "multivariate": True, "n_startup_trials": self._startup, "ordered": ordered}
        return {**described, "prior": len(self.prior)} if self.prior else described

    @property
    def study(self) -> optuna.Study:
        """The study in memory; for reading."""
        return self._memory

    def see(self, evaluations: Iterable[Evaluation]) -> None:
        """Take in how the evaluations of the first stage stand now; those that are as they were cost nothing."""
        new = {key: row for row in evaluations if self._seen.get(key := int(row.facts["trial"])) is not row}
        self._seen.update(new)
        if self._finds_reference(new.values()) or len(self._known | new.keys()) > 2 * MOST_KNOWN:
            self._begin_anew()
            return
        for key, row in new.items():
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
        self._memory.sampler = make_sampler(self._startup, seed)
        trial = self._memory.ask(self._drawn)
        # It comes back with the history once it is stored. Optuna's own way of fixing values comes to the same: it
        # draws all parameters and then replaces some.
        self._memory.tell(trial, state=TrialState.FAIL)
        params = {name: self._to_stored(name, value) for name, value in trial.params.items()}
        return {**params, **fixed}

    def _finds_reference(self, rows: Iterable[Evaluation]) -> bool:
        """Whether `rows` show what the errors of earlier searches would be here, which was not known yet."""
        if self._reference or not self.prior:
            return False
        for row in rows:
            is_reference = row.config_id == REFERENCE_CONFIG_ID and row.state is State.COMPLETE and not row.control
            if is_reference and row.val_mae and isfinite(row.val_mae):
                self._reference = row.val_mae
        return bool(self._reference)

    def _begin_anew(self) -> None:
        """Make the history anew: what is known from earlier searches, then the evaluations of this one.

        The first come first because the sampler weighs what is newest most; so it does not matter when a worker joined.
        """
        self._memory = optuna.create_study(direction="minimize")
        self._open.clear()
        self._known.clear()
        for known in self.prior if self._reference else ():
            params, value = self._to_drawn(known.params), known.ratio * self._reference
            self._memory.add_trial(create_trial(params=params, distributions=self._drawn, value=value))
        learnt_from = self._learnt_from()
        for key, row in self._seen.items():
            if key in learnt_from:
                self._note(key, row)

    def _learnt_from(self) -> set[int]:
        """Which evaluations are worth knowing: all, or the best, the newest and what is under way."""
        finished = [key for key, row in self._seen.items() if row.state.is_finished]
        if len(finished) <= MOST_KNOWN:
            return set(self._seen)
        usable = {key: row.val_mae for key in finished if (row := self._seen[key]).state is State.COMPLETE}
        best = sorted(usable, key=lambda key: (usable[key] is None, usable[key]))[:BEST_KNOWN]
        return {*best, *finished[-MOST_KNOWN:]} | (self._seen.keys() - set(finished))

    def _has(self, config: PriorConfig) -> bool:
        return all(
            name in config.params and contains(distribution, config.params[name])
            for name, distribution in self._stored.items()
        )

    def _note(self, key: int, row: Evaluation) -> None:
        self._known.add(key)
        state, value = STATES.get(row.state), row.val_mae
        if value is None or not isfinite(value) or row.reason.startswith(BY_HAND):
            value = None  # what a person ended has no value that could be compared
            state = TrialState.PRUNED if state is TrialState.COMPLETE else state
        before = self._open.pop(key, None)
        if before is not None:
            if state is TrialState.COMPLETE:
                self._memory.tell(before, value)
                return
            self._memory.tell(before, state=TrialState.FAIL)
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
            self._open[key] = len(self._memory.get_trials(deepcopy=False))
        self._memory.add_trial(trial)

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
        stored: ParamValue = value if values is None else values[value]
        return stored


STATES = {
    State.WAITING: TrialState.RUNNING,  # it will run, so it is avoided, too
    State.RUNNING: TrialState.RUNNING,
    State.COMPLETE: TrialState.COMPLETE,
    State.PRUNED: TrialState.PRUNED,
}
"""What an evaluation is to the sampler; a failed one taught nothing and is not there."""
