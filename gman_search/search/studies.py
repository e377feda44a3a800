"""One Optuna study per stage, read as a table of evaluations and written one evaluation at a time."""

import json
import time
import warnings
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
import optuna
from optuna.exceptions import UpdateFinishedTrialError
from optuna.storages import RDBStorage
from optuna.trial import FrozenTrial, TrialState, create_trial
from sqlalchemy import Connection

from gman_search.errors import StudyError
from gman_search.halving.finals import FINAL, FinalsPlan
from gman_search.halving.ladder import Ladder
from gman_search.halving.retries import BY_HAND
from gman_search.halving.table import Evaluation, State
from gman_search.record import Epoch
from gman_search.search.distributions import contains, distributions
from gman_search.search.history import History
from gman_search.search.sampling import ConfigSampler
from gman_search.search.trial_writes import add_running_trial, begin_trial, end_trial, set_attrs, set_params
from gman_search.space import ParamValue
from gman_search.spec import StudySpec

__all__ = ["Clock", "SearchStudies", "begun_from", "described_spec", "study_exists"]

STATES = {
    TrialState.WAITING: State.WAITING,
    TrialState.RUNNING: State.RUNNING,
    TrialState.COMPLETE: State.COMPLETE,
    TrialState.PRUNED: State.PRUNED,
    TrialState.FAIL: State.FAILED,
}
# User attributes that an evaluation's row carries among its facts.
FACTS = (
    *("folder", "artifacts", "parent_folder", "parent_artifacts", "resume_from", "resume_artifacts"),
    *("worker", "began", "origin", "schedule"),
)
# Whoever of us ends a trial leaves at least one of these; a person who does it through the dashboard leaves neither.
ENDED_BY_US = {"reason", "curve"}
# What may differ when a study is continued; everything else would make old and new evaluations incomparable.
FREE_TO_CHANGE = {"trials", "search"}


def study_exists(storage: RDBStorage, name: str) -> bool:
    """Whether the database holds a search of this name."""
    return any(summary.study_name == f"{name}/quick" for summary in optuna.get_all_study_summaries(storage))


def described_spec(storage: RDBStorage, name: str) -> StudySpec | None:
    """The specification that is stored with a search of this name; none if there is no such search."""
    if not study_exists(storage, name):
        return None
    stored = optuna.load_study(study_name=f"{name}/quick", storage=storage).user_attrs
    return StudySpec.model_validate_json(stored["spec"]) if "spec" in stored else None


CLOCK, CLOCK_EXPIRES = "clock", 300.0


class Clock(NamedTuple):
    """Times, as `time.time()` has them: no new config or promotion after `search_until`, no training after `until`."""

    search_until: float
    until: float


def begun_from(row: Evaluation) -> dict[str, Any]:
    """Attributes of an evaluation that begins with the weights of `row`."""
    return {
        "parent": row.key,
        "parent_folder": row.facts.get("folder"),
        "parent_artifacts": row.facts.get("artifacts"),
        "initial_epoch": row.initial_epoch + row.epochs,
    }


class SearchStudies:
    """The Optuna studies of one search: `<name>/<stage>` for every stage, `<name>/final` for what is outside them.

    Args:
        storage: database, see `open_storage`.
        spec: the specification; stored with the study and checked when it is continued.
        ladder: stages and quotas of a new study; one that is continued keeps its reduction factors.
        fingerprint: of the data.
        joins: somebody else runs this study: it must be there, and what is stored with it stays as it is.
        finals: the time for reference and final trainings; none: there are none of them.

    Raises:
        StudyError: the stored study was made with other data or other rules, or is not there to be joined.
    """

    def __init__(
        self,
        storage: RDBStorage,
        spec: StudySpec,
        ladder: Ladder,
        fingerprint: str,
        *,
        joins: bool = False,
        finals: FinalsPlan | None = None,
    ) -> None:
        self.storage, self.spec, self.ladder, self.finals = storage, spec, ladder, finals
        self.distributions = distributions(spec.space)
        if joins and not study_exists(storage, spec.name):
            raise StudyError(f"expected a study {spec.name} in the database; there is none: gman-search run starts it")
        self._rows: dict[int, tuple[FrozenTrial, Evaluation]] = {}
        self.by_stage = {
            stage: optuna.create_study(
                storage=storage, study_name=f"{spec.name}/{stage}", direction="minimize", load_if_exists=True
            )
            for stage in ladder.stages
        }
        self.boards = {
            **self.by_stage,
            FINAL: optuna.create_study(
                storage=storage, study_name=f"{spec.name}/{FINAL}", direction="minimize", load_if_exists=True
            ),
        }
        numbers = {board: study._study_id for board, study in self.boards.items()}
        self.history = History(storage, numbers, self.distributions)
        self.sampler = ConfigSampler(self.distributions, spec.search.startup_trials, spec.seed)
        self._check(fingerprint)
        if not joins:
            self._record(fingerprint)

    @classmethod
    def existing(cls, storage: RDBStorage, spec: StudySpec) -> "SearchStudies":
        """The studies as they are stored, for reading; nothing about the data is checked."""
        first = optuna.load_study(study_name=f"{spec.name}/quick", storage=storage)
        stages = tuple(stage.name for stage in spec.stage_list())
        synchronous = spec.halving.promotion == "synchronous"
        ladder = Ladder(stages, tuple(first.user_attrs["etas"]), spec.trials, synchronous)
        return cls(storage, spec, ladder, first.user_attrs["fingerprint"], joins=True)

    def _check(self, fingerprint: str) -> None:
        described = self.spec.model_dump(mode="json")
        stored = self.by_stage[self.ladder.stages[0]].user_attrs
        if "fingerprint" not in stored:
            return
        # Factors that were estimated when the study began hold for all of it, however they are estimated today.
        self.ladder = replace(self.ladder, etas=tuple(stored["etas"]))
        before = json.loads(stored["spec"])
        changed = [key for key in described if key not in FREE_TO_CHANGE and before.get(key) != described[key]]
        changed = [key for key in changed if key != "data"]  # files may move; what is in them may not change
        if stored["fingerprint"] != fingerprint:
            changed.insert(0, "data")
        if changed:
            raise StudyError(
                f"study {self.spec.name} was made with another {', '.join(changed)}: expected the same to go on; "
                f"give the old values, or another --study name"
            )

    def _record(self, fingerprint: str) -> None:
        described = self.spec.model_dump(mode="json")
        stored = self.by_stage[self.ladder.stages[0]].user_attrs
        if "spec" in stored and json.loads(stored["spec"]) == described:
            return
        for study in self.boards.values():
            study.set_user_attr("spec", json.dumps(described))
            study.set_user_attr("fingerprint", fingerprint)
            study.set_user_attr("etas", list(self.ladder.etas))
            study.set_user_attr("optuna", optuna.__version__)
            study.set_user_attr("sampler", self.sampler.description)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
                study.set_metric_names([f"validation MAE ({self.spec.data.unit})"])

    def trials(self, stage: str) -> list[FrozenTrial]:
        """Trials of a stage, or those outside the ladder, oldest first."""
        return self.boards[stage].get_trials(deepcopy=False)

    def evaluations(self) -> list[Evaluation]:
        """The table: every trial of every stage."""
        return self.rows(self.all_trials())

    def all_trials(self) -> dict[str, list[FrozenTrial]]:
        """Trials of all stages and outside the ladder, read once and whole."""
        return {board: self.trials(board) for board in self.boards}

    def rows(self, trials: Mapping[str, list[FrozenTrial]]) -> list[Evaluation]:
        """The table as of `trials`; what a person queued above the first stage is no evaluation."""
        return [
            self.evaluation(stage, trial)
            for stage, of_stage in trials.items()
            for trial in of_stage
            if not self.is_stray(stage, trial)
        ]

    def is_stray(self, stage: str, trial: FrozenTrial) -> bool:
        """Whether a trial above the first stage was not put there by the ladder."""
        return stage != self.ladder.stages[0] and "config_id" not in trial.user_attrs

    def evaluation(self, stage: str, trial: FrozenTrial) -> Evaluation:
        """One trial as a row of the table; made once of what was read once, and once of a finished one."""
        read, row = self._rows.get(trial._trial_id, (None, None))
        if row is None or not (row.state.is_finished or read is trial):
            row = self._evaluation(stage, trial)
            self._rows[trial._trial_id] = trial, row
        return row

    def _evaluation(self, stage: str, trial: FrozenTrial) -> Evaluation:
        attrs, values = trial.user_attrs, trial.intermediate_values
        finite = [value for value in values.values() if np.isfinite(value)]
        state = STATES[trial.state]
        facts = {**attrs.get("facts", {}), "trial": trial.number}
        facts.update({name: attrs[name] for name in FACTS if name in attrs})
        if trial.datetime_complete is not None:
            facts["ended"] = trial.datetime_complete.timestamp()
        config_id = int(attrs.get("config_id", trial.number))
        reason = attrs.get("reason", "")
        if state.is_finished and not ENDED_BY_US & attrs.keys():
            # Nobody measured this value, and there are no weights behind it: it takes its place and is not ranked.
            typed = "" if trial.value is None else f" with the value {trial.value:g}, which is not ranked"
            reason = f"{BY_HAND}: {state}{typed}"
            state = State.PRUNED if state is State.COMPLETE else state
        return Evaluation(
            config_id=config_id,
            stage=attrs.get("stage", stage),
            attempt=int(attrs.get("attempt", 1)),
            parent=attrs.get("parent"),
            state=state,
            reason=reason,
            val_mae=trial.value if state is State.COMPLETE else min(finite, default=None),
            epochs=int(attrs.get("epochs", max(values, default=0))),
            initial_epoch=int(attrs.get("initial_epoch", 0)),
            seconds=float(attrs.get("seconds", 0.0)),
            seed=int(attrs["seed"] if "seed" in attrs else 0 if stage == FINAL else self.seed_of(config_id, stage)),
            params=dict(attrs.get("params") or {**self.fixed(), **trial.params}),
            facts=facts,
            control=attrs.get("control", ""),
        )

    def curves(self) -> dict[str, tuple[Epoch, ...]]:
        """Epochs of every evaluation by key, of the attempt that got furthest."""
        found: dict[str, tuple[Epoch, ...]] = {}
        for stage in self.boards:
            for trial in self.trials(stage):
                if self.is_stray(stage, trial):
                    continue
                key = self.evaluation(stage, trial).key
                epochs = tuple(Epoch(**epoch) for epoch in json.loads(trial.user_attrs.get("curve", "[]")))
                if len(epochs) >= len(found.get(key, ())):
                    found[key] = epochs
        return found

    def set_clock(self, clock: Clock | None) -> None:
        """Say until when this run searches and trains; None: until the search is done."""
        self.by_stage[self.ladder.stages[0]].set_user_attr(CLOCK, None if clock is None else list(clock))

    def clock(self) -> Clock | None:
        """Until when the run that is under way searches and trains."""
        stored = self.by_stage[self.ladder.stages[0]].user_attrs.get(CLOCK)
        # That of a run that was killed must not stop whoever goes on.
        return None if stored is None or time.time() > stored[1] + CLOCK_EXPIRES else Clock(*stored)

    def fixed(self) -> dict[str, ParamValue]:
        """Values of the dimensions that are not searched."""
        return {name: value for name, value in self.spec.space.preset().items() if name not in self.distributions}

    def seed_of(self, config_id: int, stage: str, *, outside: bool = False) -> int:
        """Seed of an evaluation, of the ladder or outside it; the same for all its attempts."""
        entropy = [self.spec.seed, config_id, self.ladder.stages.index(stage), *([1] if outside else [])]
        sequence = np.random.SeedSequence(entropy)
        return int(sequence.generate_state(1)[0] % 2**31)

    def add_waiting(self, stage: str, params: Mapping[str, ParamValue], attrs: Mapping[str, Any]) -> None:
        """Queue an evaluation as a WAITING trial with all its parameters."""
        # A worker may have been killed while it drew a config; what is missing is drawn when this is claimed.
        searched = {name: params[name] for name in self.distributions if name in params}
        # The reference is the guide's, whatever this study searches.
        searched = {name: value for name, value in searched.items() if contains(self.distributions[name], value)}
        whole = dict(params) if stage == FINAL else {**self.fixed(), **params}
        self.boards[stage].add_trial(
            create_trial(
                state=TrialState.WAITING,
                params=searched,
                distributions={name: self.distributions[name] for name in searched},
                user_attrs={**attrs, "params": whole},
                # The dashboard shows the parameters of waiting trials from here.
                system_attrs={"fixed_params": searched},
            )
        )

    def reserve(self, worker: str, leased: Callable[[Connection, int, str], None]) -> FrozenTrial:
        """Add a RUNNING trial at the first stage and lease it; its parameters are drawn later.

        To be called under the study's lock. Not by `Study.ask`, which would draw at once, while all others wait, and
        would take what a person, who knows of no lock, has queued a moment ago.
        """
        stage = self.ladder.stages[0]
        trial_id = add_running_trial(
            self.storage,
            self.by_stage[stage]._study_id,
            lambda config_id: {**self.identity(stage, config_id), "worker": worker},
            lambda connection, added: leased(connection, added, worker),
        )
        return self.storage.get_trial(trial_id)

    def identity(self, stage: str, config_id: int, *, outside: bool = False) -> dict[str, Any]:
        """What identifies a first attempt that begins at `stage`, of the ladder or outside it."""
        seed = self.seed_of(config_id, stage, outside=outside)
        return {"config_id": config_id, "attempt": 1, "parent": None, "initial_epoch": 0, "seed": seed}

    def draw(self, trial: FrozenTrial, seen: Iterable[FrozenTrial]) -> dict[str, ParamValue]:
        """Values of all searched parameters for a trial of the first stage.

        Those that it has already, or that a person queued it with, stay.

        Args:
            seen: trials of the first stage as they stand, which the sampler learns from.

        Raises:
            ImpossibleValues: a person queued something that is no value of its parameter.
        """
        first = self.ladder.stages[0]
        self.sampler.see(self.evaluation(first, other) for other in seen if other.number != trial.number)
        given = {**trial.system_attrs.get("fixed_params", {}), **trial.params}
        return self.sampler.draw(int(trial.user_attrs.get("config_id", trial.number)), given)

    def set_params(
        self, trial: FrozenTrial, params: Mapping[str, ParamValue], on_condition: Callable[[Connection], bool]
    ) -> bool:
        """Write what was drawn for a trial of the first stage, all or none, see `trial_writes.set_params`."""
        new = {name: value for name, value in params.items() if name not in trial.params}
        attrs: dict[str, Any] = {"params": {**self.fixed(), **params}}
        if "config_id" not in trial.user_attrs:
            attrs |= {**self.identity(self.ladder.stages[0], trial.number), "origin": "queued by hand"}
        return set_params(self.storage, trial._trial_id, new, self.distributions, attrs, on_condition)

    def set_attrs(self, trial_id: int, attrs: Mapping[str, Any]) -> None:
        """Write user attributes of a trial, all or none; raises UpdateFinishedTrialError where it has ended."""
        set_attrs(self.storage, trial_id, attrs)

    def begin(self, trial_id: int, worker: str, leased: Callable[[Connection, int, str], None]) -> bool:
        """Claim a waiting trial and lease it, both or none; False if it waits no longer."""
        return begin_trial(self.storage, trial_id, {"worker": worker}, lambda inner: leased(inner, trial_id, worker))

    def end(
        self,
        trial_id: int,
        state: TrialState,
        value: float | None = None,
        attrs: Mapping[str, Any] | None = None,
        on_condition: Callable[[Connection], bool] = lambda connection: True,
    ) -> bool:
        """End a trial, see `end_trial`."""
        return end_trial(self.storage, trial_id, state, value, attrs or {}, on_condition)

    def end_by_reason(self, trial_id: int, reason: str) -> bool:
        """Fail a trial and say why; False if it has ended already."""
        with suppress(UpdateFinishedTrialError):
            return self.end(trial_id, TrialState.FAIL, attrs={"reason": reason})
        return False
