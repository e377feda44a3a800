"""What a run would do and cost, touching nothing: estimated without TensorFlow, or by a few steps of every stage."""

import os
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from gman_search.cli.output import crew, duration, print_json, say
from gman_search.data.estimate import estimate_stages
from gman_search.data.task import ForecastTask, load_task
from gman_search.halving.plan import StageCost, plan_search
from gman_search.search.open import ladder_of
from gman_search.spec import StudySpec

__all__ = ["print_dry_run"]


def print_dry_run(spec: StudySpec, *, measure: bool, as_json: bool) -> None:
    """Print the ladder: configs, epochs, time; in all and against every config in full."""
    task = load_task(spec.data, Path.cwd())
    ladder, costs = ladder_of(spec, task), _costs(spec, task, measure)
    quotas, cores = ladder.quotas(), os.cpu_count() or 1
    # More workers than cores take turns.
    plan = plan_search(costs, quotas, min(spec.search.workers, cores))
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
    sensors, windows = len(task.series.sensors), len(task.starts["train"])
    if as_json:
        print_json(
            "dry-run",
            {
                "study": spec.name,
                "trials": spec.trials,
                "etas": list(ladder.etas),
                "stages": rows,
                "measured": measure,
                "workers": spec.search.workers,
                "threads": spec.search.threads_of(cores),
                "seconds": plan.in_all,
                "wall_seconds": plan.wall,
                "seconds_all_in_full": plan.all_in_full,
                "sensors": sensors,
                "windows": windows,
                "warnings": list(task.warnings),
            },
        )
        return
    table = Table(box=None, pad_edge=False)
    for name in ("stage", "configs", "epochs", "one takes", "cost of one", "in all"):
        table.add_column(name, justify="left" if name == "stage" else "right")
    for row in rows:
        table.add_row(
            str(row["name"]),
            str(row["configs"]),
            str(row["epochs"]),
            duration(float(str(row["seconds_of_one"]))),
            f"{row['cost_of_one']:.1f}",
            duration(float(str(row["seconds"]))),
        )
    console = Console(highlight=False, width=80)
    console.print(f"study {spec.name}: {sensors} sensors, {windows} training windows")
    console.print(table)
    how = "measured by a few steps of every stage" if measure else "estimated for CPUs (--measure times a few steps)"
    console.print(f"a worker's time, {how}; with all epochs.")
    how = "the ratio of the stages' times" if spec.halving.eta == "cost" else "set by halving.eta"
    console.print(f"each stage promotes one in {' and one in '.join(map(str, ladder.etas))} ({how}).")
    if spec.halving.stopping != "none":
        console.print("evaluations that stop by the median of the others are counted as whole ones.")
    console.print(
        f"about {duration(plan.wall)} with {crew(spec)}; of what all {spec.trials} configs in full would take, "
        f"{1 - plan.in_all / plan.all_in_full:.0%} is saved."
    )
    for text in task.warnings:
        console.print(f"note: {text}")


def _costs(spec: StudySpec, task: ForecastTask, measure: bool) -> Sequence[StageCost]:
    if not measure:
        threads = spec.search.threads_of(os.cpu_count() or 1)
        return estimate_stages(spec.stage_list(), task, spec.data.validation_stride, threads=threads)
    from gman_search.search.timed_steps import timed_costs

    say("training a few steps of every stage, about half a minute for a small network ...")
    return timed_costs(spec, task, Path.cwd())
