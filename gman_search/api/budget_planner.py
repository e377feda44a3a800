"""What the hours of a search are spent on: how many configs, and how long each trains at every stage."""

import time
from collections.abc import Callable
from dataclasses import replace

from gman_search.api.request import SearchRequest
from gman_search.api.stage_times import StageTimes, stage_times
from gman_search.data.estimate import StageEstimate, estimate_stages, final_test_seconds, schedule_of
from gman_search.errors import UsageError
from gman_search.halving.cost import steps_per_epoch
from gman_search.halving.finals import extra_share
from gman_search.halving.hours import LARGEST_SCALE, balanced_scale
from gman_search.halving.plan import most_trials, plan_search
from gman_search.spec import StudySpec
from gman_search.tuning.study_loader import begun_spec
from gman_search.wording import duration

__all__ = ["planned", "time_to_plan"]

START_SECONDS = 25.0
"""Until the workers train: in no plan (benchmarks/running.md)."""
FEW = 6
"""Fewer configs than that are too few to choose from, if there is time for more in a search without final trainings."""
MANY = 300
"""More configs than that, each trained briefly, are seldom what the time is best spent on."""


def planned(request: SearchRequest, since: float, say: Callable[[str], None]) -> tuple[StudySpec, StageTimes | None]:
    """The specification with the trials that the study should reach, and the times they were planned with, if any.

    With `fit` they are as many as should end within the hours that began at `since`, by `time.monotonic()`; with budget
    `auto` more time makes trainings longer, too. This is planned once, when a study begins, so that the same call goes
    on with it.

    Raises:
        UsageError: not even one config through all stages would end.
        StudyError: the study has begun and is damaged.
    """
    spec, place, hours = request.spec, request.place, request.hours
    begun = begun_spec(spec.name, place.studies, place.storage)
    if begun is not None and spec.budget == begun.budget == "auto" and "budget_scale" not in spec.model_fields_set:
        spec = spec.model_copy(update={"budget_scale": begun.budget_scale})
    if not request.fit or not hours:
        return spec, None
    if begun is not None:
        say(f"study {spec.name} has begun and goes on to its {begun.trials} configs; --trials N sets another number")
        return spec.model_copy(update={"trials": begun.trials}), None
    times = stage_times(spec, measure=request.measure, cluster=place.engine == "ray", say=say)
    if spec.budget == "auto" and "budget_scale" not in spec.model_fields_set:
        spec, times = _longer(spec, times, hours, since)
    schedule = schedule_of(spec, times.task)
    ending = final_test_seconds(spec, times.task)
    trials, extra = _that_fit(spec, times, hours, since)
    if not trials:
        one = plan_search(times.costs, [1] * len(times.costs), times.workers).wall + ending
        raise UsageError(
            f"expected --hours that fit one config through all stages, about {duration(one + START_SECONDS)}; "
            f"received {hours:g}; give more, or train shorter (--budget laptop, --set stages.full.max_epochs=...)"
        )
    rung_sizes = replace(schedule, trials=trials).rung_sizes()
    wall = plan_search(times.costs, rung_sizes, times.workers, extra_share=extra).wall + ending
    say(f"{trials} configs fit into {hours:g} hours: about {duration(wall)}, {times.source}")
    if spec.budget_scale > 1:
        say(f"each trains {spec.budget_scale:g} times as many steps as with --budget laptop")
    if trials > MANY:
        say(
            "note: so many short trainings choose who learns fast; longer ones may use the time better "
            "(--budget auto, or --set stages.quick.max_epochs=25)"
        )
    if spec.search.control_runs:
        say("note: controls come after that")
    return spec.model_copy(update={"trials": trials}), replace(times, outside_share=extra)


def _longer(spec: StudySpec, times: StageTimes, hours: float, since: float) -> tuple[StudySpec, StageTimes]:
    """`spec` with trainings as long as `hours` are well spent on, and the times of its stages."""
    base = _estimates(spec, times)

    def at(scale: float) -> tuple[StudySpec, StageTimes]:
        longer = spec.model_copy(update={"budget_scale": scale})
        ratios = [one.seconds / before.seconds for one, before in zip(_estimates(longer, times), base, strict=True)]
        costs = [replace(cost, seconds=cost.seconds * ratio) for cost, ratio in zip(times.costs, ratios, strict=True)]
        return longer, replace(times, costs=costs)

    def fit(scale: float) -> int:
        return _trials(*at(scale), hours, since, _shares(spec)[0])

    return at(balanced_scale(fit, largest=_largest_scale(spec, times)))


def _largest_scale(spec: StudySpec, times: StageTimes) -> float:
    """At which the quick stage trains as many steps as with the three-stage guide's budget."""
    windows = len(times.task.starts["train"])
    steps = [stage.max_epochs * steps_per_epoch(stage, windows=windows) for stage in
             (spec.model_copy(update={"budget": name}).stage_list()[0] for name in ("laptop", "guide"))]  # fmt: skip
    return max(1.0, min(LARGEST_SCALE, steps[1] / steps[0]))


def _estimates(spec: StudySpec, times: StageTimes) -> tuple[StageEstimate, ...]:
    stride = spec.data.stride_of(len(times.task.starts["val"]))
    return estimate_stages(spec.preset_stages(), times.task, stride)


def _that_fit(spec: StudySpec, times: StageTimes, hours: float, since: float) -> tuple[int, float]:
    """How many configs fit, and the time for what is trained outside the stages, for a second of the stages.

    Where that leaves too few configs there is less for the reference and for final trainings, or nothing.
    """
    found = [(_trials(spec, times, hours, since, extra), extra) for extra in _shares(spec)]
    return next((plan for fewest in (FEW, 1) for plan in found if plan[0] >= fewest), (0, 0.0))


def _shares(spec: StudySpec) -> tuple[float, float, float]:
    """Of a search of hours, of one that ends with its configs, and of one that has no time for anything else."""
    of_hours, usual = (
        extra_share(reference=spec.search.reference, finals=spec.search.most_finals, hours=hours)
        for hours in (True, False)
    )
    return of_hours, usual, 0.0


def _trials(spec: StudySpec, times: StageTimes, hours: float, since: float, extra: float) -> int:
    """As many configs as fit."""
    seconds = time_to_plan(hours, time.monotonic() - since) - final_test_seconds(spec, times.task)
    return most_trials(times.costs, schedule_of(spec, times.task), times.workers, seconds, extra_share=extra)


def time_to_plan(hours: float, passed: float) -> float:
    """Seconds that the plan of a search for `hours` may take, `passed` seconds after they began."""
    return 3600 * hours - passed - START_SECONDS
