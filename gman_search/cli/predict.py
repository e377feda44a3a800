"""`gman-search predict`: forecast the next steps from recent readings."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gman_search.cli.ensemble_notes import ensemble_notes
from gman_search.cli.flags import with_flags
from gman_search.cli.options import Json, Single, Storage, Studies
from gman_search.cli.refitted import Refit
from gman_search.cli.run_locator import SOURCE_HELP

if TYPE_CHECKING:
    from gman_search.cli.run_locator import SavedRun
    from gman_search.cli.watch import Seen
    from gman_search.data.series import TrafficSeries
    from gman_search.forecasting.forecast import Forecast
    from gman_search.forecasting.series_forecaster import SeriesForecaster

__all__ = ["predict"]


@dataclass(frozen=True)
class PredictFlags:
    """Flags of `gman-search predict`."""

    source: Annotated[str, typer.Argument(help=SOURCE_HELP, metavar="RUN")]
    recent: Annotated[
        Path, typer.Argument(help="CSV or Parquet of readings: at least the last P rows. With --watch also a folder.")
    ]
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="File to write: .csv, .csv.gz, .parquet or .xlsx; default: CSV on stdout."),
    ] = None
    every: Annotated[bool, typer.Option("--all-origins", help="Forecast from every row, not only from the last.")] = (
        False
    )
    interval: Annotated[
        int | None, typer.Option(help="Add prediction intervals that hold in this percent of cases.", min=50, max=99)
    ] = None
    long: Annotated[bool, typer.Option("--long", help="One row a time and sensor, not one column a sensor.")] = False
    start: Annotated[str | None, typer.Option(help="Time of the first row, for files without times.")] = None
    step: Annotated[str | None, typer.Option(help="Time between rows, for files without times: 5min.")] = None
    channel: Annotated[
        str | None, typer.Option(help="Which quantity, for files with several; default: the one it was trained on.")
    ] = None
    watch: Annotated[
        bool, typer.Option("--watch", help="Forecast again whenever the file changes, until Ctrl-C; needs --output.")
    ] = False
    poll: Annotated[
        float, typer.Option(help="Seconds between two looks at the file, with --watch.", min=0.05, max=86_400)
    ] = 2.0
    single: Single = False
    refit: Refit = False
    studies: Studies = Path("studies")
    storage: Storage = None
    json: Json = False


@with_flags
def predict(flags: PredictFlags) -> None:
    """Forecast the next Q steps of every sensor with a trained model.

    Example: gman-search predict demo recent.csv --interval 90 --output forecast.csv
    """
    from gman_search.cli.output import print_json, say
    from gman_search.cli.refitted import refit_document, refit_notes, refitted
    from gman_search.cli.run_locator import find_run, use_one_thread_for_products
    from gman_search.errors import UsageError
    from gman_search.forecasting.output_file import check_target, format_of

    if flags.json and flags.output is not None:
        raise UsageError("expected --json or --output; received both")
    if flags.watch and flags.output is None:
        raise UsageError("expected --output with --watch, the file that holds the newest forecast; received none")
    use_one_thread_for_products()
    run = find_run(flags.source, flags.studies, flags.storage, single=flags.single)
    if flags.refit:
        run = refitted(run, flags.source)
    if flags.output is not None:
        format_of(flags.output)
        check_target(flags.output, [*([] if flags.recent.is_dir() else [flags.recent]), *run.data_files()])
    given = {"start": flags.start, "step": flags.step, "channel": flags.channel}
    if flags.watch and flags.output is not None:
        _watch(
            run,
            flags.recent,
            flags.output,
            flags.poll,
            given,
            every=flags.every,
            interval=flags.interval,
            long=flags.long,
        )
        return
    series = run.readings(flags.recent, **given)
    model = run.forecaster(traced=flags.every)
    for text in [*ensemble_notes(run), *refit_notes(model.config, run.study), *_notes(model, series, flags.interval)]:
        say(f"note: {text}")
    forecasts = _forecasts(model, series, flags.every, flags.interval)
    if flags.json:
        from gman_search.forecasting.forecast import digits_for

        print_json(
            "predict",
            {
                **_document(model, forecasts, flags.interval, digits_for(model.config.std)),
                **refit_document(model.config),
            },
        )
        return
    rows = _written(model, forecasts, flags.output, origins=flags.every, long=flags.long)
    if flags.output is not None:
        steps = f"{model.Q} steps of {model.step_minutes} min"
        say(f"wrote {flags.output}: {rows} rows, {len(model.sensors)} sensors, {steps}")


def _forecasts(
    model: "SeriesForecaster", series: "TrafficSeries", every: bool, interval: int | None
) -> "Iterable[Forecast]":
    return model.forecast_all(series, interval=interval) if every else [model.forecast(series, interval=interval)]


def _written(
    model: "SeriesForecaster", forecasts: "Iterable[Forecast]", output: Path | None, *, origins: bool, long: bool
) -> int:
    """Write a table to the file, or as CSV to stdout; returns its number of rows."""
    import sys

    from gman_search.forecasting.forecast import digits_for, write_csv
    from gman_search.forecasting.output_file import write_forecasts

    tables, digits = (
        (forecast.frame(origins=origins, long=long) for forecast in forecasts),
        digits_for(model.config.std),
    )
    return write_csv(tables, sys.stdout, digits) if output is None else write_forecasts(tables, output, digits)


def _watch(
    run: "SavedRun",
    recent: Path,
    output: Path,
    poll: float,
    given: dict[str, str | None],
    *,
    every: bool,
    interval: int | None,
    long: bool,
) -> None:
    from gman_search.cli.output import say
    from gman_search.cli.refitted import refit_notes
    from gman_search.cli.watch import on_each_change

    model = run.forecaster()
    if interval is not None:
        model.intervals(interval)  # what no later file can mend is told now
    told: set[str] = set()

    def note(texts: list[str]) -> None:
        for text in texts:
            if text not in told:
                say(f"note: {text}")
        told.update(texts)

    def act(seen: "Seen") -> str:
        series = run.readings(seen.path, **given)
        forecasts = list(_forecasts(model, series, every, interval))
        seen.check()
        note(_notes(model, series, interval))
        _written(model, forecasts, output, origins=every, long=long)
        return f"wrote {output}: forecast from {forecasts[-1].origins[-1]} by {seen.path}"

    note([*ensemble_notes(run), *refit_notes(model.config, run.study)])
    say(f"watching {recent}; Ctrl-C ends it")
    on_each_change(recent, poll, act, own=output)


def _notes(model: "SeriesForecaster", series: "TrafficSeries", interval: int | None) -> list[str]:
    from gman_search.cli.data_notes import left_out_of_forecast
    from gman_search.wording import number

    notes: list[str] = []
    notes += series.notes
    notes += left_out_of_forecast(series, model.P) if model.config.reading.clean else []
    unknown = [name for name in series.sensors if name not in model.sensors]
    if unknown:
        notes.append(f"{len(unknown)} sensors are unknown to the model and ignored, such as {unknown[0]}")
    silent = model.all_missing(series)
    if silent:
        shown = f"{len(silent)} sensors have no reading in the last {model.P} rows, such as {silent[0]}"
        notes.append(f"{shown}: their forecasts rest on their neighbours and the time of day, do not trust them")
    measured = model.config.coverage.get(interval) if interval is not None else None
    if measured is not None and measured["held"] is not None:
        notes.append(
            f"intervals of {interval} % held {number(measured['held'], 1)} % of the test part's readings "
            f"({number(measured['slow'], 1)} % where the forecast was slow)"
        )
    elif interval is not None:
        notes.append(f"how often intervals of {interval} % hold on a test part was not measured for this model")
    return notes


def _document(
    model: "SeriesForecaster", forecasts: "Iterable[Forecast]", interval: int | None, digits: int
) -> dict[str, object]:
    """Forecasts by origin and sensor; `times` and `forecast` at the top are the last origin's."""
    origins = []
    for forecast in forecasts:
        arrays = {"forecast": forecast.values, "lower": forecast.lower, "upper": forecast.upper}
        for row, origin in enumerate(forecast.origins):
            entry: dict[str, Any] = {"origin": str(origin), "times": [str(time) for time in forecast.times[row]]}
            for key, array in arrays.items():
                if array is not None:
                    lines = array[row].T
                    named = zip(model.sensors, lines, strict=True)
                    entry[key] = {name: [round(float(value), digits) for value in line] for name, line in named}
            origins.append(entry)
    coverage = model.config.coverage.get(interval) if interval is not None else None
    last = {key: value for key, value in origins[-1].items() if key != "origin"}
    return {"unit": model.unit, "interval": interval, "coverage": coverage, **last, "origins": origins}
