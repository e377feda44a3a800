"""Specification, search space, and carrying a config through the stages."""

import pytest
from pydantic import ValidationError

from gman_search.config import at_stage
from gman_search.space import SearchSpace
from gman_search.spec import StudySpec


def test_the_guides_config_trains_every_stage_at_its_preset():
    spec = StudySpec(budget="guide")
    seen = [at_stage(spec.space.preset(), stage) for stage in spec.stage_list()]
    assert [s.shape for s in seen] == [(2, 4, 4), (3, 6, 6), (5, 8, 8)]
    assert [s.learning_rate for s in seen] == pytest.approx([0.002, 0.0015, 0.001])
    assert [s.batch_size for s in seen] == [32, 24, 12]
    assert [s.decay_epoch for s in seen] == [10, 8, 5]
    assert [s.max_epochs for s in seen] == [50, 80, 100]


def test_a_config_means_the_same_at_every_stage():
    spec = StudySpec(budget="guide")
    params = {**spec.space.preset(), "learning_rate": 0.004, "batch_size": 64}
    full = at_stage(params, spec.stage("full"))
    assert (full.learning_rate, full.batch_size) == (pytest.approx(0.002), 24)
    assert at_stage(params, spec.stage("full"), learning_rate_rule="none").learning_rate == 0.004


def test_searched_sizes_keep_their_ratio():
    space = SearchSpace(K={"low": 2, "high": 8, "default": 4})
    full = at_stage({**space.preset(), "K": 2}, StudySpec().stage("full"))
    assert full.shape == (5, 4, 8)


def test_an_epoch_has_as_many_windows_for_every_batch_size():
    spec = StudySpec()
    epochs = {
        at_stage({**spec.space.preset(), "batch_size": b}, spec.stage("quick")).windows_per_epoch for b in (16, 64)
    }
    assert len(epochs) == 1


def test_short_forms_of_a_space():
    space = SearchSpace(dropout=0.2, learning_rate={"low": 1e-3}, decay_epoch={"low": 2, "high": 4})
    assert space.dropout.choices == (0.2,)
    assert (space.learning_rate.low, space.learning_rate.high, space.learning_rate.log) == (1e-3, 2e-2, True)
    assert space.decay_epoch.default == 4  # the guide's 10, moved to the nearest bound


@pytest.mark.parametrize("wrong", [
    {"trails": 10}, {"space": {"learning_rte": 1}}, {"name": "../x"}, {"name": "a/b"}, {"trials": 0},
    {"stages": {"medium": {"K": 2}}}, {"stages": {"huge": {}}}, {"data": {"train_share": 0.9, "test_share": 0.2}},
    {"halving": {"reduction_factor": [2, 2, 2]}}, {"space": {"learning_rate": {"low": 1, "high": 0.1}}},
    {"space": {"learning_rate": {"low": 0.0, "high": 0.1}}}, {"space": {"causal": {"choices": []}}},
])  # fmt: skip
def test_wrong_specifications_are_refused(wrong):
    with pytest.raises(ValidationError):
        StudySpec.model_validate(wrong)


def test_bundled_specifications_are_valid(repository):
    import tomllib

    for path in sorted((repository / "studies").glob("*.toml")):
        spec = StudySpec.model_validate(tomllib.loads(path.read_text()))
        assert spec.name == path.stem
