"""The rank of each config from stage to stage, with the controls."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from gman_search.halving.promotion import ranked
from gman_search.report.figure import Figure, Table
from gman_search.report.figures.rank_correlation import MIN_CONFIGS
from gman_search.report.formats import plural
from gman_search.report.style import BY_RUNG, CONTROL, WINNER, new_figure, plain
from gman_search.report.view import StudyView

if TYPE_CHECKING:
    import plotly.graph_objects as go


__all__ = ["FIGURE", "RankFlowData", "RankPath", "RankStep", "caption", "compute", "plot", "table"]

MAX_PATHS = 40
"""More lines are hard to distinguish."""


@dataclass(frozen=True)
class RankStep:
    """Rank of a config among the complete evaluations of a stage; a control's as if it had been one of them."""

    stage: str
    rank: int
    of: int
    control: bool


@dataclass(frozen=True)
class RankPath:
    """A config that has a rank at two stages or more."""

    config_id: int
    is_winner: bool
    steps: tuple[RankStep, ...]

    @property
    def has_control(self) -> bool:
        """Whether one of its steps is a control that was promoted at random."""
        return any(step.control for step in self.steps)


@dataclass(frozen=True)
class RankFlowData:
    """All paths, the largest stage first; `hidden` more are not kept. `reason` says why there are none."""

    stages: tuple[str, ...]
    paths: tuple[RankPath, ...]
    hidden: int
    reason: str


def compute(view: StudyView) -> RankFlowData | None:
    """Ranks at each stage of the configs that completed two or more; None with a single stage."""
    stages, best, rows = view.stages, view.config_winner, view.latest_of_all
    if len(stages) < 2:
        return None
    steps: dict[int, list[RankStep]] = {}
    for stage in stages:
        here = view.ranked(stage)
        for rank, row in enumerate(here, start=1):
            steps.setdefault(row.config_id, []).append(RankStep(stage, rank, len(here), control=False))
        for row in ranked(row for row in rows if row.stage == stage and row.control == "random"):
            rank = 1 + sum((other.val_mae or 0.0) < (row.val_mae or 0.0) for other in here)
            steps.setdefault(row.config_id, []).append(RankStep(stage, rank, len(here) + 1, control=True))
    paths = [
        RankPath(config_id, best is not None and best.config_id == config_id, tuple(found))
        for config_id, found in steps.items()
        if len(found) > 1
    ]
    paths.sort(key=lambda path: (-len(path.steps), path.steps[-1].rank, path.config_id))
    if len(paths) < MIN_CONFIGS:
        return RankFlowData(stages, (), 0, f"{len(paths)} of the {MIN_CONFIGS} configs needed completed two stages")
    controls = [path for path in paths if path.has_control][: MAX_PATHS // 2]
    others = [path for path in paths if not path.has_control][: MAX_PATHS - len(controls)]
    kept = tuple(path for path in paths if path in controls or path in others)
    return RankFlowData(stages, kept, len(paths) - len(kept), "")


def plot(data: RankFlowData) -> "go.Figure | None":
    """One line for each config, rank 1 on top; a control is a hollow triangle on a dotted line."""
    if data.reason:
        return None
    last = data.stages[-1]
    reached = [path for path in data.paths if path.steps[-1].stage == last and not path.has_control]
    groups = (
        ("ended before", BY_RUNG[1], [p for p in data.paths if p not in reached and not p.has_control]),
        ("random control", None, [p for p in data.paths if p.has_control]),
        (f"reached {last}", BY_RUNG[2], [p for p in reached if not p.is_winner]),
        ("winner", WINNER, [p for p in reached if p.is_winner]),
    )
    deepest = max(step.rank for path in data.paths for step in path.steps)
    figure = new_figure(min(560, 150 + 15 * max(8, deepest)))
    for label, mark, paths in groups:
        if paths:
            colour = CONTROL if mark is None else mark.colour
            figure.add_scatter(
                x=[value for path in paths for value in (*(step.stage for step in path.steps), None)],
                y=[value for path in paths for value in (*(step.rank for step in path.steps), None)],
                customdata=[text for path in paths for text in (*_hovers(path), None)],
                mode="lines+markers",
                name=plain(label),
                line={
                    "color": colour,
                    "width": 3 if label == "winner" else 1.6,
                    "dash": "dot" if mark is None else "solid",
                },
                marker={"symbol": "triangle-up-open" if mark is None else mark.symbol, "size": 9, "color": colour},
                hovertemplate="%{customdata}<extra></extra>",
            )
    ends: dict[int, list[str]] = {}
    for path in data.paths:
        if path.steps[-1].stage == last:
            ends.setdefault(path.steps[-1].rank, []).append(str(path.config_id))
    figure.add_scatter(
        x=[last] * len(ends),
        y=list(ends),
        text=[f"  config {', '.join(names)}" for names in ends.values()],
        mode="text",
        textposition="middle right",
        textfont={"size": 11},
        cliponaxis=False,
        showlegend=False,
        hoverinfo="skip",
    )
    figure.update_layout(margin={"r": 84})
    figure.update_xaxes(
        categoryorder="array", categoryarray=[plain(stage) for stage in data.stages], showgrid=True, ticklen=8
    )
    step = 1 if deepest <= 12 else 5 if deepest <= 60 else 50
    ticks = [1, *range(step if step > 1 else 2, deepest + 1, step)]
    figure.update_yaxes(title_text="rank within the stage", range=[deepest + 0.7, 0.3], tickvals=ticks)
    return figure


def _hovers(path: RankPath) -> list[str]:
    return [
        plain(
            f"config {path.config_id} at {step.stage}: "
            + (f"control, would be rank {step.rank}" if step.control else f"rank {step.rank} of {step.of}")
        )
        for step in path.steps
    ]


def caption(data: RankFlowData) -> str:
    """The ranks of the winner and of the controls."""
    if data.reason:
        return f"Not drawn: {data.reason}."
    text = f"Ranks of {plural(len(data.paths), 'config')} at the stages they completed."
    for path in data.paths:
        if path.is_winner:
            text += f" The winner was {', then '.join(f'{s.rank} of {s.of} at {s.stage}' for s in path.steps)}."
    controls = [path.steps[-1] for path in data.paths if path.has_control]
    if controls:
        places = ", ".join(f"{step.rank} of {step.of} at {step.stage}" for step in controls)
        text += f" Controls were promoted at random, not for their rank; they would rank {places}."
    if data.hidden:
        text += f" {plural(data.hidden, 'config')} of lower rank are not drawn."
    return text


def table(data: RankFlowData) -> Table:
    """One row for each config, one column for each stage; a control's rank has a star."""
    rows = []
    for path in data.paths:
        known = {step.stage: f"{step.rank} / {step.of}{' *' if step.control else ''}" for step in path.steps}
        rows.append((str(path.config_id), *(known.get(stage, "–") for stage in data.stages)))
    strong = frozenset(index for index, path in enumerate(data.paths) if path.is_winner)
    note = "* a control, promoted at random: the rank it would have." if any(p.has_control for p in data.paths) else ""
    return Table(("config", *data.stages), tuple(rows), strong=strong, note=note)


FIGURE = Figure("rank_flow", "fig-ranks", "Ranks from stage to stage", compute, plot, caption, table, on_dashboard=True)
