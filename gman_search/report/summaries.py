"""Everything the report says, as plain values: `summarise` is a pure function of the study's record."""

from dataclasses import dataclass

from gman_search.record import StudyRecord
from gman_search.report import checks, forecast_checks
from gman_search.report.agreement import Agreement, agreements
from gman_search.report.checks import Check
from gman_search.report.curve_summary import CurveSummary, curve_summary
from gman_search.report.forecast_summary import SampleSummary, Scoreboard, sample_summary, scoreboard
from gman_search.report.headline import Headline, headline
from gman_search.report.ladder_summary import (
    DiagnosisCount,
    Funnel,
    StandingTable,
    diagnosis_counts,
    funnel,
    standing_table,
)
from gman_search.report.slice_summary import SliceSummary, slice_summary

__all__ = ["ReportSummary", "summarise"]


@dataclass(frozen=True)
class ReportSummary:
    """One part a section; a missing part is none or empty, never an error."""

    headline: Headline
    checks: tuple[Check, ...]
    funnel: Funnel
    standings: StandingTable
    curves: CurveSummary
    diagnosis: tuple[DiagnosisCount, ...]
    slices: SliceSummary
    agreements: tuple[Agreement, ...]
    scoreboard: Scoreboard | None
    samples: tuple[SampleSummary, ...]


def summarise(record: StudyRecord) -> ReportSummary:
    """All parts of the report."""
    curves, slices, pairs, board = curve_summary(record), slice_summary(record), agreements(record), scoreboard(record)
    diagnosis = diagnosis_counts(record)
    return ReportSummary(
        headline=headline(record),
        checks=(
            checks.beats_preset(record),
            forecast_checks.beats_baselines(board),
            checks.larger_stages_paid(record),
            checks.stages_agree(pairs),
            checks.within_bounds(slices),
            checks.curves_ended(curves),
            checks.curves_healthy(diagnosis, record),
            checks.failures(record),
            forecast_checks.holds_on_test(record),
        ),
        funnel=funnel(record),
        standings=standing_table(record),
        curves=curves,
        diagnosis=diagnosis,
        slices=slices,
        agreements=pairs,
        scoreboard=board,
        samples=() if record.test is None else tuple(sample_summary(record, sample) for sample in record.test.samples),
    )
