"""The Optuna studies of one search, one for each board, as far as Optuna's public interface goes."""

import warnings
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import optuna
from optuna.artifacts import upload_artifact
from optuna.distributions import BaseDistribution
from optuna.exceptions import UpdateFinishedTrialError
from optuna.storages import RDBStorage
from optuna.trial import TrialState, create_trial

from gman_search.space import ParamValue
from gman_search.tuning.heartbeat import Heartbeat, workers_seen
from gman_search.tuning.leases import Leases
from gman_search.tuning.study_lock import study_lock
from gman_search.tuning.trial_store import TrialEnded, WorkerSeen

__all__ = ["RECORD", "OptunaStudies"]

RECORD = "artifacts:"  # Optuna's prefix of the system attributes that record artifacts


class OptunaStudies:
    """Studies `<name>/<board>` in one database.

    Args:
        storage: database, see `open_storage`.
        name: of the search.
        boards: the stages in order, then `final`; studies that are missing are created.
        distributions: of the searched parameters.
        lease_seconds: how long a lease lasts without being renewed.
    """

    def __init__(
        self,
        storage: RDBStorage,
        name: str,
        boards: Sequence[str],
        distributions: Mapping[str, BaseDistribution],
        lease_seconds: float,
    ) -> None:
        self.storage, self.name, self.boards, self.distributions = storage, name, tuple(boards), distributions
        self.studies = {
            board: optuna.create_study(
                storage=storage, study_name=f"{name}/{board}", direction="minimize", load_if_exists=True
            )
            for board in self.boards
        }
        self.ids = {board: storage.get_study_id_from_name(study.study_name) for board, study in self.studies.items()}
        self.by_stage = {board: self.studies[board] for board in self.boards[:-1]}
        self.leases = Leases(storage.engine, lease_seconds)

    @property
    def lease_seconds(self) -> float:
        """How long a lease lasts without being renewed."""
        return self.leases.seconds

    def lock(self, *, wait: bool = True) -> AbstractContextManager[bool]:
        """See `study_lock`."""
        return study_lock(self.storage, wait=wait)

    def set_study_attrs(self, attrs: Mapping[str, Any]) -> None:
        """Write user attributes of all studies."""
        for study in self.studies.values():
            for key, value in attrs.items():
                study.set_user_attr(key, value)

    def set_metric_name(self, name: str) -> None:
        """What Optuna and its dashboard call the value of a trial."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
            for study in self.studies.values():
                if study.metric_names != [name]:
                    study.set_metric_names([name])

    def add_waiting(self, board: str, params: Mapping[str, ParamValue], attrs: Mapping[str, Any]) -> None:
        """Queue a trial."""
        self.studies[board].add_trial(
            create_trial(
                state=TrialState.WAITING,
                params=dict(params),
                distributions={name: self.distributions[name] for name in params},
                user_attrs=dict(attrs),
                system_attrs={"fixed_params": dict(params)},  # where the dashboard finds them
            )
        )

    def report(self, trial_id: int, step: int, value: float) -> None:
        """Write an intermediate value."""
        try:
            self.storage.set_trial_intermediate_value(trial_id, step, value)
        except UpdateFinishedTrialError as error:
            raise TrialEnded(str(error)) from None

    def upload_artifact(self, trial_id: int, file: Path, artifacts: Any) -> str:
        """Put a file into an artifact store. Optuna writes the record first: a crash may leave one without a file."""
        trial = self.storage.get_trial(trial_id)
        try:
            return upload_artifact(
                artifact_store=artifacts, file_path=str(file), study_or_trial=trial, storage=self.storage
            )
        except UpdateFinishedTrialError as error:
            raise TrialEnded(str(error)) from None

    def study_system_attrs(self, board: str) -> dict[str, Any]:
        """System attributes of a study, where the dashboard has its notes, figures and artifacts."""
        return self.storage.get_study_system_attrs(self.ids[board])

    def set_study_system_attr(self, board: str, key: str, value: Any) -> None:
        """Write a system attribute of a study."""
        self.storage.set_study_system_attr(self.ids[board], key, value)

    def live_leases(self) -> dict[int, str]:
        """See `Leases.live`."""
        return self.leases.live()

    def renew_lease(self, trial_id: int, worker: str) -> bool:
        """See `Leases.renew`."""
        return self.leases.renew(trial_id, worker)

    def release_lease(self, trial_id: int, worker: str) -> None:
        """See `Leases.release`."""
        self.leases.release(trial_id, worker)

    def expire_lease(self, trial_id: int) -> bool:
        """See `Leases.expire`."""
        return self.leases.expire(trial_id)

    def heartbeat(self, worker: str) -> Heartbeat:
        """See `Heartbeat`."""
        return Heartbeat(self.storage.engine, self.name, worker)

    def workers_seen(self) -> list[WorkerSeen]:
        """See `heartbeat.workers_seen`."""
        return workers_seen(self.storage.engine, self.name)
