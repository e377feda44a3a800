"""What every implementation of a saved GMAN's network must do, numpy's and TensorFlow's: one suite for both. K != d."""

import dataclasses
from typing import NamedTuple

import numpy as np
import pytest

from gman_search.forecasting.network import Network, chosen_backend
from gman_search.forecasting.numpy_network import NumpyNetwork
from gman_search.forecasting.tensorflow_network import TensorFlowNetwork, evaluation_partitions
from gman_search.model.gman import GMAN
from gman_search.model.original import from_original, to_original
from gman_search.model.shape import ModelShape, weight_shapes

SIZES = ModelShape(2, 3, 2, E=3, T=8, P=3, Q=5)
SENSORS, WINDOWS = 5, 4
KINDS = {"numpy": NumpyNetwork, "tensorflow": lambda *a, **b: TensorFlowNetwork(*a, **b, traced=False)}
# Five sensors in three groups: one of them is smaller, and has an empty place.
CASES = [
    pytest.param(dataclasses.replace(SIZES, groups=groups, shortcuts=shortcuts), causal,
                 id=f"{'causal' if causal else 'whole'}-{'shortcuts' if shortcuts else 'original'}-{groups}-groups")
    for causal in (True, False) for shortcuts in (True, False) for groups in (0, 3)
]  # fmt: skip


class Saved(NamedTuple):
    """What a saved model has of a network, and windows for it."""

    shape: ModelShape
    weights: dict
    embedding: np.ndarray
    seen: np.ndarray
    partitions: np.ndarray | None
    windows: tuple


def saved(shape: ModelShape, sensors: int = SENSORS, windows: int = WINDOWS, seed: int = 0) -> Saved:
    """Weights that hide nothing, BN statistics away from 0 and 1, and some categories that training did not see."""
    random = np.random.default_rng(seed)
    weights = {}
    for name, size in weight_shapes(shape).items():
        if name.endswith(("gamma", "moving_variance")):
            weights[name] = random.uniform(0.5, 1.5, size).astype(np.float32)
        else:
            spread = size[0] ** -0.5 if name.endswith("kernel") else 0.3
            weights[name] = random.normal(0, spread, size).astype(np.float32)
    steps = (windows, shape.P + shape.Q)
    usual = random.normal(size=(windows, 1 + shape.Q, sensors)).astype(np.float32) if shape.shortcuts else None
    readings = random.normal(size=(windows, shape.P, sensors)).astype(np.float32)
    seen = random.random(7 + shape.T) < 0.7
    given = (readings, random.integers(0, 7, steps), random.integers(0, shape.T, steps), usual)
    embedding = random.normal(size=(sensors, shape.E)).astype(np.float32)
    return Saved(shape, weights, embedding, seen, evaluation_partitions(shape, sensors), given)


@pytest.fixture(params=KINDS)
def opened(request):
    """opened(saved, causal) -> the network, of each kind in turn."""

    def build(model: Saved, causal: bool = True) -> Network:
        shape, weights, embedding, seen, partitions, _ = model
        return KINDS[request.param](shape, weights, embedding, seen, causal=causal, partitions=partitions)

    return build


def oracle(kind, model: Saved, causal: bool) -> np.ndarray:
    """The independent version's forecast in float64."""
    shape, partitions = model.shape, None
    if model.partitions is not None:
        names = [f"{part}_{block}" for block in range(shape.L) for part in ("encoder", "decoder")]
        groups = [[[n for n in row if n < len(model.embedding)] for row in members] for members in model.partitions]
        partitions = dict(zip(names, groups, strict=True))
    weights = {name: array.astype(np.float64) for name, array in model.weights.items()}
    readings, day, time, usual = model.windows
    return kind(weights, shape.L, shape.K, shape.d, shape.P, shape.T, partitions)(
        readings.astype(np.float64), model.embedding.astype(np.float64), day, time, causal, model.seen, False,
        None if usual is None else usual.astype(np.float64),
    )  # fmt: skip


def assert_close(found: np.ndarray, expected: np.ndarray) -> None:
    """Equal to 1e-5 of the largest forecast."""
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-5 * np.abs(expected).max())


@pytest.mark.parametrize("shape, causal", CASES)
def test_it_equals_the_independent_version(opened, numpy_gman, shape, causal):
    model = saved(shape)
    found = opened(model, causal)(*model.windows)
    assert found.dtype == np.float32 and found.shape == (WINDOWS, shape.Q, SENSORS)
    assert_close(found, oracle(numpy_gman, model, causal))
    # The control: another setting of the mask gives other forecasts.
    assert np.abs(opened(model, not causal)(*model.windows) - found).max() > 1e-3


@pytest.mark.parametrize("shape, sensors", [
    (ModelShape(2, 4, 4), 18), (ModelShape(5, 8, 8, shortcuts=True), 18), (ModelShape(3, 6, 6, shortcuts=True), 207),
    (ModelShape(3, 6, 6, groups=27), 207),
])  # fmt: skip
def test_both_forecast_the_same_at_the_sizes_of_the_stages(shape, sensors):
    model = saved(shape, sensors, windows=2)
    *given, partitions, windows = model
    theirs, ours = (kind(*given, causal=True, partitions=partitions)(*windows) for kind in KINDS.values())
    assert_close(ours, theirs)


def test_original_weights(opened, numpy_gman):
    model = saved(SIZES)
    weights = from_original(to_original(model.weights, SIZES.L), SIZES.L, SIZES.K, SIZES.d, E=SIZES.E, T=SIZES.T)
    assert_close(opened(model._replace(weights=weights))(*model.windows), oracle(numpy_gman, model, True))


def test_categories_never_seen_contribute_nothing(opened):
    model = saved(SIZES)
    kernel = "st_embedding/temporal/first/kernel"

    def with_rows(which) -> np.ndarray:
        changed = model.weights[kernel].copy()
        changed[which] += 100
        return opened(model._replace(weights={**model.weights, kernel: changed}))(*model.windows)

    expected = opened(model)(*model.windows)
    assert 0 < model.seen.sum() < len(model.seen)
    np.testing.assert_array_equal(with_rows(~model.seen), expected)
    assert np.abs(with_rows(model.seen) - expected).max() > 1e-3


@pytest.mark.parametrize("shortcuts", [True, False])
def test_windows_without_any_reading(opened, numpy_gman, shortcuts):
    """Filled with the mean they are all 0: the forecast rests on the calendar and the usual values."""
    model = saved(dataclasses.replace(SIZES, shortcuts=shortcuts))
    model = model._replace(windows=(np.zeros_like(model.windows[0]), *model.windows[1:]))
    assert_close(opened(model)(*model.windows), oracle(numpy_gman, model, True))


@pytest.mark.parametrize("groups", [0, 3])
def test_a_forecast_does_not_depend_on_the_others(opened, groups):
    """It would with moments of the batch instead of the moving statistics."""
    model = saved(dataclasses.replace(SIZES, shortcuts=True, groups=groups))
    network = opened(model)
    apart = [network(*(array[[window]] for array in model.windows)) for window in range(WINDOWS)]
    np.testing.assert_allclose(np.concatenate(apart), network(*model.windows), atol=1e-5)
    assert network.windows_at_once >= 1


@pytest.mark.parametrize("statistic", ["moving_mean", "moving_variance"])
def test_moving_statistics_count(opened, numpy_gman, statistic):
    model = saved(SIZES)
    moved = {name: array + (name.endswith(statistic)) for name, array in model.weights.items()}
    other = model._replace(weights={name: array.astype(np.float32) for name, array in moved.items()})
    found = opened(other)(*model.windows)
    assert_close(found, oracle(numpy_gman, other, True))
    assert np.abs(found - opened(model)(*model.windows)).max() > 1e-3


def test_other_groups_give_other_forecasts(opened):
    model = saved(dataclasses.replace(SIZES, groups=3))
    found = opened(model)(*model.windows)
    other = model._replace(partitions=model.partitions[::-1].copy())
    assert np.abs(opened(other)(*model.windows) - found).max() > 1e-3


def test_float64_goes_in_and_float32_comes_out(opened):
    model = saved(dataclasses.replace(SIZES, shortcuts=True))
    readings, day, time, usual = model.windows
    found = opened(model)(readings.astype(np.float64), day.astype(np.int64), time.astype(np.int32), usual.astype(float))
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found, opened(model)(*model.windows))


def test_absurd_readings_leave_no_finite_forecast_and_no_warning(opened):
    model = saved(SIZES)
    readings = model.windows[0].copy()
    readings[0, -1, 2] = 1e30
    assert not np.isfinite(opened(model)(readings, *model.windows[1:])[0]).all()


def test_shortcuts_need_usual_values(opened):
    model = saved(dataclasses.replace(SIZES, shortcuts=True))
    with pytest.raises(ValueError, match="usual readings that shortcuts need"):
        opened(model)(*model.windows[:3], None)


@pytest.mark.parametrize("at_once", [1, 60, 10**9])
def test_attention_in_pieces_is_the_same(numpy_gman, monkeypatch, at_once):
    monkeypatch.setattr("gman_search.forecasting.numpy_attention.WEIGHTS_AT_ONCE", at_once)
    model = saved(dataclasses.replace(SIZES, groups=3))
    shape, weights, embedding, seen, partitions, windows = model
    found = NumpyNetwork(shape, weights, embedding, seen, causal=True, partitions=partitions)(*windows)
    assert_close(found, oracle(numpy_gman, model, True))


@pytest.mark.parametrize("groups", [0, 3])
@pytest.mark.parametrize("shortcuts", [True, False])
def test_names_and_shapes_of_weights_are_those_of_the_model(groups, shortcuts):
    shape = dataclasses.replace(SIZES, groups=groups, shortcuts=shortcuts, C=2)
    network = GMAN(shape, np.zeros((SENSORS, shape.E)))
    assert weight_shapes(shape) == {variable.path: tuple(variable.shape) for variable in network.variables}


def test_tensorflow_is_started_where_it_pays():
    few, many = ModelShape(5, 8, 8).work(207), 10_000 * ModelShape(5, 8, 8).work(18)
    assert (chosen_backend("auto", few), chosen_backend("auto", many)) == ("numpy", "tensorflow")
    assert chosen_backend("numpy", many) == "numpy" and chosen_backend("tensorflow", 0) == "tensorflow"
    with pytest.raises(Exception, match="auto, numpy or tensorflow; received 'torch'"):
        chosen_backend("torch", 0)
