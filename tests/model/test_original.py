"""Weights of the original code. That both programs compute the same with them is measured by benchmarks/original.py."""

import re
import shutil

import numpy as np
import pytest
import tensorflow as tf

from gman_search.errors import DataError
from gman_search.model.gman import GMAN
from gman_search.model.original import from_original, original_names, to_original
from gman_search.model.original_checkpoint import read_original_checkpoint
from gman_search.model.shape import ModelShape

SHAPE, SIZES = (2, 2, 3), {"E": 4, "T": 8}
D = 6
SLOTS = ("kernel/Adam", "kernel/Adam_1", "moments/Squeeze/Adam", "beta1_power", "beta2_power", "Variable")


def random_weights(shape=SHAPE, **sizes):
    random = np.random.default_rng(0)
    model = GMAN(ModelShape(*shape, **{**SIZES, **sizes}), np.zeros((3, sizes.get("E", 4))))
    drawn = {v.path: random.normal(scale=0.1, size=tuple(v.shape)).astype(np.float32) for v in model.variables}
    return {name: 1 + abs(value) if name.endswith("variance") else value for name, value in drawn.items()}


@pytest.fixture(scope="module")
def weights():
    return random_weights()


@pytest.fixture(scope="module")
def variables(weights):
    return to_original(weights, 2)


def assert_same(one, other):
    assert one.keys() == other.keys()
    for name, value in one.items():
        assert value.dtype == other[name].dtype
        np.testing.assert_array_equal(value, other[name], err_msg=name)


def save(variables, prefix):
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        made = {name: tf.compat.v1.Variable(value, use_resource=False) for name, value in variables.items()}
        session.run(tf.compat.v1.global_variables_initializer())
        tf.compat.v1.train.Saver(made).save(session, str(prefix))


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory, variables):
    prefix = tmp_path_factory.mktemp("original") / "GMAN(METR)"
    save({**variables, **dict.fromkeys(SLOTS, np.float32([1.0]))}, prefix)
    return prefix


def test_every_weight_of_the_model_has_its_original(weights):
    assert original_names(2).keys() == weights.keys()


@pytest.mark.parametrize("L, kernels, biases, normalised", [(1, 41, 39, 26), (2, 69, 65, 44), (5, 153, 143, 98)])
def test_numbers_of_variables(L, kernels, biases, normalised):
    names = [name for group in original_names(L).values() for name in group]
    assert len(set(names)) == len(names) == kernels + biases + 4 * normalised
    for kind, count in {"kernel": kernels, "bias": biases, "gamma": normalised, "beta": normalised}.items():
        assert {name for name in names if name.startswith(kind)} == {kind, *(f"{kind}_{i}" for i in range(1, count))}


@pytest.mark.parametrize("ours, theirs", [
    ("input/first/kernel", ["kernel"]),
    ("input/first/moving_variance", ["moments/Squeeze_1/ExponentialMovingAverage"]),
    ("st_embedding/temporal/second/bias", ["bias_5"]),
    ("encoder_0/qkv/kernel", ["kernel_6", "kernel_7", "kernel_8", "kernel_11", "kernel_12", "kernel_13"]),
    ("encoder_0/qkv/gamma", ["gamma_3", "gamma_4", "gamma_5", "gamma_7", "gamma_8", "gamma_9"]),
    ("encoder_0/spatial_gate/kernel", ["kernel_16"]),
    ("encoder_0/temporal_gate/bias", ["bias_16"]),
    ("transform/key/moving_mean", ["moments_22/Squeeze/ExponentialMovingAverage"]),
    ("decoder_1/fusion_output/second/bias", ["bias_62"]),
    ("output/second/kernel", ["kernel_68"]),
])  # fmt: skip
def test_names_are_those_of_the_originals_graph(ours, theirs):
    assert original_names(2)[ours] == tuple(theirs)


def test_there_and_back_changes_nothing(weights, variables):
    assert_same(from_original(variables, *SHAPE, **SIZES), weights)
    assert_same(to_original(from_original(variables, *SHAPE, **SIZES), 2), variables)


def test_six_projections_lie_side_by_side(weights, variables):
    assert variables["kernel_6"].shape == (1, 1, 2 * D, D)
    for part, number in enumerate((6, 7, 8, 11, 12, 13)):
        columns = slice(part * D, (part + 1) * D)
        np.testing.assert_array_equal(variables[f"kernel_{number}"][0, 0], weights["encoder_0/qkv/kernel"][:, columns])
        np.testing.assert_array_equal(variables[f"bias_{number}"], weights["encoder_0/qkv/bias"][columns])


@pytest.mark.parametrize("rename", [
    lambda name: f"{name}:0",
    lambda name: f"tower/gman/{name}:0",
    lambda name: f"gman/gman/{name}" if name.startswith("moments") else f"gman/{name}",
])  # fmt: skip
def test_scopes_and_output_numbers_do_not_matter(weights, variables, rename):
    renamed = {rename(name): value for name, value in variables.items()}
    renamed |= {rename(name): np.zeros(1) for name in SLOTS}
    assert_same(from_original(renamed, *SHAPE, **SIZES), weights)


def test_a_missing_variable_is_named(variables):
    without = {name: value for name, value in variables.items() if name != "gamma_9"}
    with pytest.raises(DataError, match=r"expected the 310 variables .* L=2; received 309 .*without gamma_9: give all"):
        from_original(without, *SHAPE, **SIZES)


@pytest.mark.parametrize("L", [1, 3])
def test_another_number_of_blocks_is_recognised(variables, L):
    with pytest.raises(DataError, match=rf"with L={L}; received 310 \(69 kernels\).*: give L=2"):
        from_original(variables, L, 2, 3, **SIZES)


@pytest.mark.parametrize("changes, name", [
    ({"d": 4}, "kernel"), ({"E": 64}, "kernel_2"), ({"T": 288}, "kernel_4"),
])  # fmt: skip
def test_another_shape_is_told(variables, changes, name):
    sizes = {"L": 2, "K": 2, "d": 3, **SIZES, **changes}
    with pytest.raises(DataError, match=rf"expected {name} of the .* received \(1, 1, .*: give the K, d, E and T"):
        from_original(variables, **sizes)


def test_neither_none_nor_two_models_are_taken(variables):
    with pytest.raises(DataError, match="received none: give"):
        from_original({"dense/kernel/Adam": np.zeros(1), "beta1_power": np.zeros(1)}, *SHAPE, **SIZES)
    two = {f"{scope}/{name}": value for name, value in variables.items() for scope in ("a", "b")}
    with pytest.raises(DataError, match="received 2 of them, in a/, b/"):
        from_original(two, *SHAPE, **SIZES)


def test_weights_of_another_model_are_not_turned_into_originals(weights):
    with pytest.raises(DataError, match="without encoder_1"):
        to_original({name: value for name, value in weights.items() if "encoder_1" not in name}, 2)
    with pytest.raises(DataError, match=r"of L=1; received \d+, with decoder_1"):
        to_original(weights, 1)


def test_a_checkpoint_is_read_without_its_slots(checkpoint, weights, variables):
    read = read_original_checkpoint(checkpoint)
    assert_same(read, variables)
    assert_same(from_original(read, *SHAPE, **SIZES), weights)


def test_an_absent_checkpoint_is_told(tmp_path):
    with pytest.raises(DataError, match=r"expected a TensorFlow checkpoint at .*GMAN.*without \.index"):
        read_original_checkpoint(tmp_path / "GMAN")


@pytest.mark.parametrize("damage", [
    ("data-00000-of-00001", lambda content: content[:100]),
    ("data-00000-of-00001", lambda content: content[:200] + b"damaged" + content[207:]),
    ("index", lambda content: content[:100]),
    ("index", lambda content: b""),
])  # fmt: skip
def test_a_damaged_checkpoint_is_told(tmp_path, checkpoint, damage):
    ending, spoil = damage
    copy = tmp_path / "copy" / checkpoint.name
    shutil.copytree(checkpoint.parent, copy.parent)
    file = copy.with_name(f"{copy.name}.{ending}")
    file.write_bytes(spoil(file.read_bytes()))
    with pytest.raises(DataError, match="received none that can be read"):
        read_original_checkpoint(copy)


def test_the_page_on_original_weights_does_what_it_says(tmp_path, monkeypatch, repository):
    random = np.random.default_rng(0)
    monkeypatch.chdir(tmp_path)
    shape, sensors, rows, E = (5, 8, 8), 3, 100, 64
    save(to_original(random_weights(shape, E=E, T=288), 5), "GMAN(METR)")
    vectors = "".join(f"{i} {' '.join(map(str, random.normal(size=E)))}\n" for i in range(sensors))
    (tmp_path / "SE(METR).txt").write_text(f"{sensors} {E}\n{vectors}")
    values = random.uniform(0, 60, (rows, sensors)).round(1)
    times = np.datetime64("2012-03-01T00:00") + 5 * np.arange(rows)
    lines = [f"{time},{','.join(map(str, row))}" for time, row in zip(times, values, strict=True)]
    (tmp_path / "metr-la.csv").write_text("\n".join(["time,a,b,c", *lines]) + "\n")

    told = {}
    page = (repository / "docs" / "original-weights.md").read_text()
    exec(re.search(r"```python\n(.*?)```", page, re.S).group(1), told)
    table = told["table"].set_index("time")
    assert table.index[0] == times[-1] + 5 and table.shape == (12, sensors)
    assert np.isfinite(table.to_numpy()).all()
    # The original's scaler, written down as its windows.
    inputs = np.stack([values[first : first + 12] for first in range(70 - 24 + 1)])
    assert (told["mean"], told["std"]) == pytest.approx((inputs.mean(), inputs.std()), rel=1e-6)
