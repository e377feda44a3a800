"""What has happened to every trial of a search, read again only as far as it can have changed."""

from collections.abc import Collection, Mapping
from copy import copy

import sqlalchemy as sql
from optuna.storages import RDBStorage
from optuna.storages._rdb.models import TrialModel
from optuna.trial import FrozenTrial, TrialState

from gman_search.search.storage import reading
from gman_search.search.trial_rows import read_trials

__all__ = ["History"]

STATES = sql.select(TrialModel.trial_id, TrialModel.study_id, TrialModel.state).where(
    TrialModel.study_id.in_(sql.bindparam("studies", expanding=True)),
    sql.or_(
        TrialModel.trial_id > sql.bindparam("newest"), TrialModel.state.in_((TrialState.WAITING, TrialState.RUNNING))
    ),
)
"""New trials and those that may have changed; built once, because building costs more than asking."""


class History:
    """The trials of the stages, for deciding.

    A trial is read whole when it is new and when it has ended. What a running one reports meanwhile is of no
    consequence to a decision, and reading it all again before every claim would cost more than everything else.

    Args:
        storage: database, see `open_storage`.
        studies: Optuna's number of the study of each stage.
        searched: names of the parameters that are drawn.
    """

    def __init__(self, storage: RDBStorage, studies: Mapping[str, int], searched: Collection[str]) -> None:
        self._storage = storage
        self._searched = set(searched)
        self._stages = {study: stage for stage, study in studies.items()}
        self._known: dict[str, dict[int, FrozenTrial]] = {stage: {} for stage in studies}
        self._open: dict[int, FrozenTrial] = {}
        self._newest = -1

    @property
    def is_unread(self) -> bool:
        """Whether nothing has been read yet: the first reading is the long one."""
        return self._newest < 0

    def read(self) -> dict[str, list[FrozenTrial]]:
        """Trials of every stage, oldest first, as they stand now."""
        asked = {"studies": list(self._stages), "newest": self._newest}
        with reading(self._storage) as connection:
            found = {number: (study, state) for number, study, state in connection.execute(STATES, asked).all()}
            changed = self._open.keys() - found.keys()  # these have ended
            for number, (study, state) in found.items():
                known = self._open.get(number)
                if known is None or not (self._stands(known, state) or self._began(known, study, state)):
                    changed.add(number)
            drawn = {
                number: known for number, known in self._open.items() if number in changed and self._is_drawn(known)
            }
            for study, trial in read_trials(connection, sorted(changed), drawn):
                self._note(self._stages[study], trial)
        self._newest = max([self._newest, *found])
        return {stage: list(known.values()) for stage, known in self._known.items()}

    @property
    def running(self) -> list[FrozenTrial]:
        """Trials that were running at the last reading."""
        return [trial for trial in self._open.values() if trial.state is TrialState.RUNNING]

    def _is_drawn(self, trial: FrozenTrial) -> bool:
        """Whether the parameters of a trial of ours are complete, so that they stay as they are."""
        return "config_id" in trial.user_attrs and self._searched <= trial.params.keys()

    def _stands(self, known: FrozenTrial, state: TrialState) -> bool:
        """Whether an open trial is as it was read, as far as it matters; a claimed one may get its parameters."""
        return known.state is state and (state is not TrialState.RUNNING or self._is_drawn(known))

    def _began(self, known: FrozenTrial, study: int, state: TrialState) -> bool:
        """Note that a trial of ours was claimed, which changes nothing else of it; False where it may have."""
        if (known.state, state) != (TrialState.WAITING, TrialState.RUNNING) or "config_id" not in known.user_attrs:
            return False
        trial = copy(known)
        trial.state = state
        self._note(self._stages[study], trial)
        return True

    def _note(self, stage: str, trial: FrozenTrial) -> None:
        self._known[stage][trial._trial_id] = trial
        if trial.state.is_finished():
            self._open.pop(trial._trial_id, None)
        else:
            self._open[trial._trial_id] = trial
