"""Workers as Ray tasks, with a Ray that runs nothing: what is asked for, refused, woken and given back."""

import sys
from types import SimpleNamespace

import pytest

from gman_search.backends.local import IDLE, RENEW
from gman_search.backends.ray import RayWorkers, unmet_demand
from gman_search.errors import StudyError, UsageError

HEAD = {"CPU": 0.0}
NODE = {"CPU": 4.0, "GPU": 1.0}


class FakeRay:
    """A cluster whose tasks end when the test says so."""

    def __init__(self, nodes):
        self.resources, self.tasks, self.ended, self.cancelled, self.up = nodes, [], {}, [], False

    def is_initialized(self):
        return self.up

    def init(self, address=None, **_):
        if address == "nowhere:1":
            raise ConnectionError("nobody\nanswers")
        self.up = True

    def shutdown(self):
        self.up = False

    def nodes(self):
        return [{"Alive": True, "Resources": node} for node in self.resources] + [{"Alive": False, "Resources": NODE}]

    def remote(self, **demand):
        self.demand = demand

        def submitted(body):
            self.body = body

            def start(index):
                self.tasks.append(index)
                return f"task {len(self.tasks) - 1} of worker {index}"

            return SimpleNamespace(remote=start)

        return submitted

    def end(self, reference, code=0):
        self.ended[reference] = code

    def wait(self, references, num_returns, timeout):
        return [each for each in references if each in self.ended], []

    def get(self, reference):
        code = self.ended[reference]
        if isinstance(code, Exception):
            raise code
        return code

    def cancel(self, reference, force):
        self.cancelled.append((reference, force))
        self.ended.setdefault(reference, RuntimeError("cancelled") if force else 0)


@pytest.fixture
def cluster(monkeypatch):
    """cluster(nodes) -> the Ray that `import ray` finds."""

    def made(*nodes):
        ray = FakeRay(nodes)
        monkeypatch.setitem(sys.modules, "ray", ray)
        return ray

    return made


def target(index, *arguments):
    sys.exit(IDLE)


def test_workers_ask_for_what_they_need_and_are_retried_for_ever(cluster):
    ray = cluster(NODE)
    workers = RayWorkers(target, (), 3, address="auto", cpus=2, gpus=0.5)
    assert ray.demand == {
        "num_cpus": 2, "num_gpus": 0.5, "max_retries": -1, "retry_exceptions": False, "max_calls": 1,
    }  # fmt: skip
    assert ray.tasks == [0, 1, 2] and workers.working() == {0, 1, 2} and workers.alive()
    assert ray.body(0) == IDLE


def test_a_cluster_that_may_add_nodes_gets_the_demand_and_a_warning(cluster):
    ray, said = cluster(HEAD), []
    workers = RayWorkers(target, (), 2, address="auto", cpus=2, gpus=1, on_warning=said.append)
    assert ray.tasks == [0, 1] and workers.alive()
    (text,) = said
    assert "2 CPUs and 1 GPUs" in text and "the nodes have 0 CPUs, 0 GPUs" in text and "workers wait" in text


def test_this_machine_as_the_only_node_gets_no_larger_by_waiting(cluster):
    ray = cluster({"CPU": 2.0})
    with pytest.raises(UsageError, match=r"1 CPUs and 1 GPUs.*2 CPUs, 0 GPUs; .*--ray-address"):
        RayWorkers(target, (), 1, gpus=1)
    assert not ray.up and ray.tasks == []


def test_a_cluster_that_does_not_answer_is_one_line(cluster):
    cluster()
    with pytest.raises(StudyError, match="expected a Ray cluster at nowhere:1; nobody answers"):
        RayWorkers(target, (), 1, address="nowhere:1")


def test_an_idle_worker_gives_its_place_back_and_is_woken(cluster):
    ray = cluster(NODE)
    workers = RayWorkers(target, (), 3)
    for index in (0, 2):
        ray.end(f"task {index} of worker {index}", IDLE)
    assert workers.alive()
    assert (workers.idle(), workers.working(), workers.crashed()) == ({0, 2}, {1}, 0)
    workers.wake(1)
    assert (workers.idle(), workers.working(), ray.tasks) == ({2}, {0, 1}, [0, 1, 2, 0])
    workers.wake(5)
    assert workers.working() == {0, 1, 2} and workers.idle() == set()


def test_workers_end_in_every_way(cluster):
    ray = cluster(NODE)
    workers = RayWorkers(target, (), 4)
    for index, code in enumerate([0, RENEW, 3, RuntimeError("no\ndata")]):
        ray.end(f"task {index} of worker {index}", code)
    assert workers.alive() and workers.working() == {1} and workers.crashed() == 2
    ray.end("task 4 of worker 1")
    assert not workers.alive() and workers.failure() in ("exit code 3", "no data")


def test_leaving_asks_first_and_forgets_the_idle(cluster):
    ray = cluster(NODE)
    workers = RayWorkers(target, (), 2)
    ray.end("task 0 of worker 0", IDLE)
    assert workers.alive()
    workers.leave(5)
    assert ray.cancelled == [("task 1 of worker 1", False)] and not workers.alive()
    assert not ray.up, "a cluster that was joined or begun here is left"


@pytest.mark.parametrize(("nodes", "met"), [
    ([], False), ([HEAD], False), ([HEAD, NODE], True), ([{"CPU": 8}, {"CPU": 1, "GPU": 4}], False),
])  # fmt: skip
def test_one_node_must_have_all_that_a_worker_asks_for(nodes, met):
    assert (unmet_demand(nodes, 2, 0.5) == "") == met
