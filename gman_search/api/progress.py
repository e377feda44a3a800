"""What a person sees of a running search: one table of at most 80 columns, or a line whenever something has ended."""

import sys
import time
from collections.abc import Callable, Sequence
from typing import TextIO

from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from gman_search.api.stage_status import (
    StageStatus,
    outside_seconds,
    outside_statuses,
    remaining_seconds,
    stage_statuses,
)
from gman_search.halving.evaluations import Evaluation, State
from gman_search.halving.promotion import ranked
from gman_search.tuning.finals import slowness, test_seconds
from gman_search.tuning.search_study import SearchStudy
from gman_search.wording import duration, number

__all__ = ["LiveView", "say", "status_table"]

REFRESH_SECONDS = 2.0


def say(text: str) -> None:
    """One line of progress or advice."""
    print(text, file=_stream(), flush=True)


def _in_notebook() -> bool:
    return "ipykernel" in sys.modules


def _stream() -> TextIO:
    """Where progress goes: notebooks paint what comes from stderr red, as if it were an error."""
    return sys.stdout if _in_notebook() else sys.stderr


def status_table(statuses: Sequence[StageStatus], unit: str, outside: Sequence[StageStatus] = ()) -> Table:
    """The table of stages and of what is outside the halving; columns of which all counts are zero are left out."""
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0))
    heads = {"waiting": "wait", "running": "run", "pruned": "pruned", "failed": "failed"}
    shown = [name for name in heads if any(getattr(row, name) for row in (*statuses, *outside))]
    for name in ("stage", *(heads[name] for name in shown), "done", "promoted", f"best {unit}", "epochs", "time"):
        table.add_column(name, justify="left" if name == "stage" else "right", no_wrap=True)
    for row in (*statuses, *outside):
        table.add_row(
            row.name,
            *(str(getattr(row, name)) for name in shown),
            f"{row.complete}/{row.quota}",
            str(row.promoted) if row in statuses[:-1] else "",
            number(row.best),
            str(row.epochs) if row.epoch_budget is None else f"{row.epochs}/{row.epoch_budget}",
            duration(row.seconds),
        )
    return table


class LiveView:
    """Redraws in place on a terminal; elsewhere prints one line whenever an evaluation has finished.

    Args:
        unit: of the readings.
        workers: that share the work.
        relative_costs: returns the estimated cost of one evaluation at each stage, once that is known.
        ends: when the hours are over, by `time.monotonic()`; None: there are none.
        quiet: draw and print nothing.
    """

    def __init__(
        self,
        unit: str,
        workers: int,
        relative_costs: Callable[[], Sequence[float] | None],
        *,
        ends: float | None = None,
        quiet: bool = False,
    ) -> None:
        self.unit, self.workers, self.relative_costs, self.quiet = unit, workers, relative_costs, quiet
        self._ends = ends
        stream = _stream()
        self.console = Console(file=stream, width=None if stream.isatty() else 80, force_jupyter=False)
        self._began = time.monotonic()
        self._drawn = -REFRESH_SECONDS
        self._reported = -1
        redraws = self.console.is_terminal and not quiet and not _in_notebook()
        self._live = Live(console=self.console, auto_refresh=False) if redraws else None

    def __enter__(self) -> "LiveView":
        if self._live is not None:
            self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._live is not None:
            self._live.stop()

    def update(self, studies: SearchStudy) -> None:
        """Draw the present state, at most every two seconds."""
        if self.quiet or time.monotonic() - self._drawn < REFRESH_SECONDS:
            return
        self._drawn = time.monotonic()
        evaluations = studies.evaluations()
        epochs = {stage.name: stage.max_epochs for stage in studies.spec.stage_list()}
        statuses, outside = stage_statuses(evaluations, studies.schedule, epochs), outside_statuses(evaluations)
        left = remaining_seconds(statuses, self.workers, self.relative_costs())
        if left is not None:
            slow = slowness(studies, evaluations) or 1.0
            left += slow * outside_seconds(studies.finals, outside) / self.workers
            left += test_seconds(studies, evaluations)
        left = _until(self._ends, left)
        elapsed = duration(time.monotonic() - self._began)
        ending = f"{elapsed} so far" + (f", about {duration(left)} to go" if left is not None else "")
        if self._live is not None:
            said = Text("\n".join((ending, _now_against_best(evaluations, self.unit))))
            self._live.update(Group(status_table(statuses, self.unit, outside), said), refresh=True)
            return
        finished = sum(status.finished for status in (*statuses, *outside))
        if finished != self._reported:
            self._reported = finished
            counts = "  ".join(
                f"{row.name} {row.finished}/{row.quota} best {number(row.best)}" for row in (*statuses, *outside)
            )
            self.console.print(f"{counts}  {ending}", highlight=False, soft_wrap=True)


def _until(ends: float | None, left: float | None) -> float | None:
    """Seconds to go: `left`, but not longer than until the hours end."""
    if ends is None:
        return left
    until_then = max(0.0, ends - time.monotonic())
    return until_then if left is None else min(left, until_then)


def _now_against_best(evaluations: Sequence[Evaluation], unit: str) -> str:
    finished = [row for row in evaluations if row.state is State.COMPLETE]
    running = [row for row in evaluations if row.state is State.RUNNING and row.val_mae is not None]
    if not finished or not running:
        return ""
    row = running[-1]
    same = [other.val_mae for other in ranked(finished) if other.stage == row.stage and other.val_mae is not None]
    best = f"best so far {number(min(same))}" if same else "the first of its stage"
    return f"{row.key}: {number(row.val_mae)} {unit} after {row.epochs} epochs, {best}"
