"""Records of a study, as plain data: what training reports to the search, and what the search reports.

Nothing here touches TensorFlow, Optuna or a disk; every face (terminal, JSON, HTML) is drawn from these.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from statistics import fmean
from typing import Any

from gman_search.halving.evaluations import Evaluation
from gman_search.halving.halving_schedule import HalvingSchedule

__all__ = [
    "Coverage",
    "EnsembleCheck",
    "EnsembleMember",
    "EnsembleTest",
    "Epoch",
    "ForecastSample",
    "LeaderboardRow",
    "PresetTest",
    "RunScores",
    "Scores",
    "StudyRecord",
    "TestResult",
]


@dataclass(frozen=True)
class Epoch:
    """One epoch of one evaluation. MAE in the data's unit; `epoch` counts from 1 within the stage.

    Epoch 0, where present, is the validation before the first step (the grown model as it was born).
    """

    epoch: int
    steps: int
    train_mae: float | None
    val_mae: float
    learning_rate: float
    seconds: float


@dataclass(frozen=True)
class Scores:
    """Masked errors over one set of forecasts: MAE and RMSE in the data's unit, MAPE in percent."""

    mae: float
    rmse: float
    mape: float


@dataclass(frozen=True)
class ForecastSample:
    """Forecast against truth of one sensor over consecutive times, for drawing.

    `times` are ISO strings of the forecast moments; `truth` has None where the reading is missing; `forecast[q]` is the
    series forecast q steps ahead.
    """

    sensor: str
    rank: str
    mae: float
    times: tuple[str, ...]
    truth: tuple[float | None, ...]
    forecast: Mapping[int, tuple[float | None, ...]]


@dataclass(frozen=True)
class Coverage:
    """How often prediction intervals held: shares of observed readings in percent, mean width in the data's unit.

    `slow` is the share where the forecast was slow, `lowest_sensor` that of the sensor where they held least often.
    """

    held: float
    width: float
    by_step: tuple[float, ...]
    lowest_sensor: float
    slow: float


@dataclass(frozen=True)
class RunScores:
    """One evaluation on the test part; `steps` and `mean` as in TestResult."""

    config_id: int
    stage: str
    steps: Mapping[int, Scores]
    mean: Scores


@dataclass(frozen=True)
class PresetTest:
    """The reference config on the test part, at the highest stage it completed; tested after the winner was chosen.

    `peer` is the winner's own smaller model at that stage, so that two models of one size can be compared; None where
    the reference config got as far as the winner.
    """

    preset: RunScores
    peer: RunScores | None = None


@dataclass(frozen=True)
class EnsembleMember:
    """One forecaster of an ensemble. `kind` is "evaluation" or "baseline", `key` the evaluation's (`quick/7 final`).

    `weights` (Q,) are its shares of the forecast at each step; those of all members add up to 1.
    """

    name: str
    kind: str
    key: str | None
    weights: tuple[float, ...]

    @property
    def mean_weight(self) -> float:
        """Mean of the weights over the steps."""
        return fmean(self.weights) if self.weights else 0.0


@dataclass(frozen=True)
class EnsembleCheck:
    """Is the ensemble better than its best member where it was not chosen? MAE on validation windows.

    The validation windows are cut in time into blocks. `ensemble` and `single` score each block with what was chosen on
    the others: weights, and the best forecaster. `single_name` is the best one on all windows. `used` is false where
    the ensemble did not pay: then it consists of that single forecaster.
    """

    ensemble: float
    single: float
    single_name: str
    used: bool

    @property
    def was_done(self) -> bool:
        """Whether there were enough windows to compare the ensemble where it was not chosen."""
        return math.isfinite(self.ensemble) and math.isfinite(self.single)


@dataclass(frozen=True)
class EnsembleTest:
    """The delivered forecast on the test part; `steps` and `mean` as in TestResult.

    `val_mae` is on the windows that the weights were chosen on. `forecast_ms` is the time of one forecast of all
    sensors and steps.
    """

    steps: Mapping[int, Scores]
    mean: Scores
    members: tuple[EnsembleMember, ...]
    val_mae: float
    check: EnsembleCheck
    forecast_ms: float
    coverage: Mapping[int, Coverage] = field(default_factory=dict)


@dataclass(frozen=True)
class LeaderboardRow:
    """One forecaster on validation and test part, and what it costs.

    `kind` is "ensemble", "winner", "reference", "baseline" or "evaluation"; `key` names the evaluation. `train_seconds`
    has its lineage in it: a grown model cost its smaller one, too.
    """

    name: str
    kind: str
    key: str | None
    val_mae: float
    steps: Mapping[int, Scores]
    mean: Scores
    train_seconds: float
    forecast_ms: float


@dataclass(frozen=True)
class TestResult:
    """The winner on the test part, next to what needs no training.

    `steps[q]` scores the q-th forecast step alone ("at step q"); `mean` averages the steps' scores over 1..Q, as the
    original prints it. `baselines[name]` has the same two keys: `steps` and `mean`. `coverage[percent]` is how often
    the intervals held that were made on the validation part. `calendar` (7, 24) is the MAE by weekday and hour of the
    moment forecast, None where nothing was observed. `coordinates` has (latitude, longitude) of the sensors whose place
    is known. `beside` is the reference config, None where it won or its weights are gone. `attention` has for some
    sensors themselves and those they attend to most, with the mean weight: a share of 1. `control` is that of the
    winner's evaluation, "" if it is of the stages. `ensemble` is what is delivered. `leaderboard` has all that were
    tested, the lowest validation error first. `refitted` are the names of those that were trained on the validation
    part, too, before they were tested, alone and in the ensemble.
    """

    __test__ = False  # not a test case, although its name begins like one

    config_id: int
    stage: str
    steps: Mapping[int, Scores]
    mean: Scores
    baselines: Mapping[str, Mapping[str, Any]]
    windows: int
    masked_share: float
    sensor_mae: Mapping[str, float] = field(default_factory=dict)
    samples: tuple[ForecastSample, ...] = ()
    coverage: Mapping[int, Coverage] = field(default_factory=dict)
    calendar: tuple[tuple[float | None, ...], ...] = ()
    coordinates: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    beside: PresetTest | None = None
    attention: Mapping[str, tuple[tuple[str, float], ...]] = field(default_factory=dict)
    control: str = ""
    ensemble: EnsembleTest | None = None
    leaderboard: tuple[LeaderboardRow, ...] = ()
    refitted: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """Name of the winner's evaluation."""
        return f"{self.stage}/{self.config_id} {self.control}".rstrip()


@dataclass(frozen=True)
class StudyRecord:
    """Everything a face needs to show a study.

    `curves` maps the key of an evaluation (`quick/7`) to its epochs. `spec` is the resolved specification as plain
    data. `provenance` has versions, seed, command, created, data facts (sensors, windows, span) and `cost_units`
    (the estimated seconds of one evaluation at each stage, whose ratio counts).
    """

    name: str
    unit: str
    step_minutes: int
    schedule: HalvingSchedule
    spec: Mapping[str, Any]
    evaluations: tuple[Evaluation, ...]
    curves: Mapping[str, tuple[Epoch, ...]]
    test: TestResult | None
    provenance: Mapping[str, Any]
