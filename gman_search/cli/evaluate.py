"""`gman-search evaluate`: how good a trained model forecasts a split or a file."""

import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from gman_search.cli.as_chosen import SEEN
from gman_search.cli.ensemble_notes import ensemble_notes
from gman_search.cli.flags import with_flags
from gman_search.cli.options import Json, Single, Storage, Studies
from gman_search.cli.refitted import Refit
from gman_search.cli.run_locator import SOURCE_HELP
from gman_search.wording import DAY_NAMES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gman_search.forecasting.accuracy import Accuracy
    from gman_search.record import Coverage, Scores

__all__ = ["evaluate"]

By = Literal["step", "sensor", "hour", "day", "week"]


@dataclass(frozen=True)
class EvaluateFlags:
    """Flags of `gman-search evaluate`."""

    source: Annotated[str, typer.Argument(help=SOURCE_HELP, metavar="RUN")]
    readings: Annotated[
        Path | None, typer.Argument(help="CSV or Parquet of readings; default: the data it was trained on.")
    ] = None
    split: Annotated[
        Literal["train", "val", "test", "new"],
        typer.Option(help="Part of the data it was trained on; new: rows that were added to their file since."),
    ] = "test"
    by: Annotated[By, typer.Option(help="One row a forecast step, sensor, hour, weekday or week.")] = "step"
    interval: Annotated[
        int | None, typer.Option(help="Also how often intervals of this percent held.", min=50, max=99)
    ] = None
    start: Annotated[str | None, typer.Option(help="Time of the first row, for files without times.")] = None
    step: Annotated[str | None, typer.Option(help="Time between rows, for files without times: 5min.")] = None
    channel: Annotated[
        str | None, typer.Option(help="Which quantity, for files with several; default: the one it was trained on.")
    ] = None
    fail_on_drift: Annotated[
        bool, typer.Option("--fail-on-drift", help="With --by week: end with code 6 if it is worse than tested.")
    ] = False
    single: Single = False
    refit: Refit = False
    studies: Studies = Path("studies")
    storage: Storage = None
    json: Json = False


@with_flags
def evaluate(flags: EvaluateFlags) -> None:
    """Score a trained model on a split or a file, compared with baselines: by step, sensor, hour of the day or weekday.

    --by week tells of newer readings whether the model is as good as tested, or has drifted, where and since when.

    Example: gman-search evaluate demo --split val --by hour
    """
    from gman_search.cli.data_notes import left_out_of_scores
    from gman_search.cli.output import print_json, say
    from gman_search.cli.refitted import refit_document, refit_notes, refitted
    from gman_search.cli.run_locator import find_run, use_one_thread_for_products
    from gman_search.cli.scored import NEW, scored_file, scored_part
    from gman_search.tuning.commands import Place

    use_one_thread_for_products()
    from gman_search.data.windows import SPLIT_RULES
    from gman_search.errors import StudyError, UsageError

    if flags.fail_on_drift and (flags.by != "week" or flags.readings is None):
        raise UsageError("expected --fail-on-drift with a file of newer readings and --by week")
    run = find_run(flags.source, flags.studies, flags.storage, single=flags.single)
    if flags.refit:
        run = refitted(run, flags.source)
    place = Place(flags.studies, storage=flags.storage)
    if run.interim and (flags.by == "week" or (flags.readings is None and flags.split == "test")):
        # Looking now and choosing later would make the final test worth nothing.
        finish = place.command("run", "--study", flags.source)
        raise StudyError(
            f"expected a search that has ended; that of {flags.source} has not, and its test part is opened once, at "
            f"the end: finish it with {finish}, or give --split val or newer readings"
        )
    recent = (
        None
        if flags.readings is None
        else run.readings(flags.readings, start=flags.start, step=flags.step, channel=flags.channel)
    )
    if recent is not None:
        scored = scored_file(run, recent, str(flags.readings))
    else:
        scored = scored_part(run, flags.split, place.command("evaluate", flags.source, "--split", NEW))
    model, windows, where, rule, notes, rows = scored
    part = None if recent is not None else flags.split
    read = () if recent is None else recent.notes
    first, end = int(windows.starts[0]) + model.P, int(windows.starts[-1]) + model.P + model.Q
    left_out = left_out_of_scores(windows.series, first, end)
    of_refit = refit_document(model.config)
    told = [*ensemble_notes(run), *notes, *refit_notes(model.config, run.study, part)]
    told += _caveats(part, flags.interval, is_winner=run.is_winner)
    for text in [*read, *told, *left_out]:
        say(f"note: {text}")
    if flags.by == "week":
        from gman_search.cli.drift import watch

        on = {"run": str(run.source), "on": where, "split": None if rule is None else flags.split, "unit": model.unit}
        is_file = recent is not None
        watch(run, model, windows, {**on, **of_refit}, is_file=is_file, fail=flags.fail_on_drift, json=flags.json)
        return
    from gman_search.forecasting.backtest import backtest

    kept = run.baselines(lambda text: say(f"note: {text}"), as_tested=part not in SEEN)
    found = backtest(model, windows, flags.interval, kept.baselines, kept.usual)
    if flags.json:
        cut = None if rule is None else {"part": flags.split, "rule": rule, "text": SPLIT_RULES[rule]}
        config = {"run": str(run.source), "on": where, "split": cut, "rows": rows, "unit": model.unit}
        print_json("evaluate", {**config, **_document(found), **of_refit})
        return
    where += "" if rule is None else f", split {SPLIT_RULES[rule]}"
    _print(
        model.unit, model.step_minutes, where, flags.by, found.model, found.baselines, found.coverage, flags.interval
    )


def _caveats(split: str | None, interval: int | None, *, is_winner: bool) -> list[str]:
    """What to know of errors on a part of the training data; a file has no `split`."""
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

    from gman_search.wording import number

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
            f"({number(held.slow, 1)} % where the forecast was slow), mean width {number(held.width, least=2)} {unit}"
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
