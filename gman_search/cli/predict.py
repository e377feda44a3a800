"""`gman-search predict`: forecast the next steps from recent readings."""

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gman_search.cli.options import Json, Single, Storage, Studies
from gman_search.cli.saved import SOURCE_HELP, ensemble_notes

if TYPE_CHECKING:
    from gman_search.data.series import TrafficSeries
    from gman_search.forecasting.forecast import Forecast
    from gman_search.forecasting.series_forecaster import SeriesForecaster

__all__ = ["predict"]


def predict(
    source: Annotated[str, typer.Argument(help=SOURCE_HELP, metavar="RUN")],
    recent: Annotated[Path, typer.Argument(help="CSV or Parquet of readings: at least the last P rows.")],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="CSV or Parquet file to write; default: CSV on stdout.")
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="Forecast from every row, not only from the last.")] = False,
    interval: Annotated[
        int | None, typer.Option(help="Add prediction intervals that hold in this percent of cases.", min=50, max=99)
    ] = None,
    long: Annotated[bool, typer.Option("--long", help="One row a time and sensor, not one column a sensor.")] = False,
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
    """Forecast the next Q steps of every sensor with a trained model.

    Example: gman-search predict demo recent.csv --interval 90 --output forecast.csv
    """
    import sys

    from gman_search.cli.output import print_json, say
    from gman_search.cli.saved import find_run
    from gman_search.errors import UsageError

    if json and output is not None:
        raise UsageError("expected --json or --output; received both")
    run = find_run(source, studies, storage, single=single)
    series = run.readings(recent, start=start, step=step, channel=channel)

    from gman_search.training.quiet import start_tensorflow_quietly

    start_tensorflow_quietly()
    from gman_search.forecasting.forecast import digits_for, write_csv, write_parquet

    model = run.forecaster(traced=every)
    for text in [*ensemble_notes(run), *_notes(model, series, interval)]:
        say(f"note: {text}")
    forecasts: Iterable[Forecast] = (
        model.forecast_all(series, interval=interval) if every else [model.forecast(series, interval=interval)]
    )
    digits = digits_for(model.about.std)
    if json:
        print_json("predict", _document(model, forecasts, interval, digits))
        return
    tables = (forecast.frame(origins=every, long=long) for forecast in forecasts)
    if output is None:
        write_csv(tables, sys.stdout, digits)
        return
    is_parquet = output.suffix.lower() in (".parquet", ".pq")
    rows = write_parquet(tables, output) if is_parquet else write_csv(tables, output, digits)
    say(f"wrote {output}: {rows} rows, {len(model.sensors)} sensors, {model.Q} steps of {model.step_minutes} min")


def _notes(model: "SeriesForecaster", series: "TrafficSeries", interval: int | None) -> list[str]:
    from gman_search.cli.output import number

    notes: list[str] = []
    notes += series.notes
    unknown = [name for name in series.sensors if name not in model.sensors]
    if unknown:
        notes.append(f"{len(unknown)} sensors are unknown to the model and ignored, such as {unknown[0]}")
    silent = model.silent(series)
    if silent:
        shown = f"{len(silent)} sensors have no reading in the last {model.P} rows, such as {silent[0]}"
        notes.append(f"{shown}: their forecasts rest on their neighbours and the time of day, do not trust them")
    measured = model.about.coverage.get(interval) if interval is not None else None
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
    coverage = model.about.coverage.get(interval) if interval is not None else None
    last = {key: value for key, value in origins[-1].items() if key != "origin"}
    return {"unit": model.unit, "interval": interval, "coverage": coverage, **last, "origins": origins}
