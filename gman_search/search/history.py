"""What has happened to every trial of a search, read again only as far as it can have changed."""

from collections.abc import Mapping

import sqlalchemy as sql
from optuna.storages import RDBStorage
from optuna.storages._rdb.models import TrialModel
from optuna.trial import FrozenTrial, TrialState

__all__ = ["History"]

OPEN = (TrialState.WAITING, TrialState.RUNNING)


class History:
    """The trials of the stages, for deciding.

    A trial is read whole when it is new and when its state has changed. What a running one reports meanwhile is of no
    consequence to a decision, and reading it all again before every claim would cost more than everything else.

    Args:
        storage: database, see `open_storage`.
        studies: Optuna's number of the study of each stage.
    """

    def __init__(self, storage: RDBStorage, studies: Mapping[str, int]) -> None:
        self._storage, self._studies = storage, dict(studies)
        self._known: dict[str, dict[int, FrozenTrial]] = {stage: {} for stage in studies}
        self._open: dict[int, TrialState] = {}
        self._newest = -1

    @property
    def is_unread(self) -> bool:
        """Whether nothing has been read yet: the first reading is the long one."""
        return self._newest < 0

    def read(self) -> dict[str, list[FrozenTrial]]:
        """Trials of every stage, oldest first, as they stand now."""
        model = TrialModel
        query = sql.select(model.trial_id, model.study_id, model.state).where(
            model.study_id.in_(self._studies.values()),
            sql.or_(model.trial_id > self._newest, model.state.in_(OPEN)),
        )
        with self._storage.engine.begin() as connection:
            found = {int(row[0]): (int(row[1]), row[2]) for row in connection.execute(query)}
        changed = {number for number, (_, state) in found.items() if self._open.get(number) is not state}
        changed |= self._open.keys() - found.keys()  # these have ended
        for stage, study in self._studies.items():
            known = self._known[stage]
            mine = {number for number in changed if number in known or found.get(number, (None,))[0] == study}
            if mine:
                for trial in self._storage._get_trials(study, None, mine, max(mine)):
                    if trial._trial_id in mine:  # a newer one may have come: the next reading has it
                        self._note(known, trial)
        self._newest = max([self._newest, *found])
        return {stage: list(known.values()) for stage, known in self._known.items()}

    def _note(self, known: dict[int, FrozenTrial], trial: FrozenTrial) -> None:
        known[trial._trial_id] = trial
        if trial.state.is_finished():
            self._open.pop(trial._trial_id, None)
        else:
            self._open[trial._trial_id] = trial.state
