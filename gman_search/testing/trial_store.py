"""What every `TrialStore` must do, as tests that any store can run.

Subclass `TrialStoreSuite` in a test module, and give it a fixture `stores`: a function of the lease's seconds that
returns a store of one and the same search at every call, as two workers would open it. Its boards are `BOARDS`, its
parameters a float `learning_rate` from 1e-4 to 1e-1 and an integer `batch_size` from 1 to 64.

    class TestMyStore(TrialStoreSuite):
        @pytest.fixture
        def stores(self, tmp_path):
            return lambda seconds=60.0: MyStore(tmp_path / "trials", BOARDS, lease_seconds=seconds)
"""

import math
import time
from pathlib import Path

from gman_search.halving.evaluations import State
from gman_search.testing.store_trials import BOARDS, PARAMS, ArtifactFolder, is_refused, queued, running
from gman_search.testing.trial_claims import Stores, TrialClaimSuite

__all__ = ["BOARDS", "Stores", "TrialStoreSuite"]


class TrialStoreSuite(TrialClaimSuite):
    """The tests; see the module for how to run them."""

    def test_a_new_store_is_empty_and_unread(self, stores: Stores) -> None:
        store = stores()
        assert tuple(store.boards) == BOARDS
        assert store.is_unread
        assert store.read() == {board: [] for board in BOARDS} == store.read_all()
        assert store.live_leases() == {} and store.workers_seen() == []

    def test_attributes_of_the_search_are_shared_and_replaced(self, stores: Stores) -> None:
        one, other = stores(), stores()
        one.set_study_attrs({"spec": "{}", "factors": [4, 2]})
        one.set_study_attrs({"factors": [3]})
        attrs = other.study_attrs()
        assert (attrs["spec"], attrs["factors"]) == ("{}", [3])

    def test_a_queued_trial_keeps_what_it_was_queued_with(self, stores: Stores) -> None:
        store = stores()
        trial = queued(store)
        assert (trial.number, trial.state, trial.value, trial.ended) == (0, State.WAITING, None, None)
        assert trial.params == trial.fixed_params == PARAMS
        assert trial.user_attrs == {"config_id": 0, "names": ["a", "b"]}, "as JSON has it"
        assert store.trial(trial.trial_id) == trial

    def test_boards_number_their_trials_on_their_own_and_keep_their_order(self, stores: Stores) -> None:
        store = stores()
        for board in ("quick", "full", "quick"):
            queued(store, board)
        found = {board: [trial.number for trial in trials] for board, trials in stores().read().items()}
        assert found == {"quick": [0, 1], "full": [0], "final": []}
        ids = [trial.trial_id for trials in store.read().values() for trial in trials]
        assert len(set(ids)) == 3

    def test_parameters_are_written_by_the_holder_of_the_lease_only(self, stores: Stores) -> None:
        store = stores()
        trial = running(store)
        assert not store.set_params(trial.trial_id, PARAMS, {"note": "stolen"}, "thief")
        store.release_lease(trial.trial_id, "w")
        assert not store.set_params(trial.trial_id, PARAMS, {}, "w")
        assert store.trial(trial.trial_id) == trial

    def test_reported_values_are_read_and_replaced(self, stores: Stores) -> None:
        store = stores()
        trial = running(store)
        for step, value in ((1, 3.5), (2, math.inf), (1, 3.0)):
            store.report(trial.trial_id, step, value)
        assert stores().read_all()["quick"][0].intermediate_values == {1: 3.0, 2: math.inf}

    def test_a_result_is_written_whole_by_the_holder_of_the_lease_only(self, stores: Stores) -> None:
        store = stores()
        trial = running(store)
        assert not store.finish(trial.trial_id, State.COMPLETE, 2.0, {"reason": "stolen"}, worker="thief")
        assert store.trial(trial.trial_id) == trial
        began = time.time()
        assert store.finish(trial.trial_id, State.COMPLETE, 3.25, {"reason": ""}, worker="w")
        ended = stores().read()["quick"][0]
        assert (ended.state, ended.value, ended.user_attrs["reason"]) == (State.COMPLETE, 3.25, "")
        assert ended.ended is not None and abs(ended.ended - began) < 60

    def test_a_trial_can_end_without_a_lease_and_without_a_value(self, stores: Stores) -> None:
        store = stores()
        for state in (State.PRUNED, State.FAILED):
            trial = queued(store)
            assert store.finish(trial.trial_id, state, attrs={"reason": "a person decided it"})
            assert (store.trial(trial.trial_id).state, store.trial(trial.trial_id).value) == (state, None)

    def test_nothing_is_written_to_a_trial_that_has_ended(self, stores: Stores, tmp_path: Path) -> None:
        store = stores()
        trial = running(store)
        store.finish(trial.trial_id, State.FAILED, attrs={"reason": "lost"})
        ended, file = store.trial(trial.trial_id), tmp_path / "weights"
        file.write_text("content")
        assert is_refused(lambda: store.finish(trial.trial_id, State.COMPLETE, 1.0))
        assert is_refused(lambda: store.set_trial_attrs(trial.trial_id, {"note": 1}))
        assert is_refused(lambda: store.set_params(trial.trial_id, PARAMS, {}, "w"))
        assert is_refused(lambda: store.report(trial.trial_id, 1, 1.0))
        assert is_refused(lambda: store.upload_artifact(trial.trial_id, file, ArtifactFolder(tmp_path)))
        assert store.take(BOARDS, "w") is None
        assert store.trial(trial.trial_id) == ended

    def test_a_lost_lease_comes_before_the_end_of_the_trial(self, stores: Stores) -> None:
        store = stores()
        trial = running(store)
        store.release_lease(trial.trial_id, "w")
        store.finish(trial.trial_id, State.FAILED, attrs={"reason": "lost"})
        assert not store.finish(trial.trial_id, State.COMPLETE, 1.0, worker="w")
        assert not store.set_params(trial.trial_id, PARAMS, {}, "w")

    def test_readings_follow_what_other_workers_do(self, stores: Stores) -> None:
        one, other = stores(), stores()
        trial = queued(one)
        assert [found.state for found in other.read()["quick"]] == [State.WAITING]
        one.take(["quick"], "one")
        assert [found.state for found in other.read()["quick"]] == [State.RUNNING]
        one.set_trial_attrs(trial.trial_id, {"folder": "here"})
        one.finish(trial.trial_id, State.COMPLETE, 3.0, worker="one")
        queued(one)
        found = other.read()["quick"]
        assert [(each.state, each.value) for each in found] == [(State.COMPLETE, 3.0), (State.WAITING, None)]
        assert found[0].user_attrs["folder"] == "here"
        assert found == one.read_all()["quick"]

    def test_changes_are_told_once_to_each_worker(self, stores: Stores) -> None:
        one, other = stores(), stores()
        assert one.changes() == []
        first, second = queued(one), queued(one, "full")
        assert one.changes() == other.changes() == [("quick", first), ("full", second)]
        assert one.changes() == []
        other.take(["quick"], "other")
        assert [(board, trial.state) for board, trial in one.changes()] == [("quick", State.RUNNING)]
        one.finish(first.trial_id, State.COMPLETE, 3.0)
        [(board, ended)] = one.changes()
        assert (board, ended.state, ended.value) == ("quick", State.COMPLETE, 3.0)
        one.read()
        assert [trial.value for _, trial in other.changes() if trial.state is State.COMPLETE] == [3.0]
        queued(one)
        one.read_all()
        assert [trial.state for _, trial in one.changes()] == [State.WAITING], "reading does not count as telling"

    def test_what_has_ended_is_the_same_object_at_every_reading(self, stores: Stores) -> None:
        store = stores()
        trial = queued(store)
        store.finish(trial.trial_id, State.FAILED)
        assert store.read()["quick"][0] is store.read()["quick"][0]

    def test_artifacts_are_recorded_with_their_trial(self, stores: Stores, tmp_path: Path) -> None:
        store, file = stores(), tmp_path / "weights"
        trial = running(store)
        file.write_text("content")
        found = store.upload_artifact(trial.trial_id, file, ArtifactFolder(tmp_path))
        assert (tmp_path / found).read_text() == "content"
        assert stores().read_all()["quick"][0].artifact_ids == (found,)

    def test_workers_are_seen_from_their_first_report_until_they_unregister(self, stores: Stores) -> None:
        line, other = stores().heartbeat("w1"), stores()
        line.report("quick/1")
        time.sleep(0.3)
        line.renew()
        (seen,) = other.workers_seen()
        assert (seen.worker, seen.doing) == ("w1", "quick/1")
        assert seen.seconds >= 0.3 > seen.silent >= 0
        line.report("quick/2")
        assert other.workers_seen()[0].seconds < 0.3
        line.unregister()
        assert other.workers_seen() == []
