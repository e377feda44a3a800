"""The figures of every section: a fixed id, a heading, a caption and the numbers behind."""

from dataclasses import dataclass, fields

from gman_search.report import forecast_blocks, search_blocks
from gman_search.report.block import Block
from gman_search.report.summaries.importance import ImportanceSummary
from gman_search.report.summary import ReportSummary

__all__ = ["PageBlocks", "page_blocks"]


@dataclass(frozen=True)
class PageBlocks:
    """The figures of each section in page order; an empty section has none."""

    ensemble: tuple[Block, ...]
    ladder: tuple[Block, ...]
    cuts: tuple[Block, ...]
    timeline: tuple[Block, ...]
    progress: tuple[Block, ...]
    curves: tuple[Block, ...]
    growth: tuple[Block, ...]
    twins: tuple[Block, ...]
    importances: tuple[Block, ...]
    slices: tuple[Block, ...]
    parallel: tuple[Block, ...]
    ranks: tuple[Block, ...]
    agreements: tuple[Block, ...]
    horizons: tuple[Block, ...]
    intervals: tuple[Block, ...]
    places: tuple[Block, ...]
    attention: tuple[Block, ...]
    samples: tuple[Block, ...]

    def all(self) -> tuple[Block, ...]:
        """Every block in page order."""
        return tuple(block for field in fields(self) for block in getattr(self, field.name))


def page_blocks(summary: ReportSummary, importances: ImportanceSummary) -> PageBlocks:
    """Draw every figure that has something to show."""
    return PageBlocks(
        ensemble=forecast_blocks.ensemble(summary.ensemble),
        ladder=search_blocks.ladder(summary.funnel),
        cuts=search_blocks.cuts(summary.standings),
        timeline=search_blocks.timeline(summary.timeline),
        progress=search_blocks.progress(summary.progress),
        curves=search_blocks.curves(summary.curves),
        growth=search_blocks.growth(summary.growth, summary.curves.stages),
        twins=search_blocks.twins(summary.growth),
        importances=search_blocks.importances(importances),
        slices=search_blocks.slices(summary.slices),
        parallel=search_blocks.parallel(summary.parallel),
        ranks=search_blocks.ranks(summary.ranks),
        agreements=tuple(search_blocks.agreement(pair) for pair in summary.agreements),
        horizons=forecast_blocks.horizons(summary.scoreboard),
        intervals=forecast_blocks.intervals(summary.intervals),
        places=forecast_blocks.places(summary.calendar, summary.map, summary.attention),
        attention=forecast_blocks.attention(summary.attention),
        samples=forecast_blocks.samples(summary.samples),
    )
