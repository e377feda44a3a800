"""`--trials fit`: as many configs as should end in the hours there are."""

import time
from dataclasses import replace
from pathlib import Path

from gman_search.cli.output import duration, say
from gman_search.cli.stage_times import StageTimes, stage_times
from gman_search.data.estimate import final_test_seconds, ladder_of
from gman_search.errors import UsageError
from gman_search.halving.finals import extra_share
from gman_search.halving.plan import most_trials, plan_search
from gman_search.spec import StudySpec

__all__ = ["fitted", "time_to_plan"]

START_SECONDS = 25.0
"""Until the workers train: in no plan (benchmarks/running.md)."""
MANY = 300
"""More configs than that, each trained briefly, are seldom what the time is best spent on."""


def fitted(
    spec: StudySpec,
    *,
    hours: float,
    since: float,
    studies: Path,
    storage: str | None,
    measure: bool,
    cluster: bool,
    quiet: bool,
) -> tuple[StudySpec, StageTimes | None]:
    """`spec` with as many trials as should end within `hours` that began at `since`, by `time.monotonic()`; and the
    times it was reckoned with.

    It is reckoned once, when a study begins, so that the same command goes on with it; none were for one that has.

    Raises:
        UsageError: not even one config through all stages would end.
        StudyError: the study has begun and is damaged.
    """
    from gman_search.cli.opened import begun_spec

    begun = begun_spec(spec.name, studies, storage)
    if begun is not None:
        if not quiet:
            say(
                f"study {spec.name} has begun and goes on to its {begun.trials} configs; --trials N sets another number"
            )
        return spec.model_copy(update={"trials": begun.trials}), None
    times = stage_times(spec, measure=measure, cluster=cluster, quiet=quiet)
    ladder = ladder_of(spec, times.task)
    extra = extra_share(reference=spec.search.reference, finals=spec.search.finals, hours=True)
    ending = final_test_seconds(spec, times.task)
    seconds = time_to_plan(hours, time.monotonic() - since) - ending
    trials = most_trials(times.costs, ladder, times.workers, seconds, extra_share=extra)
    if not trials:
        one = plan_search(times.costs, [1] * len(times.costs), times.workers, extra_share=extra).wall + ending
        raise UsageError(
            f"expected --hours that fit one config through all stages, about {duration(one + START_SECONDS)}; "
            f"received {hours:g}; give more, or train shorter (--budget laptop, --set stages.full.max_epochs=...)"
        )
    if not quiet:
        quotas = replace(ladder, trials=trials).quotas()
        wall = plan_search(times.costs, quotas, times.workers, extra_share=extra).wall + ending
        say(f"{trials} configs fit into {hours:g} hours: about {duration(wall)}, {times.source}")
        if trials > MANY:
            say(
                "note: so many short trainings choose who learns fast; longer ones may use the time better "
                "(--budget guide, --set stages.quick.max_epochs=25)"
            )
        if spec.search.controls:
            say("note: controls come after that")
    return spec.model_copy(update={"trials": trials}), times


def time_to_plan(hours: float, passed: float) -> float:
    """Seconds that the plan of a search for `hours` may take, `passed` seconds after they began."""
    return 3600 * hours - passed - START_SECONDS
