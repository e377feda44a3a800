"""The output's shortcuts, fitted in closed form when a training has ended."""

import dataclasses

import numpy as np
import pytest

from gman_search.config import at_stage
from gman_search.data.task import load_task
from gman_search.data_spec import DataSpec
from gman_search.io.arrays import read_arrays
from gman_search.metrics import scores_by_step
from gman_search.space import SearchSpace
from gman_search.stages import PRESETS
from gman_search.training.job import Job
from gman_search.training.loop import GmanTrainer
from gman_search.training.refit import refitted


@pytest.fixture(scope="module")
def task():
    return load_task(DataSpec(train_share=0.6, sensors=4), None)


def applied(task, coefficients, starts, output):
    """What the model makes of the network's `output` (W, Q, N) in the data's unit."""
    window = task.inputs[starts[:, None] + np.arange(task.P)]
    future = starts[:, None] + task.P + np.arange(task.Q)
    usual = (task.usual_rows - task.mean) / task.std
    shape = output.shape
    numbers = [window[:, -1:], usual[future], usual[starts + task.P - 1][:, None], window.mean(1, keepdims=True)]
    by_step = coefficients[:, :, None]
    total = sum(by_step[:, k] * np.broadcast_to(number, shape) for k, number in enumerate(numbers))
    total = total + by_step[:, 4] + (1 + by_step[:, 5]) * (output - task.mean) / task.std
    return total * task.std + task.mean


def test_it_finds_the_combination_that_makes_the_readings(task):
    starts = task.starts["train"][::7]
    random = np.random.default_rng(0)
    network = random.normal(task.mean, task.std, (len(starts), task.Q, 4))
    truth = np.zeros((task.Q, 6))
    truth[:, 0], truth[:, 1], truth[:, 4], truth[:, 5] = 0.6, 0.3, 0.1, -0.8
    made = applied(task, truth, starts, network)
    series = task.targets.copy()
    future = starts[:, None] + task.P + np.arange(task.Q)
    # Every target row is forecast by one window here, so that the series can hold what the formula makes.
    chosen = starts[:: -(-task.Q // 7)]
    rows = future[:: -(-task.Q // 7)]
    series[rows] = made[:: -(-task.Q // 7)]
    changed = dataclasses.replace(task, targets=series.astype(np.float32))
    before = np.zeros((task.Q, 6))
    before[:, 5], before[:, 0] = 0.5, 0.2  # it begins with other coefficients
    forecast = applied(task, before, chosen, network[:: -(-task.Q // 7)])
    found = refitted(changed, before, chosen, forecast)
    np.testing.assert_allclose(
        applied(task, found, chosen, network[:: -(-task.Q // 7)]), series[rows], atol=0.02 * task.std
    )


def test_missing_targets_and_wrong_readings_far_off_do_not_matter(task):
    starts = task.starts["train"][::5]
    output = np.full((len(starts), task.Q, 4), task.mean)
    clean = refitted(task, np.zeros((task.Q, 6)), starts, output)
    spoilt = task.targets.copy()
    spoilt[::97] = 0
    dirty = refitted(dataclasses.replace(task, targets=spoilt), np.zeros((task.Q, 6)), starts, output)
    np.testing.assert_allclose(clean[0, 0], dirty[0, 0], atol=0.05)
    assert clean[0, 0] > 0.8  # one step ahead it is nearly the last reading


def test_a_training_that_is_refitted_is_better_one_step_ahead_and_never_worse(task, tmp_path):
    settings = dataclasses.replace(
        at_stage({**SearchSpace().preset(), "learning_rate": 0.008}, PRESETS["quick"], shortcuts=True),
        max_epochs=3, windows_per_epoch=640, decay_epoch=1.0,
    )  # fmt: skip
    trainer = GmanTrainer(task, validation_stride=8)
    outcomes, errors = {}, {}
    for refit in (False, True):
        job = Job(0, "quick", settings, 3, tmp_path / str(refit), refit=refit)
        outcomes[refit] = trainer.train(job, lambda epoch: None)
        weights, description = read_arrays(job.folder / "weights.npz")
        assert description["best_val"] == outcomes[refit].val_mae
        model = trainer.compiled(settings.shape, "quick", shortcuts=True)
        model.state.load_weights(weights)
        windows = task.windows("test")
        errors[refit] = scores_by_step(windows.targets, model.forecast(windows.starts, causal=True))[1].mae
    assert outcomes[True].val_mae <= outcomes[False].val_mae
    assert errors[True] < 0.95 * errors[False]
