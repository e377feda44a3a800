"""Test errors at every forecast step, of the delivered forecast, the winner and what they are compared with."""

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gman_search.record import Scores, TestResult
from gman_search.report.baseline_comparison import forecasters
from gman_search.report.figure import Figure, Table
from gman_search.report.formats import error, signed_percent
from gman_search.report.style import BASELINE_LOOKS, ROLE_MARKS, new_figure, plain, rounded
from gman_search.report.view import StudyView, improvement, marked_steps

if TYPE_CHECKING:
    import plotly.graph_objects as go


__all__ = [
    "FIGURE",
    "BaselineGain",
    "ErrorByStepData",
    "StepScores",
    "caption",
    "compute",
    "gain_table",
    "plot",
    "table",
]


@dataclass(frozen=True)
class StepScores:
    """Scores of one forecast step alone, in the order of `forecasters`; `step` None: the mean of all steps."""

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
class ErrorByStepData:
    """The test part in one table. `mean_label` says which mean it is, because papers have confused two of them.

    `roles` are those of the forecasters: "ensemble", "winner", "reference" or "baseline".
    """

    unit: str
    config_id: int
    stage: str
    forecasters: tuple[str, ...]
    roles: tuple[str, ...]
    rows: tuple[StepScores, ...]
    mean: StepScores
    mean_label: str
    gains: tuple[BaselineGain, ...]
    windows: int
    masked_share: float

    @property
    def winner(self) -> int:
        """Which of the forecasters is the winner."""
        return self.roles.index("winner")


def compute(view: StudyView) -> ErrorByStepData | None:
    """The scores of all forecasters; None before the test."""
    test = view.test
    if test is None or not test.steps:
        return None
    marked = marked_steps(test)
    known = forecasters(test)
    rows = tuple(
        StepScores(
            step=step,
            minutes=step * view.step_minutes,
            marked=step in marked,
            scores=tuple(one.steps.get(step) for one in known),
        )
        for step in sorted(test.steps)
    )
    return ErrorByStepData(
        unit=view.unit,
        config_id=test.config_id,
        stage=test.stage,
        forecasters=tuple(one.name for one in known),
        roles=tuple(one.role for one in known),
        rows=rows,
        mean=StepScores(None, None, True, tuple(one.mean for one in known)),
        mean_label=f"mean of steps 1..{max(test.steps)}",
        gains=tuple(_gain(test, name, marked) for name in test.baselines),
        windows=test.windows,
        masked_share=test.masked_share,
    )


def _gain(test: TestResult, name: str, marked: tuple[int, ...]) -> BaselineGain:
    scores = test.baselines[name]
    at_steps = tuple(
        (step, improvement(scores["steps"][step].mae, test.steps[step].mae))
        for step in marked
        if step in scores["steps"]
    )
    return BaselineGain(name, at_steps, improvement(scores["mean"].mae, test.mean.mae))


def plot(data: ErrorByStepData) -> "go.Figure":
    """MAE at each step alone: ensemble and winner thick, the reference and the baselines thin."""
    figure = new_figure(400)
    minutes = [row.minutes for row in data.rows]
    looks = _looks(data)
    for index, name in reversed(list(enumerate(data.forecasters))):
        colour, symbol, dash = looks[index]
        is_ours = data.roles[index] in ("ensemble", "winner")
        scores = [row.scores[index] for row in data.rows]
        figure.add_scatter(
            x=minutes,
            y=rounded([None if score is None else score.mae for score in scores]),
            mode="lines+markers",
            name=plain(name),
            line={"color": colour, "dash": dash, "width": 3 if is_ours else 1.6},
            marker={"symbol": symbol, "size": 9 if is_ours else 7},
            hovertemplate=f"{plain(name)}<br>%{{x}} min: %{{y:.4r}} {plain(data.unit)}<extra></extra>",
        )
    figure.update_layout(legend={"traceorder": "reversed"})
    figure.update_xaxes(title_text="minutes ahead", tickvals=minutes)
    figure.update_yaxes(title_text=f"test MAE at that step ({plain(data.unit)})", rangemode="tozero")
    return figure


def _looks(data: ErrorByStepData) -> list[tuple[str, str, str]]:
    """Colour, marker and dash of each forecaster: by role, and baselines in their order."""
    looks, baselines = [], 0
    for role in data.roles:
        if role == "baseline":
            looks.append(BASELINE_LOOKS[baselines % len(BASELINE_LOOKS)])
            baselines += 1
        else:
            mark = ROLE_MARKS[role]
            looks.append((mark.colour, mark.symbol, mark.dash))
    return looks


def caption(data: ErrorByStepData) -> str:
    """Errors at the last step, with the strongest baseline's."""
    last, unit = data.rows[-1], data.unit
    known = {
        name: (role, score.mae)
        for score, name, role in zip(last.scores, data.forecasters, data.roles, strict=True)
        if score is not None and math.isfinite(score.mae)
    }
    ours = [f"the {role} {error(mae)}" for role, mae in known.values() if role in ("ensemble", "winner", "reference")]
    theirs = [(mae, name) for name, (role, mae) in known.items() if role == "baseline"]
    if theirs:
        value, name = min(theirs)
        ours.append(f"the strongest baseline ({name}) {error(value)}")
    text = f"{last.minutes} minutes ahead: {', '.join(ours)} {unit}."
    worse = [str(row.minutes) for row in data.rows if _is_beaten(row, data)]
    if worse:
        text += f" A baseline is better than the winner {', '.join(worse)} minutes ahead."
    return text + " Each point scores one step alone."


def _is_beaten(row: StepScores, data: ErrorByStepData) -> bool:
    ours = row.scores[data.winner]
    theirs = (score for score, role in zip(row.scores, data.roles, strict=True) if role == "baseline")
    return ours is not None and any(score is not None and score.mae < ours.mae for score in theirs)


def table(data: ErrorByStepData) -> Table:
    """MAE, RMSE and MAPE of every forecaster at every step alone, and on the mean of the steps."""
    columns = ["step"]
    for _ in data.forecasters:
        columns += ["MAE", "RMSE", "MAPE"]
    rows = (*data.rows, data.mean)
    strong = frozenset(index for index, row in enumerate(rows) if row.marked)
    note = f"MAE and RMSE in {data.unit}, MAPE in percent. Missing readings do not count."
    groups = tuple((name, 3) for name in data.forecasters)
    cells = tuple(_cells(row, data.mean_label) for row in rows)
    return Table(tuple(columns), cells, strong=strong, note=note, groups=groups)


def _cells(row: StepScores, mean_label: str) -> tuple[str, ...]:
    cells = [mean_label if row.step is None else f"{row.step} ({row.minutes} min)"]
    for scores in row.scores:
        known = (None, None, None) if scores is None else (scores.mae, scores.rmse, scores.mape)
        cells += [error(known[0]), error(known[1]), error(known[2], 2)]
    return tuple(cells)


def gain_table(data: ErrorByStepData) -> Table:
    """Improvement on every baseline's MAE, at the marked steps and on the mean."""
    steps = [row for row in data.rows if row.marked]
    columns = ("MAE compared with", *(f"step {row.step} ({row.minutes} min)" for row in steps), data.mean_label)
    rows = []
    for gain in data.gains:
        known = dict(gain.at_steps)
        at_steps = (signed_percent(_lowered(known.get(row.step or 0))) for row in steps)
        rows.append((gain.baseline, *at_steps, signed_percent(_lowered(gain.mean))))
    return Table(columns, tuple(rows))


def _lowered(gain: float | None) -> float | None:
    return None if gain is None else -gain


FIGURE = Figure(
    "error_by_step", "fig-horizon", "Error by forecast step", compute, plot, caption, table, layout="grid wide"
)
