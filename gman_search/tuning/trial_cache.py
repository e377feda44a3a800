"""The trials of a search, read again only as far as they can have changed (pure)."""

import threading
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace

from gman_search.halving.evaluations import State
from gman_search.tuning.trial_store import StoredTrial

__all__ = ["ReadStates", "ReadTrials", "TrialCache"]

ReadStates = Callable[[int], Mapping[int, tuple[str, State]]]
"""From the newest known trial id to board and state of every newer trial and of every unfinished one."""
ReadTrials = Callable[[Sequence[int]], Iterable[tuple[str, StoredTrial]]]
"""Trials by id, each with its board."""


class TrialCache:
    """The trials of all boards, for deciding.

    A trial is read whole when it is new and when it has ended. What a running one reports in between does not matter
    for a decision, and reading all of it before every claim would cost more than everything else.

    Args:
        boards: names.
        searched: names of the parameters that are drawn.
    """

    def __init__(self, boards: Iterable[str], searched: Collection[str]) -> None:
        self._searched = set(searched)
        self._known: dict[str, dict[int, StoredTrial]] = {board: {} for board in boards}
        self._open: dict[int, StoredTrial] = {}
        self._changed: dict[int, str] = {}
        self._newest = -1
        self._lock = threading.RLock()  # several threads may look at one search

    @property
    def is_unread(self) -> bool:
        """Whether nothing has been read yet."""
        return self._newest < 0

    def read(self, read_states: ReadStates, read_trials: ReadTrials) -> dict[str, list[StoredTrial]]:
        """Trials of every board, oldest first, as they stand now."""
        with self._lock:
            found = read_states(self._newest)
            changed = self._open.keys() - found.keys()  # these have ended
            for trial_id, (board, state) in found.items():
                known = self._open.get(trial_id)
                if known is None or not (self._stands(known, state) or self._began(known, board, state)):
                    changed.add(trial_id)
            for board, trial in read_trials(sorted(changed)):
                self._note(board, trial)
            self._newest = max([self._newest, *found])
            return {board: list(known.values()) for board, known in self._known.items()}

    def changes(self, read_states: ReadStates, read_trials: ReadTrials) -> list[tuple[str, StoredTrial]]:
        """Trials that are new, or not as they were at the last call, each with its board; oldest first."""
        with self._lock:
            self.read(read_states, read_trials)
            changed, self._changed = self._changed, {}
            return [(board, self._known[board][trial_id]) for trial_id, board in sorted(changed.items())]

    def waiting(self, trial_id: int) -> StoredTrial | None:
        """A trial that waited when it was read last: nothing but its state changes until it runs."""
        with self._lock:
            known = self._open.get(trial_id)
            return known if known is not None and known.state is State.WAITING else None

    def read_all(self, read_states: ReadStates, read_trials: ReadTrials) -> dict[str, list[StoredTrial]]:
        """The same, with all that running trials have reported."""
        with self._lock:
            boards = self.read(read_states, read_trials)
            current = {trial.trial_id: trial for _, trial in read_trials(sorted(self._open))}
            return {board: [current.get(trial.trial_id, trial) for trial in trials] for board, trials in boards.items()}

    def _is_drawn(self, trial: StoredTrial) -> bool:
        """Whether the parameters of a trial of ours are complete, so that they stay as they are."""
        return "config_id" in trial.user_attrs and self._searched <= trial.params.keys()

    def _stands(self, known: StoredTrial, state: State) -> bool:
        """Whether an open trial is as it was read, as far as it matters; a claimed one may get its parameters."""
        return known.state is state and (state is not State.RUNNING or self._is_drawn(known))

    def _began(self, known: StoredTrial, board: str, state: State) -> bool:
        """Note that a trial of ours was claimed, which changes nothing else of it; False where it may have."""
        if (known.state, state) != (State.WAITING, State.RUNNING) or "config_id" not in known.user_attrs:
            return False
        self._note(board, replace(known, state=state))
        return True

    def _note(self, board: str, trial: StoredTrial) -> None:
        self._known[board][trial.trial_id] = trial
        self._changed[trial.trial_id] = board
        if trial.state.is_finished:
            self._open.pop(trial.trial_id, None)
        else:
            self._open[trial.trial_id] = trial
