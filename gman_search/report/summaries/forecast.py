"""The winner on the test part: errors at every forecast step beside the baselines, and forecasts to look at (pure)."""

import math
from dataclasses import dataclass

from gman_search.record import ForecastSample, Scores, StudyRecord
from gman_search.report.summaries.frame import thin
from gman_search.report.summaries.headline import improvement, marked_steps
from gman_search.report.summaries.rivals import forecasters

__all__ = ["BaselineGain", "ForecastLine", "HorizonRow", "SampleSummary", "Scoreboard", "sample_summary", "scoreboard"]

MAX_TIMES = 2100
"""Times drawn of one sensor's forecast: a week at five minutes a step."""
VIEW_HOURS = 48
"""What is in view at first; a whole week on one screen hides the lag of a forecast."""


@dataclass(frozen=True)
class HorizonRow:
    """Scores of one forecast step alone, in the order of the scoreboard's forecasters; `step` none: the mean."""

    step: int | None
    minutes: int | None
    marked: bool
    scores: tuple[Scores | None, ...]


@dataclass(frozen=True)
class BaselineGain:
    """Percent by which the winner's MAE is below a baseline's, at the marked steps and on the mean of steps."""

    baseline: str
    at_steps: tuple[tuple[int, float], ...]
    mean: float


@dataclass(frozen=True)
class Scoreboard:
    """The test part in one table. `mean_label` says which mean it is, because papers have confused two of them.

    `roles` are those of the forecasters: "ensemble", "winner", "reference" or "baseline". `sensors` are those with
    a reading in the test part, best first; `silent_sensors` have none.
    """

    unit: str
    config_id: int
    stage: str
    forecasters: tuple[str, ...]
    roles: tuple[str, ...]
    rows: tuple[HorizonRow, ...]
    mean: HorizonRow
    mean_label: str
    gains: tuple[BaselineGain, ...]
    windows: int
    masked_share: float
    sensors: tuple[tuple[str, float], ...]
    silent_sensors: tuple[str, ...]

    @property
    def winner(self) -> int:
        """Which of the forecasters is the winner."""
        return self.roles.index("winner")


@dataclass(frozen=True)
class ForecastLine:
    """What was forecast `step` steps (`minutes` minutes) ahead, in the data's unit."""

    step: int
    minutes: int
    values: tuple[float | None, ...]


@dataclass(frozen=True)
class SampleSummary:
    """Forecast against truth of one sensor; every `stride`-th time is kept, the first `in_view` of them are in view.

    None in `truth` is a missing reading.
    """

    unit: str
    sensor: str
    rank: str
    mae: float
    times: tuple[str, ...]
    truth: tuple[float | None, ...]
    lines: tuple[ForecastLine, ...]
    stride: int
    missing: int
    in_view: int


def scoreboard(record: StudyRecord) -> Scoreboard | None:
    """The test table, or none when the winner has not been tested."""
    test = record.test
    if test is None:
        return None
    marked = marked_steps(test)
    known = forecasters(test)
    rows = tuple(
        HorizonRow(
            step=step,
            minutes=step * record.step_minutes,
            marked=step in marked,
            scores=tuple(one.steps.get(step) for one in known),
        )
        for step in sorted(test.steps)
    )
    last = max(test.steps, default=0)
    return Scoreboard(
        unit=record.unit,
        config_id=test.config_id,
        stage=test.stage,
        forecasters=tuple(one.name for one in known),
        roles=tuple(one.role for one in known),
        rows=rows,
        mean=HorizonRow(None, None, True, tuple(one.mean for one in known)),
        mean_label=f"mean of steps 1..{last}",
        gains=tuple(_gain(record, name, marked) for name in test.baselines),
        windows=test.windows,
        masked_share=test.masked_share,
        sensors=tuple(
            sorted(
                ((name, mae) for name, mae in test.sensor_mae.items() if math.isfinite(mae)),
                key=lambda item: (item[1], item[0]),
            )
        ),
        silent_sensors=tuple(sorted(name for name, mae in test.sensor_mae.items() if not math.isfinite(mae))),
    )


def _gain(record: StudyRecord, name: str, marked: tuple[int, ...]) -> BaselineGain:
    test = record.test
    if test is None:
        return BaselineGain(name, (), 0.0)
    scores = test.baselines[name]
    at_steps = tuple(
        (step, improvement(scores["steps"][step].mae, test.steps[step].mae))
        for step in marked
        if step in scores["steps"]
    )
    return BaselineGain(name, at_steps, improvement(scores["mean"].mae, test.mean.mae))


def sample_summary(record: StudyRecord, sample: ForecastSample) -> SampleSummary:
    """One sensor's forecast, thinned to what a screen can show."""
    times, stride = thin(sample.times, MAX_TIMES)
    return SampleSummary(
        unit=record.unit,
        sensor=sample.sensor,
        rank=sample.rank,
        mae=sample.mae,
        times=times,
        truth=thin(sample.truth, MAX_TIMES)[0],
        lines=tuple(
            ForecastLine(step, step * record.step_minutes, thin(sample.forecast[step], MAX_TIMES)[0])
            for step in sorted(sample.forecast)
        ),
        stride=stride,
        missing=sum(value is None for value in sample.truth),
        in_view=min(len(times), VIEW_HOURS * 60 // (record.step_minutes * stride) + 1),
    )
