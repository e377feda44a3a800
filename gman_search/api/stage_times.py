"""What the stages of a search take: estimated without TensorFlow, or by a few steps of each."""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from gman_search.data.checks.finding import Finding
from gman_search.data.checks.gather import load_checked
from gman_search.data.estimate import estimate_stages
from gman_search.data.task import ForecastDataset
from gman_search.halving.plan import StageCost
from gman_search.io.memory import machine_gb
from gman_search.spec import StudySpec

__all__ = ["StageTimes", "stage_times"]


@dataclass(frozen=True)
class StageTimes:
    """What an evaluation costs at each stage on `task`, `measured` or estimated, and how many `workers` at a time.

    `findings` are what `data check` finds in the task's data. `outside_share` is the time that was planned for the
    reference and for final trainings, for a second of the stages; None: the usual one.
    """

    task: ForecastDataset
    costs: Sequence[StageCost]
    workers: int
    measured: bool
    findings: tuple[Finding, ...]
    outside_share: float | None = None

    @property
    def source(self) -> str:
        """What the times rest on, in words."""
        return "by a few steps of every stage" if self.measured else "estimated for CPUs; see --measure"


def stage_times(spec: StudySpec, *, measure: bool, cluster: bool, say: Callable[[str], None]) -> StageTimes:
    """The times of a search of `spec`.

    Args:
        measure: time a few steps of every stage on this machine, by all workers at once.
        cluster: the workers need not share this machine's cores.
        say: called with a note that a measurement takes a while.
    """
    checked = load_checked(spec, Path.cwd())
    task = checked.task
    cores = os.cpu_count() or 1
    running, threads = spec.search.share_of(cores)
    costs: Sequence[StageCost]
    if measure:
        from gman_search.tuning.step_timing import measured_costs

        say("training a few steps of every stage, about half a minute for a small network ...")
        costs = measured_costs(spec, task, Path.cwd())
    else:
        costs = estimate_stages(
            spec.preset_stages(),
            task,
            spec.data.stride_of(len(task.starts["val"])),
            threads=threads,
            room_gb=spec.search.room_gb(machine_gb()),
        )
    # Timed were all of them at once, so that waiting for a core is in their times.
    workers = spec.search.workers if measure or cluster else running
    return StageTimes(task, costs, workers, measure, checked.findings)
