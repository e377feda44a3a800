"""`gman-search evaluate`: how good a trained model forecasts a split or a file."""

import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from gman_search.cli.options import Json, Single, Storage, Studies
from gman_search.cli.saved import SOURCE_HELP, ensemble_notes
from gman_search.weekdays import DAY_NAMES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gman_search.forecasting.accuracy import Accuracy
    from gman_search.record import Coverage, Scores

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
    single: Single = False,
    studies: Studies = Path("studies"),
    storage: Storage = None,
    json: Json = False,
) -> None:
    """Score a trained model on a split or a file, compared with baselines: by step, sensor, hour of the day or weekday.

    Example: gman-search evaluate demo --split val --by hour
    """
    from gman_search.cli.output import print_json, say
    from gman_search.cli.saved import find_run
    from gman_search.data.windows import SPLIT_RULES

    run = find_run(source, studies, storage, single=single)
    recent = None if readings is None else run.readings(readings, start=start, step=step, channel=channel)

    from gman_search.training.quiet import start_tensorflow_quietly

    start_tensorflow_quietly()
    from gman_search.forecasting.backtest import backtest, file_windows, split_windows

    model = run.forecaster()
    if recent is not None:
        windows, where, rule = file_windows(model, recent), str(readings), None
    else:
        task = run.task()
        windows, where, rule = split_windows(task, split), f"{split} part", task.split
    told = [*ensemble_notes(run), *_caveats(None if recent is not None else split, interval, is_winner=run.is_winner)]
    for text in told:
        say(f"note: {text}")
    kept = run.baselines(lambda text: say(f"note: {text}"))
    found = backtest(model, windows, interval, kept.baselines, kept.usual)
    if json:
        cut = None if rule is None else {"part": split, "rule": rule, "text": SPLIT_RULES[rule]}
        about = {"run": str(run.source), "on": where, "split": cut, "unit": model.unit}
        print_json("evaluate", {**about, **_document(found)})
        return
    where += "" if rule is None else f", split {SPLIT_RULES[rule]}"
    _print(model.unit, model.step_minutes, where, by, found.model, found.baselines, found.coverage, interval)


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
    baselines = {name: asdict(errors) for name, errors in found.baselines.items()}
    return {**asdict(found.model), "baselines": baselines, "coverage": coverage}


def _print(
    unit: str,
    minutes: int,
    where: str,
    by: By,
    model: "Accuracy",
    baselines: "Mapping[str, Accuracy]",
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
    for name in ("MAE", "RMSE", "MAPE %", *(f"MAE of {name}" for name in baselines)):
        table.add_column(name, justify="right")
    for key, label in _labels(model, by, minutes).items():
        scores = _cut(model, by)[key]
        rivals = [number(_cut(errors, by)[key].mae) for errors in baselines.values()]
        table.add_row(label, number(scores.mae), number(scores.rmse), number(scores.mape, 2), *rivals)
    mean = model.mean
    rivals = [number(errors.mean.mae) for errors in baselines.values()]
    label = f"mean of steps 1..{len(model.steps)}"
    table.add_row(label, number(mean.mae), number(mean.rmse), number(mean.mape, 2), *rivals)
    Console(highlight=False, width=100).print(table)
    if held is not None:
        print(
            f"intervals of {percent} % held {number(held.held, 1)} % of the readings "
            f"({number(held.slow, 1)} % where the forecast was slow), mean width {number(held.width, 2)} {unit}"
        )


def _cut(errors: "Accuracy", by: By) -> "Mapping[Any, Scores]":
    cuts: dict[By, Mapping[Any, Scores]]
    cuts = {"step": errors.steps, "sensor": errors.sensors, "hour": errors.hours, "day": errors.days}
    return cuts[by]


def _labels(model: "Accuracy", by: By, minutes: int) -> dict[Any, str]:
    """What each row is called, by its key in the cut; sensors come worst first."""
    if by == "step":
        return {step: f"at {step * minutes} min" for step in model.steps}
    if by == "hour":
        return {hour: f"{hour:02d}:00" for hour in model.hours}
    if by == "day":
        return {day: DAY_NAMES[day] for day in model.days}
    return {name: name for name in sorted(model.sensors, key=lambda name: -_sortable(model.sensors[name].mae))}


def _sortable(value: float) -> float:
    return -1.0 if math.isnan(value) else value  # NaN last
