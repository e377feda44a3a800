"""A Ray cluster that begins without a node for workers: its autoscaler adds one for them, and removes it when idle."""

import sys
import time

import pytest

from gman_search.backends.local import IDLE
from gman_search.backends.ray import RayWorkers

pytestmark = pytest.mark.slow
ray = pytest.importorskip("ray")


def until(condition, seconds: float = 90.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.5)


@pytest.fixture
def autoscaling():
    """A head without CPUs; up to one node of two CPUs, which goes after six idle seconds."""
    from ray.cluster_utils import AutoscalingCluster

    node = {
        "resources": {"CPU": 2, "object_store_memory": 80 * 2**20},
        "node_config": {},
        "min_workers": 0,
        "max_workers": 1,
    }
    made = AutoscalingCluster(
        head_resources={"CPU": 0}, worker_node_types={"cpu": node}, idle_timeout_minutes=0.1
    )  # fmt: skip
    try:
        made.start()
    except Exception as error:
        pytest.skip(f"this machine cannot start a Ray cluster: {error}")  # Ray itself, not ours
    yield
    ray.shutdown()
    made.shutdown()


def nodes() -> int:
    return sum(node["Alive"] and node["Resources"].get("CPU", 0) > 0 for node in ray.nodes())


def test_nodes_come_for_workers_and_go_when_they_are_idle(autoscaling):
    def leaves(index):
        sys.exit(IDLE)

    ray.init(address="auto", log_to_driver=False)
    ray.cloudpickle.register_pickle_by_value(sys.modules[__name__])
    said = []
    workers = RayWorkers(leaves, (), 2, cpus=1, on_warning=said.append)
    assert len(said) == 1 and nodes() == 0
    until(lambda: workers.alive() and workers.idle() == {0, 1})
    assert nodes() == 1
    until(lambda: nodes() == 0)
    workers.wake(1)
    until(lambda: workers.alive() and workers.idle() == {0, 1})
    workers.leave(5)
    assert workers.crashed() == 0
