"""Evaluations that end by the curves of the others (`halving.stopping`)."""

import pytest

from gman_search.halving.stopping import FEWEST, STOPPED
from gman_search.halving.table import State, latest_attempts
from gman_search.search.leases import Leases
from gman_search.search.storage import open_storage
from gman_search.search.studies import SearchStudies
from gman_search.search.worker import run_worker
from gman_search.spec import HalvingSpec, SearchSpec, StageOverrides, StudySpec

EPOCHS = 10


@pytest.fixture
def run(tmp_path, make_trainer):
    """run(stopping, **search) -> (studies, trainer), after 24 trials."""

    def ran(stopping: str, **search):
        spec = StudySpec(
            name="test", trials=24, halving=HalvingSpec(eta=4, stopping=stopping), search=SearchSpec(**search),
            stages={stage: StageOverrides(max_epochs=EPOCHS) for stage in ("quick", "medium", "full")},
        )  # fmt: skip
        storage = open_storage(f"sqlite:///{tmp_path / stopping}.db")
        studies, trainer = SearchStudies(storage, spec, spec.ladder((4, 4)), "data"), make_trainer(EPOCHS)
        leases = Leases(storage.engine, spec.search.lease_seconds)
        run_worker(studies, leases, trainer, tmp_path / stopping, "w")
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
    studies, _ = run("median", controls=2)
    controls = [row for row in studies.evaluations() if row.control]
    assert controls and all(row.state is State.COMPLETE for row in controls)
