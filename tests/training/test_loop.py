"""Training one evaluation: resume, growth, divergence, repeatability, damaged files."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from gman_search.config import Hyperparameters
from gman_search.data.series import TrafficSeries
from gman_search.data.task import make_task
from gman_search.data_spec import DataSpec
from gman_search.errors import DataError, UsageError
from gman_search.halving.evaluations import State
from gman_search.io.arrays import read_arrays, write_arrays
from gman_search.model.growth import GrowthRules, kept_elements
from gman_search.stages import PRESETS
from gman_search.training.checkpoints import write_checkpoint
from gman_search.training.job import Job, StopTraining
from gman_search.training.loop import GmanTrainer
from gman_search.training.step import StepValues
from gman_search.training.warm_start import WarmStart, init_optimizer_state, load_grown, set_rates

SMALL = Hyperparameters(
    L=1, K=2, d=3, learning_rate=0.01, decay_epoch=2, decay_rate=0.7, batch_size=16, dropout=0.1, weight_decay=0.0,
    clip_norm=0.0, causal=True, bn_momentum=0.99, max_epochs=4, windows_per_epoch=100, patience=10, warmup_steps=5,
)  # fmt: skip


@pytest.fixture(scope="module")
def trainer() -> GmanTrainer:
    random = np.random.default_rng(0)
    hours = np.arange(24 * 20)
    values = 45 + 12 * np.sin(hours / 24 * 2 * np.pi)[:, None] + random.normal(0, 1.5, (len(hours), 4))
    values[random.random(values.shape) < 0.03] = 0
    times = np.datetime64("2025-03-03T00:00", "m") + hours * 60
    series = TrafficSeries(values.astype(np.float32), times, ("a", "b", "c", "d"), 60)
    return GmanTrainer(make_task(DataSpec(history=4, horizon=4), series, random.normal(size=(4, 6))))


def job(folder: Path, **changes) -> Job:
    settings = {key: changes.pop(key) for key in list(changes) if key in Hyperparameters.__dataclass_fields__}
    return Job(0, "quick", dataclasses.replace(SMALL, **settings), seed=5, folder=folder, **changes)


def trained(trainer, wanted: Job, stop_after: int | None = None):
    epochs = []

    def on_epoch(epoch):
        epochs.append(epoch)
        if epoch.epoch == stop_after:
            raise StopTraining

    outcome = trainer.train(wanted, on_epoch)
    return outcome, [(epoch.epoch, epoch.steps, epoch.train_mae, epoch.val_mae) for epoch in epochs]


def test_training_learns_and_keeps_its_best_epoch(trainer, tmp_path):
    outcome, epochs = trained(trainer, job(tmp_path / "run", logs=tmp_path / "logs"))
    assert outcome.state is State.COMPLETE and outcome.epochs == 4
    assert epochs[-1][2] < 0.8 * epochs[0][2]
    assert outcome.val_mae == min(epoch[3] for epoch in epochs)
    weights, description = read_arrays(tmp_path / "run" / "weights.npz")
    assert description["best_val"] == outcome.val_mae
    model = trainer.compiled(SMALL.shape)
    model.state.load_weights(weights)
    assert trainer._validate(model, SMALL) == outcome.val_mae  # the saved weights are the best epoch's, exactly
    assert list((tmp_path / "logs").glob("events.*"))


def test_same_seed_same_curve_and_one_trace_for_all_trials(trainer, tmp_path):
    curves = [trained(trainer, job(tmp_path / name))[1] for name in ("one", "two")]
    assert curves[0] == curves[1]
    trained(trainer, job(tmp_path / "three", batch_size=32, dropout=0.3, causal=False, max_epochs=1))
    assert trainer.compiled(SMALL.shape)._step.experimental_get_tracing_count() == 1


def test_a_resumed_evaluation_ends_as_if_never_stopped(trainer, tmp_path):
    whole = trained(trainer, job(tmp_path / "whole"))
    with pytest.raises(StopTraining):
        trained(trainer, job(tmp_path / "first"), stop_after=2)
    trained(trainer, job(tmp_path / "between", learning_rate=0.02))  # another trial on the same trace
    resumed = trained(trainer, job(tmp_path / "second", resume_from=tmp_path / "first"))
    assert resumed[1] == whole[1]
    assert resumed[0].val_mae == whole[0].val_mae


def test_a_damaged_checkpoint_means_starting_again(trainer, tmp_path):
    (tmp_path / "first").mkdir()
    (tmp_path / "first" / "checkpoint.npz").write_bytes(b"not a checkpoint")
    resumed = trained(trainer, job(tmp_path / "second", resume_from=tmp_path / "first"))
    assert resumed[1] == trained(trainer, job(tmp_path / "whole"))[1]


SETTLED = GrowthRules(calibration_steps=4, optimizer_state="carry", lr_multiplier=0.5, new_weight_lr_multiplier=1.0)
ONE_RATE, FAST_NEW = GrowthRules(new_weight_lr_multiplier=1.0), GrowthRules(new_weight_lr_multiplier=3.0)


@pytest.mark.parametrize("rules", [GrowthRules(), SETTLED])
def test_a_grown_evaluation_begins_where_its_parent_ended(trainer, tmp_path, rules):
    parent, _ = trained(trainer, job(tmp_path / "parent", growth=rules))
    grown, epochs = trained(trainer, job(tmp_path / "grown", L=2, K=3, d=4, parent=tmp_path / "parent", growth=rules))
    assert epochs[0][0] == 0 and epochs[0][3] == pytest.approx(parent.val_mae, rel=1e-5)
    assert grown.val_mae <= parent.val_mae
    assert 0 < grown.facts["inherited"] < 1


def test_a_settled_start_has_calibrated_statistics_carried_moments_and_a_lower_rate(trainer, tmp_path):
    trained(trainer, job(tmp_path / "parent", growth=SETTLED, max_epochs=2))
    big = job(tmp_path / "big", L=1, K=3, d=4, parent=tmp_path / "parent", growth=SETTLED)
    model = trainer.compiled(big.hyperparameters.shape)
    parent = read_arrays(tmp_path / "parent" / "weights.npz")
    load_grown(model, big, parent)
    before, weights = model.state.statistics.numpy(), model.state.parameters.numpy()
    warm = init_optimizer_state(model, big, trainer.task.starts["train"], parent)
    new = model.state.moving.to_named(model.state.statistics.numpy())["encoder_0/qkv/moving_variance"]
    assert not np.array_equal(before, model.state.statistics.numpy()) and not np.any(new == 1.0)
    np.testing.assert_array_equal(model.state.parameters.numpy(), weights)
    assert np.any(model.state.first_moment.numpy())
    assert warm == (14, 26, SMALL.shape, False)  # 2 epochs of 7 steps; 9 * 4 - 10
    rates = []
    trainer.train(big, lambda epoch: rates.append(epoch.learning_rate))
    assert max(rates) == pytest.approx(0.5 * SMALL.learning_rate)


def test_new_weights_beside_carried_moments_take_steps_of_the_rate_and_not_of_several(trainer, tmp_path):
    trained(trainer, job(tmp_path / "parent", growth=SETTLED, max_epochs=2))
    big = job(tmp_path / "big", L=1, K=3, d=4, parent=tmp_path / "parent", growth=SETTLED)
    model = trainer.compiled(big.hyperparameters.shape)
    parent = read_arrays(tmp_path / "parent" / "weights.npz")
    load_grown(model, big, parent)
    set_rates(model, big, init_optimizer_state(model, big, trainer.task.starts["train"], parent))
    is_new = model.state.carried.numpy() == 0
    assert 0.3 < is_new.mean() < 0.95 and not model.state.first_moment.numpy()[is_new].any()
    begun = {**model.state.moments(), "parameters": model.state.parameters.numpy()}

    def largest_step(step: int) -> float:
        before = model.state.parameters.numpy()
        values = StepValues(1e-3, 0.0, 0.0, 0.0, 0.9, True, step, 1, earlier_updates=1000)
        model.train_step(trainer.task.starts["train"][:8], values)
        return float(np.abs(model.state.parameters.numpy() - before)[is_new].max()) / 1e-3

    assert max(largest_step(step) for step in range(5)) < 1.1
    # The control: one correction for all, as if the new ones had been updated before.
    model.state.load_moments({**begun, "carried": np.ones_like(begun["carried"])})
    model.state.parameters.assign(begun["parameters"])
    assert max(largest_step(step) for step in range(5)) > 2


def test_new_weights_alone_have_the_rate_that_is_asked_for_them(trainer, tmp_path):
    trained(trainer, job(tmp_path / "parent"))
    taken = {}
    for rules in (ONE_RATE, FAST_NEW):
        big = job(tmp_path / "big", L=2, K=3, d=4, parent=tmp_path / "parent", growth=rules)
        model = trainer.compiled(big.hyperparameters.shape)
        load_grown(model, big, read_arrays(tmp_path / "parent" / "weights.npz"))
        set_rates(model, big, WarmStart(grown_from=SMALL.shape))
        before = model.state.parameters.numpy()
        model.train_step(trainer.task.starts["train"][:8], StepValues(1e-3, 0.0, 0.0, 0.0, 0.9, True, 0, 1))
        taken[rules] = model.state.parameters.numpy() - before
    shapes = dict(zip(model.state.trained.names, model.state.trained.shapes, strict=True))
    kept = model.state.trained.from_named(kept_elements(shapes, SMALL.shape, big.hyperparameters.shape, rules))
    assert 0.05 < kept.mean() < 0.6
    np.testing.assert_allclose(taken[FAST_NEW], taken[ONE_RATE] * np.where(kept, 1, 3), atol=2e-6)
    trained(trainer, job(tmp_path / "cold", L=2, K=3, d=4, growth=FAST_NEW))
    assert np.all(model.state.rate_factors.numpy() == 1), "the next job of this shape has its own rates"


@pytest.mark.parametrize(
    "val, ended",
    [
        ([2.0, 9.0, 1.9, 1.8], False),  # shaken by growth in its first epoch, and better than before after it
        ([2.0, 9.0, 6.5, 1.8], False),
        ([2.0, float("nan")], True),
    ],
)
def test_a_jump_of_the_validation_error_is_not_divergence_unless_it_is_infinite(
    trainer, tmp_path, monkeypatch, val, ended
):
    trained(trainer, job(tmp_path / "parent"))
    told = iter(val)
    monkeypatch.setattr(trainer, "_validate", lambda model, settings: next(told))
    big = job(tmp_path / "big", L=1, K=3, d=4, parent=tmp_path / "parent", growth=FAST_NEW, max_epochs=3)
    outcome = trainer.train(big, lambda epoch: None)
    assert (outcome.state is State.PRUNED) == ended and outcome.val_mae == (2.0 if ended else 1.8)


def test_both_errors_far_above_their_best_are_a_divergence(trainer, tmp_path, monkeypatch):
    errors, val = iter([(3.0, 0.01), (2.0, 0.01), (3.5, 0.01)]), iter([3.0, 2.0, 6.5])
    monkeypatch.setattr(trainer, "_one_epoch", lambda *_: next(errors))
    monkeypatch.setattr(trainer, "_validate", lambda model, settings: next(val))
    outcome = trainer.train(job(tmp_path / "wild", max_epochs=4), lambda epoch: None)
    assert outcome.state is State.PRUNED and outcome.reason == "diverged in epoch 3: validation MAE 6.5"
    assert (outcome.val_mae, outcome.epochs) == (2.0, 3)


@pytest.mark.parametrize("rules", [SETTLED, FAST_NEW])
def test_a_grown_and_settled_evaluation_is_resumed_as_if_never_stopped(trainer, tmp_path, rules):
    trained(trainer, job(tmp_path / "parent", growth=rules, max_epochs=2))
    grown = {"L": 1, "K": 3, "d": 4, "parent": tmp_path / "parent", "growth": rules}
    whole = trained(trainer, job(tmp_path / "whole", **grown))
    with pytest.raises(StopTraining):
        trained(trainer, job(tmp_path / "first", **grown), stop_after=2)
    resumed = trained(trainer, job(tmp_path / "second", resume_from=tmp_path / "first", **grown))
    assert resumed[1] == whole[1]


@pytest.mark.parametrize("precision, tolerance", [("float32", 1e-3), ("float16", 0.01), ("bfloat16", 0.05)])
def test_xla_takes_the_same_step(trainer, precision, tolerance):
    with_xla = GmanTrainer(
        trainer.task, stages={"quick": PRESETS["quick"].model_copy(update={"xla": "on", "precision": precision})}
    )
    values = StepValues(0.01, 0.0, 0.0, 0.0, 0.9, True, 0, 1)  # no dropout: XLA draws other random numbers
    errors = []
    for model in (trainer.compiled(SMALL.shape), with_xla.compiled(SMALL.shape, "quick")):
        model.state.load_weights(model.fresh_weights(0))
        model.state.loss_scale.assign([2.0**6, 0.0])  # float16 would skip the first steps at the scale it starts with
        steps = [model.train_step(trainer.task.starts["train"][:16], values)[0] for _ in range(2)]
        errors.append([float(error) for error in steps])
    assert with_xla.compiled(SMALL.shape, "quick")._step._jit_compile
    assert errors[1] == pytest.approx(errors[0], rel=tolerance)
    assert errors[0][0] != errors[0][1]


def test_divergence_is_an_outcome_with_a_reason(trainer, tmp_path):
    outcome, _ = trained(trainer, job(tmp_path / "wild", learning_rate=1e20))
    assert outcome.state is State.PRUNED and "diverged" in outcome.reason


def test_a_run_without_weights_leaves_no_older_ones_behind(trainer, tmp_path):
    trained(trainer, job(tmp_path / "same"))
    assert (tmp_path / "same" / "weights.npz").exists()
    outcome, _ = trained(trainer, job(tmp_path / "same", learning_rate=1e20, max_epochs=1))
    assert outcome.val_mae is None and not (tmp_path / "same" / "weights.npz").exists()


def test_early_stopping_by_patience(trainer, tmp_path):
    outcome, _ = trained(trainer, job(tmp_path / "still", learning_rate=1e-12, max_epochs=50, patience=3))
    assert outcome.epochs < 50 and "no better validation MAE in 3 epochs" in outcome.reason


def test_arrays_survive_bit_for_bit_and_damage_is_seen(tmp_path):
    path = tmp_path / "weights.npz"
    array = np.random.default_rng(0).normal(size=500).astype(np.float32)
    write_arrays(path, {"a": array}, {"note": "é"})
    read, description = read_arrays(path)
    assert read["a"].tobytes() == array.tobytes() and description == {"note": "é"}
    good = path.read_bytes()
    for bad in (good[: len(good) // 2], good[:900] + bytes([good[900] ^ 1]) + good[901:], b""):
        path.write_bytes(bad)
        with pytest.raises(DataError):
            read_arrays(path)
    with pytest.raises(DataError, match="no such file"):
        read_arrays(tmp_path / "none.npz")
    assert not list(tmp_path.glob(".*"))


def test_a_grown_evaluation_resumes_as_if_never_stopped(trainer, tmp_path):
    trained(trainer, job(tmp_path / "parent", max_epochs=1))
    grown = {"K": 3, "d": 4, "parent": tmp_path / "parent", "max_epochs": 3}
    whole = trained(trainer, job(tmp_path / "whole", **grown))
    for stop_after in (0, 1):
        with pytest.raises(StopTraining):
            trained(trainer, job(tmp_path / f"first{stop_after}", **grown), stop_after=stop_after)
        again = job(tmp_path / f"second{stop_after}", resume_from=tmp_path / f"first{stop_after}", **grown)
        resumed = trained(trainer, again)
        assert resumed[1] == whole[1] and resumed[0].facts == whole[0].facts


def test_a_crash_between_the_two_files_of_an_epoch_does_no_harm(trainer, tmp_path, monkeypatch):
    whole = trained(trainer, job(tmp_path / "whole"))
    from gman_search.training import loop

    def crash_in_epoch_two(folder, arrays, description):
        if description["epochs"][-1]["epoch"] == 2:
            raise OSError("killed")
        write_checkpoint(folder, arrays, description)

    monkeypatch.setattr(loop, "write_checkpoint", crash_in_epoch_two)
    with pytest.raises(OSError, match="killed"):
        trained(trainer, job(tmp_path / "first"))
    monkeypatch.undo()
    # weights.npz is of epoch 2, checkpoint.npz of epoch 1.
    resumed = trained(trainer, job(tmp_path / "second", resume_from=tmp_path / "first"))
    assert resumed[1] == whole[1]
    weights = [read_arrays(tmp_path / name / "weights.npz")[0] for name in ("whole", "second")]
    assert all(np.array_equal(weights[0][name], weights[1][name]) for name in weights[0])


def test_another_seed_or_other_settings_do_not_continue_a_checkpoint(trainer, tmp_path):
    trained(trainer, job(tmp_path / "first", max_epochs=1))
    other = job(tmp_path / "second", max_epochs=1, dropout=0.2, resume_from=tmp_path / "first")
    outcome, epochs = trained(trainer, other)
    assert [epoch[0] for epoch in epochs] == [1] and outcome.epochs == 1
    reseeded = dataclasses.replace(job(tmp_path / "third", max_epochs=1, resume_from=tmp_path / "first"), seed=6)
    assert trained(trainer, reseeded)[1] != trained(trainer, job(tmp_path / "fourth", max_epochs=1))[1]


def test_an_attempt_lost_in_its_last_epoch_of_patience_ends_where_it_would_have(trainer, tmp_path):
    still = {"learning_rate": 1e-12, "max_epochs": 50, "patience": 2}
    whole, epochs = trained(trainer, job(tmp_path / "whole", **still))
    with pytest.raises(StopTraining):
        trained(trainer, job(tmp_path / "first", **still), stop_after=whole.epochs)
    resumed = trained(trainer, job(tmp_path / "second", resume_from=tmp_path / "first", **still))
    assert resumed[1] == epochs and resumed[0].reason == whole.reason


def test_a_validation_part_without_readings_is_refused(trainer):
    series = trainer.task.series
    values = series.values.copy()
    first = trainer.task.train_rows[1]
    values[first : int(trainer.task.starts["test"][0])] = 0
    silent = dataclasses.replace(series, values=values)
    with pytest.raises(DataError, match="val"):
        make_task(DataSpec(history=4, horizon=4), silent, trainer.task.embedding)


def test_a_model_without_shortcuts_grows_into_one_that_has_them_and_never_back(trainer, tmp_path):
    rules = SETTLED.model_copy(update={"new_weight_lr_multiplier": 3.0})
    parent, _ = trained(trainer, job(tmp_path / "parent", growth=rules, max_epochs=2))
    big = job(tmp_path / "grown", K=3, d=4, parent=tmp_path / "parent", growth=rules, shortcuts=True, max_epochs=2)
    with pytest.raises(StopTraining):
        trained(trainer, big, stop_after=1)
    resumed = dataclasses.replace(big, folder=tmp_path / "resumed", resume_from=tmp_path / "grown")
    _, epochs = trained(trainer, resumed)
    assert epochs[0][0] == 0 and epochs[0][3] == pytest.approx(parent.val_mae, rel=1e-5)
    weights, description = read_arrays(tmp_path / "resumed" / "weights.npz")
    assert description["hyperparameters"]["shortcuts"] and description["gains_shortcuts"]
    assert weights["shortcuts/coefficients"].any()
    again = trained(trainer, dataclasses.replace(big, folder=tmp_path / "whole"))
    assert again[1] == epochs
    models = [trainer.compiled((1, 3, 4), shortcuts=shortcuts) for shortcuts in (True, False)]
    assert models[0] is not models[1] and models[0].model.shortcuts is not None and models[1].model.shortcuts is None
    # All of the shortcuts are new, and learn at the rate of what is new.
    set_rates(models[0], big, WarmStart.described(description))
    rates = models[0].state.trained.to_named(models[0].state.rate_factors.numpy())
    assert (rates["shortcuts/coefficients"] == 3).all() and (rates["output/second/bias"] == 1).all()
    back = job(tmp_path / "back", K=4, d=4, parent=tmp_path / "resumed")
    with pytest.raises(UsageError, match="only grow into a model with shortcuts"):
        trained(trainer, back)
