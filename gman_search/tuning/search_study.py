"""One search over its stored trials: read as a table of evaluations and written one evaluation at a time."""

import json
import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, replace
from typing import Any

import optuna

from gman_search.data.stored import StoredData
from gman_search.halving.evaluations import Evaluation, State
from gman_search.halving.finals import FINAL, FinalsPlan
from gman_search.halving.halving_schedule import HalvingSchedule
from gman_search.halving.prior import PriorConfig, tried_first
from gman_search.halving.reference_config import REFERENCE_CONFIG_ID
from gman_search.io.memory import collector_paused
from gman_search.record import Epoch
from gman_search.space import ParamValue
from gman_search.spec import StudySpec
from gman_search.tuning.evaluation_rows import EvaluationRows, seed_of
from gman_search.tuning.evaluation_table import EvaluationTable
from gman_search.tuning.sampling import ConfigSampler, contains, distributions
from gman_search.tuning.stored_study import Clock, refuse_other
from gman_search.tuning.trial_store import StoredTrial, TrialEnded, TrialStore

__all__ = ["SearchStudy", "begun_from"]

CLOCK, CLOCK_EXPIRES = "clock", 300.0
PRIOR = "prior"
Boards = Mapping[str, list[StoredTrial]]


def begun_from(row: Evaluation) -> dict[str, Any]:
    """Attributes of an evaluation that begins with the weights of `row`."""
    return {
        "parent": row.key,
        "parent_folder": row.facts.get("folder"),
        "parent_artifacts": row.facts.get("artifacts"),
        "initial_epoch": row.initial_epoch + row.epochs,
    }


class SearchStudy:
    """One search: its specification, its halving schedule and its trials.

    Args:
        store: of the trials; see `factory.open_search_study`.
        spec: the specification; stored with the search and checked when it is continued.
        schedule: stages and rung sizes of a new search; one that is continued keeps its reduction factors.
        fingerprint: of the data.
        joins: somebody else runs this search: what is stored with it stays as it is.
        finals: the time for reference and final trainings; None: there are none of them.
        data: what is remembered of the readings, to report later what has changed.

    Raises:
        UsageError, DataError: the stored search was made with other settings or other data.
    """

    def __init__(
        self,
        store: TrialStore,
        spec: StudySpec,
        schedule: HalvingSchedule,
        fingerprint: str,
        *,
        joins: bool = False,
        finals: FinalsPlan | None = None,
        data: StoredData | None = None,
    ) -> None:
        self.store, self.spec, self.schedule, self.finals = store, spec, schedule, finals
        self.distributions = distributions(spec.space)
        self._use_prior(store.study_attrs().get(PRIOR, ()))
        fixed = {name: value for name, value in spec.space.preset().items() if name not in self.distributions}
        self._rows = EvaluationRows(schedule.stages, spec.seed, fixed)
        self._table = EvaluationTable(store.boards, self._rows)
        self._updating = threading.Lock()
        self._check(fingerprint, data)
        if not joins:
            self._record(fingerprint, data)

    def _check(self, fingerprint: str, data: StoredData | None) -> None:
        stored = self.store.study_attrs()
        if "fingerprint" not in stored:
            return
        refuse_other(self.spec, stored, fingerprint, data)
        # Factors that were estimated when the study began hold for all of it, however they are estimated today.
        self.schedule = replace(self.schedule, reduction_factors=tuple(stored["reduction_factors"]))

    def _record(self, fingerprint: str, data: StoredData | None) -> None:
        described, stored = self.spec.model_dump(mode="json"), self.store.study_attrs()
        if "spec" in stored and json.loads(stored["spec"]) == described:
            return
        self.store.set_study_attrs(
            {
                "spec": json.dumps(described),
                "fingerprint": fingerprint,
                "readings": None if data is None else data.model_dump(),
                "reduction_factors": list(self.schedule.reduction_factors),
                "optuna": optuna.__version__,
                "sampler": self.sampler.description,
            }
        )

    def _use_prior(self, stored: Iterable[Mapping[str, Any]]) -> None:
        self.prior = [PriorConfig(**config) for config in stored]
        self.sampler = ConfigSampler(self.distributions, self.spec.search.n_startup_trials, self.spec.seed, self.prior)

    def learn_from(self, prior: Sequence[PriorConfig]) -> bool:
        """Let a search that has not begun begin with what earlier ones know; False where it has begun without."""
        if any(self.store.read_all().values()):
            return bool(self.prior)
        stored = [asdict(config) for config in prior]
        self.store.set_study_attrs({PRIOR: stored})
        self._use_prior(stored)
        return True

    def queue_first(self) -> None:
        """Queue the reference config, which every search tries first, and then what was best elsewhere."""
        stage, reference = self.schedule.stages[0], self.spec.space.preset()
        self.add_waiting(stage, reference, self.identity(stage, REFERENCE_CONFIG_ID))
        first = tried_first(self.sampler.prior, self.distributions, reference, self.schedule.trials)
        for config_id, config in enumerate(first, start=REFERENCE_CONFIG_ID + 1):
            params = {name: config.params[name] for name in self.distributions}
            self.add_waiting(stage, params, {**self.identity(stage, config_id), "prior": config.source})

    def trials(self, board: str) -> list[StoredTrial]:
        """Trials of a stage, or those outside the halving, oldest first."""
        return self.store.read_all()[board]

    def table(self) -> EvaluationTable:
        """The evaluations as they stand, for deciding; only what has changed is read. See `TrialStore.read`."""
        with self._updating, collector_paused():
            for board, trial in self.store.changes():
                self._table.note(board, trial)
        return self._table

    def evaluations(self) -> list[Evaluation]:
        """All evaluations, with what running ones have reported."""
        return self.rows(self.store.read_all())

    def rows(self, trials: Boards) -> list[Evaluation]:
        """The table as of `trials`; what a person queued above the first stage is no evaluation."""
        return [
            self.evaluation(board, trial)
            for board, on_board in trials.items()
            for trial in on_board
            if not self.is_stray(board, trial)
        ]

    def is_stray(self, board: str, trial: StoredTrial) -> bool:
        """See `EvaluationRows.is_stray`."""
        return self._rows.is_stray(board, trial)

    def evaluation(self, board: str, trial: StoredTrial) -> Evaluation:
        """See `EvaluationRows.evaluation`."""
        return self._rows.evaluation(board, trial)

    def curves(self) -> dict[str, tuple[Epoch, ...]]:
        """Epochs of every evaluation by key, of the attempt that got furthest."""
        found: dict[str, tuple[Epoch, ...]] = {}
        for board, trials in self.store.read_all().items():
            for trial in trials:
                if self.is_stray(board, trial):
                    continue
                key = self.evaluation(board, trial).key
                epochs = tuple(Epoch(**epoch) for epoch in json.loads(trial.user_attrs.get("curve", "[]")))
                if len(epochs) >= len(found.get(key, ())):
                    found[key] = epochs
        return found

    def set_clock(self, clock: Clock | None) -> None:
        """Store until when this run searches and trains; None: until the search is done."""
        self.store.set_study_attrs({CLOCK: None if clock is None else list(clock)})

    def clock(self) -> Clock | None:
        """Until when the run that is under way searches and trains."""
        stored = self.store.study_attrs().get(CLOCK)
        # The clock of a run that was killed must not stop the next run.
        return None if stored is None or time.time() > stored[1] + CLOCK_EXPIRES else Clock(*stored)

    def seed_of(self, config_id: int, stage: str, *, outside: bool = False) -> int:
        """See `evaluation_rows.seed_of`."""
        return seed_of(self.spec.seed, config_id, self.schedule.stages.index(stage), outside=outside)

    def identity(self, stage: str, config_id: int, *, outside: bool = False) -> dict[str, Any]:
        """What identifies a first attempt that begins at `stage`, in the halving or outside it."""
        seed = self.seed_of(config_id, stage, outside=outside)
        return {"config_id": config_id, "attempt": 1, "parent": None, "initial_epoch": 0, "seed": seed}

    def add_waiting(self, board: str, params: Mapping[str, ParamValue], attrs: Mapping[str, Any]) -> None:
        """Queue an evaluation with all its parameters."""
        # A worker may have been killed while it drew a config; what is missing is drawn when this is claimed. The
        # reference has the three-stage guide's settings, which may be outside the space of this study.
        searched = {
            name: params[name]
            for name, distribution in self.distributions.items()
            if name in params and contains(distribution, params[name])
        }
        whole = dict(params) if board == FINAL else {**self._rows.fixed, **params}
        self.store.add_waiting(board, searched, {**attrs, "params": whole})

    def reserve(self, worker: str, ahead: int = 0) -> StoredTrial:
        """Under the lock: add a running trial at the first stage, for `worker`, and `ahead` waiting ones.

        Parameters are drawn later, by whoever trains.
        """
        stage = self.schedule.stages[0]
        return self.store.add_running(stage, lambda config_id: self.identity(stage, config_id), worker, ahead)

    def draw(self, trial: StoredTrial, seen: Iterable[StoredTrial]) -> dict[str, ParamValue]:
        """Values of all searched parameters for a trial of the first stage.

        Those that it has already, or that a person queued it with, stay.

        Args:
            trial: of the first stage.
            seen: trials of the first stage as they stand, which the sampler learns from.

        Raises:
            ImpossibleValues: a person queued something that is no value of its parameter.
        """
        first = self.schedule.stages[0]
        self.sampler.see(self.evaluation(first, other) for other in seen if other.number != trial.number)
        given = {**trial.fixed_params, **trial.params}
        return self.sampler.draw(int(trial.user_attrs.get("config_id", trial.number)), given)

    def set_params(self, trial: StoredTrial, params: Mapping[str, ParamValue], worker: str) -> bool:
        """Write what was drawn for a trial of the first stage, all or none; False if the lease is not the worker's.

        Raises:
            TrialEnded: the trial has ended.
        """
        new = {name: value for name, value in params.items() if name not in trial.params}
        attrs: dict[str, Any] = {"params": {**self._rows.fixed, **params}}
        if "config_id" not in trial.user_attrs:
            attrs |= {**self.identity(self.schedule.stages[0], trial.number), "origin": "queued by hand"}
        return self.store.set_params(trial.trial_id, new, attrs, worker)

    def fail(self, trial_id: int, reason: str) -> bool:
        """End a trial as failed; False if it has ended already."""
        with suppress(TrialEnded):
            return self.store.finish(trial_id, State.FAILED, attrs={"reason": reason})
        return False
