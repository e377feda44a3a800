"""A database filled with a synthetic study, as a search would have left it."""

import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import pytest
from optuna.trial import TrialState, create_trial

from gman_search.halving.evaluations import Evaluation, State
from gman_search.record import StudyRecord
from gman_search.spec import HalvingSpec, StudySpec
from gman_search.tuning.factory import open_search_study
from gman_search.tuning.search_study import SearchStudy
from gman_search.tuning.storage import open_storage

from ..report.study_record import study_record

TRIAL_STATES = {
    State.WAITING: TrialState.WAITING,
    State.RUNNING: TrialState.RUNNING,
    State.COMPLETE: TrialState.COMPLETE,
    State.PRUNED: TrialState.PRUNED,
    State.FAILED: TrialState.FAIL,
}


def add_evaluation(studies: SearchStudy, record: StudyRecord, row: Evaluation) -> None:
    """Write one row of a record as a trial."""
    curve = record.curves.get(row.key, ())
    attrs = {
        **{name: getattr(row, name) for name in ("config_id", "attempt", "parent", "initial_epoch", "seed", "params")},
        **{name: getattr(row, name) for name in ("reason", "epochs", "seconds", "control")},
        **{name: row.facts[name] for name in ("worker", "began") if name in row.facts},
        "facts": {name: row.facts[name] for name in ("diagnosis", "inherited") if name in row.facts},
        "curve": json.dumps([asdict(epoch) for epoch in curve]),
    }
    state = TRIAL_STATES[row.state]
    studies.store.by_stage[row.stage].add_trial(
        create_trial(
            state=state,
            value=row.val_mae if state is TrialState.COMPLETE else None,
            params={name: row.params[name] for name in studies.distributions},
            distributions=studies.distributions,
            user_attrs=attrs,
            intermediate_values={epoch.epoch: epoch.val_mae for epoch in curve},
        )
    )


@pytest.fixture
def filled(tmp_path: Path) -> Callable[..., tuple[SearchStudy, StudyRecord]]:
    """filled(...) -> (studies, record); `running` evaluations at the end of the table are still under way."""

    def make(name: str = "north", trials: int = 24, running: int = 0) -> tuple[SearchStudy, StudyRecord]:
        record = study_record(name=name, trials=trials, etas=(4, 2), controls=0 if running else 1)
        spec = StudySpec(name=name, trials=trials, halving=HalvingSpec(reduction_factor=(4, 2)))
        storage = open_storage(f"sqlite:///{tmp_path / 'study.db'}")
        studies = open_search_study(storage, spec, spec.schedule((4, 2)), "data")
        for row in record.evaluations[: -running or None]:
            add_evaluation(studies, record, row)
        return studies, record

    return make
