"""A Ray cluster that begins without a node for workers: its autoscaler adds one for them, and idle ones free it."""

import json
import os
import socket
import subprocess
import sys
from functools import partial

import pytest

from gman_search.backends.local import IDLE
from gman_search.backends.ray import RayWorkers
from gman_search.testing.store_trials import wait_until

until = partial(wait_until, seconds=180.0)

pytestmark = pytest.mark.slow
ray = pytest.importorskip("ray")
SMALL = 80 * 2**20
EMPTY = (
    ("auth", "docker", "file_mounts"),
    (
        *("initialization_commands", "setup_commands", "head_setup_commands", "worker_setup_commands"),
        *(
            "head_start_ray_commands",
            "worker_start_ray_commands",
            "cluster_synced_files",
            "rsync_exclude",
            "rsync_filter",
        ),
    ),
)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("", 0))
        return probe.getsockname()[1]


@pytest.fixture
def autoscaling(tmp_path):
    """Address of a head without CPUs, whose autoscaler adds up to one node of two CPUs: Ray's own cluster for tests."""
    import psutil

    address = f"{ray.util.get_node_ip_address()}:{free_port()}"
    node = {
        "resources": {"CPU": 2, "object_store_memory": SMALL},
        "node_config": {},
        "min_workers": 0,
        "max_workers": 1,
    }
    head = {"resources": {"CPU": 0}, "node_config": {}, "max_workers": 0}
    config = {
        "cluster_name": "test", "max_workers": 1, "upscaling_speed": 1.0, "idle_timeout_minutes": 0.1,
        "provider": {
            "type": "fake_multinode", "gcs_address": address, "disable_node_updaters": True,
            "worker_liveness_check": False,  # by SSH, where a machine is slow
        },
        "available_node_types": {"ray.head.default": head, "cpu": node}, "head_node_type": "ray.head.default",
        "file_mounts_sync_continuously": False, **dict.fromkeys(EMPTY[0], {}), **dict.fromkeys(EMPTY[1], []),
    }  # fmt: skip
    (tmp_path / "config.yaml").write_text(json.dumps(config))
    command = [
        sys.executable, "-m", "ray.scripts.scripts", "start", "--head", "--block", "--num-cpus=0",
        f"--port={address.rpartition(':')[2]}", f"--autoscaling-config={tmp_path / 'config.yaml'}",
        "--include-dashboard=false", f"--object-store-memory={SMALL}", "--disable-usage-stats",
    ]  # fmt: skip
    environment = {**os.environ, "RAY_FAKE_CLUSTER": "1", "AUTOSCALER_UPDATE_INTERVAL_S": "1"}
    with (tmp_path / "ray.log").open("w") as log:
        started = subprocess.Popen(command, env=environment, stdout=log, stderr=subprocess.STDOUT)
    try:
        until(lambda: "Ray runtime started" in (tmp_path / "ray.log").read_text() or started.poll() is not None)
        if started.poll() is not None:
            pytest.skip("this machine cannot start a Ray cluster")  # Ray itself, not ours
        yield address
    finally:
        ray.shutdown()
        tree = [*psutil.Process(started.pid).children(recursive=True), psutil.Process(started.pid)]
        started.terminate()
        _, left = psutil.wait_procs(tree, timeout=10)
        for process in left:
            process.kill()
        started.wait()


def nodes() -> int:
    return sum(node["Alive"] and node["Resources"].get("CPU", 0) > 0 for node in ray.nodes())


def test_a_node_comes_for_workers_and_is_free_when_they_are_idle(autoscaling):
    def leaves(index):
        sys.exit(IDLE)

    ray.init(address=autoscaling, log_to_driver=False)
    ray.cloudpickle.register_pickle_by_value(sys.modules[__name__])
    said = []
    workers = RayWorkers(leaves, (), 2, cpus=1, on_warning=said.append)
    assert len(said) == 1 and nodes() == 0
    until(lambda: workers.alive() and workers.idle() == {0, 1})
    assert nodes() == 1
    until(lambda: ray.available_resources().get("CPU", 0) in (0, 2))  # free, or gone already
    workers.wake(1)
    until(lambda: workers.alive() and workers.idle() == {0, 1})
    workers.leave(5)
    assert workers.crashed() == 0
