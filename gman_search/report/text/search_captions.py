"""A sentence or two under the figures of ladder, growth and parameters, computed from their summaries (pure)."""

from gman_search.report.summaries.growth import ColdTwin, GrowthSummary
from gman_search.report.summaries.importance import ImportanceSummary
from gman_search.report.summaries.outside import ROLE_NAMES
from gman_search.report.summaries.parallel import ParallelSummary
from gman_search.report.summaries.progress import ProgressSummary
from gman_search.report.summaries.ranks import RankPaths
from gman_search.report.summaries.timeline import Timeline
from gman_search.report.text.formats import duration, error, percent, plural, signed, signed_percent

__all__ = [
    "growth_caption",
    "importance_caption",
    "parallel_caption",
    "progress_caption",
    "rank_caption",
    "timeline_caption",
    "twin_caption",
]


def timeline_caption(summary: Timeline) -> str:
    """How long it took, and how busy the workers were."""
    text = (
        f"{plural(len(summary.spans), 'attempt')} of {plural(summary.workers, 'worker')} in "
        f"{duration(summary.seconds)} of working time; the workers trained {percent(100 * summary.busy, 0)} of it."
    )
    if summary.pauses:
        rest = duration(sum(pause.seconds for pause in summary.pauses))
        text += f" Cut out, at the dotted lines: {plural(len(summary.pauses), 'pause')} of {rest} in all."
    return text


def rank_caption(summary: RankPaths) -> str:
    """How far the winner climbed, and what became of the controls."""
    if summary.reason:
        return f"Not drawn: {summary.reason}."
    text = f"Ranks of {plural(len(summary.paths), 'config')} at the stages they completed."
    for path in summary.paths:
        if path.is_winner:
            text += f" The winner was {', then '.join(f'{s.rank} of {s.of} at {s.stage}' for s in path.steps)}."
    controls = [path.steps[-1] for path in summary.paths if path.has_control]
    if controls:
        places = ", ".join(f"{step.rank} of {step.of} at {step.stage}" for step in controls)
        text += f" Promoted at random as controls, though not among the best: they would have come {places}."
    if summary.hidden:
        text += f" {plural(summary.hidden, 'config')} of lower rank not drawn."
    return text


def growth_caption(summary: GrowthSummary) -> str:
    """Whether growth kept the function, and what training then added."""
    rows = summary.grown
    gained = sum(row.best < row.born for row in rows)
    text = (
        f"{plural(len(rows), 'grown model')}: before the first step {signed(summary.median_jump)} {summary.unit} from "
        f"the smaller model's best (median); {gained} of {len(rows)} then went below it."
    )
    shares = [row.inherited for row in rows if row.inherited]
    if shares:
        text += f" Of the weights, {percent(100 * min(shares), 0)} to {percent(100 * max(shares), 0)} were inherited."
    return text


def twin_caption(twin: ColdTwin, unit: str) -> str:
    """One pair, by value and by epochs."""
    change = 100 * (twin.grown - twin.cold) / twin.cold if twin.cold else None
    text = (
        f"Config {twin.config_id} at {twin.stage}: {error(twin.grown)} {unit} grown, {error(twin.cold)} cold "
        f"({signed_percent(change)})."
    )
    if twin.matched is None:
        return text + " The grown one never was as good as the cold one at its best."
    return text + (
        f" The grown one was as good after {plural(twin.matched, 'epoch')} as the cold one at its best, "
        f"after {twin.cold_epoch}."
    )


def importance_caption(summary: ImportanceSummary) -> str:
    """The method, the stage, n and the spread; or why there is nothing."""
    if summary.reason:
        return f"Not measured: {summary.reason}."
    first = summary.items[0]
    text = (
        f"{first.name} decides most whether a config of {summary.stage} is among the best quarter "
        f"({percent(100 * first.share, 0)}; {percent(100 * first.low, 0)} to {percent(100 * first.high, 0)} over "
        f"{summary.resamples} resamples). {summary.method}, n = {summary.n}."
    )
    unclear = [item.name for item in summary.items[1:] if item.high >= first.share]
    if unclear:
        text += f" Within the spread, {', '.join(unclear[:3])} may matter as much."
    return text


def parallel_caption(summary: ParallelSummary) -> str:
    """How many lines, and which are stressed."""
    text = f"The best {summary.top} of {plural(summary.of, 'config')} at {summary.stage} stand out."
    if summary.hidden:
        text += f" {plural(summary.hidden, 'other')} not drawn."
    return text


def progress_caption(summary: ProgressSummary) -> str:
    """When the winner was found."""
    if not summary.lines:
        return "No evaluation is complete."
    last = summary.lines[-1]
    lowest = f"{error(last.points[-1].val_mae)} {summary.unit}"
    text = f"{plural(len(last.points), 'improvement')} at {last.stage}, down to {lowest}."
    for line in summary.outside:
        text += f" Outside the ladder, {ROLE_NAMES[line.stage]}: down to {error(line.points[-1].val_mae)}."
    if summary.found_after is not None and summary.seconds:
        share = percent(100 * summary.found_after / summary.seconds, 0)
        text += f" The winner was complete after {duration(summary.found_after)} of training, {share} of all."
    return text
