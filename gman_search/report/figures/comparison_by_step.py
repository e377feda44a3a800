"""Test MAE of each study's winner at each step alone."""

from typing import TYPE_CHECKING

from gman_search.report.comparison import Comparison
from gman_search.report.figure import Figure, Table
from gman_search.report.formats import error
from gman_search.report.style import STUDY_LOOKS, new_figure, plain, rounded

if TYPE_CHECKING:
    import plotly.graph_objects as go


__all__ = ["FIGURE", "caption", "compute", "plot", "table"]


def compute(comparison: Comparison) -> Comparison | None:
    """The comparison; None where no study has been tested."""
    return comparison if any(study.steps for study in comparison.studies) else None


def plot(data: Comparison) -> "go.Figure":
    """Test MAE of each winner at every step alone."""
    figure, unit = new_figure(380), plain(" or ".join(data.units))
    for index, study in enumerate(data.studies):
        if study.steps:
            colour, symbol, dash = STUDY_LOOKS[index % len(STUDY_LOOKS)]
            figure.add_scatter(
                x=[minutes for minutes, _ in study.steps],
                y=rounded([mae for _, mae in study.steps]),
                mode="lines+markers",
                name=plain(study.headline.name),
                line={"color": colour, "dash": dash, "width": 2},
                marker={"symbol": symbol, "size": 7},
                hovertemplate=f"{plain(study.headline.name)}, %{{x}} min: %{{y:.4r}} {unit}<extra></extra>",
            )
    figure.update_xaxes(title_text="minutes ahead")
    figure.update_yaxes(title_text=f"test MAE at that step ({unit})", rangemode="tozero")
    return figure


def caption(data: Comparison) -> str:
    """The best study at the last step."""
    last = [(study.steps[-1][1], study) for study in data.studies if study.steps]
    value, study = min(last, key=lambda item: item[0])
    lowest = f"{error(value)} {study.headline.unit}"
    return f"{study.steps[-1][0]} minutes ahead, {study.headline.name} has the lowest error, {lowest}."


def table(data: Comparison) -> Table:
    """One row for each step."""
    known = [dict(study.steps) for study in data.studies]
    minutes = sorted({minute for steps in known for minute in steps})
    rows = tuple((f"{minute} min", *(error(steps.get(minute)) for steps in known)) for minute in minutes)
    return Table(("ahead", *(study.headline.name for study in data.studies)), rows)


FIGURE = Figure("comparison_by_step", "fig-horizons", "Error by forecast step", compute, plot, caption, table)
