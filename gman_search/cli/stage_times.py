"""What the stages of a search take: estimated without TensorFlow, or by a few steps of each."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from gman_search.cli.output import say
from gman_search.data.estimate import estimate_stages
from gman_search.data.task import ForecastTask, load_task
from gman_search.halving.plan import StageCost
from gman_search.spec import StudySpec

__all__ = ["StageTimes", "stage_times"]


@dataclass(frozen=True)
class StageTimes:
    """What an evaluation costs at each stage on `task`, `measured` or estimated, and how many `workers` at a time."""

    task: ForecastTask
    costs: Sequence[StageCost]
    workers: int
    measured: bool

    @property
    def source(self) -> str:
        """What the times rest on, in words."""
        return "by a few steps of every stage" if self.measured else "estimated for CPUs; see --measure"


def stage_times(spec: StudySpec, *, measure: bool, cluster: bool, quiet: bool = False) -> StageTimes:
    """The times of a search of `spec`.

    Args:
        measure: time a few steps of every stage on this machine, by all workers at once.
        cluster: the workers need not share this machine's cores.
        quiet: do not say that a measurement takes a while.
    """
    task = load_task(spec.data, Path.cwd())
    cores = os.cpu_count() or 1
    running, threads = spec.search.share_of(cores)
    costs: Sequence[StageCost]
    if measure:
        from gman_search.search.timed_steps import timed_costs

        if not quiet:
            say("training a few steps of every stage, about half a minute for a small network ...")
        costs = timed_costs(spec, task, Path.cwd())
    else:
        costs = estimate_stages(
            spec.preset_stages(), task, spec.data.stride_of(len(task.starts["val"])), threads=threads
        )
    # Timed were all of them at once, so that waiting for a core is in their times.
    return StageTimes(task, costs, spec.search.workers if measure or cluster else running, measure)
