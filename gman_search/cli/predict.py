"""`gman-search predict`: forecast the next steps from recent readings."""

from pathlib import Path
from typing import Annotated

import typer

from gman_search.cli.options import Json, Studies

__all__ = ["predict"]


def predict(
    source: Annotated[str, typer.Argument(help="Name of a study, or a folder with a saved winner.", metavar="STUDY")],
    recent: Annotated[Path, typer.Argument(help="CSV of recent readings: at least the last P rows.", metavar="CSV")],
    output: Annotated[Path | None, typer.Option("--output", "-o", help="CSV file to write; default: stdout.")] = None,
    start: Annotated[str | None, typer.Option(help="Time of the first row, for files without times.")] = None,
    step: Annotated[str | None, typer.Option(help="Time between rows, for files without times: 5min.")] = None,
    studies: Studies = Path("studies"),
    json: Json = False,
) -> None:
    """Forecast the next Q steps of every sensor with a study's winner.

    Example: gman-search predict demo recent.csv --output forecast.csv
    """
    import numpy as np
    import pandas as pd

    from gman_search.cli.opened import study_folder
    from gman_search.cli.output import print_json, say
    from gman_search.data.read import read_series
    from gman_search.errors import StudyError

    folder = Path(source) if (Path(source) / "weights.npz").is_file() else study_folder(source, studies).winner
    if not (folder / "weights.npz").is_file():
        raise StudyError(f"study {source} has no winner yet: finish it with gman-search run --study {source}")
    series = read_series(recent, start=start, step=step)

    from gman_search.training.quiet import start_tensorflow_quietly

    start_tensorflow_quietly()
    from gman_search.training.forecaster import Forecaster

    model = Forecaster(folder)
    unknown = [name for name in series.sensors if name not in model.sensors]
    if unknown:
        say(f"note: {len(unknown)} sensors are unknown to the model and ignored, such as {unknown[0]}")
    times, values = model.forecast(series)
    table = pd.DataFrame(np.round(values, 2), columns=list(model.sensors))
    table.insert(0, "time", [str(time) for time in times])
    if json:
        forecast = {name: [round(float(value), 2) for value in values[:, i]] for i, name in enumerate(model.sensors)}
        print_json(
            "predict", {"unit": model.description["unit"], "times": [str(time) for time in times], "forecast": forecast}
        )
    elif output is None:
        print(table.to_csv(index=False, lineterminator="\n"), end="")
    else:
        table.to_csv(output, index=False, lineterminator="\n")
        say(f"wrote {output}: {len(times)} steps of {len(model.sensors)} sensors")
