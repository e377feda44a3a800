"""The report as one HTML page: a pure function of the study's record, the same bytes for the same record.

The page is complete without JavaScript (headline, tables, captions); plotly.js draws the figures. It loads
nothing from any network, and its content-security policy forbids it to try.
"""

import base64
from pathlib import Path

from gman_search.record import StudyRecord
from gman_search.report.blocks import page_blocks
from gman_search.report.html import BUNDLE_NAME, Assets, render_page, write_page
from gman_search.report.importance import importances
from gman_search.report.summaries.outside import ROLE_NAMES
from gman_search.report.summary import summarise
from gman_search.report.text import forecast_tables, leaderboard_tables, tables
from gman_search.report.text.csv_export import csv_text
from gman_search.report.text.preset_text import preset_on_test, preset_on_validation
from gman_search.report.text.verdict import defeat_sentences, delivery_sentence

__all__ = ["BUNDLE_NAME", "Assets", "render", "write_report"]


def render(record: StudyRecord, *, assets: Assets = "inline") -> str:
    """The whole page of one study; `assets` as in `render_page`."""
    summary = summarise(record)
    blocks, board = page_blocks(summary, importances(record)), summary.scoreboard
    rivals, preset = summary.versus, summary.preset
    return render_page(
        "report.html.j2",
        blocks.all(),
        assets=assets,
        record=record,
        summary=summary,
        blocks=blocks,
        losses=defeat_sentences(summary.headline.defeats, record.unit),
        delivered=delivery_sentence(summary.headline.delivery, record.unit) if summary.headline.delivery else "",
        leaderboard=leaderboard_tables.leaderboard_table(summary.leaderboard) if summary.leaderboard else None,
        role=ROLE_NAMES.get(summary.headline.role, ""),
        versus=forecast_tables.versus_table(rivals) if rivals else None,
        on_validation=preset_on_validation(preset, record.unit) if preset else "",
        on_test=preset_on_test(rivals, preset) if rivals and preset else "",
        standings=tables.standings_text(summary.standings),
        diagnosis=tables.diagnosis_table(summary.diagnosis) if summary.diagnosis else None,
        gains=forecast_tables.gain_table(board) if board and board.gains else None,
        published=forecast_tables.published_text(summary.published, board) if summary.published else None,
        evaluations=tables.evaluation_table(record.evaluations, record.unit),
        created=record.provenance.get("created"),
        command=record.provenance.get("command"),
        provenance=tables.flat_rows({key: v for key, v in record.provenance.items() if key != "command"}),
        spec=tables.flat_rows(record.spec),
        csv_base64=base64.b64encode(csv_text(record.evaluations).encode()).decode("ascii"),
    )


def write_report(record: StudyRecord, folder: Path, *, assets: Assets = "inline") -> Path:
    """Write the page as `folder`/index.html, whole or not at all, and return its path."""
    return write_page(render(record, assets=assets), folder, assets=assets)
