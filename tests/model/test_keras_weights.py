"""Weights that Keras saved of a smaller model are read by name and grow."""

import numpy as np
import pytest

from gman_search.errors import DataError
from gman_search.io.arrays import read_arrays
from gman_search.model.gman import GMAN
from gman_search.model.growth import grow
from gman_search.training.keras_weights import keras_parent, read_keras_weights
from gman_search.training.step import CompiledModel, model_shape

SHAPES = [(2, 4, 4), (1, 3, 2), (1, 4, 4)]
pytestmark = pytest.mark.usefixtures("untraced")


@pytest.fixture(params=[False, True], ids=["original", "shortcuts"])
def saved(small_task, tmp_path, request):
    task = small_task()
    model = GMAN(model_shape(task, (1, 3, 2), shortcuts=request.param), task.embedding)
    for number, variable in enumerate(model.variables):
        variable.assign(np.random.default_rng(number).uniform(0.5, 1.0, variable.shape))
    model.save_weights(tmp_path / "small.weights.h5")
    return task, model, tmp_path / "small.weights.h5"


def test_they_are_read_with_their_shape_and_grow_into_the_same_function(saved):
    task, model, file = saved
    weights, shape = read_keras_weights(file, task, SHAPES)
    assert shape == (1, 3, 2)
    assert all(np.array_equal(weights[v.path], v.numpy()) for v in model.variables)
    shortcuts = model.shortcuts is not None
    small, big = CompiledModel(task, shape, shortcuts=shortcuts), CompiledModel(task, (2, 4, 3), shortcuts=True)
    small.state.load_weights(weights)
    big.state.load_weights(grow(weights, big.fresh_weights(0), shape, (2, 4, 3)).weights)
    starts = np.array([0, 3])
    np.testing.assert_allclose(big.forecast(starts, causal=True), small.forecast(starts, causal=True), rtol=1e-4)


def test_they_become_a_parent_that_training_can_grow_from(saved, tmp_path):
    task, model, file = saved
    folder = keras_parent(file, task, SHAPES, tmp_path / "init")
    weights, description = read_arrays(folder / "weights.npz")
    assert description["shape"] == [1, 3, 2] and set(weights) == {v.path for v in model.variables}


def test_other_files_and_shapes_are_refused(saved, tmp_path):
    task, _, file = saved
    with pytest.raises(DataError, match=r"\(2, 4, 4\) or \(1, 4, 4\), an embedding of 3 channels and 8 steps a day"):
        read_keras_weights(file, task, [(2, 4, 4), (1, 4, 4)])
    (tmp_path / "text.weights.h5").write_text("no weights")
    with pytest.raises(DataError, match="it does not"):
        read_keras_weights(tmp_path / "text.weights.h5", task, SHAPES)
    with pytest.raises(DataError, match="no such file"):
        read_keras_weights(tmp_path / "absent.weights.h5", task, SHAPES)
