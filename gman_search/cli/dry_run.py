"""What a run would do and cost, without TensorFlow and without touching anything."""

from pathlib import Path

from rich.console import Console
from rich.table import Table

from gman_search.cli.output import print_json
from gman_search.data.task import load_task
from gman_search.search.open import ladder_of, stage_costs
from gman_search.spec import StudySpec

__all__ = ["print_dry_run"]


def print_dry_run(spec: StudySpec, *, as_json: bool) -> None:
    """Print the ladder: configs, epochs, estimated relative cost; in all and against every config in full."""
    task = load_task(spec.data, Path.cwd())
    sensors, windows = len(task.series.sensors), len(task.starts["train"])
    ladder = ladder_of(spec, sensors=sensors, windows=windows)
    costs = stage_costs(spec, sensors=sensors, windows=windows)
    unit = costs[ladder.stages[0]]
    rows = [
        {
            "name": stage.name,
            "configs": quota,
            "epochs": quota * stage.max_epochs,
            "cost_of_one": costs[stage.name] / unit,
            "cost": quota * costs[stage.name] / unit,
        }
        for stage, quota in zip(spec.stage_list(), ladder.quotas(), strict=True)
    ]
    total = sum(float(str(row["cost"])) for row in rows)
    # What training every config at the top would cost: the full stage alone, cold.
    everything = spec.trials * costs[ladder.stages[-1]] / unit
    if as_json:
        print_json(
            "dry-run",
            {
                "study": spec.name,
                "trials": spec.trials,
                "etas": list(ladder.etas),
                "stages": rows,
                "cost": total,
                "cost_all_in_full": everything,
                "sensors": sensors,
                "windows": windows,
                "warnings": list(task.warnings),
            },
        )
        return
    table = Table(box=None, pad_edge=False)
    for name in ("stage", "configs", "epochs", "cost of one", "cost"):
        table.add_column(name, justify="left" if name == "stage" else "right")
    for row in rows:
        table.add_row(
            str(row["name"]), str(row["configs"]), str(row["epochs"]), f"{row['cost_of_one']:.1f}", f"{row['cost']:.0f}"
        )
    console = Console(highlight=False, width=80)
    console.print(f"study {spec.name}: {sensors} sensors, {windows} training windows")
    console.print(table)
    console.print(f"cost in units of one {ladder.stages[0]} evaluation (estimated multiply-adds).")
    how = "the ratio of the stages' costs" if spec.halving.eta == "cost" else "set by halving.eta"
    console.print(f"each stage promotes one in {' and one in '.join(map(str, ladder.etas))} ({how}).")
    console.print(
        f"total {total:.0f}; all {spec.trials} configs in full {everything:.0f}: {1 - total / everything:.0%} saved."
    )
    for text in task.warnings:
        console.print(f"note: {text}")
