"""A hand-made study, small enough to check every number on paper."""

import pytest

from gman_search.halving.evaluations import Evaluation, State
from gman_search.halving.halving_schedule import HalvingSchedule
from gman_search.record import Epoch, ForecastSample, PresetTest, RunScores, Scores, StudyRecord, TestResult
from gman_search.space import SearchSpace
from gman_search.spec import StudySpec

SPACE = {
    **{name: dimension.default for name, dimension in SearchSpace().dimensions().items()},
    "learning_rate": {"low": 0.01, "high": 1.0, "log": True, "default": 0.1},
}
"""One searched dimension; all others are fixed."""


def evaluation(config_id: int, stage: str, val_mae: float | None, **more: object) -> Evaluation:
    """A complete evaluation of ten epochs and 60 seconds by default."""
    fields = {
        "state": State.COMPLETE,
        "epochs": 10,
        "seconds": 60.0,
        "params": {"learning_rate": 0.01 * (config_id + 1)},
    }
    return Evaluation(config_id=config_id, stage=stage, val_mae=val_mae, **(fields | more))


def curve(*values: float, first: int = 1) -> tuple[Epoch, ...]:
    """Epochs with these validation errors."""
    return tuple(Epoch(first + i, 10, value, value, 0.001, 6.0) for i, value in enumerate(values))


@pytest.fixture
def small() -> StudyRecord:
    """Six configs at quick, two of them at full; config 4 failed once and then ran, config 5 was pruned."""
    steps = {q: Scores(2.0 + 0.1 * q, 4.0, 5.0) for q in range(1, 13)}
    preset = RunScores(0, "quick", {q: Scores(5.0, 8.0, 10.0) for q in range(1, 13)}, Scores(5.0, 8.0, 10.0))
    peer = RunScores(2, "quick", {q: Scores(4.5, 8.0, 10.0) for q in range(1, 13)}, Scores(4.5, 8.0, 10.0))
    plain = {"steps": {q: Scores(4.0, 8.0, 10.0) for q in range(1, 13)}, "mean": Scores(4.0, 8.0, 10.0)}
    return StudyRecord(
        name="small",
        unit="mph",
        step_minutes=5,
        schedule=HalvingSchedule(("quick", "full"), (3,), 6),
        spec=StudySpec(space=SearchSpace.model_validate(SPACE)).model_dump(),
        evaluations=(
            evaluation(0, "quick", 4.0),
            evaluation(1, "quick", 3.0, facts={"diagnosis": ("falling fast: healthy",)}),
            evaluation(2, "quick", 3.5),
            evaluation(3, "quick", 5.0),
            evaluation(4, "quick", None, state=State.FAILED, reason="out of memory", epochs=1, seconds=5.0),
            evaluation(4, "quick", 4.5, attempt=2),
            evaluation(5, "quick", None, state=State.PRUNED, reason="diverged", epochs=3, seconds=20.0),
            evaluation(1, "full", 2.6, initial_epoch=10, seconds=200.0, parent="quick/1"),
            evaluation(2, "full", 2.5, initial_epoch=10, seconds=200.0, parent="quick/2"),
        ),
        curves={
            "quick/1": curve(6.0, 4.0, 3.0),
            "quick/2": curve(6.0, 4.0, 3.5),
            "full/1": curve(3.0, 2.8, 2.6, first=0),
            "full/2": curve(3.6, 3.0, 2.5, first=0),
            "quick/5": curve(6.0, float("nan")),
        },
        test=TestResult(
            config_id=2,
            stage="full",
            steps=steps,
            mean=Scores(2.65, 4.0, 5.0),
            baselines={"last value": plain},
            windows=100,
            masked_share=0.25,
            sensor_mae={"b": 3.0, "a": 2.0},
            beside=PresetTest(preset, peer),
            samples=(
                ForecastSample("a", "best", 2.0, ("t1", "t2", "t3"), (60.0, None, 62.0), {12: (59.0, 60.0, 61.0)}),
            ),
        ),
        provenance={"cost_units": {"quick": 1.0, "full": 9.0}},
    )
