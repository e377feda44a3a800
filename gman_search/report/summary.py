"""Everything the report says, as plain values: `summarise` is a pure function of the study's record."""

from dataclasses import dataclass

from gman_search.record import StudyRecord
from gman_search.report.checks import data as data_checks
from gman_search.report.checks import forecast as forecast_checks
from gman_search.report.checks import search as search_checks
from gman_search.report.checks import training as training_checks
from gman_search.report.checks import worth as worth_checks
from gman_search.report.checks.search import Check
from gman_search.report.published import PublishedTable, published_table
from gman_search.report.summaries.agreement import Agreement, agreements
from gman_search.report.summaries.attention import AttentionSummary, attention_summary
from gman_search.report.summaries.curves import CurveSummary, curve_summary
from gman_search.report.summaries.ensemble import EnsembleSummary, ensemble_summary
from gman_search.report.summaries.forecast import SampleSummary, Scoreboard, sample_summary, scoreboard
from gman_search.report.summaries.growth import GrowthSummary, growth_summary
from gman_search.report.summaries.headline import Headline, headline
from gman_search.report.summaries.intervals import IntervalSummary, interval_summary
from gman_search.report.summaries.ladder import (
    DiagnosisCount,
    Funnel,
    StandingTable,
    diagnosis_counts,
    funnel,
    standing_table,
)
from gman_search.report.summaries.leaderboard import Leaderboard, leaderboard
from gman_search.report.summaries.parallel import ParallelSummary, parallel_summary
from gman_search.report.summaries.places import CalendarSummary, SensorMap, calendar_summary, sensor_map
from gman_search.report.summaries.preset import PresetStanding, preset_standing
from gman_search.report.summaries.progress import ProgressSummary, progress
from gman_search.report.summaries.ranks import RankPaths, rank_paths
from gman_search.report.summaries.slices import SliceSummary, slice_summary
from gman_search.report.summaries.timeline import Timeline, timeline
from gman_search.report.summaries.versus import Versus, versus

__all__ = ["ReportSummary", "summarise"]


@dataclass(frozen=True)
class ReportSummary:
    """One part a section; a missing part is none or empty, never an error."""

    headline: Headline
    leaderboard: Leaderboard | None
    ensemble: EnsembleSummary | None
    versus: Versus | None
    preset: PresetStanding | None
    checks: tuple[Check, ...]
    funnel: Funnel
    standings: StandingTable
    timeline: Timeline | None
    curves: CurveSummary
    diagnosis: tuple[DiagnosisCount, ...]
    growth: GrowthSummary
    slices: SliceSummary
    parallel: ParallelSummary | None
    progress: ProgressSummary
    agreements: tuple[Agreement, ...]
    ranks: RankPaths
    scoreboard: Scoreboard | None
    intervals: IntervalSummary | None
    calendar: CalendarSummary | None
    map: SensorMap | None
    attention: AttentionSummary | None
    published: PublishedTable | None
    samples: tuple[SampleSummary, ...]


def summarise(record: StudyRecord) -> ReportSummary:
    """All parts of the report."""
    curves, slices, pairs, board = curve_summary(record), slice_summary(record), agreements(record), scoreboard(record)
    ranges = interval_summary(record)
    diagnosis, preset, growth = diagnosis_counts(record), preset_standing(record), growth_summary(record)
    judged = ["winner"] if record.test is None or record.test.ensemble is None else ["ensemble", "winner"]
    against_baselines = (forecast_checks.beats_baselines(record, role) for role in judged)
    return ReportSummary(
        headline=headline(record),
        leaderboard=leaderboard(record),
        ensemble=ensemble_summary(record),
        versus=versus(record),
        preset=preset,
        checks=(
            *against_baselines,
            worth_checks.ensemble_pays(record),
            worth_checks.search_was_worth_it(record),
            search_checks.beats_preset(preset, record.unit),
            search_checks.larger_stages_paid(record),
            search_checks.stages_agree(pairs),
            training_checks.warm_start_helped(growth),
            search_checks.within_bounds(slices),
            search_checks.curves_ended(curves),
            search_checks.curves_healthy(diagnosis, record),
            search_checks.failures(record),
            training_checks.generalises(record),
            data_checks.data_teaches(record),
            forecast_checks.holds_on_test(record),
            forecast_checks.intervals_hold(ranges),
        ),
        funnel=funnel(record),
        standings=standing_table(record),
        timeline=timeline(record),
        curves=curves,
        diagnosis=diagnosis,
        growth=growth,
        slices=slices,
        parallel=parallel_summary(slices),
        progress=progress(record),
        agreements=pairs,
        ranks=rank_paths(record),
        scoreboard=board,
        intervals=ranges,
        calendar=calendar_summary(record),
        map=sensor_map(record),
        attention=attention_summary(record),
        published=published_table(record),
        samples=() if record.test is None else tuple(sample_summary(record, sample) for sample in record.test.samples),
    )
