"""What `evaluate` scores: a part of the data that a run was trained on, what was added to them since, or a file."""

from typing import TYPE_CHECKING, NamedTuple

from gman_search.cli.as_chosen import NOTE, SEEN, as_chosen
from gman_search.errors import DataError

if TYPE_CHECKING:
    from gman_search.cli.run_locator import SavedRun
    from gman_search.data.series import TrafficSeries
    from gman_search.data.study_data import StudyData
    from gman_search.forecasting.backtest import Windows
    from gman_search.forecasting.series_forecaster import SeriesForecaster
    from gman_search.forecasting.unseen import Unseen

__all__ = ["NEW", "Scored", "scored_file", "scored_part"]

NEW = "new"
"""The part of what was added to the file since the study."""


class Scored(NamedTuple):
    """The model, the windows, and what they are.

    `rule` is that by which the windows were cut from the study's data, where they were; `rows` tells how many rows of a
    file, or of a file that has grown, are new, and how many belong to the study.
    """

    model: "SeriesForecaster"
    windows: "Windows"
    where: str
    rule: str | None = None
    notes: tuple[str, ...] = ()
    rows: dict[str, int] | None = None


def scored_part(run: "SavedRun", part: str, command: str) -> Scored:
    """The train, val or test part as it was when the run was trained, or the new rows, which `command` scores.

    Raises:
        DataError: the data have changed; or there are no new rows, or too few.
    """
    data = run.study_data()  # before TensorFlow is loaded, which takes a while
    model = _model(run)
    from gman_search.forecasting.backtest import split_windows

    if part == NEW:
        return _added(model, data)
    told = [f"new readings since the study: {data.added}, which are not scored here: {command}"] if data.added else []
    if part in SEEN:
        delivered, model = model, as_chosen(run, model)
        if model is not delivered:
            told.append(NOTE)
    return Scored(model, split_windows(data.task, part), f"{part} part", data.task.split, tuple(told))


def scored_file(run: "SavedRun", readings: "TrafficSeries", name: str) -> Scored:
    """The rows of a file that the model was not trained on.

    Raises:
        DataError: there are none, or too few.
    """
    stored, model = run.stored_data(), _model(run)
    from gman_search.forecasting.backtest import file_windows
    from gman_search.forecasting.unseen import unseen_windows

    if stored is None:
        told = "these errors are those of new readings only where the file has none that the model was trained on"
        return Scored(model, file_windows(model, readings), name, notes=(told,))
    found = unseen_windows(model, readings, stored)
    where = f"{name}, {'new readings' if found.new else 'rows of the test part'}"
    return Scored(model, found.windows, where, notes=tuple(found.notes()), rows=_rows(found))


def _model(run: "SavedRun") -> "SeriesForecaster":
    from gman_search.tf_logging import start_tensorflow_quietly

    start_tensorflow_quietly()
    return run.forecaster()


def _added(model: "SeriesForecaster", data: "StudyData") -> Scored:
    from gman_search.forecasting.unseen import unseen_windows

    if data.grown is None:
        raise DataError(
            f"expected rows after {data.task.series.times[-1]}, where the study's data end; its file has none: append "
            "newer readings, or name a file of them"
        )
    found = unseen_windows(model, data.grown, data.task.stored)
    return Scored(model, found.windows, "new readings", notes=tuple(found.notes()[:1]), rows=_rows(found))


def _rows(found: "Unseen") -> dict[str, int]:
    return {"new": found.new, "test": found.test, "train_and_validation": found.known, "older": found.older}
