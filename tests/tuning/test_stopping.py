"""Evaluations that end by the curves of the others (`halving.pruner`)."""

import pytest

from gman_search.halving.evaluations import State, latest_attempts
from gman_search.halving.stopping import FEWEST, STOPPED
from gman_search.spec import HalvingSpec, SearchSpec, StudySpec
from gman_search.stages import StageOverrides
from gman_search.tuning.factory import open_search_study
from gman_search.tuning.storage import open_storage
from gman_search.tuning.worker import run_worker

EPOCHS = 10


@pytest.fixture
def run(tmp_path, make_trainer):
    """run(stopping, **search) -> (studies, trainer), after 24 trials."""

    def ran(stopping: str, **search):
        spec = StudySpec(
            name="test", trials=24, halving=HalvingSpec(reduction_factor=4, pruner=stopping), search=SearchSpec(**search),
            stages={stage: StageOverrides(max_epochs=EPOCHS) for stage in ("quick", "medium", "full")},
        )  # fmt: skip
        storage = open_storage(f"sqlite:///{tmp_path / stopping}.db")
        studies, trainer = open_search_study(storage, spec, spec.schedule((4, 4)), "data"), make_trainer(EPOCHS)
        run_worker(studies, trainer, tmp_path / stopping, "w")
        return studies, trainer

    return ran


def test_who_is_above_the_median_stops_and_the_others_come_to_their_end(run):
    studies, _ = run("median")
    quick = [row for row in latest_attempts(studies.evaluations()) if row.stage == "quick"]
    stopped = [row for row in quick if row.state is State.PRUNED]
    assert len(quick) == 24 and 0 < len(stopped) < 24 - FEWEST
    assert all(row.reason.startswith(STOPPED) and 3 <= row.epochs < EPOCHS and row.val_mae for row in stopped)
    assert all(row.epochs == EPOCHS for row in quick if row.state is State.COMPLETE)
    assert all(row.state is State.COMPLETE for row in quick if row.config_id < FEWEST)
    assert min(row.val_mae for row in stopped) > min(row.val_mae for row in quick)
    curves = studies.curves()
    assert all(len(curves[row.key]) == row.epochs for row in stopped)


def test_whoever_stopped_is_neither_promoted_nor_tried_again(run):
    studies, trainer = run("median")
    rows = studies.evaluations()
    stopped = {row.config_id for row in rows if row.stage == "quick" and row.state is State.PRUNED}
    promoted = {row.config_id for row in rows if row.stage == "medium"}
    assert len(promoted) == 6 and not promoted & stopped
    assert len(trainer.jobs) == len(rows)


def test_nobody_stops_unless_asked_and_no_control_ever(run):
    studies, _ = run("none")
    assert all(row.state is State.COMPLETE for row in studies.evaluations())
    studies, _ = run("median", control_runs=2)
    controls = [row for row in studies.evaluations() if row.control]
    assert controls and all(row.state is State.COMPLETE for row in controls)
