"""What every `TrialStore` must do about claims, leases and the lock; a part of `TrialStoreSuite`."""

import threading
import time
from collections import Counter
from collections.abc import Callable
from typing import TypeAlias

from gman_search.halving.evaluations import State
from gman_search.testing.store_trials import BOARDS, PARAMS, queued, running, wait_until
from gman_search.tuning.trial_store import TrialStore

__all__ = ["Stores", "TrialClaimSuite"]

Stores: TypeAlias = Callable[..., TrialStore]


class TrialClaimSuite:
    """The tests; see `trial_store`."""

    def test_only_one_worker_claims_a_trial(self, stores: Stores) -> None:
        one, other = stores(), stores()
        trial = queued(one)
        taken = one.take(["quick"], "one")
        assert taken is not None and other.take(["quick"], "other") is None
        assert other.live_leases() == {trial.trial_id: "one"}
        claimed = other.trial(trial.trial_id)
        assert (claimed.state, claimed.user_attrs["worker"]) == (State.RUNNING, "one")
        assert taken == ("quick", claimed), "as it is stored, whether or not it had been read before"
        queued(one)
        one.read()
        taken = one.take(["quick"], "one")
        assert taken == ("quick", other.trial(trial.trial_id + 1))

    def test_what_waits_is_taken_by_board_and_age(self, stores: Stores) -> None:
        one, other = stores(), stores()
        assert one.take(BOARDS, "w") is None
        for board in ("quick", "final", "full", "quick", "full"):
            queued(one, board)
        taken = [other.take(["full", "quick"], "w") for _ in range(5)]
        found = [each and (each[0], each[1].number) for each in taken]
        assert found == [("full", 0), ("full", 1), ("quick", 0), ("quick", 1), None]
        assert other.take(["final"], "w") is not None

    def test_what_a_person_queued_is_taken_from_the_first_board_only(self, stores: Stores) -> None:
        store = stores()
        for board in ("full", "quick"):
            store.add_waiting(board, PARAMS, {"by": "a person"})
        assert store.take(["full"], "w") is None
        taken = store.take(["full", "quick"], "w")
        assert taken is not None and taken[0] == "quick"

    def test_many_workers_claim_every_trial_once(self, stores: Stores) -> None:
        first = stores()
        for _ in range(12):
            queued(first)
        claimed: list[tuple[int, str]] = []

        def work(store: TrialStore, name: str) -> None:
            while (taken := store.take(["quick"], name)) is not None:
                claimed.append((taken[1].trial_id, name))

        threads = [threading.Thread(target=work, args=(stores(), f"w{number}")) for number in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(claimed) == 12 and set(Counter(trial_id for trial_id, _ in claimed).values()) == {1}
        assert first.live_leases() == dict(claimed)

    def test_a_reserved_trial_runs_is_leased_and_gets_its_parameters_later(self, stores: Stores) -> None:
        store = stores()
        trial = running(store)
        assert (trial.state, trial.params) == (State.RUNNING, {})
        assert trial.user_attrs == {"config_id": 0, "worker": "w"}
        assert running(store).user_attrs["config_id"] == 1
        assert store.set_params(trial.trial_id, PARAMS, {"note": "drawn"}, "w")
        drawn = store.trial(trial.trial_id)
        assert drawn.params == PARAMS and drawn.user_attrs["note"] == "drawn"
        assert type(drawn.params["batch_size"]) is int

    def test_trials_added_ahead_wait(self, stores: Stores) -> None:
        store = stores()
        first = store.add_running("quick", lambda number: {"config_id": number}, "w", ahead=2)
        assert store.live_leases() == {first.trial_id: "w"}
        found = [(trial.number, trial.state, trial.user_attrs["config_id"]) for trial in stores().read()["quick"]]
        assert found == [(0, State.RUNNING, 0), (1, State.WAITING, 1), (2, State.WAITING, 2)]
        assert store.trial(first.trial_id) == first

    def test_a_lease_lasts_while_it_is_renewed_and_then_runs_out(self, stores: Stores) -> None:
        store = stores(0.5)
        trial = running(store)
        for _ in range(4):
            time.sleep(0.2)
            assert store.renew_lease(trial.trial_id, "w") and not store.renew_lease(trial.trial_id, "another")
        assert not store.expire_lease(trial.trial_id)
        wait_until(lambda: not store.live_leases())
        assert not store.renew_lease(trial.trial_id, "w"), "a lease that has run out cannot be renewed"
        assert not store.finish(trial.trial_id, State.COMPLETE, 1.0, worker="w")
        assert store.expire_lease(trial.trial_id)

    def test_a_lease_is_given_back_by_its_holder_only(self, stores: Stores) -> None:
        store = stores()
        trial = running(store)
        store.release_lease(trial.trial_id, "another")
        assert store.live_leases() == {trial.trial_id: "w"}
        store.release_lease(trial.trial_id, "w")
        assert store.live_leases() == {}

    def test_a_running_trial_without_a_lease_gets_a_short_one(self, stores: Stores) -> None:
        store = stores(0.3)
        trial = running(store)
        store.release_lease(trial.trial_id, "w")
        assert not store.expire_lease(trial.trial_id)
        assert list(store.live_leases()) == [trial.trial_id]
        wait_until(lambda: store.expire_lease(trial.trial_id))

    def test_who_does_not_wait_for_the_lock_is_told_that_it_is_anothers(self, stores: Stores) -> None:
        one, other, found = stores(), stores(), list[bool]()

        def look() -> None:
            with other.lock(wait=False) as held:
                found.append(held)

        for _ in range(2):
            with one.lock(wait=False) as held:
                assert held
                thread = threading.Thread(target=look)
                thread.start()
                thread.join(30)
        look()
        assert found == [False, False, True]

    def test_the_lock_excludes_other_workers(self, stores: Stores) -> None:
        one, other, order = stores(), stores(), list[str]()

        def wait() -> None:
            with other.lock():
                order.append("other")

        thread = threading.Thread(target=wait)
        with one.lock():
            thread.start()
            time.sleep(0.3)
            one.read()
            queued(one)
            order.append("one")
        thread.join(30)
        assert order == ["one", "other"]
