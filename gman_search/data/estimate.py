"""How long a stage takes and how it fits into memory, before anything was trained; the schedule that follows (pure)."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from gman_search.data.step_plan import RECOMPUTED_TIME, StepPlan, StepSizes, plan_step
from gman_search.halving.cost import (
    FORECAST_SHARE,
    compile_seconds,
    evaluation_seconds,
    reduction_factors,
    step_seconds,
)
from gman_search.halving.finals import FINAL_SHARE, REFERENCE_SHARE, TESTED, FinalsPlan
from gman_search.halving.halving_schedule import HalvingSchedule
from gman_search.halving.plan import StageCost
from gman_search.spec import StudySpec
from gman_search.stages import PRESETS, Stage

if TYPE_CHECKING:
    from gman_search.data.task import ForecastDataset

__all__ = [
    "StageEstimate",
    "epoch_windows",
    "estimate_stages",
    "final_test_seconds",
    "finals_plan",
    "schedule_of",
    "stage_seconds",
    "step_sizes",
    "task_shape",
]

REPORT_SECONDS = 5.0
"""Writing what is delivered, beside what `api/budget_planner.py` leaves for starting and the report."""
TREES, TREE_ROWS, TREE_SECONDS, TREE_ROW_SECONDS, TREE_FORECAST_SECONDS = 2, 150_000, 0.25, 1e-5, 4e-6
"""Of boosted trees for one step: rows at most, seconds in any case, for a row of training and one of forecasting."""
REGRESSION_ROWS, REGRESSION_SECONDS = 2_000_000, 1e-5
"""Of linear regression, which trees build on: pairs of a window and a sensor at most, seconds for each."""
SCORED_WINDOWS = 1000
"""What an ensemble is chosen on."""


@dataclass(frozen=True)
class StageEstimate(StageCost):
    """What one evaluation at a stage takes, seconds of one step of it, and how its steps fit into memory."""

    stage: str
    step_seconds: float
    plan: StepPlan

    @property
    def memory_gb(self) -> float:
        """Of one worker."""
        return self.plan.gb


def epoch_windows(task: "ForecastDataset", validation_stride: int) -> dict[str, int]:
    """How many `windows` an epoch trains on and how many `validation` windows are scored after it."""
    return {"windows": len(task.starts["train"]), "validation": len(task.starts["val"][::validation_stride])}


def task_shape(task: "ForecastDataset") -> dict[str, int]:
    """What a step's time and memory depend on besides its stage."""
    return {"sensors": len(task.series.sensors), "history": task.P, "horizon": task.Q, "groups": task.groups}


def estimate_stages(
    stages: tuple[Stage, ...],
    task: "ForecastDataset",
    validation_stride: int,
    *,
    threads: int = 1,
    groups: int | None = None,
    room_gb: float | None = None,
) -> tuple[StageEstimate, ...]:
    """An evaluation of each stage on `task`, by a process of so many threads.

    Args:
        stages: sizes and epochs.
        task: the data.
        validation_stride: every how many-th validation window is scored.
        threads: of the process.
        groups: other than the task's.
        room_gb: memory of the process; None: enough for any step.
    """
    shape = task_shape(task)
    if groups is not None:
        shape["groups"] = groups
    windows = epoch_windows(task, validation_stride)
    rows = []
    for stage in stages:
        plan = plan_step(step_sizes(stage, **shape), room_gb)
        longer = RECOMPUTED_TIME if plan.recompute else 1.0
        rows.append(
            StageEstimate(
                seconds=longer * evaluation_seconds(stage, **windows, threads=threads, **shape),
                compile_seconds=compile_seconds(stage),
                stage=stage.name,
                step_seconds=longer * step_seconds(stage, threads=threads, **shape),
                plan=plan,
            )
        )
    return tuple(rows)


def stage_seconds(spec: StudySpec, task: "ForecastDataset") -> dict[str, float]:
    """Estimated seconds of one evaluation at each stage, by one thread: their ratio counts, on every machine alike."""
    estimates = estimate_stages(spec.stage_list(), task, spec.data.stride_of(len(task.starts["val"])))
    return {row.stage: row.seconds for row in estimates}


def finals_plan(spec: StudySpec, task: "ForecastDataset") -> FinalsPlan:
    """The time for what is trained outside the stages, by the estimated time of the stages."""
    stages, stride = spec.preset_stages(), spec.data.stride_of(len(task.starts["val"]))
    windows, shape = epoch_windows(task, stride), task_shape(task)
    guide = PRESETS["quick"]
    seconds = [row.seconds for row in estimate_stages(stages, task, stride)]
    schedule = sum(each * quota for each, quota in zip(seconds, schedule_of(spec, task).rung_sizes(), strict=True))
    settings = spec.search
    return FinalsPlan(
        **windows,
        window_seconds={stage.name: step_seconds(stage, **shape) / stage.batch_size for stage in stages},
        reference_window_seconds=step_seconds(guide, **shape) / guide.batch_size,
        reference_seconds=REFERENCE_SHARE * schedule * settings.reference,
        final_seconds=FINAL_SHARE * schedule / max(1, settings.usual_finals),
        count=settings.usual_finals,
        test_seconds=final_test_seconds(spec, task, trees_fitted=True),
        tested_windows=_tested_windows(task),
        other_test_seconds=_other_test_seconds(task, trees_fitted=True),
        first_fit_seconds=_fit_seconds(task)[0],
    )


def final_test_seconds(spec: StudySpec, task: "ForecastDataset", *, trees_fitted: bool = False) -> float:
    """Estimated seconds of boosted trees, the ensemble's forecasts, test and report.

    `trees_fitted` leaves out the first fit of the baselines, which comes before the search.
    """
    tested = spec.preset_stages()[:2]  # about as many of the one as of the other
    steps = (step_seconds(stage, **task_shape(task)) / stage.batch_size for stage in tested)
    forecasts = TESTED * FORECAST_SHARE * sum(steps) / len(tested) * _tested_windows(task)
    return forecasts + _other_test_seconds(task, trees_fitted=trees_fitted)


def _tested_windows(task: "ForecastDataset") -> int:
    """What every candidate forecasts: the windows that an ensemble is chosen on, and the test part."""
    return min(SCORED_WINDOWS, len(task.starts["val"])) + len(task.starts["test"])


def _other_test_seconds(task: "ForecastDataset", *, trees_fitted: bool) -> float:
    """Of a test, without the forecasts of GMANs."""
    forecasts = TREE_FORECAST_SECONDS * len(task.series.sensors) * _tested_windows(task)
    return REPORT_SECONDS + TREES * task.Q * forecasts + sum(_fit_seconds(task)[1 if trees_fitted else 0 :])


def _fit_seconds(task: "ForecastDataset") -> tuple[float, float]:
    """Of both fits of the baselines: the second one, for the test, is to the validation part, too."""
    sensors, train, val = len(task.series.sensors), len(task.starts["train"]), len(task.starts["val"])

    def seconds(windows: int) -> float:
        pairs = windows * sensors
        trees = TREES * task.Q * (TREE_SECONDS + TREE_ROW_SECONDS * min(TREE_ROWS, pairs))
        return trees + REGRESSION_SECONDS * min(REGRESSION_ROWS, pairs)

    return seconds(train), seconds(train + val)


def schedule_of(spec: StudySpec, task: "ForecastDataset") -> HalvingSchedule:
    """The halving schedule of a new study on `task`."""
    return spec.schedule(reduction_factors(list(stage_seconds(spec, task).values())))


def step_sizes(stage: Stage, *, sensors: int, history: int, horizon: int, groups: int = 0) -> StepSizes:
    """What the memory of a stage's step depends on."""
    return StepSizes(stage.L, stage.K, stage.d, stage.batch_size, sensors, history, horizon, groups)
