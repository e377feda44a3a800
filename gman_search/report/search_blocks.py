"""The figures about the search: ladder, time, curves, growth, parameters, agreement."""

from gman_search.report.block import Block, slug
from gman_search.report.figures.agreement import agreement_figure
from gman_search.report.figures.curves import curve_figure
from gman_search.report.figures.growth import growth_figure, twin_figure
from gman_search.report.figures.importance import importance_figure
from gman_search.report.figures.ladder import cut_figure, funnel_figure
from gman_search.report.figures.parallel import parallel_figure
from gman_search.report.figures.progress import progress_figure
from gman_search.report.figures.ranks import rank_figure
from gman_search.report.figures.slices import slice_figure
from gman_search.report.figures.timeline import timeline_figure
from gman_search.report.summaries.agreement import Agreement
from gman_search.report.summaries.curves import CurveSummary
from gman_search.report.summaries.growth import GrowthSummary
from gman_search.report.summaries.importance import ImportanceSummary
from gman_search.report.summaries.ladder import Funnel, StandingTable
from gman_search.report.summaries.parallel import ParallelSummary
from gman_search.report.summaries.progress import ProgressSummary
from gman_search.report.summaries.ranks import RankPaths
from gman_search.report.summaries.slices import SliceSummary
from gman_search.report.summaries.timeline import Timeline
from gman_search.report.text import captions, search_captions, search_tables, tables
from gman_search.report.text.tables import Table

__all__ = [
    "agreement",
    "curves",
    "cuts",
    "growth",
    "importances",
    "ladder",
    "parallel",
    "progress",
    "ranks",
    "slices",
    "timeline",
    "twins",
]

MAX_TWINS = 4


def ladder(part: Funnel) -> tuple[Block, ...]:
    """What became of the configs of each stage."""
    if not any(stage.evaluations for stage in part.stages):
        return ()
    figure, table = funnel_figure(part), tables.funnel_table(part)
    return (Block("fig-funnel", "Configs at each stage", captions.funnel_caption(part), table, figure),)


def cuts(part: StandingTable) -> tuple[Block, ...]:
    """Where the cut of each stage fell."""
    full = tables.standings_text(part)
    blocks = []
    for stage in part.stages:
        rows = tuple(cells for cells in full.rows if cells[0] == stage)
        if any(row.standing.stage == stage and row.standing.rank for row in part.rows):
            table = Table(full.columns, rows, full.text_columns).first(tables.MAX_ROWS)
            caption, figure = captions.cut_caption(part, stage), cut_figure(part, stage)
            blocks.append(Block(f"fig-cut-{slug(stage)}", f"Ranks at {stage}", caption, table, figure))
    return tuple(blocks)


def timeline(part: Timeline | None) -> tuple[Block, ...]:
    """The workers' time."""
    if part is None:
        return ()
    caption, table = search_captions.timeline_caption(part), search_tables.timeline_table(part)
    return (Block("fig-timeline", "The workers' time", caption, table, timeline_figure(part), min_width=560),)


def progress(part: ProgressSummary) -> tuple[Block, ...]:
    """Best so far against cost."""
    if not part.lines:
        return ()
    caption, table = search_captions.progress_caption(part), search_tables.progress_table(part)
    return (Block("fig-progress", "Best so far against cost", caption, table, progress_figure(part)),)


def curves(part: CurveSummary) -> tuple[Block, ...]:
    """All learning curves."""
    if not part.chains:
        return ()
    figure, table = curve_figure(part), tables.curve_table(part)
    return (Block("fig-curves", "Validation MAE while training", captions.curve_caption(part), table, figure),)


def growth(part: GrowthSummary, stages: tuple[str, ...]) -> tuple[Block, ...]:
    """Error before growth, right after, and at the end."""
    if not part.grown:
        return ()
    caption, table = search_captions.growth_caption(part), search_tables.growth_table(part)
    title = "From the smaller model to the larger one"
    return (Block("fig-growth", title, caption, table, growth_figure(part, stages)),)


def twins(part: GrowthSummary) -> tuple[Block, ...]:
    """Each grown evaluation beside its cold twin."""
    return tuple(
        Block(
            id=f"fig-twin-{slug(twin.stage)}-{twin.config_id}",
            title=f"Config {twin.config_id} at {twin.stage}",
            caption=search_captions.twin_caption(twin, part.unit),
            table=search_tables.twin_table(twin, part.unit),
            figure=twin_figure(twin, part.unit),
        )
        for twin in part.twins[:MAX_TWINS]
    )


def importances(part: ImportanceSummary) -> tuple[Block, ...]:
    """Which parameter matters, or why that is not known."""
    figure = importance_figure(part) if part.items else None
    caption, table = search_captions.importance_caption(part), search_tables.importance_table(part)
    return (Block("fig-importance", "Which parameter matters", caption, table, figure),)


def slices(part: SliceSummary) -> tuple[Block, ...]:
    """One panel a parameter."""
    return tuple(
        Block(
            id=f"fig-slice-{slug(panel.name)}",
            title=panel.name,
            caption=captions.slice_caption(panel, part),
            table=tables.slice_table(panel, part.stage, part.unit),
            figure=slice_figure(panel, part),
        )
        for panel in part.panels
        if panel.points
    )


def parallel(part: ParallelSummary | None) -> tuple[Block, ...]:
    """All parameters together."""
    if part is None:
        return ()
    caption, table = search_captions.parallel_caption(part), search_tables.parallel_table(part)
    width = 88 * len(part.axes)
    return (Block("fig-parallel", "All parameters together", caption, table, parallel_figure(part), min_width=width),)


def ranks(part: RankPaths) -> tuple[Block, ...]:
    """The bump chart; a ladder of one stage has none."""
    if len(part.stages) < 2:
        return ()
    figure = None if part.reason else rank_figure(part)
    caption, table = search_captions.rank_caption(part), search_tables.rank_table(part)
    return (Block("fig-ranks", "Ranks from stage to stage", caption, table, figure),)


def agreement(pair: Agreement) -> Block:
    """Two stages against each other."""
    return Block(
        id=f"fig-agreement-{slug(pair.lower)}-{slug(pair.upper)}",
        title=f"{pair.lower} to {pair.upper}",
        caption=captions.agreement_caption(pair),
        table=tables.agreement_table(pair),
        figure=agreement_figure(pair) if pair.spearman is not None else None,
    )
