"""From what a user calls a run to what forecasts: a study, a stage trained by itself, one evaluation, or a folder."""

import os
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from gman_search.errors import DataError, StudyError

if TYPE_CHECKING:
    from collections.abc import Callable

    from gman_search.data.series import TrafficSeries
    from gman_search.data.stored import StoredData
    from gman_search.data.study_data import StudyData
    from gman_search.data.task import ForecastDataset
    from gman_search.data_spec import DataSpec
    from gman_search.ensemble.store import EnsembleConfig, SavedEnsemble
    from gman_search.forecasting.model_io import DataConfig, SavedModel
    from gman_search.forecasting.network import Backend
    from gman_search.forecasting.series_forecaster import SeriesForecaster
    from gman_search.reading_options import ReadingOptions
    from gman_search.tuning.kept_baselines import KeptBaselines

__all__ = ["SOURCE_HELP", "SavedRun", "find_run", "refit_run", "use_one_thread_for_products"]

DEMO = "demo"
"""Names the bundled readings, as in `run --data demo`."""
SOURCE_HELP = (
    "A study (its ensemble, or its winner where it has none), STUDY/STAGE (as gman-search train left it), "
    "STUDY/STAGE/CONFIG (one evaluation; with /final its final training), or a folder with weights.npz."
)


@dataclass(frozen=True)
class SavedRun:
    """The folder of a trained model, and what it was trained on where that is known.

    `study` is the folder with `spec.json`, none if there is none above. `is_winner` is false for all that was not
    chosen on the validation part. `ensemble` is the folder of the ensemble that forecasts instead of the model alone.
    `interim` says that its search has not ended: it is the best so far, and tested nowhere.
    """

    folder: Path
    study: Path | None
    is_winner: bool
    ensemble: Path | None = None
    interim: bool = False

    @property
    def source(self) -> Path:
        """The folder of what forecasts."""
        return self.ensemble or self.folder

    def ensemble_config(self) -> "EnsembleConfig | None":
        """The ensemble's description; none where a model forecasts alone."""
        return None if self._saved_ensemble is None else self._saved_ensemble.config

    @cached_property
    def _saved_ensemble(self) -> "SavedEnsemble | None":
        from gman_search.ensemble.store import read_ensemble

        return None if self.ensemble is None else read_ensemble(self.ensemble)

    def forecaster(self, *, traced: bool = True, backend: "Backend" = "auto") -> "SeriesForecaster":
        """The ensemble, or the model; arguments as those of `Forecaster`."""
        if self._saved_ensemble is not None:
            from gman_search.ensemble.forecaster import EnsembleForecaster

            return EnsembleForecaster(self._saved_ensemble, traced=traced, backend=backend)
        from gman_search.forecasting.forecaster import Forecaster

        return Forecaster(self.model(), traced=traced, backend=backend)

    def data(self) -> "DataSpec":
        """The data settings of the run.

        Raises:
            DataError: they are not kept beside the weights.
        """
        from gman_search.stored_spec import parse_stored_spec

        if self.study is None:
            raise DataError(
                f"expected spec.json in {self.folder} or above it, which names the data it was trained on; "
                "there is none: name a file of readings"
            )
        return parse_stored_spec((self.study / "spec.json").read_bytes()).data

    def data_files(self) -> list[Path]:
        """The files of the data that the run was trained on, as far as they are known and not bundled."""
        data = None if self.study is None else self.data()
        named = [] if data is None else [data.readings, data.adjacency, data.embedding]
        return [Path(name) for name in named if name is not None and name != DEMO]

    def stored_data(self) -> "StoredData | None":
        """What the study, or else the model, remembers of its readings; none where neither does."""
        from gman_search.ensemble.store import read_ensemble
        from gman_search.forecasting.model_io import is_complete, read_saved_model
        from gman_search.tuning.folder import StudyFolder

        stored = None if self.study is None else StudyFolder(self.study).stored_data()
        if stored is not None:
            return stored
        if self.ensemble is not None:
            return read_ensemble(self.ensemble).config.trained_on
        return read_saved_model(self.folder).config.trained_on if is_complete(self.folder / "weights.npz") else None

    def study_data(self) -> "StudyData":
        """The readings that the run was trained on, apart from those that were added to their file since.

        Raises:
            DataError: they have changed, or cannot be read.
        """
        from gman_search.data.study_data import study_data

        remedy = "restore it, or name a file of newer readings"
        return study_data(self.data(), Path.cwd(), self.stored_data(), remedy=remedy)

    def task(self) -> "ForecastDataset":
        """Readings and windows that the run was trained on."""
        return self.study_data().task

    def readings(
        self, path: Path, *, start: str | None = None, step: str | None = None, channel: str | None = None
    ) -> "TrafficSeries":
        """A file of readings, by the rules that held in training.

        Raises:
            DataError: it cannot be read, or is not of regular times.
        """
        from gman_search.forecasting.recent import Training, read_recent

        if str(path) == DEMO and not path.exists():
            from gman_search.data.task import load_series
            from gman_search.data_spec import DataSpec

            return load_series(DataSpec(), Path.cwd())
        config = self._saved_config
        rules = self._training_rules if config is None else config.reading
        training = Training() if config is None else Training.of(config)
        return read_recent(path, rules.with_given(start=start, step=step, channel=channel), training)

    @cached_property
    def _saved_config(self) -> "DataConfig | None":
        """What the saved model says of its data; None of a run without a description of its own."""
        from gman_search.forecasting.model_io import is_complete, read_saved_model

        if self._saved_ensemble is not None:
            return self._saved_ensemble.config
        complete = is_complete(self.folder / "weights.npz") or self.study is None
        return read_saved_model(self.folder).config if complete else None

    @cached_property
    def _training_rules(self) -> "ReadingOptions":
        """How the study's file was read, of a run without a description of its own; looks at the file again."""
        from gman_search.data.task import load_series
        from gman_search.forecasting.model_io import kept_rules

        data = self.data()
        return kept_rules(load_series(data, Path.cwd()), data)

    def baselines(self, say: "Callable[[str], None]", *, as_tested: bool = True) -> "KeptBaselines":
        """The baselines of the study; `say` is told of those that cannot be read. `as_tested` as `kept_baselines`."""
        from gman_search.tuning.kept_baselines import kept_baselines

        return kept_baselines((self.study or self.folder) / "baselines", say, as_tested=as_tested)

    def model(self) -> "SavedModel":
        """The saved model; for an evaluation of a search, completed from the study's data."""
        from gman_search.forecasting.model_io import is_complete, read_saved_model

        if is_complete(self.folder / "weights.npz") or self.study is None:
            return read_saved_model(self.folder)
        from gman_search.training.finalize import complete_model

        return complete_model(self.task(), self.folder, self.data())


def find_run(source: str, studies: Path, storage: str | None = None, *, single: bool = False) -> SavedRun:
    """The run that `source` names (see SOURCE_HELP); `single` takes the winner of a study alone.

    Raises:
        UsageError, StudyError: there is none.
    """
    for folder in (Path(source), studies / source):
        if (folder / "refit.json").is_file():
            return refit_run(folder, single=single)
        if (folder / "weights.npz").is_file():
            return SavedRun(folder, _study_above(folder), folder.name == "winner")
    name, *rest = source.split("/")
    if len(rest) == 1 and (studies / name / "runs" / rest[0] / "weights.npz").is_file():
        folder = studies / name / "runs" / rest[0]
        return SavedRun(folder, _study_above(folder), False)
    from gman_search.halving.evaluations import CONTENDERS, contenders
    from gman_search.tuning.commands import Place

    place = Place(studies, storage=storage)
    if (len(rest) == 2 or rest[2:] in ([role] for role in CONTENDERS)) and rest[1].isdecimal():
        from gman_search.tuning.study_loader import open_record

        record, study = open_record(name, studies, storage)
        key = " ".join([f"{rest[0]}/{int(rest[1])}", *rest[2:]])
        found = [row for row in contenders(record.evaluations) if row.key == key]
        folder = study.path / str(found[0].facts.get("folder")) if found else study.path
        if not (folder / "weights.npz").is_file():
            raise StudyError(
                f"expected a trained evaluation of study {name}; {key} has no weights: see "
                f"{place.command('evaluations', name)}"
            )
        return SavedRun(folder, study.path, False)
    if len(rest) == 1 and (studies / name).is_dir():
        raise StudyError(
            f"expected a trained stage; there is none at {name}/runs/{rest[0]}: see gman-search train --help"
        )
    from gman_search.tuning.folder import study_folder

    study = study_folder(source, studies)
    delivered = study.delivered(single=single)
    if delivered == study.interim:
        return SavedRun(delivered, study.path, False, delivered, interim=True)
    if delivered is None or not (study.winner / "weights.npz").is_file():
        raise StudyError(f"study {source} has no winner yet: finish it with {place.command('run', '--study', source)}")
    return SavedRun(study.winner, study.path, True, None if delivered == study.winner else delivered)


def use_one_thread_for_products() -> None:
    """Keep numpy's products to one thread, unless the user has set another number; to be called before numpy is loaded.

    Those of a forecast are small: threads of OpenBLAS that wait for each other by spinning make it no faster on an idle
    machine, and three times as slow on a busy one.
    """
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")


def refit_run(folder: Path, *, single: bool = False) -> SavedRun:
    """What `gman-search refit` left in `folder`."""
    return SavedRun(folder / "winner", _study_above(folder), True, None if single else _ensemble(folder / "ensemble"))


def _ensemble(folder: Path) -> Path | None:
    from gman_search.ensemble.store import is_ensemble

    return folder if is_ensemble(folder) else None


def _study_above(folder: Path) -> Path | None:
    """The nearest folder with a specification, up to the study's: runs/STAGE has one of its own."""
    candidates = [folder, *list(folder.resolve().parents)[:3]]
    return next((place for place in candidates if (place / "spec.json").is_file()), None)
