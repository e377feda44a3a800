"""Figures with all that stands around them: a fixed id, a heading, a caption and the numbers behind."""

import re
from dataclasses import dataclass

import plotly.graph_objects as go

from gman_search.report import captions, figures, forecast_figures, forecast_tables, tables
from gman_search.report.agreement import Agreement
from gman_search.report.slice_figure import slice_figure
from gman_search.report.summaries import ReportSummary
from gman_search.report.tables import Table

__all__ = ["Block", "PageBlocks", "page_blocks"]


@dataclass(frozen=True)
class Block:
    """One figure on the page. `figure` is none where there is too little to draw; the caption then says why."""

    id: str
    title: str
    caption: str
    table: Table
    figure: go.Figure | None


@dataclass(frozen=True)
class PageBlocks:
    """The figures of each section; an empty section has none."""

    ladder: tuple[Block, ...]
    cuts: tuple[Block, ...]
    curves: tuple[Block, ...]
    slices: tuple[Block, ...]
    agreements: tuple[Block, ...]
    horizons: tuple[Block, ...]
    samples: tuple[Block, ...]

    def all(self) -> tuple[Block, ...]:
        """Every block in page order."""
        return (*self.ladder, *self.cuts, *self.curves, *self.slices, *self.agreements, *self.horizons, *self.samples)


def page_blocks(summary: ReportSummary) -> PageBlocks:
    """Draw every figure that has something to show."""
    return PageBlocks(
        ladder=_ladder(summary),
        cuts=_cuts(summary),
        curves=_curves(summary),
        slices=_slices(summary),
        agreements=tuple(_agreement(pair) for pair in summary.agreements),
        horizons=_horizons(summary),
        samples=_samples(summary),
    )


def _ladder(summary: ReportSummary) -> tuple[Block, ...]:
    part = summary.funnel
    if not any(stage.evaluations for stage in part.stages):
        return ()
    figure, table = figures.funnel_figure(part), tables.funnel_table(part)
    return (Block("fig-funnel", "Configs at each stage", captions.funnel_caption(part), table, figure),)


def _cuts(summary: ReportSummary) -> tuple[Block, ...]:
    part = summary.standings
    full = tables.standings_text(part)
    blocks = []
    for stage in part.stages:
        rows = tuple(cells for cells in full.rows if cells[0] == stage)
        if any(row.standing.stage == stage and row.standing.rank for row in part.rows):
            table = Table(full.columns, rows, full.text_columns)
            caption, figure = captions.cut_caption(part, stage), figures.cut_figure(part, stage)
            blocks.append(Block(f"fig-cut-{_slug(stage)}", f"Ranks at {stage}", caption, table, figure))
    return tuple(blocks)


def _curves(summary: ReportSummary) -> tuple[Block, ...]:
    part = summary.curves
    if not part.chains:
        return ()
    figure, table = figures.curve_figure(part), tables.curve_table(part)
    return (Block("fig-curves", "Validation MAE while training", captions.curve_caption(part), table, figure),)


def _slices(summary: ReportSummary) -> tuple[Block, ...]:
    part = summary.slices
    return tuple(
        Block(
            id=f"fig-slice-{_slug(panel.name)}",
            title=panel.name,
            caption=captions.slice_caption(panel, part),
            table=tables.slice_table(panel, part.stage, part.unit),
            figure=slice_figure(panel, part),
        )
        for panel in part.panels
        if panel.points
    )


def _agreement(pair: Agreement) -> Block:
    return Block(
        id=f"fig-agreement-{_slug(pair.lower)}-{_slug(pair.upper)}",
        title=f"{pair.lower} to {pair.upper}",
        caption=captions.agreement_caption(pair),
        table=tables.agreement_table(pair),
        figure=figures.agreement_figure(pair) if pair.spearman is not None else None,
    )


def _horizons(summary: ReportSummary) -> tuple[Block, ...]:
    board = summary.scoreboard
    if board is None or not board.rows:
        return ()
    figure, table = forecast_figures.horizon_figure(board), forecast_tables.horizon_table(board)
    blocks = [Block("fig-horizon", "Error over the horizon", captions.horizon_caption(board), table, figure)]
    if len(board.sensors) > 1:
        figure, table = forecast_figures.sensor_figure(board), forecast_tables.sensor_table(board)
        blocks.append(Block("fig-sensors", "Error over the sensors", captions.sensor_caption(board), table, figure))
    return tuple(blocks)


def _samples(summary: ReportSummary) -> tuple[Block, ...]:
    return tuple(
        Block(
            id=f"fig-forecast-{number}",
            title=f"The {sample.rank} sensor",
            caption=captions.sample_caption(sample),
            table=forecast_tables.sample_table(sample),
            figure=forecast_figures.sample_figure(sample),
        )
        for number, sample in enumerate(summary.samples, start=1)
    )


def _slug(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9_]+", "-", name)
