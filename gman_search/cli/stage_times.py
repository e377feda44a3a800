"""What the stages of a search take: estimated without TensorFlow, or by a few steps of each."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from gman_search.cli.output import duration, say
from gman_search.data.estimate import estimate_stages, ladder_of
from gman_search.data.task import ForecastTask, load_task
from gman_search.errors import UsageError
from gman_search.halving.plan import StageCost, most_trials, plan_search
from gman_search.spec import StudySpec

__all__ = ["StageTimes", "stage_times", "with_trials_that_fit"]


@dataclass(frozen=True)
class StageTimes:
    """Costs of the stages on `task`, for so many `workers` at a time of so many `threads`; `measured` or estimated."""

    task: ForecastTask
    costs: Sequence[StageCost]
    workers: int
    threads: int
    measured: bool


def stage_times(spec: StudySpec, *, measure: bool, cluster: bool) -> StageTimes:
    """The times of a search of `spec`.

    Args:
        measure: time a few steps of every stage on this machine, by all workers at once.
        cluster: the workers need not share this machine's cores.
    """
    task = load_task(spec.data, Path.cwd())
    cores = os.cpu_count() or 1
    running, threads = spec.search.share_of(cores)
    costs: Sequence[StageCost]
    if measure:
        from gman_search.search.timed_steps import timed_costs

        say("training a few steps of every stage, about half a minute for a small network ...")
        costs = timed_costs(spec, task, Path.cwd())
    else:
        costs = estimate_stages(spec.preset_stages(), task, spec.data.validation_stride, threads=threads)
    # Timed were all of them at once, so that waiting for a core is in their times.
    workers = spec.search.workers if measure or cluster else running
    return StageTimes(task, costs, workers, spec.search.threads_of(cores), measure)


def with_trials_that_fit(spec: StudySpec, times: StageTimes, hours: float) -> StudySpec:
    """`spec` with as many trials as end within `hours`.

    Raises:
        UsageError: one config through all stages takes longer.
    """
    trials = most_trials(times.costs, ladder_of(spec, times.task), times.workers, 3600 * hours)
    if not trials:
        one = plan_search(times.costs, [1] * len(times.costs), times.workers).wall
        raise UsageError(
            f"expected --hours that fit one config through all stages, which takes about {duration(one)}; received "
            f"{hours:g}; give more, or shorter stages (--budget laptop, --set stages.full.max_epochs=...)"
        )
    return spec.model_copy(update={"trials": trials})
