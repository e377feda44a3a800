"""Which GPU a worker takes; there is none where these tests run, so TensorFlow is asked through stand-ins."""

import sys
from types import SimpleNamespace

import pytest
import tensorflow as tf

from gman_search import tf_logging
from gman_search.training.device import prepare_device


@pytest.fixture
def told(monkeypatch):
    """What TensorFlow was told, on a machine with two GPUs."""
    calls = []
    monkeypatch.setattr(tf.config, "list_physical_devices", lambda kind: ["GPU:0", "GPU:1"])
    monkeypatch.setattr(tf.config, "set_visible_devices", lambda devices, kind: calls.append(("visible", *devices)))
    monkeypatch.setattr(
        tf.config.experimental, "set_memory_growth", lambda device, on: calls.append(("growth", device, on))
    )
    monkeypatch.setattr(tf.config.experimental, "enable_op_determinism", lambda: calls.append(("repeatable",)))
    return calls


@pytest.mark.parametrize("worker, gpu", [(0, "GPU:0"), (1, "GPU:1"), (2, "GPU:0")])
def test_every_worker_has_one_gpu_and_takes_only_the_memory_it_needs(told, worker, gpu):
    prepare_device(0, worker)
    assert told == [("visible", gpu), ("growth", gpu, True), ("repeatable",)]


def test_without_a_gpu_nothing_is_hidden(told, monkeypatch):
    monkeypatch.setattr(tf.config, "list_physical_devices", lambda kind: [])
    prepare_device(0, 3)
    assert told == [("repeatable",)]


def test_a_command_takes_one_gpu_before_its_first_operation(told, monkeypatch):
    """Later TensorFlow refuses to change either: `train` and `refit` start it quietly, then prepare the device."""
    monkeypatch.setattr(tf, "constant", lambda value: told.append(("first operation",)) or value)
    monkeypatch.setattr(tf_logging, "sys", SimpleNamespace(modules={}, stderr=sys.stderr))
    tf_logging.start_tensorflow_quietly()
    assert told == [("visible", "GPU:0"), ("growth", "GPU:0", True), ("first operation",)]


def test_tensorflow_accepts_the_same_devices_again_after_its_first_operation():
    tf.constant(0) + 0
    tf.config.set_visible_devices(tf.config.get_visible_devices("GPU"), "GPU")
    with pytest.raises(RuntimeError, match="cannot be modified after being initialized"):
        tf.config.set_visible_devices([], "CPU")
