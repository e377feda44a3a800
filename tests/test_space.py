"""The search space and the specification: what short forms mean, and which values are refused before anything runs."""

import pytest
from pydantic import ValidationError

from gman_search.config import at_stage
from gman_search.halving.halving_schedule import HalvingSchedule
from gman_search.space import SearchSpace
from gman_search.spec import StudySpec
from gman_search.stages import PRESETS


@pytest.mark.parametrize("given, default", [
    ({"dropout": {"low": 0.2}}, 0.2), ({"dropout": {"high": 0.05}}, 0.05), ({"dropout": {"high": 0.2}}, 0.1),
    ({"decay_epoch": {"low": 12, "high": 15}}, 12), ({"learning_rate": {"low": 1e-3, "high": 1e-2}}, 2e-3),
    ({"causal": False}, False), ({"batch_size": 16}, 16), ({"batch_size": {"choices": [8, 16]}}, 8),
    ({"batch_size": {"choices": [16, 32]}}, 32),
    ({"weight_decay": {"choices": [1e-4, 0.0]}}, 0.0),
    ({"K": {"low": 2, "high": 8}}, 4),
])  # fmt: skip
def test_a_narrowed_dimension_keeps_the_guides_value_where_it_can(given, default):
    space = SearchSpace.model_validate(given)
    assert space.preset()[next(iter(given))] == default


UNCHECKED = "values of fixed dimensions and bounds are not held to what the hyperparameter can be"


@pytest.mark.parametrize("space", [
    {"learning_rate": {"low": 1e-2, "high": 1e-3}}, {"learning_rate": {"low": 0.0}}, {"dropout": {"lo": 0.1}},
    {"momentum": 0.9}, {"causal": {"choices": []}}, {"batch_size": {"choices": [16], "default": 32}},
    {"learning_rate": [1e-3, 1e-2]}, {"learning_rate": {"kind": "log"}},
    *((space) for space in (
        {"learning_rate": "fast"}, {"learning_rate": -1.0}, {"learning_rate": float("nan")}, {"dropout": 1.5},
        {"dropout": {"high": 1.0}}, {"bn_momentum": 2.0}, {"causal": "no"}, {"K": 0}, {"L": 1.5}, {"batch_size": 0},
        {"decay_rate": {"low": -1.0, "high": 0.5}},
    )),
])  # fmt: skip
def test_impossible_spaces_are_refused(space):
    with pytest.raises(ValidationError):
        StudySpec.model_validate({"space": space})


def test_dimensions_without_a_value_are_the_stages_own():
    assert {"L", "K", "d"}.isdisjoint(SearchSpace().dimensions())
    assert at_stage(SearchSpace().preset(), PRESETS["medium"]).shape == (3, 6, 6)


def test_a_specification_survives_json():
    spec = StudySpec(
        trials=7, space={"dropout": 0.2, "K": {"low": 2, "high": 4, "default": 4}}, halving={"reduction_factor": (3, 2)}
    )
    assert StudySpec.model_validate_json(spec.model_dump_json()) == spec


def test_overrides_come_after_the_budget_and_the_budget_after_the_preset():
    spec = StudySpec(stages={"quick": {"max_epochs": 2}})
    quick = spec.stage("quick")
    assert quick.max_epochs == 2
    assert quick.steps_per_epoch == StudySpec().stage("quick").steps_per_epoch != PRESETS["quick"].steps_per_epoch
    assert quick.learning_rate == PRESETS["quick"].learning_rate


@pytest.mark.parametrize("stages", [{"quick": {"K": 7}}, {"quick": {"d": 9}}, {"medium": {"L": 6}}, {"full": {"d": 5}}])
def test_stages_may_not_shrink_in_any_size(stages):
    with pytest.raises(ValidationError, match="must not be smaller"):
        StudySpec.model_validate({"stages": stages})


def test_equal_stages_are_allowed():
    same = {"L": 1, "K": 2, "d": 2}
    StudySpec.model_validate({"stages": {"quick": same, "medium": same, "full": same}})


@pytest.mark.parametrize("name", ["../demo", "a..b", "a/b", "a\\b", ".hidden", "-x", "", "a b", "a" * 101, "é", "a\n"])
def test_names_that_could_leave_their_folder_are_refused(name):
    with pytest.raises(ValidationError):
        StudySpec(name=name)


@pytest.mark.parametrize("eta, etas", [("cost", (2, 5)), (4, (4, 4)), ((3, 2), (3, 2))])
def test_the_ladder_takes_costs_or_the_studys_own_factors(eta, etas):
    schedule = StudySpec(trials=9, halving={"reduction_factor": eta}).schedule((2, 5))
    assert schedule == HalvingSchedule(("quick", "medium", "full"), etas, 9, synchronous=False)
