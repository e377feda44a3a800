"""Queueing what is trained outside the schedule: the reference when a study begins, final trainings when it closes."""

import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace

from gman_search.config import at_stage
from gman_search.halving.cost import FORECAST_SHARE, steps_per_epoch
from gman_search.halving.evaluations import Evaluation, State
from gman_search.halving.finals import (
    AT_MOST,
    FINAL,
    REFERENCE,
    SHORTEST_STEPS,
    TESTED,
    FinalsPlan,
    final_schedule,
    finals_that_fit,
    further_final_seconds,
    reference_schedule,
    reference_share_of_all,
    trainable_stages,
)
from gman_search.halving.finals_due import another_config_fits, finals_due, further_final
from gman_search.halving.members import ensemble_evaluations
from gman_search.halving.reference_config import REFERENCE_CONFIG_ID
from gman_search.space import SearchSpace
from gman_search.stages import PRESETS, Stage
from gman_search.tuning.search_study import SearchStudy, begun_from
from gman_search.tuning.stored_study import Clock

__all__ = ["has_time_for_another_config", "queue_finals", "queue_reference", "slowness", "test_seconds"]

LEAST_SECONDS = 5.0
"""Of a final training: a shorter one is not begun."""
TWO_THREADS, SHARED = 0.7, 0.5
"""The test has the machine for itself: with the threads of two workers it takes so much of the time of one
(`halving.cost.THREADS_POWER`), and so much where slow workers share the machine, which slows them and not the test."""
LATEST = 0.9
"""Share of the remaining time that is planned for; the rest is for what takes longer than before."""


def queue_reference(study: SearchStudy, rows: Sequence[Evaluation], clock: Clock | None) -> bool:
    """Queue the reference config as the three-stage guide has it, where it is to be there and is not."""
    plan, settings = study.finals, study.spec.search
    if plan is None or not plan.reference_seconds or any(row.control == REFERENCE for row in rows):
        return False
    limit = {}
    if clock is not None:
        share = reference_share_of_all(settings.most_finals, hours=clock.planned)
        most = max(1.0, share * settings.workers * (clock.until - time.time()))
        plan = replace(plan, reference_seconds=min(plan.reference_seconds, most))
        limit[AT_MOST] = most  # on a slower machine than was thought its epochs would take more
    stage = study.schedule.stages[0]
    attrs = {
        **study.identity(stage, REFERENCE_CONFIG_ID, outside=True),
        "stage": stage,
        "control": REFERENCE,
        "schedule": reference_schedule(plan, PRESETS["quick"]).to_dict(),
        **limit,
    }
    study.add_waiting(FINAL, SearchSpace().preset(), attrs)
    return True


def queue_finals(study: SearchStudy, rows: Sequence[Evaluation], clock: Clock | None, *, closing: bool) -> bool:
    """Queue the final trainings that are due; whether there were any."""
    plan = study.finals
    if plan is None or not plan.count:
        return False
    due, seconds = finals_due(rows, study.schedule, plan.count, closing=closing), plan.final_seconds
    if clock is not None:
        left, speeds = LATEST * (clock.until - time.time()), _step_seconds(study, rows, plan)
        if due:
            due, seconds = _due_in_time(study, rows, left, speeds, closing=closing)
        else:
            due, seconds = _further(study, rows, left, speeds)
    for row in due:
        stage = study.spec.stage(row.stage)
        measured = None if clock is None else _window_seconds(rows, stage)
        attrs = {
            **study.identity(row.stage, row.config_id, outside=True),
            **begun_from(row),
            "stage": row.stage,
            "control": FINAL,
            "schedule": final_schedule(plan, stage, seconds, measured).to_dict(),
        }
        study.add_waiting(FINAL, row.params, attrs)
    return bool(due)


def _due_in_time(
    study: SearchStudy, rows: Sequence[Evaluation], left: float, speeds: Mapping[str, float], *, closing: bool
) -> tuple[list[Evaluation], float]:
    """What is due where each worker has `left` seconds, and the seconds of each."""
    settings, count, stages = study.spec.search, study.spec.search.usual_finals, None
    if settings.finals == "auto":
        count = finals_that_fit(left * settings.workers, speeds[study.schedule.stages[0]], settings.workers)
    seconds = left / math.ceil(count / settings.workers)
    if seconds < LEAST_SECONDS:
        return [], seconds
    if settings.keep_weights == "all":  # otherwise weights of a smaller stage may be gone
        stages = trainable_stages(study.schedule.stages, speeds, seconds)
    due = finals_due(rows, study.schedule, count, closing=closing, stages=stages)
    return due, left / math.ceil(len(due) / settings.workers) if due else seconds


def _further(
    study: SearchStudy, rows: Sequence[Evaluation], left: float, speeds: Mapping[str, float]
) -> tuple[list[Evaluation], float]:
    """One more, where the planned ones ended before the time did; weights of further configs are kept by "all" only."""
    settings = study.spec.search
    stages = trainable_stages(study.schedule.stages, speeds, left)
    if settings.finals != "auto" or settings.keep_weights != "all" or left < SHORTEST_STEPS * speeds[stages[0]]:
        return [], left
    due = further_final(rows, study.schedule, stages)
    return ([], left) if due is None else ([due], further_final_seconds(left, speeds[due.stage]))


def has_time_for_another_config(study: SearchStudy, rows: Sequence[Evaluation], clock: Clock | None) -> bool:
    """Whether all that was planned is trained to its end, or on its way there, long before the hours are over."""
    plan, settings = study.finals, study.spec.search
    if clock is None or not clock.planned or plan is None or not plan.count:
        return False
    if settings.finals != "auto" or settings.keep_weights != "all":
        return False
    if any(row.state is State.WAITING for row in rows):
        return False
    left, first = LATEST * (clock.until - time.time()), study.schedule.stages[0]
    least = SHORTEST_STEPS * _step_seconds(study, rows, plan)[first]
    return another_config_fits(rows, study.schedule, left, least)


def slowness(study: SearchStudy, rows: Sequence[Evaluation]) -> float | None:
    """How many times as long evaluations of the first stage took as was planned; None: that is not known yet."""
    stage = study.spec.preset_stages()[0]
    measured = _window_seconds(rows, stage)
    if measured is None or study.finals is None:
        return None
    windows = stage.batch_size * steps_per_epoch(stage, windows=study.finals.windows)
    planned = study.finals.window_seconds[stage.name] * (1 + FORECAST_SHARE * study.finals.validation / windows)
    return measured / planned


def test_seconds(study: SearchStudy, rows: Sequence[Evaluation], first_fit: float | None = None) -> float:
    """Seconds of ensemble, test and report, as fast as the machine was; as planned where that is not known.

    Those that would be tested now stand for all that will be. `first_fit` are the seconds of the baselines' first fit.
    """
    plan = study.finals
    if plan is None:
        return 0.0
    # How long a tree takes differs fourfold between machines, and GMANs' steps do not show it.
    as_long = first_fit / plan.first_fit_seconds if first_fit and plan.first_fit_seconds else 1.0
    other = as_long * plan.other_test_seconds
    slow = slowness(study, rows)
    members = ensemble_evaluations(rows, study.schedule)
    if slow is None or not members:
        return plan.test_seconds - plan.other_test_seconds + other
    window = sum(plan.window_seconds[row.stage] for row in members) / len(members)
    times = max(1.0, slow) if study.spec.search.workers == 1 else max(TWO_THREADS, SHARED * slow)
    return other + times * FORECAST_SHARE * TESTED * window * plan.tested_windows


def _step_seconds(study: SearchStudy, rows: Sequence[Evaluation], plan: FinalsPlan) -> dict[str, float]:
    """Seconds of a training step at each stage: as the schedule's evaluations took, else as planned."""
    stages = study.spec.preset_stages()
    return {
        stage.name: (_window_seconds(rows, stage) or plan.window_seconds[stage.name]) * stage.batch_size
        for stage in stages
    }


def _window_seconds(rows: Sequence[Evaluation], stage: Stage) -> float | None:
    """Seconds of training on one window at a stage, validation included, as the schedule's evaluations took."""
    found = [
        row
        for row in rows
        if row.stage == stage.name and not row.control and row.state is State.COMPLETE and row.seconds
    ]
    windows = sum(int(row.facts.get("steps", 0)) * at_stage(row.params, stage).batch_size for row in found)
    return sum(row.seconds for row in found) / windows if windows else None
