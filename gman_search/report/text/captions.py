"""One sentence or two under every figure, computed from the same summary the figure is drawn from (pure)."""

import math

from gman_search.report.summaries.agreement import Agreement, Correlation
from gman_search.report.summaries.curves import CurveSummary
from gman_search.report.summaries.forecast import HorizonRow, SampleSummary, Scoreboard
from gman_search.report.summaries.ladder import Funnel, StandingTable
from gman_search.report.summaries.places import DAYS, CalendarSummary, SensorMap
from gman_search.report.summaries.slices import SlicePanel, SliceSummary
from gman_search.report.text.formats import error, percent, plural, setting, signed

__all__ = [
    "agreement_caption",
    "calendar_caption",
    "curve_caption",
    "cut_caption",
    "funnel_caption",
    "horizon_caption",
    "map_caption",
    "sample_caption",
    "sensor_caption",
    "slice_caption",
]


def funnel_caption(summary: Funnel) -> str:
    """How many configs went how far."""
    parts = [
        f"{row.promoted} of {plural(row.evaluations, 'config')} went on from {row.stage} to {above.stage}"
        for row, above in zip(summary.stages, summary.stages[1:], strict=False)
    ]
    when = "when a stage was closed" if summary.synchronous else "as soon as there was room"
    etas = " and ".join(f"1 in {eta}" for eta in summary.etas)
    rule = f" Promotion took the best {etas} {when}." if etas else ""
    total = sum(row.seconds for row in summary.stages)
    if total and len(summary.stages) > 1:
        shares = [f"{row.stage} {percent(100 * row.seconds / total, 0)}" for row in summary.stages]
        rule += f" Of the training time, {', '.join(shares)}."
    return (_sentence("; ".join(parts)) if parts else "There is one stage, so nothing is promoted.") + rule


def cut_caption(summary: StandingTable, stage: str) -> str:
    """Where the cut fell and who missed it most narrowly."""
    here = [row for row in summary.rows if row.standing.stage == stage and row.standing.rank]
    if not here:
        return f"No evaluation of {stage} is complete."
    best = here[0]
    leader = f"config {best.standing.config_id} with {error(best.val_mae)} {summary.unit}"
    text = f"Best of {len(here)} complete at {stage}: {leader}."
    missed = [row for row in here if not row.standing.promoted]
    if stage in summary.cuts:
        text += f" The dotted line is the cut at {error(summary.cuts[stage])} {summary.unit}."
        if missed:
            text += f" Config {missed[0].standing.config_id} missed it by {error(missed[0].standing.gap)}."
    return text


def curve_caption(summary: CurveSummary) -> str:
    """What is drawn, what lies outside the frame, and whether growth kept the function."""
    text = f"Validation MAE of {plural(len(summary.chains), 'config')} over the epochs of their whole lineages."
    if summary.hidden:
        text += f" {plural(summary.hidden, 'config')} that ended at {summary.stages[0]} not drawn."
    if summary.frame is not None and summary.frame.beyond:
        hidden = plural(summary.frame.beyond, "reading above", "readings above")
        text += f" Outside the frame: {hidden} {error(summary.frame.high, 2)} {summary.unit}."
    if summary.median_jump is not None:
        text += (
            f" Before its first step, a grown model was {signed(summary.median_jump)} {summary.unit} from the best of "
            f"the smaller model it came from (median of {len(summary.growth_jumps)})."
        )
    return text


def slice_caption(panel: SlicePanel, summary: SliceSummary) -> str:
    """The winner's value, and whether it lies at an end."""
    text = f"Winner {setting(panel.winner_value)}, guide {setting(panel.default)}."
    if panel.at_bound:
        text += f" The winner is at the {panel.at_bound} end of the range."
    return text


def agreement_caption(summary: Agreement) -> str:
    """The correlations with their intervals and n, or why there are none."""
    pair = f"{summary.lower} to {summary.upper}"
    if summary.spearman is None or summary.kendall is None:
        return _sentence(f"{pair}: not measured, {summary.reason}")
    count = f"n\N{NO-BREAK SPACE}=\N{NO-BREAK SPACE}{summary.n}"
    text = f"{pair}: Spearman {_interval(summary.spearman)}, Kendall {_interval(summary.kendall)}, {count}."
    if summary.first_pick_rank is not None:
        text += f" The first of {summary.lower} came {_ordinal(summary.first_pick_rank)} at {summary.upper}."
    return _sentence(text[:-1])


def horizon_caption(summary: Scoreboard) -> str:
    """Error at the last step, beside the strongest baseline's."""
    last = summary.rows[-1]
    known = [
        (score.mae, name)
        for score, name in zip(last.scores[1:], summary.forecasters[1:], strict=True)
        if score is not None and math.isfinite(score.mae)
    ]
    ours = last.scores[0]
    text = f"{last.minutes} minutes ahead the winner errs by {error(None if ours is None else ours.mae)} {summary.unit}"
    if known:
        value, name = min(known)
        text += f", the strongest baseline ({name}) by {error(value)}"
    text += "."
    worse = [str(row.minutes) for row in summary.rows if _is_beaten(row)]
    if worse:
        text += f" A baseline is better {', '.join(worse)} minutes ahead."
    return text + " Each point scores one step alone."


def _is_beaten(row: HorizonRow) -> bool:
    ours = row.scores[0]
    return ours is not None and any(score is not None and score.mae < ours.mae for score in row.scores[1:])


def sensor_caption(summary: Scoreboard) -> str:
    """The best, the middle and the worst sensor."""
    best, worst = summary.sensors[0], summary.sensors[-1]
    middle = summary.sensors[len(summary.sensors) // 2]
    text = (
        f"{plural(len(summary.sensors), 'sensor')}: from {error(best[1])} {summary.unit} ({best[0]}) over "
        f"{error(middle[1])} in the middle to {error(worst[1])} ({worst[0]})."
    )
    if summary.silent_sensors:
        text += f" Without a reading in the test part: {', '.join(summary.silent_sensors)}."
    return text


def calendar_caption(summary: CalendarSummary) -> str:
    """The hardest and the easiest hour, and which days were there at all."""
    day, hour, mae = summary.worst
    text = f"Hardest: {DAYS[day]} {hour}:00 to {hour}:59 with {error(mae, 2)} {summary.unit}"
    day, hour, mae = summary.best
    text += f"; easiest: {DAYS[day]} {hour}:00 with {error(mae, 2)}. All steps together."
    if summary.days < 7:
        text += f" The test part has {summary.days} of the 7 weekdays."
    return text


def map_caption(summary: SensorMap) -> str:
    """Which sensor is worst, and how many have no place."""
    known = [sensor for sensor in summary.sensors if sensor.mae is not None]
    text = f"{plural(len(summary.sensors), 'sensor')} where they stand; the larger and darker, the larger the test MAE."
    if known:
        worst = max(known, key=lambda sensor: sensor.mae or 0.0)
        text += f" Largest: {worst.name} with {error(worst.mae)} {summary.unit}."
    if summary.missing:
        text += f" {plural(summary.missing, 'sensor')} without known place."
    return text


def sample_caption(summary: SampleSummary) -> str:
    """Which sensor, when, how good, and what was left out."""
    text = f"The {summary.rank} sensor, {summary.sensor}: test MAE {error(summary.mae)} {summary.unit}."
    if summary.times:
        text += f" {summary.times[0].replace('T', ' ')} to {summary.times[-1].replace('T', ' ')}."
    if summary.missing:
        text += f" {plural(summary.missing, 'missing reading is a gap', 'missing readings are gaps')}."
    if summary.in_view < len(summary.times):
        text += f" In view at first: until {summary.times[summary.in_view - 1].replace('T', ' ')}."
    if summary.stride > 1:
        text += f" Every {_ordinal(summary.stride)} time is drawn."
    return text


def _interval(value: Correlation) -> str:
    if value.low is None:
        return f"{signed(value.value, 2)} (perfect)"
    return (
        f"{signed(value.value, 2)} (95\N{NO-BREAK SPACE}% interval {signed(value.low, 2)} to {signed(value.high, 2)})"
    )


def _ordinal(number: int) -> str:
    ending = "th" if number % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}." if text else ""
