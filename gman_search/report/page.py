"""The report of one study, and the comparison of several, as HTML pages: the same bytes for the same records.

A page is complete without JavaScript (headline, tables, captions); plotly.js draws the figures. It loads nothing from
any network, and its content-security policy forbids it to try.
"""

import base64
from collections.abc import Sequence
from pathlib import Path

from gman_search.record import StudyRecord
from gman_search.report import registry
from gman_search.report.baseline_comparison import baseline_comparison, comparison_table
from gman_search.report.comparison import compare, difference_table, study_table, verdict
from gman_search.report.diagnostics import diagnostics
from gman_search.report.evaluations import csv_text, evaluation_table, flat_rows
from gman_search.report.figures import ensemble_weights, error_by_step
from gman_search.report.figures.error_by_step import gain_table
from gman_search.report.figures.slice import slices
from gman_search.report.figures.stage_ranks import standings, standings_table
from gman_search.report.headline import headline
from gman_search.report.html import BUNDLE_NAME, Assets, render_page, write_page
from gman_search.report.leaderboard import leaderboard, leaderboard_table
from gman_search.report.lineages import diagnosis_counts, diagnosis_table
from gman_search.report.published import published_results, published_table
from gman_search.report.reference_config import reference_on_test, reference_on_validation, reference_standing
from gman_search.report.verdict import defeat_sentences, delivery_sentence
from gman_search.report.view import ROLE_NAMES, StudyView

__all__ = ["BUNDLE_NAME", "Assets", "render", "render_comparison", "write_comparison", "write_report"]

NOT_SHOWN = ("command", "findings", "readings")
"""Shown elsewhere, and digests of the readings, which mean nothing to people."""


def render(record: StudyRecord, *, assets: Assets = "inline") -> str:
    """The whole page of one study; `assets` as in `render_page`."""
    view = StudyView(record)
    head, board, scores = view.of(headline), view.of(leaderboard), view.of(error_by_step.compute)
    compared, standing = view.of(baseline_comparison), view.of(reference_standing)
    published, readings, panels = view.of(published_results), view.of(diagnosis_counts), view.of(slices)
    hidden = {"leaderboard"} if board is None and view.of(ensemble_weights.compute) is None else set()
    return render_page(
        "report.html.j2",
        tuple(section for section in registry.STUDY if section.id not in hidden),
        view,
        assets=assets,
        view=view,
        head=head,
        losses=defeat_sentences(head.defeats, view.unit),
        delivered=delivery_sentence(head.delivery, view.unit) if head.delivery else "",
        has_ensemble=view.of(ensemble_weights.compute) is not None,
        leaderboard=leaderboard_table(board) if board else None,
        role=ROLE_NAMES.get(head.role, ""),
        compared=comparison_table(compared) if compared else None,
        on_validation=reference_on_validation(standing, view.unit) if standing else "",
        on_test=reference_on_test(compared, standing) if compared and standing else "",
        checks=diagnostics(view),
        standings=standings_table(view.of(standings)),
        diagnosis=diagnosis_table(readings) if readings else None,
        warm_start=view.spec.halving.warm_start,
        shown=panels[0].shown if panels else None,
        scores=scores,
        gains=gain_table(scores) if scores and scores.gains else None,
        published=published,
        published_rows=published_table(published, scores) if published else None,
        evaluations=evaluation_table(record.evaluations, view.unit),
        provenance=flat_rows({key: value for key, value in record.provenance.items() if key not in NOT_SHOWN}),
        spec=flat_rows(record.spec),
        csv_base64=base64.b64encode(csv_text(record.evaluations).encode()).decode("ascii"),
    )


def write_report(record: StudyRecord, folder: Path, *, assets: Assets = "inline") -> Path:
    """Write the page as `folder`/index.html, whole or not at all, and return its path."""
    return write_page(render(record, assets=assets), folder, assets=assets)


def render_comparison(records: Sequence[StudyRecord], *, assets: Assets = "inline") -> str:
    """The page of several studies; `assets` as in `render_page`."""
    comparison = compare(records)
    return render_page(
        "comparison.html.j2",
        registry.COMPARISON,
        comparison,
        assets=assets,
        comparison=comparison,
        verdict=verdict(comparison),
        studies=study_table(comparison),
        differences=difference_table(comparison),
    )


def write_comparison(records: Sequence[StudyRecord], folder: Path, *, assets: Assets = "inline") -> Path:
    """Write the page of several studies as `folder`/index.html, whole or not at all, and return its path."""
    return write_page(render_comparison(records, assets=assets), folder, assets=assets)
