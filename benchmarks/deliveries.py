"""What a search delivers on its way: copied while it runs, scored on the test part when it has ended.

A course is a list of [seconds since the start, MAE on the test part as the mean of all steps]. Nothing is chosen by it.
"""

import shutil
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from gman_search.data.task import ForecastDataset
from gman_search.metrics import mean_of_steps, scores_by_step

__all__ = ["Course", "Watched", "course_of", "error_of", "watched"]

Course = list[tuple[float, float]]
LOOK_SECONDS = 0.5


class Watched(NamedTuple):
    """What a search printed, the seconds it took, and its deliveries by the time at which each could be used."""

    printed: str
    seconds: float
    deliveries: list[tuple[float, Path]]


def watched(command: Sequence[str], folder: Path, study: Path, environment: Mapping[str, str]) -> Watched:
    """Run a search in `folder`, and copy each ensemble that it delivers below `study` to there."""
    files, copies, began = [folder / f"run.{name}" for name in ("out", "log")], [], time.monotonic()
    with files[0].open("wb") as out, files[1].open("wb") as log:
        process = subprocess.Popen(command, cwd=folder, env=dict(environment), stdout=out, stderr=log)
        try:
            while process.poll() is None:
                copies += _copied(study / "interim", folder, len(copies), began)
                time.sleep(LOOK_SECONDS)
        except BaseException:
            process.terminate()  # whoever stops the benchmark leaves no search behind
            process.wait()
            raise
    seconds = time.monotonic() - began
    if process.returncode:
        last = files[1].read_text(encoding="utf-8", errors="replace")[-2000:]
        raise SystemExit(f"{' '.join(command)} ended with {process.returncode}:\n{last}")
    final = [(seconds, study / "ensemble")] if (study / "ensemble" / "ensemble.json").is_file() else []
    return Watched(files[0].read_text(encoding="utf-8"), seconds, copies + final)


def _copied(source: Path, folder: Path, number: int, began: float) -> list[tuple[float, Path]]:
    """The delivery in `source`, if it is another one than the last copy."""
    file, target = source / "ensemble.json", folder / f"delivered-{number}"
    last = folder / f"delivered-{number - 1}" / "ensemble.json"
    try:
        if not file.is_file() or (last.is_file() and last.read_bytes() == file.read_bytes()):
            return []
        shutil.copytree(source, target)
    except OSError:  # it was being replaced
        shutil.rmtree(target, ignore_errors=True)
        return []
    return [(time.monotonic() - began, target)]


def course_of(deliveries: Sequence[tuple[float, Path]], task: ForecastDataset) -> Course:
    """The error of each delivery."""
    from gman_search.ensemble.forecaster import EnsembleForecaster

    truth, course = task.windows("test").targets, []
    for seconds, folder in deliveries:
        model = EnsembleForecaster(folder)
        forecast = model.windows(model.known(task.series), task.starts["test"])
        course.append((round(seconds, 1), error_of(truth, forecast)))
    return course


def error_of(truth: np.ndarray, forecast: np.ndarray) -> float:
    """MAE as the mean of all steps."""
    return round(mean_of_steps(scores_by_step(truth, forecast)).mae, 4)
