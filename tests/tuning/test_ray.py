"""Workers on a real Ray cluster of two nodes on this machine, one of which is killed in mid-study."""

import signal
import sys
import threading
from collections import Counter
from functools import partial

import pytest

from gman_search.backends.local import IDLE
from gman_search.backends.ray import RayWorkers
from gman_search.halving.evaluations import State, latest_attempts
from gman_search.halving.retries import INTERRUPTED
from gman_search.testing.store_trials import wait_until

until = partial(wait_until, seconds=180.0)

pytestmark = pytest.mark.slow
ray = pytest.importorskip("ray")


@pytest.fixture(scope="module")
def cluster():
    """A head without CPUs and two nodes of two CPUs each."""
    from ray.cluster_utils import Cluster

    small = {"object_store_memory": 80 * 2**20, "include_dashboard": False}
    try:
        made = Cluster(initialize_head=True, head_node_args={"num_cpus": 0, **small})
        made.nodes = [made.add_node(num_cpus=2, object_store_memory=80 * 2**20) for _ in range(2)]
        ray.init(address=made.address, log_to_driver=False)
    except (OSError, RuntimeError, ConnectionError, TimeoutError) as error:
        pytest.skip(f"this machine cannot start a Ray cluster: {error}")  # Ray itself, not ours
    ray.cloudpickle.register_pickle_by_value(sys.modules[__name__])
    yield made
    ray.shutdown()
    made.shutdown()


@pytest.fixture
def work(open_url, make_trainer, tmp_path):
    """A worker's body that notes where it runs, as Ray can send it to a node."""
    ray.cloudpickle.register_pickle_by_value(sys.modules[make_trainer.__module__])

    def body(index, url, folder, seconds, trials):
        from gman_search.tuning.worker import run_worker

        node = ray.get_runtime_context().get_node_id()
        (folder / f"worker-{index}-{node}").touch()
        stop = threading.Event()
        signal.signal(signal.SIGINT, lambda *_: stop.set())
        studies, _ = open_url(url, trials=trials, lease_seconds=2)
        run_worker(studies, make_trainer(seconds=seconds), folder, f"w{index}-{node[:6]}", stop=stop)

    return body


def nodes_of(folder, index: int) -> set[str]:
    return {path.name.rpartition("-")[2] for path in folder.glob(f"worker-{index}-*")}


def test_more_than_any_node_has_waits_for_a_node_that_has_it(cluster, work):
    said = []
    workers = RayWorkers(work, (), 1, cpus=3, on_warning=said.append)
    assert len(said) == 1 and "3 CPUs and 0 GPUs" in said[0] and "2 CPUs, 0 GPUs" in said[0]
    assert workers.alive() and workers.working() == {0}
    workers.leave(5)
    assert not workers.alive() and workers.crashed() == 0


def test_an_idle_worker_gives_its_cpus_back_until_it_is_woken(cluster):
    def leaves(index):
        sys.exit(IDLE)

    def free() -> float:
        return ray.available_resources().get("CPU", 0)

    until(lambda: free() == 4)
    workers = RayWorkers(leaves, (), 2, cpus=2)
    until(lambda: workers.alive() and workers.idle() == {0, 1})
    until(lambda: free() == 4)
    workers.wake(1)
    assert workers.working() == {0}
    until(lambda: workers.alive() and workers.idle() == {0, 1})
    workers.leave(5)
    assert not workers.alive() and workers.crashed() == 0


def test_workers_leave_when_told_and_others_go_on(cluster, work, open_url, tmp_path):
    url = f"sqlite:///{tmp_path}/study.db"
    studies, _ = open_url(url, trials=4)
    first = RayWorkers(work, (url, tmp_path, 0.5, 4), 2)
    until(lambda: any(row.state is State.RUNNING for row in studies.evaluations()))
    first.leave(30)
    assert not first.alive() and first.crashed() == 0
    left = studies.evaluations()
    assert {row.state for row in left} <= {State.COMPLETE, State.FAILED}
    assert {row.reason for row in left if row.state is State.FAILED} == {INTERRUPTED}
    second = RayWorkers(work, (url, tmp_path, 0.0, 4), 2)
    until(lambda: not second.alive())
    assert [row.state for row in latest_attempts(studies.evaluations())] == [State.COMPLETE] * 6


def test_an_exception_of_a_worker_is_counted(cluster):
    def broken(index):
        raise RuntimeError("no data here")

    workers = RayWorkers(broken, (), 2)
    until(lambda: not workers.alive())
    assert workers.crashed() == 2


def test_a_lost_nodes_work_goes_on_elsewhere_and_nothing_is_lost_or_doubled(cluster, work, open_url, tmp_path):
    url = f"sqlite:///{tmp_path}/study.db"
    studies, leases = open_url(url, trials=16, lease_seconds=2)
    workers = RayWorkers(work, (url, tmp_path, 0.3, 16), 4)
    until(lambda: nodes_of(tmp_path, 3) and sum("worker" in row.facts for row in studies.evaluations()) >= 4)
    (lost_id,) = nodes_of(tmp_path, 0)
    lost = next(node for node in cluster.nodes if node.node_id == lost_id)

    def orphans():
        running = [row for row in studies.evaluations() if row.state is State.RUNNING]
        return [row for row in running if row.facts.get("worker", "").endswith(lost_id[:6])]

    until(orphans)  # between two evaluations a worker has none
    cluster.remove_node(lost, allow_graceful=False)
    until(lambda: not workers.alive())
    assert workers.crashed() == 0
    rows = studies.evaluations()
    final = latest_attempts(rows)
    assert Counter(row.stage for row in final) == {"quick": 16, "medium": 4, "full": 1}
    assert all(row.state is State.COMPLETE for row in final)
    assert set(Counter(row.key for row in rows if row.state is State.COMPLETE).values()) == {1}
    assert leases.live() == {}
    assert nodes_of(tmp_path, 0) > {lost_id}, "Ray has started the lost worker on the other node"
