"""`gman-search evaluate --by week`: a model in use, compared with what it was when it was tested."""

from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

from gman_search.errors import DataError, Drifted, GmanSearchError

if TYPE_CHECKING:
    from gman_search.cli.run_locator import SavedRun
    from gman_search.forecasting.backtest import Windows
    from gman_search.forecasting.drift import DailyErrors, Verdict
    from gman_search.forecasting.series_forecaster import SeriesForecaster

__all__ = ["verdict_line", "watch"]


def watch(
    run: "SavedRun",
    model: "SeriesForecaster",
    windows: "Windows",
    config: dict[str, Any],
    *,
    is_file: bool,
    fail: bool,
    json: bool,
) -> None:
    """Print errors by week; of a file also whether the model is as good as tested. Needs TensorFlow started.

    Args:
        run: what `model` is of.
        model: what forecasts.
        windows: to score.
        config: what the JSON document begins with.
        is_file: whether the windows are of a file, not of the data that the model was trained on.
        fail: raise where it has drifted, or where that cannot be told.
        json: print one document.

    Raises:
        Drifted: it has, and `fail`.
        DataError: there is no verdict, and `fail`.
    """
    from gman_search.cli.output import print_json, say
    from gman_search.forecasting.by_day import daily_errors, joined
    from gman_search.forecasting.day_changes import pooled
    from gman_search.forecasting.drift import judged

    recent = daily_errors(model, windows.series, windows.starts)
    tested: DailyErrors | None = None
    reason, verdict = "", judged(recent, recent)
    if is_file:
        try:
            val, tested = _tested(run, model)
            verdict = judged(joined(val, tested), recent)
            reason = verdict.reason
        except GmanSearchError as error:  # errors by week are worth printing without it
            reason = str(error)
    line = (
        "" if not is_file else f"no verdict: {reason}" if reason else verdict_line(verdict, model.sensors, model.unit)
    )
    weeks = [_week(week, model.sensors) for week in verdict.weeks]
    if not is_file or tested is None:
        weeks = [{**week, "judged": False, "network": False, "worse": []} for week in weeks]
    test = None
    if tested is not None:
        errors = {"mae": tested.model, "persistence": tested.persistence}
        test = {name: pooled(sums, tested.count) for name, sums in errors.items()}
    drift = verdict.drift if tested is not None else None
    if json:
        named = None if drift is None else {**asdict(drift), "since": str(drift.since)}
        if named is not None:
            named["sensors"] = [model.sensors[number] for number in named["sensors"]]
        print_json("evaluate", {**config, "by": "week", "weeks": weeks, "test": test, "drift": named, "verdict": line})
    else:
        _print(config, weeks, test)
        if line:
            print(line)
    if fail and drift is not None:
        raise Drifted(f"{line}: look at these sensors, then gman-search refit or a new search")
    if fail and reason:
        raise DataError(f"cannot judge whether the model is as good as tested: {reason}")
    if json and reason:
        say(f"note: {line}")


def verdict_line(verdict: "Verdict", sensors: tuple[str, ...], unit: str) -> str:
    """One line: as good as tested, or since when not, and where."""
    drift = verdict.drift
    if drift is None:
        earlier = [str(week.first) for week in verdict.weeks if week.alarms]
        was = f" (not in the weeks of {', '.join(earlier)})" if earlier else ""
        return f"as good as tested{was}"
    errors = f"{drift.now:.2f} instead of {drift.tested:.2f} {unit}"
    if not drift.sensors:
        return f"drifted since {drift.since}: {errors} over all sensors"
    count = len(drift.sensors)
    return (
        f"drifted since {drift.since}: {count} sensor{'s' * (count > 1)}, worst {sensors[drift.sensors[0]]}: {errors}"
    )


def _tested(run: "SavedRun", model: "SeriesForecaster") -> "tuple[DailyErrors, DailyErrors]":
    """Errors of the validation and the test part, by the model that was tested on them.

    Raises:
        DataError: the readings of the study are not there any more, or not as they were.
    """
    from pathlib import Path

    from gman_search.cli.as_chosen import as_chosen
    from gman_search.forecasting.by_day import daily_errors
    from gman_search.tuning.folder import StudyFolder
    from gman_search.tuning.stored_readings import stored_readings

    data = run.data()
    task = stored_readings(StudyFolder(run.study or run.folder), data, Path.cwd()).task
    if model.config.refit is not None and run.study is not None:
        # The refitted model was trained on both parts.
        ensemble = None if run.ensemble is None else run.study / "ensemble"
        run = replace(run, folder=run.study / "winner", ensemble=ensemble)
        model = run.forecaster()
    val = daily_errors(as_chosen(run, model), task.series, task.starts["val"])
    return val, daily_errors(model, task.series, task.starts["test"])


def _week(week: Any, sensors: tuple[str, ...]) -> dict[str, Any]:
    return {**asdict(week), "first": str(week.first), "worse": [sensors[number] for number in week.worse]}


def _print(config: dict[str, Any], weeks: list[dict[str, Any]], test: dict[str, float] | None) -> None:
    from rich.console import Console
    from rich.table import Table

    from gman_search.wording import number

    print(f"{config['on']}; MAE over all steps and sensors in {config['unit']}")
    table = Table(box=None, pad_edge=False)
    table.add_column("week of")
    for name in ("MAE", "persistence", "of persistence"):
        table.add_column(name, justify="right")
    table.add_column("")
    rows = [] if test is None else [("test part", test, "")]
    rows += [(week["first"], week, _mark(week)) for week in weeks]
    for label, errors, mark in rows:
        mae, rival = errors["mae"], errors["persistence"]
        share = f"{mae / rival:.0%}" if rival else "-"
        table.add_row(label, number(mae), number(rival), share, mark)
    Console(highlight=False, width=100).print(table)


def _mark(week: dict[str, Any]) -> str:
    where = ["the network"] if week["network"] else []
    worse = week["worse"]
    if worse:
        where.append(", ".join(worse[:3]) + (f" and {len(worse) - 3} more" if len(worse) > 3 else ""))
    return f"worse: {' and '.join(where)}" if where else ""
