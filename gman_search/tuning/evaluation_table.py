"""All evaluations of a search, brought up to date trial by trial (pure).

A decision needs the counts of every stage and what is open. Made anew for every claim they would cost more than all
the rest with ten thousand evaluations; a claim changes one or two of them.
"""

from collections.abc import Iterable

from gman_search.halving.evaluations import Evaluation, State, counts_more
from gman_search.halving.rungs import Rungs
from gman_search.tuning.evaluation_rows import EvaluationRows
from gman_search.tuning.trial_store import StoredTrial

__all__ = ["EvaluationTable"]

Key = tuple[str, int, str]


class EvaluationTable:
    """The evaluations, as of the last trial that was noted.

    Args:
        boards: the stages in order, then the one of what is outside the halving.
        rows: makes evaluations of trials.
    """

    def __init__(self, boards: Iterable[str], rows: EvaluationRows) -> None:
        self._rows = rows
        self.rungs = Rungs(rows.stages)
        """Latest attempts in the halving, which decisions are made on."""
        self._trials: dict[str, dict[int, StoredTrial]] = {board: {} for board in boards}
        self._open: dict[int, tuple[str, StoredTrial]] = {}
        self._outside: dict[int, tuple[str, StoredTrial]] = {}
        self._latest: dict[Key, tuple[int, Evaluation]] = {}
        self._failed: set[Key] = set()
        self._order: dict[Key, tuple[int, int]] = {}

    def note(self, board: str, trial: StoredTrial) -> None:
        """Take in how a trial stands now: it is new, or has changed."""
        trial_id = trial.trial_id
        self._trials[board][trial_id] = trial
        if trial.state.is_finished:
            self._open.pop(trial_id, None)
        else:
            self._open[trial_id] = board, trial
        if self._rows.is_stray(board, trial):
            return
        row = self._rows.evaluation(board, trial)
        if row.control:
            self._outside[trial_id] = board, trial
        self._choose(board, trial_id, row)

    def _choose(self, board: str, trial_id: int, row: Evaluation) -> None:
        key = row.stage, row.config_id, row.control
        chosen, best = self._latest.get(key, (trial_id, row))
        if trial_id != chosen and not (counts_more(row, best) or (trial_id > chosen and not counts_more(best, row))):
            return
        self._order.setdefault(key, (list(self._trials).index(board), trial_id))
        self._latest[key] = trial_id, row
        if row.state is State.FAILED:
            self._failed.add(key)
        else:
            self._failed.discard(key)
        if not row.control:
            self.rungs.put(row)

    @property
    def is_empty(self) -> bool:
        """Whether there is no evaluation yet; what a person queued above the first stage is none."""
        return not self._latest

    def trials(self, board: str) -> list[StoredTrial]:
        """Trials of a board, oldest first."""
        return list(self._trials[board].values())

    def rows(self) -> list[Evaluation]:
        """All evaluations: by board, oldest first."""
        return [
            self._rows.evaluation(board, trial)
            for board, on_board in self._trials.items()
            for trial in on_board.values()
            if not self._rows.is_stray(board, trial)
        ]

    def open(self, state: State) -> list[tuple[str, StoredTrial]]:
        """Trials that wait or run, with their boards, oldest first."""
        return [(board, trial) for board, trial in self._open.values() if trial.state is state]

    def open_rows(self) -> list[Evaluation]:
        """Evaluations that wait or run."""
        found = (each for each in self._open.values() if not self._rows.is_stray(*each))
        return [self._rows.evaluation(board, trial) for board, trial in found]

    def outside(self) -> list[Evaluation]:
        """Evaluations outside the halving."""
        return [self._rows.evaluation(board, trial) for board, trial in self._outside.values()]

    def failed(self) -> list[Evaluation]:
        """Latest attempts that failed, by stage and the age of the first attempt."""
        return [self._latest[key][1] for key in sorted(self._failed, key=self._order.__getitem__)]

    def latest(self, stage: str, config_id: int) -> Evaluation | None:
        """The attempt in the halving that counts."""
        found = self._latest.get((stage, config_id, ""))
        return None if found is None else found[1]
