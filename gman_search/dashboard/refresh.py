"""Keeping notes and figures of the stages' studies up to date in the database."""

import hashlib
import logging
import time
import warnings
from collections.abc import Callable

from optuna.exceptions import ExperimentalWarning, OptunaError
from sqlalchemy.exc import SQLAlchemyError

from gman_search.dashboard.note import stage_note
from gman_search.dashboard.plots import dashboard_plots
from gman_search.record import StudyRecord
from gman_search.report.view import StudyView
from gman_search.tuning.optuna_studies import OptunaStudies
from gman_search.tuning.search_study import SearchStudy

__all__ = ["Refresher", "refresh"]

SHOWN = "gman-search:shown"
"""System attribute: a digest of what the study shows, so that nothing is written twice."""
log = logging.getLogger(__name__)


def refresh(studies: SearchStudy, record: StudyRecord) -> int:
    """Write the note and the figures of every stage whose content has changed; returns how many stages changed."""
    from optuna_dashboard import save_note, save_plotly_graph_object

    trials = studies.store
    if not isinstance(trials, OptunaStudies):
        return 0  # no dashboard shows it
    view = StudyView(record)
    plots = dashboard_plots(view)
    pictured = {name: figure.to_json() for name, figure in plots.items()}
    written = 0
    for stage, study in trials.by_stage.items():
        note = stage_note(view, stage)
        digest = hashlib.sha256(repr((note, sorted(pictured.items()))).encode()).hexdigest()
        if trials.study_system_attrs(stage).get(SHOWN) == digest:
            continue
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ExperimentalWarning)
            save_note(study, note)
            for name, figure in plots.items():
                save_plotly_graph_object(study, figure, graph_object_id=name)
        trials.set_study_system_attr(stage, SHOWN, digest)
        written += 1
    return written


class Refresher:
    """Refreshes at most every `seconds`, and only when an evaluation has ended since.

    It never stops a search: a database that is busy or away is tried again next time.

    Args:
        read: the record of the studies as they are now.
        seconds: between two looks at the database.
    """

    def __init__(self, read: Callable[[SearchStudy], StudyRecord], seconds: float = 60.0) -> None:
        self.read, self.seconds = read, seconds
        self._next = 0.0
        self._ended = -1

    def update(self, studies: SearchStudy) -> None:
        """Refresh if it is time."""
        if time.monotonic() < self._next:
            return
        self._next = time.monotonic() + self.seconds
        try:
            ended = sum(row.state.is_finished for row in studies.evaluations())
            if ended and ended != self._ended:
                refresh(studies, self.read(studies))
                self._ended = ended
        except (SQLAlchemyError, OptunaError) as error:
            log.warning("notes and figures of the dashboard are not refreshed: %s", error)
