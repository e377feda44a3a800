"""The lowest validation MAE so far of the highest stage of each study."""

from typing import TYPE_CHECKING

from gman_search.report.comparison import Comparison
from gman_search.report.figure import Figure, Table
from gman_search.report.formats import duration, error, plural, time_scale
from gman_search.report.style import STUDY_LOOKS, new_figure, plain, rounded

if TYPE_CHECKING:
    import plotly.graph_objects as go


__all__ = ["FIGURE", "caption", "compute", "plot", "table"]


def compute(comparison: Comparison) -> Comparison | None:
    """The comparison; None where no study has a complete evaluation."""
    return comparison if any(study.history.lines for study in comparison.studies) else None


def plot(data: Comparison) -> "go.Figure":
    """Best so far of the highest stage that each study reached."""
    longest = max(study.history.seconds for study in data.studies)
    (scale, scale_name), unit = time_scale(longest), plain(" or ".join(data.units))
    figure = new_figure(380)
    for index, study in enumerate(data.studies):
        if study.history.lines:
            line, (colour, symbol, dash) = study.history.lines[-1], STUDY_LOOKS[index % len(STUDY_LOOKS)]
            seconds = [point.seconds for point in line.points] + [study.history.seconds]
            figure.add_scatter(
                x=[round(value / scale, 3) for value in seconds],
                y=rounded([*(point.val_mae for point in line.points), line.points[-1].val_mae]),
                mode="lines+markers",
                name=plain(f"{study.headline.name} ({line.stage})"),
                line={"shape": "hv", "color": colour, "dash": dash, "width": 2},
                marker={"symbol": symbol, "size": [8] * len(line.points) + [0]},
                hovertemplate=f"{plain(study.headline.name)}: %{{y:.4r}} {unit}<extra></extra>",
            )
    figure.update_xaxes(title_text=f"{scale_name} of training, all workers together", rangemode="tozero")
    figure.update_yaxes(title_text=f"lowest validation MAE so far ({unit})")
    return figure


def caption(data: Comparison) -> str:
    """How much training each took."""
    parts = [f"{study.headline.name} {duration(study.history.seconds)}" for study in data.studies]
    return (
        f"Training time of {plural(len(parts), 'study', 'studies')}: {', '.join(parts)}. Each line is the "
        "highest stage that a study reached; different stages are different models."
    )


def table(data: Comparison) -> Table:
    """One row for each improvement at the highest stage."""
    rows = tuple(
        (study.headline.name, line.stage, duration(point.seconds), str(point.config_id), error(point.val_mae))
        for study in data.studies
        for line in study.history.lines[-1:]
        for point in line.points
    )
    return Table(("study", "stage", "after", "config", "lowest val MAE"), rows, frozenset({0, 1}))


FIGURE = Figure(
    "comparison_history",
    "fig-progress",
    "Lowest validation MAE against training time",
    compute,
    plot,
    caption,
    table,
)
