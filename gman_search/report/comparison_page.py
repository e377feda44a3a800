"""Several studies on one page."""

from collections.abc import Sequence
from pathlib import Path

from gman_search.record import StudyRecord
from gman_search.report.block import Block
from gman_search.report.figures.comparison import compared_horizons, compared_progress
from gman_search.report.html import Assets, render_page, write_page
from gman_search.report.summaries.comparison import Comparison, compare
from gman_search.report.text.comparison import (
    difference_table,
    horizon_caption,
    progress_caption,
    progress_table,
    steps_table,
    study_table,
    verdict,
)

__all__ = ["render_comparison", "write_comparison"]


def render_comparison(records: Sequence[StudyRecord], *, assets: Assets = "inline") -> str:
    """The page; `assets` as in `render_page`."""
    summary = compare(records)
    blocks = _blocks(summary)
    return render_page(
        "comparison.html.j2",
        blocks,
        assets=assets,
        summary=summary,
        blocks=blocks,
        verdict=verdict(summary),
        studies=study_table(summary),
        differences=difference_table(summary),
    )


def write_comparison(records: Sequence[StudyRecord], folder: Path, *, assets: Assets = "inline") -> Path:
    """Write the page as `folder`/index.html, whole or not at all, and return its path."""
    return write_page(render_comparison(records, assets=assets), folder, assets=assets)


def _blocks(summary: Comparison) -> tuple[Block, ...]:
    blocks = []
    if any(study.steps for study in summary.studies):
        caption, table = horizon_caption(summary), steps_table(summary)
        blocks.append(Block("fig-horizons", "Error over the horizon", caption, table, compared_horizons(summary)))
    if any(study.progress.lines for study in summary.studies):
        caption, table = progress_caption(summary), progress_table(summary)
        blocks.append(Block("fig-progress", "Best so far against cost", caption, table, compared_progress(summary)))
    return tuple(blocks)
