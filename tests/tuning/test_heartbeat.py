"""Who does what, and since when; on every accepted storage."""

import time

import sqlalchemy

from gman_search.tuning.heartbeat import Heartbeat, workers_seen
from gman_search.tuning.worker import run_worker


def test_a_worker_is_seen_until_it_leaves(open_any):
    studies, _ = open_any(trials=1)
    engine = studies.store.storage.engine
    one, other = Heartbeat(engine, "test", "w1"), Heartbeat(engine, "another study", "w1")
    one.report("quick/1")
    other.report("quick/9")
    time.sleep(0.3)
    one.renew()
    (seen,) = workers_seen(engine, "test")
    assert (seen.worker, seen.doing) == ("w1", "quick/1")
    assert seen.seconds >= 0.3 > seen.silent >= 0
    one.report("quick/2")
    assert workers_seen(engine, "test")[0].seconds < 0.3
    one.unregister()
    assert workers_seen(engine, "test") == [] and len(workers_seen(engine, "another study")) == 1


def test_workers_that_died_long_ago_are_forgotten(open_any):
    studies, _ = open_any(trials=1)
    engine = studies.store.storage.engine
    Heartbeat(engine, "test", "dead").report("quick/1")
    with engine.begin() as connection:
        connection.execute(sqlalchemy.text("UPDATE gman_search_workers SET seen = seen - 100000"))
    assert workers_seen(engine, "test")[0].silent > 99_999
    Heartbeat(engine, "test", "w2").unregister()
    assert workers_seen(engine, "test") == []


def test_a_study_nobody_has_worked_on_has_no_workers(open_any):
    studies, _ = open_any(trials=1)
    assert studies.store.workers_seen() == []


def test_the_worker_says_what_it_does(open_study, make_trainer, tmp_path):
    studies, _ = open_study(trials=2)
    seen = []

    class Looking(make_trainer):
        def train(self, job, on_epoch):
            seen.extend((row.worker, row.doing) for row in studies.store.workers_seen())
            return super().train(job, on_epoch)

    run_worker(studies, Looking(), tmp_path, "w")
    assert [worker for worker, _ in seen] == ["w"] * 4
    assert [doing.partition("/")[0] for _, doing in seen] == ["quick", "quick", "medium", "full"]
    assert studies.store.workers_seen() == []
