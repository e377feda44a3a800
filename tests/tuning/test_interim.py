"""What a search delivers on its way: better each time, chosen once for each evaluation, and never by the test part."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gman_search.baselines.registry import CHEAP
from gman_search.data.series import TrafficSeries
from gman_search.data.task import make_task
from gman_search.data_spec import DataSpec
from gman_search.ensemble.candidate import Opened
from gman_search.ensemble.forecaster import EnsembleForecaster
from gman_search.ensemble.store import read_ensemble
from gman_search.halving import interim
from gman_search.halving.evaluations import Evaluation, State
from gman_search.halving.halving_schedule import HalvingSchedule
from gman_search.halving.interim import NOISE, SHARE, is_better, is_due
from gman_search.io.arrays import write_arrays
from gman_search.tuning import kept_baselines
from gman_search.tuning.folder import StudyFolder
from gman_search.tuning.interim import InterimDelivery
from gman_search.tuning.kept_baselines import fitted_baselines

SCHEDULE = HalvingSchedule(("quick", "full"), (2,), 6)


def network():
    random = np.random.default_rng(0)
    hours = np.arange(24 * 20)
    values = 45 + 12 * np.sin(hours / 24 * 2 * np.pi)[:, None] + random.normal(0, 4, (len(hours), 3))
    times = np.datetime64("2025-03-03T00:00", "m") + hours * 60
    series = TrafficSeries(values.astype(np.float32), times, tuple("abc"), 60)
    return make_task(DataSpec(history=4, horizon=3), series, random.normal(size=(3, 6)))


@pytest.fixture
def delivery(tmp_path, monkeypatch):
    """An InterimDelivery whose evaluations are the readings with noise; `opened` has the folders it was shown."""
    task, opened = network(), []
    monkeypatch.setattr(kept_baselines, "baselines", lambda: {kind.name: kind for kind in CHEAP})
    everything = replace(task.windows("val"), starts=np.arange(len(task.targets) - 6)).targets
    shown = {int(start) for part in ("train", "val") for start in task.starts[part]}

    def open_folder(self, source):
        opened.append(source.name)
        noise = float(source.name.rpartition("-")[2])
        error = np.random.default_rng(list(source.name.encode())).normal(0, noise, everything.shape)

        def forecast(starts):
            assert set(starts.tolist()) <= shown, "a window of the test part was forecast"
            return (everything + error).astype(np.float32)[starts]

        return Opened(forecast, lambda folder: write_arrays(folder / "weights.npz", {}, {"of": source.name}))

    monkeypatch.setattr(InterimDelivery, "_opened", open_folder)
    made = InterimDelivery(task, DataSpec(), StudyFolder(tmp_path), None)
    fitted = fitted_baselines(task, tmp_path / "baselines", seed=0, say=print)
    return SimpleNamespace(look=lambda rows: made.look(rows, SCHEDULE, fitted), of=made, opened=opened, folder=tmp_path)


def evaluation(stage, config, noise):
    facts = {"folder": f"{stage}-{config}-{noise}"}
    return Evaluation(config, stage, state=State.COMPLETE, val_mae=0.8 * noise, seconds=10.0, facts=facts)


def test_baselines_are_delivered_before_anything_has_finished(delivery):
    assert delivery.of.delivered is None
    assert delivery.look([])
    members = read_ensemble(delivery.folder / "interim").config.members
    assert {member.kind for member in members} == {"baseline"}
    assert delivery.of.delivered > 0


def test_what_is_delivered_forecasts_at_once(delivery):
    delivery.look([])
    model = EnsembleForecaster(read_ensemble(delivery.folder / "interim"))
    forecast = model.forecast(delivery.of.task.series.until(200), interval=80)
    assert forecast.values.shape == (1, 3, 3) and np.isfinite(forecast.lower).all()


def test_every_improvement_is_delivered_and_nothing_worse(delivery):
    errors, rows = [], []
    for config, noise in enumerate((3.0, 2.0, 40.0, 1.0)):
        delivery.look([])
        rows.append(evaluation("quick", config, noise))
        delivery.look(rows)
        errors.append(delivery.of.delivered)
    assert errors[3] < errors[1] < errors[0] and errors[2] == errors[1]
    best = read_ensemble(delivery.folder / "interim").config.members[0]
    assert (best.name, best.kind) == ("quick/3", "evaluation")


def test_what_is_far_behind_the_delivered_one_takes_no_time(delivery):
    delivery.look([])
    far, near = (1.25 * share * delivery.of.delivered for share in (1.2, 1.0))  # a MAE of 0.8 of the noise
    delivery.look([evaluation("quick", 0, far), evaluation("quick", 1, near)])
    assert set(delivery.opened) == {f"quick-1-{near}"}


def test_each_evaluation_forecasts_the_validation_part_once(delivery, monkeypatch):
    monkeypatch.setattr(interim, "PROMISING", 100.0)
    rows = [evaluation("quick", config, 2.0 + config) for config in range(3)]
    for count in (1, 2, 3):
        delivery.look(rows[:count])
    before = len(delivery.opened)
    assert not delivery.look(rows)
    assert len(delivery.opened) == before, "nothing new, nothing to open"
    delivery.look([*rows, evaluation("quick", 3, 30.0)])
    assert delivery.opened[before:] == ["quick-3-30.0"], "the others' forecasts are known, and nothing was delivered"


def test_of_many_new_evaluations_the_best_come_first_and_the_others_later(delivery, monkeypatch):
    monkeypatch.setattr(interim, "PROMISING", 100.0)
    rows = [evaluation("quick", config, 9.0 - config) for config in range(5)]
    taken = []
    for _ in range(4):
        before = len(delivery.opened)
        delivery.look(rows)
        taken.append(set(delivery.opened[before:]))
    names = [f"quick-{config}-{9.0 - config}" for config in (4, 3, 2, 1, 0)]
    assert set(names[:2]) <= taken[0] and not set(names[2:]) & taken[0]
    assert set(names[2:4]) <= taken[1] and names[4] in taken[2] and taken[3] == set()


def test_a_tested_ensemble_gives_way_only_to_a_better_one(delivery):
    delivery.look([evaluation("quick", 0, 1.0)])
    (delivery.folder / "interim").rename(delivery.folder / "ensemble")
    assert not delivery.look([evaluation("quick", 1, 5.0)])
    assert delivery.look([evaluation("quick", 1, 0.2)])


@given(st.floats(0.01, 100), st.floats(0.01, 100))
def test_better_means_by_more_than_the_noise(found, delivered):
    assert is_better(found, delivered) == (found < delivered * (1 - NOISE))
    assert is_better(found, None) and is_better(found, float("nan")) and not is_better(float("nan"), delivered)


@given(st.lists(st.floats(0.1, 50), min_size=1, max_size=30), st.integers(1, 8))
def test_deliveries_never_take_more_than_their_share(costs, cores):
    now, last, seconds, spent = 0.0, None, 0.0, 0.0
    for cost in costs:
        while not is_due(now, last, seconds, cores):
            now += 1.0
        if last is not None:
            assert spent <= SHARE * cores * now + 1e-6
        now, spent, seconds = now + cost, spent + cost, cost
        last = now
