"""A study as Python users hold it."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

from gman_search.api.winner import Winner, winner_of
from gman_search.errors import StudyError
from gman_search.halving.promotion import best_evaluation
from gman_search.record import StudyRecord, TestResult
from gman_search.tuning.commands import Place
from gman_search.tuning.folder import StudyFolder
from gman_search.tuning.run import study_record
from gman_search.tuning.search_study import SearchStudy

if TYPE_CHECKING:
    import pandas as pd

    from gman_search.forecasting.series_forecaster import SeriesForecaster
    from gman_search.report.html import Assets

__all__ = ["Study"]


class Study:
    """A search: what was tried, what it reached, and what it delivers.

    `gman_search.search` and `gman_search.load_study` return one. Every attribute reads the study as it is now, so that
    a study that another process works on can be watched. In a notebook it prints as tables.

    Example:
        >>> study = gman_search.load_study("speed")
        >>> study.name
        'speed'
        >>> len(study.evaluations_dataframe()) > 0
        True
    """

    def __init__(self, studies: SearchStudy, folder: StudyFolder, place: Place) -> None:
        self._studies, self._folder, self._place = studies, folder, place

    @property
    def name(self) -> str:
        """Name of the study."""
        return self._studies.spec.name

    @property
    def unit(self) -> str:
        """Unit of the readings and of every MAE, such as `mph`."""
        return self._studies.spec.data.unit

    @property
    def folder(self) -> Path:
        """Folder with the specification, the weights, the ensemble and the logs."""
        return self._folder.path

    @property
    def report_path(self) -> Path | None:
        """The report in the folder of reports; None before it is written."""
        page = self._place.reports / self.name / "index.html"
        return page if page.is_file() else None

    @property
    def record(self) -> StudyRecord:
        """All that is stored of the study, as plain values: what reports and figures are made from."""
        return study_record(self._studies, self._folder)

    @property
    def best(self) -> Winner:
        """The evaluation of the lowest validation MAE so far.

        Raises:
            StudyError: no evaluation is complete yet.

        Example:
            >>> best = gman_search.load_study("speed").best
            >>> best.stage in ("quick", "medium", "full"), best.val_mae > 0
            (True, True)
            >>> sorted(best.params)[:2]
            ['batch_size', 'bn_momentum']
        """
        record = self.record
        row = best_evaluation(record.evaluations, record.schedule)
        if row is None:
            raise StudyError(f"expected a complete evaluation in study {self.name}; there is none yet: search on")
        return winner_of(row)

    @property
    def test(self) -> TestResult | None:
        """What winner, ensemble and baselines reached on the test part; None before the search has ended."""
        return self._folder.test_result()

    def evaluations_dataframe(self) -> "pd.DataFrame":
        """All evaluations, one row an attempt, as `optuna.Study.trials_dataframe` has trials.

        Returns:
            Columns `config_id`, `stage`, `role` ("" in the halving, else "final", "reference" or a control), `attempt`,
            `parent` (the evaluation whose weights it began with), `value` (validation MAE in `unit`; of a pruned or
            running evaluation its lowest so far), `datetime_start`, `datetime_complete` (local time), `duration`
            (of training), `epochs`, `initial_epoch` (epochs before this stage), `seed`, `state` ("COMPLETE", "PRUNED",
            "FAILED", "RUNNING", "WAITING"), `reason`, and `params_NAME` for each hyperparameter.

        Example:
            >>> table = gman_search.load_study("speed").evaluations_dataframe()
            >>> table[["stage", "value", "state", "params_learning_rate"]].shape[1]
            4
        """
        from gman_search.api.tables import evaluations_table

        return evaluations_table(self.record)

    def leaderboard(self) -> "pd.DataFrame":
        """All forecasters that were tested, the lowest validation MAE first, as AutoGluon has leaderboards.

        AutoGluon's scores are negated so that higher is better. Here columns are named after the error that they hold,
        and lower is better.

        Returns:
            Columns `model`, `kind` ("ensemble", "winner", "reference", "baseline" or "evaluation"), `evaluation`,
            `mae_val`, `mae_test` (mean over steps 1 to Q), `mae_test_15min` and so on (one step alone), all in `unit`;
            `fit_time` (seconds, smaller stages included), `pred_time` (seconds for one forecast of all sensors),
            `delivered` (whether it is what `forecaster()` returns). No rows before the search has ended.

        Example:
            >>> board = gman_search.load_study("speed").leaderboard()
            >>> bool(board["mae_val"].is_monotonic_increasing), int(board["delivered"].sum())
            (True, 1)
        """
        from gman_search.api.tables import leaderboard_table

        return leaderboard_table(self.record)

    def scores(self) -> "pd.DataFrame":
        """Test errors of every forecaster at every step.

        Returns:
            Columns `model`, `step` (1 to Q), `minutes`, `mae`, `rmse` (in `unit`) and `mape` (percent), each of that
            step alone. No rows before the search has ended.

        Example:
            >>> scores = gman_search.load_study("speed").scores()
            >>> scores[scores["model"] == "persistence"]["step"].tolist()[:3]
            [1, 2, 3]
        """
        from gman_search.api.tables import scores_table

        return scores_table(self.record)

    def stages(self) -> "pd.DataFrame":
        """How far each stage is.

        Returns:
            One row a stage, then one for the reference and one for final trainings: `stage`, `planned`, `running`,
            `complete`, `pruned`, `failed`, `promoted`, `best` (validation MAE in `unit`), `epochs`, `duration`.

        Example:
            >>> gman_search.load_study("speed").stages()["stage"].tolist()[:3]
            ['quick', 'medium', 'full']
        """
        from gman_search.api.tables import stages_table

        return stages_table(self.record)

    def forecaster(self, *, single: bool = False) -> "SeriesForecaster":
        """What forecasts: the ensemble, or the winner where the study has none.

        While the search goes on: the best ensemble so far, which is not tested yet.

        Args:
            single: the winner alone.

        Raises:
            StudyError: nothing has finished yet; with `single`, the search has not ended.
            DataError: a file of the model is damaged.

        Example:
            >>> model = gman_search.load_study("speed").forecaster()
            >>> forecast = model.forecast("speed.csv")  # the Q steps after its last row
            >>> forecast.values.shape == (1, model.Q, len(model.sensors))
            True
        """
        from gman_search.ensemble.forecaster import load_forecaster

        delivered = self._folder.delivered(single=single)
        if delivered is None:
            raise StudyError(f"expected a search that has ended; study {self.name} has no winner yet: search on")
        return load_forecaster(delivered)

    def report(self, path: str | os.PathLike[str] | None = None, *, assets: "Assets" = "inline") -> Path:
        """Write the HTML report: one file that works offline.

        Args:
            path: folder to write `index.html` into; None: the study's in the folder of reports.
            assets: "inline" for one file, "directory" for a small file with `plotly.min.js` next to it.

        Returns:
            The page.

        Raises:
            StudyError: the study has no evaluations yet.

        Example:
            >>> gman_search.load_study("speed").report().name
            'index.html'
        """
        from gman_search.dashboard.attach import offer_report
        from gman_search.report.page import write_report

        record = self.record
        if not record.evaluations:
            raise StudyError(f"expected evaluations to report on; study {self.name} has none yet: search on")
        page = write_report(record, self._place.reports / self.name if path is None else Path(path), assets=assets)
        if assets == "inline":
            offer_report(self._studies, self._folder.path, page)
        return page

    def __repr__(self) -> str:
        from gman_search.api.notebook import in_one_line

        return f"<Study {self.name!r}: {in_one_line(self.record)}>"

    def _repr_html_(self) -> str:
        from gman_search.api.notebook import study_html

        return study_html(self.record, self.report_path)
