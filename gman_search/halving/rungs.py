"""Tallies of the rungs: all that a decision needs to know of the evaluations.

Made from a whole table, or kept up to date row by row, which lets a simulator ask ten thousand times.
"""

import math
from bisect import bisect_left, insort
from collections.abc import Iterable, Iterator, Mapping

from gman_search.halving.evaluations import Evaluation, State

__all__ = ["Rung", "Rungs"]

FINISHED = frozenset(state for state in State if state.is_finished)


class Rung:
    """One stage: its configs, how many have finished, and the usable results."""

    def __init__(self, rows: Iterable[Evaluation] = ()) -> None:
        self.rows = {row.config_id: row for row in rows}
        self.finished = sum(row.state in FINISHED for row in self.rows.values())
        self._order: list[tuple[float, int]] | None = None

    @property
    def order(self) -> list[tuple[float, int]]:
        """(validation MAE, config id) of the complete evaluations with a finite MAE, best first, older configs first.

        Sorted when first asked for: most decisions have no promotion to make.
        """
        if self._order is None:
            self._order = sorted(place for row in self.rows.values() if (place := _place(row)) is not None)
        return self._order

    def put(self, row: Evaluation) -> None:
        """Add a row, or replace the one of the same config."""
        before = self.rows.get(row.config_id)
        if before is not None:
            self.finished -= before.state.is_finished
            if (place := _place(before)) is not None:
                del self.order[bisect_left(self.order, place)]
        order = self.order
        self.rows[row.config_id] = row
        self.finished += row.state.is_finished
        if (place := _place(row)) is not None:
            insort(order, place)

    @property
    def is_idle(self) -> bool:
        """Whether nothing here is waiting or running."""
        return self.finished == len(self.rows)


class Rungs(Mapping[str, Rung]):
    """The rungs by stage name.

    Args:
        stages: names, lowest first.
        rows: at most one for each stage and config (see `latest_attempts`).
    """

    def __init__(self, stages: Iterable[str], rows: Iterable[Evaluation] = ()) -> None:
        by_stage: dict[str, list[Evaluation]] = {stage: [] for stage in stages}
        for row in rows:
            by_stage[row.stage].append(row)
        self._rungs = {stage: Rung(here) for stage, here in by_stage.items()}

    def __getitem__(self, stage: str) -> Rung:
        return self._rungs[stage]

    def __iter__(self) -> Iterator[str]:
        return iter(self._rungs)

    def __len__(self) -> int:
        return len(self._rungs)

    def put(self, row: Evaluation) -> None:
        """Add a row, or replace the one of the same stage and config."""
        self._rungs[row.stage].put(row)


def _place(row: Evaluation) -> tuple[float, int] | None:
    if row.state is not State.COMPLETE or row.val_mae is None or not math.isfinite(row.val_mae):
        return None
    return row.val_mae, row.config_id
