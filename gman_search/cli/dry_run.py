"""What a run would do and cost, touching nothing."""

import os
import time
from typing import Any

from rich.console import Console
from rich.table import Table

from gman_search.api.budget_planner import planned
from gman_search.api.request import SearchRequest
from gman_search.api.stage_times import StageTimes, stage_times
from gman_search.cli.data_notes import findings_document
from gman_search.cli.output import duration, print_json, say, workers_in_words
from gman_search.data.checks.finding import finding_lines
from gman_search.data.estimate import final_test_seconds, schedule_of
from gman_search.halving.finals import extra_share
from gman_search.halving.plan import plan_search
from gman_search.spec import StudySpec
from gman_search.tuning.earlier import earlier_configs
from gman_search.tuning.study_loader import check_resumable

__all__ = ["print_dry_run", "print_plan"]


def print_plan(request: SearchRequest, *, as_json: bool) -> None:
    """Plan the search that is asked for and print it; nothing is written.

    Raises:
        UsageError, DataError: a run could not go on with what is stored under its name.
        StudyError: a study that this one is to be like is not there.
    """
    tell, cluster = say if request.progress else _silent, request.place.engine == "ray"
    earlier_configs(request.like, request.spec.name, request.place.studies, request.place.storage)
    spec, times = planned(request, request.since or time.monotonic(), tell)
    times = times or stage_times(spec, measure=request.measure, cluster=cluster, say=tell)
    check_resumable(spec, times.task, request.place.studies, request.place.storage)
    print_dry_run(spec, times, cluster=cluster, as_json=as_json, hours=request.hours, fit=request.fit)


def _silent(text: str) -> None:
    """Say nothing."""


def print_dry_run(
    spec: StudySpec,
    times: StageTimes,
    *,
    cluster: bool,
    as_json: bool,
    hours: float | None = None,
    fit: bool = False,
) -> None:
    """Print the plan: configs, epochs, time; in all and against every config in full.

    Args:
        spec: of the study.
        times: of its stages.
        cluster: the workers need not share this machine's cores.
        as_json: one document, not a table.
        hours: after which the search ends.
        fit: the hours plan it, also if it has begun; else they only end it.
    """
    document = _document(spec, times, hours=hours, fit=fit)
    if as_json:
        crew = {"workers": spec.search.workers, "threads": spec.search.threads_of(os.cpu_count() or 1)}
        print_json("dry-run", {**document, "measured": times.measured, **crew})
    else:
        _print_table(spec, document, times.source, workers_in_words(spec, cluster=cluster))
        for line in finding_lines(times.findings):
            print(line)


def _document(spec: StudySpec, times: StageTimes, *, hours: float | None, fit: bool) -> dict[str, Any]:
    task, costs = times.task, times.costs
    schedule = schedule_of(spec, task)
    quotas = schedule.rung_sizes()
    search = spec.search
    usual = extra_share(reference=search.reference, finals=search.most_finals, hours=fit)
    extra = usual if times.outside_share is None else times.outside_share
    plan = plan_search(costs, quotas, times.workers, extra_share=extra)
    ending = final_test_seconds(spec, task)
    rows = [
        {
            "name": stage.name,
            "configs": quota,
            "epochs": quota * stage.max_epochs,
            "cost_of_one": cost.seconds / costs[0].seconds,
            "seconds_of_one": cost.seconds,
            "compile_seconds": cost.compile_seconds,
            "seconds": seconds,
        }
        for stage, quota, cost, seconds in zip(spec.stage_list(), quotas, costs, plan.by_stage, strict=True)
    ]
    return {
        "study": spec.name,
        "trials": spec.trials,
        "etas": list(schedule.reduction_factors),
        "stages": rows,
        "seconds": plan.in_all,
        "outside_seconds": plan.extra,
        "final_test_seconds": ending,
        "wall_seconds": plan.wall + ending,
        "ends_after_seconds": None if hours is None else 3600 * hours,
        "seconds_all_in_full": plan.all_in_full,
        "sensors": len(task.series.sensors),
        "windows": len(task.starts["train"]),
        "findings": findings_document(times.findings),
    }


def _print_table(spec: StudySpec, document: dict[str, Any], times: str, workers: str) -> None:
    table = Table(box=None, pad_edge=False)
    for name in ("stage", "configs", "epochs", "one takes", "cost of one", "in all"):
        table.add_column(name, justify="left" if name == "stage" else "right")
    for row in document["stages"]:
        table.add_row(
            row["name"],
            str(row["configs"]),
            str(row["epochs"]),
            duration(row["seconds_of_one"]),
            f"{row['cost_of_one']:.1f}",
            duration(row["seconds"]),
        )
    console = Console(highlight=False, width=80)
    console.print(f"study {spec.name}: {document['sensors']} sensors, {document['windows']} training windows")
    console.print(table)
    if document["outside_seconds"]:
        parts = ["the reference"] * spec.search.reference + ["final trainings"] * (spec.search.most_finals > 0)
        console.print(f"{' and '.join(parts)}: {duration(document['outside_seconds'])} more.")
    console.print(f"baselines, ensemble and test: about {duration(document['final_test_seconds'])}.")
    console.print(f"times are of one worker and all epochs, {times}.")
    how = (
        "estimated times' ratio, at least 3"
        if spec.halving.reduction_factor == "cost"
        else "set by halving.reduction_factor"
    )
    console.print(f"each stage promotes one in {' and one in '.join(map(str, document['etas']))} ({how}).")
    if spec.halving.pruner != "none":
        console.print("evaluations that stop by the median of the others are counted as whole ones.")
    if spec.search.control_runs:
        console.print("controls are not counted.")
    saved = 1 - document["seconds"] / document["seconds_all_in_full"]
    share = f"{abs(saved):.0%} {'less' if saved >= 0 else 'more'} than all configs in full"
    console.print(f"about {duration(document['wall_seconds'])} with {workers}, {share}.")
    ends = document["ends_after_seconds"]
    if ends is not None and ends < document["wall_seconds"]:
        console.print(f"--hours ends it after {duration(ends)}: with shorter final trainings, or fewer configs.")
