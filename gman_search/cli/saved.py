"""From what a user calls a run to what forecasts: a study, a stage trained by itself, one evaluation, or a folder."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from gman_search.errors import DataError, StudyError

if TYPE_CHECKING:
    from collections.abc import Callable

    from gman_search.data.series import TrafficSeries
    from gman_search.data.task import ForecastTask
    from gman_search.ensemble.store import EnsembleAbout
    from gman_search.forecasting.saved import SavedModel
    from gman_search.forecasting.series_forecaster import SeriesForecaster
    from gman_search.search.kept_baselines import KeptBaselines
    from gman_search.spec import DataSpec

__all__ = ["SOURCE_HELP", "SavedRun", "ensemble_notes", "find_run"]

SOURCE_HELP = (
    "A study (its ensemble, or its winner where it has none), STUDY/STAGE (as gman-search train left it), "
    "STUDY/STAGE/CONFIG (one evaluation; with /final its final training), or a folder with weights.npz."
)


@dataclass(frozen=True)
class SavedRun:
    """The folder of a trained model, and what it was trained on where that is known.

    `study` is the folder with `spec.json`, none if there is none above. `is_winner` is false for all that was not
    chosen on the validation part. `ensemble` is the folder of the ensemble that forecasts instead of the model alone.
    """

    folder: Path
    study: Path | None
    is_winner: bool
    ensemble: Path | None = None

    @property
    def source(self) -> Path:
        """The folder of what forecasts."""
        return self.ensemble or self.folder

    def about_ensemble(self) -> "EnsembleAbout | None":
        """The ensemble's description; none where a model forecasts alone."""
        from gman_search.ensemble.store import read_ensemble

        return None if self.ensemble is None else read_ensemble(self.ensemble).about

    def forecaster(self, *, traced: bool = True) -> "SeriesForecaster":
        """The ensemble, or the model. Needs TensorFlow started."""
        from gman_search.ensemble.forecaster import EnsembleForecaster
        from gman_search.forecasting.forecaster import Forecaster

        if self.ensemble is not None:
            return EnsembleForecaster(self.ensemble, traced=traced)
        return Forecaster(self.model(), traced=traced)

    def data(self) -> "DataSpec":
        """The data settings of the run.

        Raises:
            DataError: they are not kept beside the weights.
        """
        from gman_search.spec import StudySpec

        if self.study is None:
            raise DataError(
                f"expected spec.json in {self.folder} or above it, which tells the data it was trained on; "
                "there is none: name a file of readings"
            )
        return StudySpec.model_validate_json((self.study / "spec.json").read_text(encoding="utf-8")).data

    def task(self) -> "ForecastTask":
        """Readings and windows that the run was trained on."""
        from gman_search.data.task import load_task

        return load_task(self.data(), Path.cwd())

    def readings(
        self, path: Path, *, start: str | None = None, step: str | None = None, channel: str | None = None
    ) -> "TrafficSeries":
        """A file of readings, by the rules that held in training. Needs no TensorFlow: bad files are told at once.

        Raises:
            DataError: it cannot be read, or is not of regular times.
        """
        from gman_search.forecasting.readings import read_readings
        from gman_search.forecasting.saved import is_complete, read_saved_model

        complete = is_complete(self.folder / "weights.npz") or self.study is None
        rules = read_saved_model(self.folder).about if complete else self.data()
        chosen = rules.channel if channel is None else channel
        return read_readings(path, start=start, step=step, channel=chosen, missing=rules.missing)

    def baselines(self, say: "Callable[[str], None]") -> "KeptBaselines":
        """The baselines that the study's final test fitted; `say` is told of those that cannot be read."""
        from gman_search.search.kept_baselines import kept_baselines

        return kept_baselines((self.study or self.folder) / "baselines", say)

    def model(self) -> "SavedModel":
        """The saved model; for an evaluation of a search, completed from the study's data. Needs TensorFlow started."""
        from gman_search.forecasting.saved import is_complete, read_saved_model

        if is_complete(self.folder / "weights.npz") or self.study is None:
            return read_saved_model(self.folder)
        from gman_search.training.winner import complete_model

        return complete_model(self.task(), self.folder, self.data())


def find_run(source: str, studies: Path, storage: str | None = None, *, single: bool = False) -> SavedRun:
    """The run that `source` names (see SOURCE_HELP); `single` takes the winner of a study alone.

    Raises:
        UsageError, StudyError: there is none.
    """
    for folder in (Path(source), studies / source):
        if (folder / "weights.npz").is_file():
            return SavedRun(folder, _study_above(folder), folder.name == "winner")
    name, *rest = source.split("/")
    if len(rest) == 1 and (studies / name / "runs" / rest[0] / "weights.npz").is_file():
        folder = studies / name / "runs" / rest[0]
        return SavedRun(folder, _study_above(folder), False)
    from gman_search.cli.opened import open_record, study_folder
    from gman_search.halving.table import CONTENDERS, contenders

    if (len(rest) == 2 or rest[2:] in ([role] for role in CONTENDERS)) and rest[1].isdecimal():
        record, study = open_record(name, studies, storage)
        key = " ".join([f"{rest[0]}/{int(rest[1])}", *rest[2:]])
        found = [row for row in contenders(record.evaluations) if row.key == key]
        folder = study.path / str(found[0].facts.get("folder")) if found else study.path
        if not (folder / "weights.npz").is_file():
            raise StudyError(
                f"expected a trained evaluation of study {name}; {key} has no weights: see evaluations {name}"
            )
        return SavedRun(folder, study.path, False)
    if len(rest) == 1 and (studies / name).is_dir():
        raise StudyError(
            f"expected a trained stage; there is none at {name}/runs/{rest[0]}: see gman-search train --help"
        )
    study = study_folder(source, studies)
    if not (study.winner / "weights.npz").is_file():
        raise StudyError(f"study {source} has no winner yet: finish it with gman-search run --study {source}")
    return SavedRun(study.winner, study.path, True, None if single else _ensemble(study.ensemble))


def _ensemble(folder: Path) -> Path | None:
    from gman_search.ensemble.store import is_ensemble

    return folder if is_ensemble(folder) else None


def _study_above(folder: Path) -> Path | None:
    """The nearest folder with a specification, up to the study's: runs/STAGE has one of its own."""
    candidates = [folder, *list(folder.resolve().parents)[:3]]
    return next((place for place in candidates if (place / "spec.json").is_file()), None)


def ensemble_notes(run: SavedRun) -> list[str]:
    """What forecasts, and what a forecast costs, where that is an ensemble."""
    about = run.about_ensemble()
    if about is None:
        return []
    names = [member.name for member in about.members]
    shown = ", ".join(names[:4]) + (f" and {len(names) - 4} more" if len(names) > 4 else "")
    told = f"an ensemble of {len(names)} ({shown})" if len(names) > 1 else f"{shown} alone, which no ensemble beat"
    return [f"forecasts are made by {told}; one takes about {about.forecast_ms:.0f} ms; --single takes the winner"]
