"""A grown model is the same function, and the obvious ways to get that wrong are seen."""

import itertools

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import gman_search.model.growth as growth
from gman_search.errors import UsageError
from gman_search.training.step import CompiledModel, StepValues

pytestmark = pytest.mark.usefixtures("untraced")
STARTS = np.array([0, 4, 9, 13])


def values(causal=True, rate=0.0, step=0):
    return StepValues(rate, 0.0, 0.0, 0.0, 0.9, causal, step, 3)


@pytest.fixture
def grown_pair(small_task, generic_weights):
    """grown_pair(old, new) -> small model, big model, growth; both loaded."""

    def build(old, new, dtype="float64", change=lambda weights: weights, shortcuts=(False, False), **options):
        task = small_task()
        small, big = (
            CompiledModel(task, shape, shortcuts=has_some, dtype=dtype)
            for shape, has_some in zip((old, new), shortcuts, strict=True)
        )
        weights = generic_weights(small.fresh_weights(0))
        small.state.load_weights(weights)
        rules = growth.GrowthRules(**options)
        grown = growth.grow(weights, generic_weights(big.fresh_weights(1), seed=2), old, new, rules)
        big.state.load_weights(change(grown.weights))
        return small, big, grown

    return build


def difference(small, big, causal=True):
    """Largest difference relative to the size of the output, in evaluation and in training mode (dropout off)."""
    ours, theirs = small.forecast(STARTS, causal=causal), big.forecast(STARTS, causal=causal)
    scale = max(1.0, np.abs(ours).max())
    losses = [float(model.train_step(STARTS, values(causal))[0]) for model in (small, big)]
    return max(np.abs(ours - theirs).max() / scale, abs(losses[0] - losses[1]) / max(1.0, abs(losses[0])))


@pytest.mark.parametrize("old, new", [
    ((1, 3, 2), (1, 3, 4)), ((1, 3, 2), (1, 5, 2)), ((1, 3, 2), (3, 3, 2)), ((2, 3, 2), (3, 4, 5)), ((1, 1, 1), (2, 2, 3)),
])  # fmt: skip
@pytest.mark.parametrize("causal", [True, False])
def test_grown_model_is_the_same_function(grown_pair, old, new, causal):
    small, big, grown = grown_pair(old, new)
    assert difference(small, big, causal) < 1e-10
    assert 0 < grown.share < 1


@pytest.mark.parametrize("has_some", [True, False])
@pytest.mark.parametrize("old, new", [((1, 3, 2), (1, 5, 4)), ((2, 3, 2), (3, 4, 5)), ((1, 3, 2), (1, 3, 2))])
def test_shortcuts_grow_and_may_be_added(grown_pair, old, new, has_some):
    small, big, grown = grown_pair(old, new, shortcuts=(has_some, True))
    assert difference(small, big) < 1e-10
    names = [name for name in grown.weights if name.startswith("shortcuts/")]
    assert len(names) == 4
    for name in names:
        assert (grown.inherited[name] > 0) == has_some and grown.weights[name].any() == has_some
    before = big.state.weights()
    big.train_step(STARTS, values(rate=1e-3))
    for name in names:
        # As everywhere, a bias in front of BN has no gradient, and new channels wait for their readers.
        if not name.endswith("bias"):
            assert (big.state.weights()[name] != before[name]).mean() > 0.25, name


def test_control_shortcuts_that_are_not_carried_over(grown_pair):
    def forgotten(weights):
        return {name: np.zeros_like(value) if "shortcuts/" in name else value for name, value in weights.items()}

    small, big, _ = grown_pair((1, 3, 2), (1, 3, 4), shortcuts=(True, True), change=forgotten)
    assert difference(small, big) > 1e-3


def test_shortcuts_are_not_given_up(grown_pair):
    with pytest.raises(UsageError, match="only grow into a model with shortcuts"):
        grown_pair((1, 3, 2), (1, 3, 4), shortcuts=(True, False))


@settings(max_examples=6, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.tuples(*[st.integers(1, 3)] * 3), st.tuples(*[st.integers(0, 2)] * 3), st.sampled_from(["random", "copy"]), st.sampled_from(["end", "spread"]))  # fmt: skip
def test_any_shape_grows_into_any_larger_one(grown_pair, old, more, new_blocks, insert):
    new = tuple(size + extra for size, extra in zip(old, more, strict=True))
    small, big, _ = grown_pair(old, new, new_blocks=new_blocks, new_block_position=insert)
    assert difference(small, big) < 1e-10


@pytest.mark.parametrize("causal", [True, False])
def test_the_presets_chain_in_float32(small_task, generic_weights, causal):
    stages, task = [(2, 4, 4), (3, 6, 6), (5, 8, 8)], small_task()
    small = CompiledModel(task, stages[0], dtype="float32")
    weights = generic_weights(small.fresh_weights(0))
    # As in a study: full grows from the grown medium, not from quick.
    for previous, shape in itertools.pairwise(stages):
        big = CompiledModel(task, shape, dtype="float32")
        grown = growth.grow(weights, generic_weights(big.fresh_weights(1), seed=2), previous, shape)
        small.state.load_weights(weights)  # afresh: the last comparison has moved the BN statistics
        big.state.load_weights(grown.weights)
        assert difference(small, big, causal) < 1e-5
        assert grown.share > 0.1
        small, weights = big, grown.weights


def test_control_without_rescaling(grown_pair, monkeypatch):
    monkeypatch.setattr(growth, "_keep_scores", lambda *_: None)
    small, big, _ = grown_pair((1, 3, 2), (1, 3, 4))
    assert difference(small, big) > 1e-4


def test_control_rescaling_the_kernel_instead(grown_pair):
    def on_kernels(weights):
        factor = (4 / 2) ** 0.25
        changed = {name: value.copy() for name, value in weights.items()}
        for name in changed:
            if "/qkv/" in name and name.endswith(("gamma", "beta")):
                parts = changed[name].reshape(6, 3, 4)
                parts[[0, 1, 3, 4], :, :2] /= factor
            elif "/qkv/kernel" in name:
                changed[name].reshape(-1, 6, 3, 4)[:, [0, 1, 3, 4], :, :2] *= factor
        return changed

    small, big, _ = grown_pair((1, 3, 2), (1, 3, 4), change=on_kernels)
    losses = [float(model.train_step(STARTS, values())[0]) for model in (small, big)]
    assert abs(losses[0] - losses[1]) > 1e-4 * losses[0]  # in training BN divides the factor away


def test_control_random_new_key_channels(grown_pair):
    def random_keys(weights):
        changed = {name: value.copy() for name, value in weights.items()}
        for name in changed:
            if name.endswith("qkv/gamma"):
                changed[name].reshape(6, 3, 4)[[1, 4], :, 2:] = 1.0
        return changed

    small, big, _ = grown_pair((1, 3, 2), (1, 3, 4), change=random_keys)
    assert difference(small, big) > 1e-4


def new_key_gammas(model):
    return model.state.weights()["encoder_0/qkv/gamma"].reshape(6, 3, 4)[[1, 4], :, 2:]


def test_constant_new_keys_learn_where_zeroed_ones_are_dead(grown_pair):
    def zeroed(weights):
        changed = {name: value.copy() for name, value in weights.items()}
        for name in changed:
            if name.endswith(("qkv/beta", "key/beta")):
                changed[name].reshape(-1, 3, 4)[[1, 4] if "qkv" in name else [0], :, 2:] = 0.0
        return changed

    for change, learns in ((lambda weights: weights, True), (zeroed, False)):
        _, big, _ = grown_pair((1, 3, 2), (1, 3, 4), change=change)
        for step in range(3):
            big.train_step(STARTS, values(rate=1e-3, step=step))
        assert (new_key_gammas(big) != 0).all() == learns
        assert (new_key_gammas(big) != 0).any() == learns


def new_elements(grown, old, new, rules):
    """Where a grown tensor holds nothing old: what is not a number in the small model is not one where it went."""
    unknown = {}
    for name, tensor in grown.weights.items():
        source, is_new = growth._source(name, old[0], new[0], rules.new_block_position)
        if not is_new:
            kept = [growth._kept(p, n, old, new) for p, n in zip(growth._parts(name), tensor.shape, strict=True)]
            unknown[source] = np.full([len(index) for index in kept], np.nan)
    marked = growth.grow(unknown, grown.weights, old, new, rules).weights
    return {name: ~np.isnan(tensor) for name, tensor in marked.items()}


@pytest.mark.parametrize("insert", ["end", "spread"])
def test_all_that_is_new_learns_within_a_few_steps(grown_pair, insert):
    old, new = (2, 3, 2), (3, 4, 3)
    rules = growth.GrowthRules(new_block_position=insert)
    _, big, grown = grown_pair(old, new, new_block_position=insert)
    fresh = new_elements(grown, old, new, rules)
    for step in range(4):
        big.train_step(STARTS, values(rate=1e-3, step=step))
    after = big.state.weights()
    for name in big.state.trained.names:
        # Biases in front of BN have no gradient; a second kernel's rows wait for their units to be used.
        if fresh[name].any() and not name.endswith("bias"):
            assert (after[name] != grown.weights[name])[fresh[name]].mean() > 0.5, name


@pytest.mark.parametrize("insert", ["end", "spread"])
def test_moments_are_embedded_as_the_gradient_is(grown_pair, insert):
    old, new = (2, 3, 2), (3, 4, 3)
    rules = growth.GrowthRules(new_block_position=insert)
    small, big, grown = grown_pair(old, new, new_block_position=insert, shortcuts=(True, True))
    for model in (small, big):
        model.train_step(STARTS, values())  # at rate 0: Adam's moments are the gradient and its square
    inherited = {name: ~fresh for name, fresh in new_elements(grown, old, new, rules).items()}
    shapes = dict(zip(big.state.trained.names, big.state.trained.shapes, strict=True))
    for name, kept in growth.kept_elements(shapes, old, new, rules).items():
        np.testing.assert_array_equal(kept, inherited[name], err_msg=name)
    for power, moment in ((1, "first_moment"), (2, "second_moment")):
        theirs = small.state.trained.to_named(getattr(small.state, moment).numpy())
        ours = big.state.trained.to_named(getattr(big.state, moment).numpy())
        embedded = growth.grow_moments(theirs, shapes, old, new, rules, power=power)
        largest = max(np.abs(tensor).max() for tensor in theirs.values())
        for name, mask in inherited.items():
            if name in ours:
                np.testing.assert_allclose(embedded[name][mask], ours[name][mask], atol=1e-6 * largest, err_msg=name)
                assert not embedded[name][~mask].any()


@given(st.integers(1, 6), st.integers(0, 6), st.sampled_from(["end", "spread"]))
def test_old_blocks_keep_their_order_and_new_ones_follow_an_old_one(old, more, insert):
    sources = [growth._source(f"encoder_{i}/qkv/kernel", old, old + more, insert) for i in range(old + more)]
    kept = [name for name, is_new in sources if not is_new]
    assert kept == [f"encoder_{i}/qkv/kernel" for i in range(old)]
    assert not sources[0][1]


def test_new_blocks_begin_as_nothing(grown_pair):
    _, _, grown = grown_pair((1, 3, 2), (2, 3, 2))
    assert not grown.weights["decoder_1/fusion_output/second/kernel"].any()
    assert not grown.weights["decoder_1/fusion_output/second/bias"].any()


def test_shrinking_and_misfits_are_refused(grown_pair):
    with pytest.raises(UsageError, match="only grow"):
        growth.grow({}, {}, (2, 3, 2), (1, 3, 2))
    _, _, grown = grown_pair((1, 3, 2), (1, 3, 4))
    with pytest.raises(UsageError, match="expected shape"):
        growth.grow(grown.weights, grown.weights, (1, 3, 3), (1, 3, 4))
