"""A saved model trained on with all readings, from its own weights."""

import dataclasses
from dataclasses import replace

import numpy as np
import pytest

from gman_search.config import Hyperparameters
from gman_search.data.all_readings import continued, task_of_all
from gman_search.data.series import TrafficSeries
from gman_search.data.task import make_task
from gman_search.data_spec import DataSpec
from gman_search.forecasting.forecaster import Forecaster
from gman_search.halving.refit import RefitRule
from gman_search.training.finalize import complete_model, with_intervals
from gman_search.training.job import Job
from gman_search.training.loop import GmanTrainer
from gman_search.training.on_all import CALENDAR_KERNEL, AllReadings
from gman_search.tuning.refit import refit_facts

SETTINGS = Hyperparameters(
    L=1, K=2, d=3, learning_rate=0.01, decay_epoch=20, decay_rate=0.7, batch_size=16, dropout=0.0, weight_decay=0.0,
    clip_norm=0.0, causal=True, bn_momentum=0.99, max_epochs=6, windows_per_epoch=None, patience=10, warmup_steps=5,
    shortcuts=True,
)  # fmt: skip
DAYS = 14


def readings(first_day: int, days: int, level: float) -> TrafficSeries:
    random, hours = np.random.default_rng(first_day), 24 * first_day + np.arange(24 * days)
    values = level + 12 * np.sin(hours / 24 * 2 * np.pi)[:, None] + random.normal(0, 1.5, (len(hours), 3))
    times = np.datetime64("2025-03-03T00:00", "m") + hours * 60
    return TrafficSeries(values.astype(np.float32), times, ("a", "b", "c"), 60)


@pytest.fixture(scope="module")
def tested(tmp_path_factory):
    """(task, saved model trained on its training part)."""
    folder = tmp_path_factory.mktemp("tested")
    task = make_task(
        DataSpec(history=4, horizon=3), readings(0, DAYS, 45), np.random.default_rng(0).normal(size=(3, 4))
    )
    trainer = GmanTrainer(task)
    trainer.train(Job(0, "quick", SETTINGS, seed=1, folder=folder), lambda epoch: None)
    model = trainer.compiled(SETTINGS.shape, "quick", shortcuts=True)
    return task, with_intervals(complete_model(task, folder, DataSpec(history=4, horizon=3)), task, model)


@pytest.fixture
def all_readings(tested, tmp_path):
    """all_readings(newer, rule) -> (the task of all, AllReadings, facts); what it says is in `all_readings.said`."""

    def opened(newer=None, rule=RefitRule()):  # noqa: B008
        task = tested[0]
        series = task.series if newer is None else continued(task.series, newer, "newer.csv")
        whole = task_of_all(task, series, "last")
        facts = refit_facts(whole, len(task.starts["train"]), 1.25)
        return whole, AllReadings(whole, facts.new_windows, rule, tmp_path, opened.said.append), facts

    opened.said = []
    return opened


def mae(saved, series) -> float:
    model = Forecaster(saved, traced=False)
    starts = np.arange(len(series.values) - 6)
    truth = series.values[starts[:, None] + 4 + np.arange(3)]
    return float(np.abs(model.windows(series, starts) - truth).mean())


def test_a_saved_model_knows_the_steps_of_its_best_epoch(tested):
    config = tested[1].config
    steps = -(-len(tested[0].starts["train"]) // 16)
    assert config.steps % steps == 0 and 0 < config.steps <= 6 * steps
    assert config.refit is None


def test_newer_readings_of_another_level_are_learned_and_the_tested_model_stays(tested, all_readings):
    task, saved = tested
    before = {name: array.copy() for name, array in saved.weights.items()}
    newer = readings(DAYS, 14, 75)
    whole, models, facts = all_readings(newer, RefitRule(rate=0.3, effort=2.0))
    new = models.refitted(saved, "quick/0", facts)
    later = readings(DAYS + 14, 7, 75)
    assert mae(new, later) < 0.9 * mae(saved, later)
    assert all(np.array_equal(saved.weights[name], array) for name, array in before.items())
    assert facts.new_windows == (24 * 28 - 6) - len(task.starts["train"])
    steps = new.config.refit.steps["quick/0"]
    assert (
        steps >= models.steps_of(saved, "quick/0") == round(2 * saved.config.steps * facts.new_windows / facts.windows)
    )
    assert new.config.refit.until == "2025-03-30 23:00" and new.config.val_mae is None
    assert (new.config.mean, new.config.std) == (saved.config.mean, saved.config.std)
    assert np.array_equal(new.usual, whole.usual.table) and not np.array_equal(new.usual, saved.usual)
    assert new.intervals is saved.intervals and new.config.coverage == {}


def test_without_steps_only_usual_values_are_new(tested, all_readings):
    saved = tested[1]
    whole, models, facts = all_readings(readings(DAYS, 7, 75), RefitRule(effort=0))
    new = models.refitted(saved, "quick/0", facts)
    assert all(np.array_equal(new.weights[name], array) for name, array in saved.weights.items())
    assert np.array_equal(new.usual, whole.usual.table) and new.config.refit.steps == {"quick/0": 0}
    assert np.array_equal(new.seen, saved.seen)


def test_a_training_that_diverges_leaves_the_weights_and_is_told(tested, all_readings):
    saved = tested[1]
    wild = saved.config.hyperparameters.model_copy(update={"learning_rate": 1e30})
    saved = replace(saved, config=saved.config.model_copy(update={"hyperparameters": wild}))
    _, models, facts = all_readings(rule=RefitRule(rate=1.0))
    new = models.refitted(saved, "quick/0", facts)
    assert all(np.array_equal(new.weights[name], array) for name, array in saved.weights.items())
    (said,) = all_readings.said
    assert said.startswith("quick/0 keeps its weights: its refit diverged")
    assert new.config.refit.steps == {"quick/0": 0}


def test_days_never_seen_begin_at_nothing(tested, all_readings):
    seen = tested[1].seen.copy()
    seen[5:7] = False  # as if trained on working days
    saved = replace(tested[1], seen=seen)
    (name,) = [name for name in saved.weights if name.endswith(CALENDAR_KERNEL)]
    begun = all_readings()[1]._start(saved)[name]
    assert (begun[5:7] == 0).all() and np.array_equal(begun[:5], saved.weights[name][:5])
    assert np.abs(saved.weights[name][5:7]).min() > 0


def test_the_last_epoch_is_kept_where_nothing_is_left_to_validate_on(tested, tmp_path):
    trainer = GmanTrainer(tested[0])
    settings = dataclasses.replace(SETTINGS, learning_rate=0.3, max_epochs=3)  # so wild that no later epoch is better
    ends = {}
    for keep in ("best", "last"):
        epochs = []
        outcome = trainer.train(Job(0, "quick", settings, 1, tmp_path / keep, keep=keep), epochs.append)
        ends[keep] = (outcome.val_mae, [epoch.val_mae for epoch in epochs], outcome.facts["best_epoch"])
    assert ends["best"][1] == ends["last"][1]
    assert ends["best"][0] == min(ends["best"][1]) and ends["last"][0] == ends["last"][1][-1]
    assert ends["last"][2] == 3
