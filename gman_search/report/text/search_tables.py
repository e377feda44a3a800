"""The numbers behind the figures of ladder, growth and parameters (pure)."""

from gman_search.report.summaries.growth import ColdTwin, GrowthSummary
from gman_search.report.summaries.importance import ImportanceSummary
from gman_search.report.summaries.parallel import ParallelSummary
from gman_search.report.summaries.progress import ProgressSummary
from gman_search.report.summaries.ranks import RankPaths
from gman_search.report.summaries.timeline import Timeline
from gman_search.report.text.formats import duration, error, percent, setting
from gman_search.report.text.tables import Table

__all__ = [
    "growth_table",
    "importance_table",
    "parallel_table",
    "progress_table",
    "rank_table",
    "timeline_table",
    "twin_table",
]


def timeline_table(summary: Timeline) -> Table:
    """One row an attempt, in order of beginning."""
    rows = tuple(
        (
            span.key,
            str(span.attempt),
            str(span.worker + 1),
            duration(span.start),
            duration(span.end - span.start),
            str(span.state),
        )
        for span in summary.spans
    )
    columns = ("evaluation", "attempt", "worker", "began after", "took", "ended as")
    return Table(columns, rows, frozenset({0, 5})).first(200)


def rank_table(summary: RankPaths) -> Table:
    """One row a config, one column a stage; a control's rank has a star."""
    rows = []
    for path in summary.paths:
        known = {step.stage: f"{step.rank} / {step.of}{' *' if step.control else ''}" for step in path.steps}
        rows.append((str(path.config_id), *(known.get(stage, "–") for stage in summary.stages)))
    strong = frozenset(index for index, path in enumerate(summary.paths) if path.is_winner)
    note = "* promoted at random: the rank it would have had." if any(p.has_control for p in summary.paths) else ""
    return Table(("config", *summary.stages), tuple(rows), strong=strong, note=note)


def growth_table(summary: GrowthSummary) -> Table:
    """One row a grown evaluation."""
    unit = summary.unit
    heads = ("before", "grown", "epoch 1", "best")
    columns = ("config", "stage", "inherited", *(f"{head} ({unit})" for head in heads))
    rows = tuple(
        (
            str(row.config_id),
            row.stage,
            percent(None if row.inherited is None else 100 * row.inherited, 0),
            error(row.before),
            error(row.born),
            error(row.first),
            error(row.best),
        )
        for row in summary.grown
    )
    return Table(columns, rows, frozenset({0, 1})).first(200)


def twin_table(twin: ColdTwin, unit: str) -> Table:
    """Validation MAE of both at every epoch."""
    ours, theirs = dict(twin.grown_curve), dict(twin.cold_curve)
    rows = tuple((str(epoch), error(ours.get(epoch)), error(theirs.get(epoch))) for epoch in sorted({*ours, *theirs}))
    return Table(("epoch", f"grown ({unit})", f"cold ({unit})"), rows)


def importance_table(summary: ImportanceSummary) -> Table:
    """One row a parameter."""
    rows = tuple(
        (item.name, percent(100 * item.share), percent(100 * item.low), percent(100 * item.high))
        for item in summary.items
    )
    return Table(("parameter", "importance", "10 % quantile", "90 % quantile"), rows)


def parallel_table(summary: ParallelSummary) -> Table:
    """The ends of the axes."""
    rows = tuple(
        (axis.name, ", ".join(setting(value) for _, value in axis.ticks), "log" if axis.log else "linear")
        for axis in summary.axes
    )
    return Table(("parameter", "axis, from below", "scale"), rows, frozenset({0, 1, 2}))


def progress_table(summary: ProgressSummary) -> Table:
    """One row an improvement."""
    rows = tuple(
        (line.stage, duration(point.seconds), str(point.config_id), error(point.val_mae))
        for line in (*summary.lines, *summary.outside)
        for point in line.points
    )
    return Table(("stage", "after", "config", f"best val MAE ({summary.unit})"), rows)
