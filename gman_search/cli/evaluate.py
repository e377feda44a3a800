"""`gman-search evaluate`: how good a trained model forecasts a split or a file."""

import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from gman_search.cli.options import Json, Storage, Studies
from gman_search.cli.saved import SOURCE_HELP
from gman_search.weekdays import DAY_NAMES

if TYPE_CHECKING:
    from gman_search.forecasting.accuracy import Accuracy
    from gman_search.record import Coverage

__all__ = ["evaluate"]

By = Literal["step", "sensor", "hour", "day"]


def evaluate(
    source: Annotated[str, typer.Argument(help=SOURCE_HELP, metavar="RUN")],
    readings: Annotated[
        Path | None, typer.Argument(help="CSV or Parquet of readings; default: the data it was trained on.")
    ] = None,
    split: Annotated[
        Literal["train", "val", "test"], typer.Option(help="Part of the data it was trained on.")
    ] = "test",
    by: Annotated[By, typer.Option(help="One row a forecast step, sensor, hour or weekday.")] = "step",
    interval: Annotated[
        int | None, typer.Option(help="Also how often intervals of this percent held.", min=50, max=99)
    ] = None,
    start: Annotated[str | None, typer.Option(help="Time of the first row, for files without times.")] = None,
    step: Annotated[str | None, typer.Option(help="Time between rows, for files without times: 5min.")] = None,
    channel: Annotated[
        str | None, typer.Option(help="Which quantity, for files with several; default: the one it was trained on.")
    ] = None,
    studies: Studies = Path("studies"),
    storage: Storage = None,
    json: Json = False,
) -> None:
    """Score a trained model on a split or a file, beside persistence: by step, sensor, hour of the day or weekday.

    Example: gman-search evaluate demo --split val --by hour
    """
    from gman_search.cli.output import print_json, say
    from gman_search.cli.saved import find_run
    from gman_search.data.windows import SPLIT_RULES

    run = find_run(source, studies, storage)
    recent = None if readings is None else run.readings(readings, start=start, step=step, channel=channel)

    from gman_search.training.quiet import start_tensorflow_quietly

    start_tensorflow_quietly()
    from gman_search.forecasting.backtest import backtest, file_windows, split_windows
    from gman_search.forecasting.forecaster import Forecaster

    model = Forecaster(run.model())
    if recent is not None:
        windows, where, rule = file_windows(model, recent), str(readings), None
    else:
        task = run.task()
        windows, where, rule = split_windows(task, split), f"{split} part", task.split
    for text in _caveats(None if recent is not None else split, interval, is_winner=run.is_winner):
        say(f"note: {text}")
    found = backtest(model, windows, interval)
    if json:
        cut = None if rule is None else {"part": split, "rule": rule, "text": SPLIT_RULES[rule]}
        about = {"run": str(run.folder), "on": where, "split": cut, "unit": model.unit}
        print_json("evaluate", {**about, **_document(found)})
        return
    where += "" if rule is None else f", split {SPLIT_RULES[rule]}"
    _print(model.unit, model.step_minutes, where, by, found.model, found.persistence, found.coverage, interval)


def _caveats(split: str | None, interval: int | None, *, is_winner: bool) -> list[str]:
    """What to know of errors on a part of the training data, or on a file, which has no `split`."""
    if split is None:
        return ["these errors are those of new readings only where the file has none that the model was trained on"]
    if split == "test":
        choose = "choose between runs by --split val: the one of least test error looks better than it is"
        return [] if is_winner else [choose]
    if split == "val" and interval is not None:
        return ["the intervals were calibrated on this part and hold on it by construction: see --split test"]
    return []


def _document(found: Any) -> dict[str, Any]:
    from dataclasses import asdict

    coverage = None if found.coverage is None else asdict(found.coverage)
    return {**asdict(found.model), "baselines": {"persistence": asdict(found.persistence)}, "coverage": coverage}


def _print(
    unit: str,
    minutes: int,
    where: str,
    by: By,
    model: "Accuracy",
    persistence: "Accuracy",
    held: "Coverage | None",
    percent: int | None,
) -> None:
    from rich.console import Console
    from rich.table import Table

    from gman_search.cli.output import number

    told = f"{where}, {model.windows} windows, {model.masked_share:.1%} of the readings missing; MAE and RMSE in {unit}"
    print(told)
    table = Table(box=None, pad_edge=False)
    table.add_column({"step": "forecast"}.get(by, by))
    for name in ("MAE", "RMSE", "MAPE %", "MAE of persistence"):
        table.add_column(name, justify="right")
    rows: list[tuple[str, Any, Any]] = []
    if by == "step":
        rows = [(f"at {step * minutes} min", scores, persistence.steps[step]) for step, scores in model.steps.items()]
    elif by == "hour":
        rows = [(f"{hour:02d}:00", scores, persistence.hours[hour]) for hour, scores in model.hours.items()]
    elif by == "day":
        rows = [(DAY_NAMES[day], scores, persistence.days[day]) for day, scores in model.days.items()]
    else:
        worst_first = sorted(model.sensors, key=lambda name: -_sortable(model.sensors[name].mae))
        rows = [(name, model.sensors[name], persistence.sensors[name]) for name in worst_first]
    rows.append((f"mean of steps 1..{len(model.steps)}", model.mean, persistence.mean))
    for name, scores, baseline in rows:
        table.add_row(name, *(number(value) for value in (scores.mae, scores.rmse)), number(scores.mape, 2),
                      number(baseline.mae))  # fmt: skip
    Console(highlight=False, width=100).print(table)
    if held is not None:
        print(
            f"intervals of {percent} % held {number(held.held, 1)} % of the readings "
            f"({number(held.slow, 1)} % where the forecast was slow), mean width {number(held.width, 2)} {unit}"
        )


def _sortable(value: float) -> float:
    return -1.0 if math.isnan(value) else value  # NaN last
