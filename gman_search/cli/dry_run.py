"""What a run would do and cost, without TensorFlow and without touching anything."""

from pathlib import Path

from rich.console import Console
from rich.table import Table

from gman_search.cli.output import duration, print_json
from gman_search.data.task import load_task
from gman_search.search.open import ladder_of, stage_seconds
from gman_search.spec import StudySpec

__all__ = ["print_dry_run"]


def print_dry_run(spec: StudySpec, *, as_json: bool) -> None:
    """Print the ladder: configs, epochs, estimated time; in all and against every config in full."""
    task = load_task(spec.data, Path.cwd())
    ladder, seconds = ladder_of(spec, task), stage_seconds(spec, task)
    rows = [
        {
            "name": stage.name,
            "configs": quota,
            "epochs": quota * stage.max_epochs,
            "cost_of_one": seconds[stage.name] / seconds[ladder.stages[0]],
            "seconds_of_one": seconds[stage.name],
            "seconds": quota * seconds[stage.name],
        }
        for stage, quota in zip(spec.stage_list(), ladder.quotas(), strict=True)
    ]
    total = sum(quota * seconds[stage] for stage, quota in zip(ladder.stages, ladder.quotas(), strict=True))
    # What training every config at the top would cost: the full stage alone, cold.
    everything = spec.trials * seconds[ladder.stages[-1]]
    sensors, windows = len(task.series.sensors), len(task.starts["train"])
    if as_json:
        print_json(
            "dry-run",
            {
                "study": spec.name,
                "trials": spec.trials,
                "etas": list(ladder.etas),
                "stages": rows,
                "seconds": total,
                "seconds_all_in_full": everything,
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
    console.print("time of one worker with two cores, estimated; cold, and with all epochs.")
    how = "the ratio of the stages' times" if spec.halving.eta == "cost" else "set by halving.eta"
    console.print(f"each stage promotes one in {' and one in '.join(map(str, ladder.etas))} ({how}).")
    if spec.halving.stopping != "none":
        console.print("evaluations that stop by the median of the others are counted as whole ones.")
    console.print(
        f"total {duration(total)}; all {spec.trials} configs in full {duration(everything)}: "
        f"{1 - total / everything:.0%} saved."
    )
    for text in task.warnings:
        console.print(f"note: {text}")
