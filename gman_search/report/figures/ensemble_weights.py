"""The members of the ensemble and their weights at each step."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from gman_search.record import EnsembleCheck, EnsembleMember
from gman_search.report.figure import Figure, Table
from gman_search.report.formats import MISSING, error, percent, signed_percent
from gman_search.report.style import BASELINE_LOOKS, NEUTRAL, STUDY_LOOKS, new_figure, plain, rounded
from gman_search.report.view import StudyView

if TYPE_CHECKING:
    import plotly.graph_objects as go


__all__ = [
    "FIGURE",
    "EnsembleData",
    "MemberShare",
    "caption",
    "compute",
    "members_by_weight",
    "plot",
    "table",
]

SHOWN_MEMBERS = 8
"""More colours are hard to distinguish; the others are drawn as one."""
PATTERNS = ("/", "\\", "x", "-", "|")
"""Baselines are hatched, so that they differ from GMANs without colours, too."""
NOT_CHECKED = "The validation part has too few windows to check an ensemble on"


@dataclass(frozen=True)
class MemberShare:
    """One member, or all further ones together: its share of the forecast at each step and on average, 1 in all."""

    name: str
    kind: str
    key: str | None
    mean: float
    weights: tuple[float, ...]


@dataclass(frozen=True)
class EnsembleData:
    """`members` has all, the largest mean weight first, `drawn` what a figure can show."""

    unit: str
    minutes: tuple[int, ...]
    members: tuple[MemberShare, ...]
    drawn: tuple[MemberShare, ...]
    val_mae: float
    check: EnsembleCheck
    forecast_ms: float


def compute(view: StudyView) -> EnsembleData | None:
    """The ensemble; None where the study has none."""
    found = None if view.test is None else view.test.ensemble
    if found is None or not found.members:
        return None
    members = tuple(
        MemberShare(one.name, one.kind, one.key, one.mean_weight, one.weights)
        for one in members_by_weight(found.members)
    )
    horizon = max(len(one.weights) for one in members)
    return EnsembleData(
        unit=view.unit,
        minutes=tuple(step * view.step_minutes for step in range(1, horizon + 1)),
        members=members,
        drawn=_drawn(members, horizon),
        val_mae=found.val_mae,
        check=found.check,
        forecast_ms=found.forecast_ms,
    )


def members_by_weight(members: tuple[EnsembleMember, ...]) -> list[EnsembleMember]:
    """The largest mean weight first."""
    return sorted(members, key=lambda member: -member.mean_weight)


def _drawn(members: tuple[MemberShare, ...], horizon: int) -> tuple[MemberShare, ...]:
    if len(members) <= SHOWN_MEMBERS:
        return members
    shown, rest = members[: SHOWN_MEMBERS - 1], members[SHOWN_MEMBERS - 1 :]
    weights = tuple(sum(one.weights[q] for one in rest if q < len(one.weights)) for q in range(horizon))
    together = MemberShare(f"{len(rest)} others", "others", None, sum(one.mean for one in rest), weights)
    return (*shown, together)


def plot(data: EnsembleData) -> "go.Figure":
    """A stacked bar for each step; the bars add up to 100 percent."""
    figure = new_figure(380, barmode="stack", bargap=0.2)
    trained = hatched = 0
    for member in data.drawn:
        if member.kind == "baseline":
            colour, pattern = BASELINE_LOOKS[hatched % len(BASELINE_LOOKS)][0], PATTERNS[hatched % len(PATTERNS)]
            hatched += 1
        elif member.kind == "others":
            colour, pattern = NEUTRAL, "."
        else:
            colour, pattern = STUDY_LOOKS[trained % len(STUDY_LOOKS)][0], "" if trained < len(STUDY_LOOKS) else "+"
            trained += 1
        figure.add_bar(
            x=list(data.minutes),
            y=rounded(_percents(member), 2),
            name=plain(member.name),
            hovertemplate=f"{plain(member.name)}<br>%{{x}} min: %{{y:.0f}} %<extra></extra>",
            marker={
                "color": colour,
                "line": {"color": "rgba(128, 134, 145, 0.5)", "width": 0.5},
                "pattern": {"shape": pattern, "fillmode": "overlay", "fgcolor": "rgba(255,255,255,0.6)"},
            },
        )
    figure.update_layout(legend={"traceorder": "normal"})
    figure.update_xaxes(title_text="minutes ahead", tickvals=list(data.minutes))
    figure.update_yaxes(title_text="weight in the forecast (percent)", range=[0, 100])
    return figure


def _percents(member: MemberShare) -> list[float | None]:
    return [100 * weight for weight in member.weights]


def caption(data: EnsembleData) -> str:
    """The members, the largest weight, the check on other windows and the time of a forecast."""
    first, check = data.members[0], data.check
    count = "1 member" if len(data.members) == 1 else f"{len(data.members)} members"
    text = f"{count}; {first.name} has the largest weight ({percent(100 * first.mean, 0)} on average)."
    if check.was_done:
        change = 100 * (check.ensemble / check.single - 1) if check.single else None
        text += f" On validation windows that the weights were not chosen on: {error(check.ensemble)} {data.unit}, "
        text += f"the best member ({check.single_name}) {error(check.single)} ({signed_percent(change)})."
    else:
        text += f" {NOT_CHECKED}."
    ms = error(data.forecast_ms, 0)
    return text if ms == MISSING else f"{text} One forecast of all sensors and steps takes {ms} ms."


def table(data: EnsembleData) -> Table:
    """One row for each member, one column for each step; weights in percent."""
    columns = ("member", "kind", "mean weight", *(f"{minutes} min" for minutes in data.minutes))
    rows = tuple(
        (one.name, one.kind, percent(100 * one.mean), *(error(100 * weight, 1) for weight in one.weights))
        for one in data.members
    )
    return Table(columns, rows, frozenset({0, 1}), note="Weights in percent of the forecast at each step.")


FIGURE = Figure(
    "ensemble_weights", "fig-ensemble", "Weights in the ensemble", compute, plot, caption, table, min_width=430
)
