"""Learning curves over the cumulative epochs of each config."""

from dataclasses import dataclass
from itertools import pairwise
from statistics import median
from typing import TYPE_CHECKING

from gman_search.report.axis_range import AxisRange, axis_range, downsample
from gman_search.report.figure import Figure, Table
from gman_search.report.formats import error, plural, signed
from gman_search.report.lineages import CurveChain, chains, growth_jumps
from gman_search.report.style import BY_RUNG, axis_limits, new_figure, plain, rounded, state_mark
from gman_search.report.view import StudyView
from gman_search.wording import decimals

if TYPE_CHECKING:
    import plotly.graph_objects as go


__all__ = ["FIGURE", "LearningCurvesData", "caption", "compute", "plot", "table"]

MAX_FAINT = 150
"""Configs drawn that ended at the first stage: more would hide the others."""


@dataclass(frozen=True)
class LearningCurvesData:
    """All chains but `hidden` of those that ended at the first stage.

    `borders` has the epoch where a stage begins, for stages that begin there in every chain. `growth_jumps` has the
    validation MAE of each grown model before its first step, minus the best of the smaller model: zero when growth kept
    the function. `shown` is the range of the axis.
    """

    unit: str
    stages: tuple[str, ...]
    chains: tuple[CurveChain, ...]
    hidden: int
    borders: tuple[tuple[str, int], ...]
    growth_jumps: tuple[float, ...]
    shown: AxisRange | None

    @property
    def median_jump(self) -> float | None:
        """Median of the growth jumps."""
        return median(self.growth_jumps) if self.growth_jumps else None


def compute(view: StudyView) -> LearningCurvesData | None:
    """The curves of each config joined over its stages; None where no curve was recorded."""
    everything = view.of(chains)
    if not everything:
        return None
    values = [value for chain in everything for segment in chain.segments for value in segment.val_mae]
    faint, _ = downsample([chain for chain in everything if _is_faint(chain, view.stages)], MAX_FAINT)
    kept = tuple(chain for chain in everything if not _is_faint(chain, view.stages) or chain in faint)
    return LearningCurvesData(
        unit=view.unit,
        stages=view.stages,
        chains=kept,
        hidden=len(everything) - len(kept),
        borders=_borders(view.stages, everything),
        growth_jumps=growth_jumps(view),
        shown=axis_range(values, upper=0.8),
    )


def _is_faint(chain: CurveChain, stages: tuple[str, ...]) -> bool:
    """Ended at the first stage without a final training."""
    return chain.final_state == stages[0] and all(segment.stage in stages for segment in chain.segments)


def _borders(stages: tuple[str, ...], everything: tuple[CurveChain, ...]) -> tuple[tuple[str, int], ...]:
    result = []
    for stage in stages[1:]:
        starts = set()
        for chain in everything:
            for before, segment in pairwise(chain.segments):
                if segment.stage == stage:
                    starts.add(before.epochs[-1])
        if len(starts) == 1:
            result.append((stage, starts.pop()))
    return tuple(result)


def plot(data: LearningCurvesData) -> "go.Figure":
    """Validation MAE over cumulative epochs, one line for each config, coloured by how it ended."""
    figure = new_figure(460)
    order = [data.stages[0], "reference", "pruned", "failed", "running", *data.stages[1:], "winner"]
    for final_state in order:
        members = [chain for chain in data.chains if chain.final_state == final_state]
        if members:
            mark, x, y, who = state_mark(final_state, data.stages), [], [], []
            for chain in members:
                for segment in chain.segments:
                    x += [*segment.epochs, None]
                    y += [*rounded(segment.val_mae), None]
                    reading = "".join(f"; {text.split(':')[0]}" for text in segment.diagnosis)
                    label = f"config {chain.config_id}, {segment.stage}{reading}"
                    who += [label] * (len(segment.epochs) + 1)
            figure.add_scatter(
                x=x,
                y=y,
                customdata=[plain(text) for text in who],
                mode="lines",
                name=plain(f"{final_state} only" if final_state == data.stages[0] else final_state),
                line={"color": mark.colour, "dash": mark.dash, "width": 3 if final_state == "winner" else 1.3},
                opacity=0.55 if final_state == data.stages[0] else 1,
                hovertemplate="%{customdata}<br>epoch %{x}: %{y:.4r} " + plain(data.unit) + "<extra></extra>",
            )
    _add_stage_starts(figure, data)
    _add_resumes(figure, data)
    for stage, epoch in data.borders:
        figure.add_vline(x=epoch, line={"color": BY_RUNG[0].colour, "width": 1, "dash": "dot"})
        figure.add_annotation(
            x=epoch,
            y=1,
            yref="paper",
            text=f" {plain(stage)} begins",
            showarrow=False,
            xanchor="left",
            yanchor="top",
            font={"size": 12},
        )
    figure.update_xaxes(title_text="epochs, counted over all stages of a config", rangemode="tozero")
    figure.update_yaxes(title_text=f"validation MAE ({plain(data.unit)})", range=axis_limits(data.shown))
    return figure


def _add_stage_starts(figure: "go.Figure", data: LearningCurvesData) -> None:
    starts: list[tuple[CurveChain, str, int, float | None]] = [
        (chain, after.stage, after.epochs[0], after.val_mae[0])
        for chain in data.chains
        for _, after in pairwise(chain.segments)
    ]
    if starts:
        figure.add_scatter(
            x=[epoch for _, _, epoch, _ in starts],
            y=rounded([value for *_, value in starts]),
            customdata=[plain(f"config {chain.config_id} enters {stage}") for chain, stage, *_ in starts],
            mode="markers",
            name="enters the next stage",
            marker={
                "symbol": "diamond-open",
                "size": 8,
                "color": [state_mark(c.final_state, data.stages).colour for c, *_ in starts],
            },
            hovertemplate="%{customdata}: %{y:.4r}<extra></extra>",
        )


def _add_resumes(figure: "go.Figure", data: LearningCurvesData) -> None:
    found = [
        (chain, segment.stage, epoch, segment.val_mae[segment.epochs.index(epoch)])
        for chain in data.chains
        for segment in chain.segments
        for epoch in segment.resumed
        if epoch in segment.epochs
    ]
    if found:
        figure.add_scatter(
            x=[epoch for _, _, epoch, _ in found],
            y=rounded([value for *_, value in found]),
            customdata=[plain(f"config {chain.config_id} resumed at {stage}") for chain, stage, *_ in found],
            mode="markers",
            name="resumed after an interruption",
            marker={"symbol": "y-up", "size": 10, "line": {"width": 1.6, "color": "#8b929c"}},
            hovertemplate="%{customdata}: %{y:.4r}<extra></extra>",
        )


def _scale(data: LearningCurvesData) -> float | None:
    """A validation error of these curves, whose decimals a small difference between two of them takes."""
    known = (value for chain in data.chains for segment in chain.segments for value in segment.val_mae)
    return next((value for value in known if value is not None), None)


def caption(data: LearningCurvesData) -> str:
    """What is drawn, what lies outside the axis, and whether growth kept the function."""
    text = f"Validation MAE of {plural(len(data.chains), 'config')} over the epochs of all their stages."
    if data.hidden:
        text += f" {plural(data.hidden, 'config')} that ended at {data.stages[0]} are not drawn."
    if data.shown is not None and data.shown.beyond:
        hidden = plural(data.shown.beyond, "value above", "values above")
        text += f" Outside the axis: {hidden} {error(data.shown.high, least=2)} {data.unit}."
    if data.median_jump is not None:
        jump = signed(data.median_jump, decimals(_scale(data)))
        text += (
            f" Before its first step, a grown model differed by {jump} {data.unit} from "
            f"the best of the smaller model it grew from (median of {len(data.growth_jumps)})."
        )
    return text


def table(data: LearningCurvesData) -> Table:
    """First, best and last validation MAE of every curve."""
    unit = data.unit
    heads = (f"first ({unit})", f"best ({unit})", f"last ({unit})")
    columns = ("config", "final state", "stage", "epochs", *heads, "reading")
    rows = []
    for chain in data.chains:
        for segment in chain.segments:
            reading = "; ".join(segment.diagnosis)
            known = [value for value in segment.val_mae if value is not None]
            span = f"{segment.epochs[0]}–{segment.epochs[-1]}"
            first, best, last = (known[0], min(known), known[-1]) if known else (None, None, None)
            rows.append(
                (
                    str(chain.config_id),
                    chain.final_state,
                    segment.stage,
                    span,
                    error(first),
                    error(best),
                    error(last),
                    reading,
                )
            )
    note = "Validation MAE; epochs are counted over all stages of a config."
    return Table(columns, tuple(rows), frozenset({0, 1, 2, 7}), note=note).first()


FIGURE = Figure(
    "learning_curves",
    "fig-curves",
    "Validation MAE during training",
    compute,
    plot,
    caption,
    table,
    on_dashboard=True,
)
