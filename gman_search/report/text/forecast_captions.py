"""One sentence or two under a figure of the test part, computed from the summary it is drawn from (pure)."""

import math

from gman_search.report.summaries.attention import AttentionSummary, Focus
from gman_search.report.summaries.forecast import HorizonRow, SampleSummary, Scoreboard
from gman_search.report.summaries.intervals import IntervalSummary
from gman_search.report.summaries.places import CalendarSummary, SensorMap
from gman_search.report.text.formats import error, ordinal, percent, plural
from gman_search.weekdays import DAY_NAMES

__all__ = [
    "attention_caption",
    "calendar_caption",
    "horizon_caption",
    "interval_caption",
    "map_caption",
    "sample_caption",
    "sensor_caption",
]


def horizon_caption(summary: Scoreboard) -> str:
    """Errors at the last step, with the strongest baseline's."""
    last, unit = summary.rows[-1], summary.unit
    known = {
        name: (role, score.mae)
        for score, name, role in zip(last.scores, summary.forecasters, summary.roles, strict=True)
        if score is not None and math.isfinite(score.mae)
    }
    ours = [f"the {role} {error(mae)}" for role, mae in known.values() if role in ("ensemble", "winner", "reference")]
    theirs = [(mae, name) for name, (role, mae) in known.items() if role == "baseline"]
    if theirs:
        value, name = min(theirs)
        ours.append(f"the strongest baseline ({name}) {error(value)}")
    text = f"{last.minutes} minutes ahead: {', '.join(ours)} {unit}."
    worse = [str(row.minutes) for row in summary.rows if _is_beaten(row, summary)]
    if worse:
        text += f" A baseline is better than the winner {', '.join(worse)} minutes ahead."
    return text + " Each point scores one step alone."


def _is_beaten(row: HorizonRow, summary: Scoreboard) -> bool:
    ours = row.scores[summary.winner]
    theirs = (score for score, role in zip(row.scores, summary.roles, strict=True) if role == "baseline")
    return ours is not None and any(score is not None and score.mae < ours.mae for score in theirs)


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
    text = f"Hardest: {DAY_NAMES[day]} {hour}:00 to {hour}:59 with {error(mae, 2)} {summary.unit}"
    day, hour, mae = summary.best
    text += f"; easiest: {DAY_NAMES[day]} {hour}:00 with {error(mae, 2)}. All steps together."
    if summary.days < 7:
        text += f" The test part has {summary.days} of the 7 weekdays."
    return text


def map_caption(summary: SensorMap, attended: AttentionSummary | None = None) -> str:
    """Which sensor is worst, how many have no place, and what the lines are."""
    known = [sensor for sensor in summary.sensors if sensor.mae is not None]
    text = f"{plural(len(summary.sensors), 'sensor')} where they stand; the larger and darker, the larger the test MAE."
    if known:
        worst = max(known, key=lambda sensor: sensor.mae or 0.0)
        text += f" Largest: {worst.name} with {error(worst.mae)} {summary.unit}."
    if summary.missing:
        text += f" {plural(summary.missing, 'sensor')} without known place."
    if attended is not None:
        text += (
            " Lines join the worst sensor and those it attends to most; the legend shows the best's and the median's."
        )
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
        text += f" Every {ordinal(summary.stride)} time is drawn."
    return text


def interval_caption(summary: IntervalSummary) -> str:
    """What the widest promise held, where it held least, and what it cost in width."""
    row = summary.rows[-1]
    steps = zip(row.by_step, summary.minutes, strict=False)
    known = [(share, minutes) for share, minutes in steps if math.isfinite(share)]
    text = (
        "Made from the errors on the validation part, measured on the test part: intervals of "
        f"{percent(row.percent, 0)} held {percent(row.held)} of the readings at a mean width of {error(row.width, 2)} "
        f"{summary.unit}"
    )
    text += f", and {percent(row.slow)} where the forecast was slow." if math.isfinite(row.slow) else "."
    if known:
        share, minutes = min(known)
        text += f" They held least {minutes} minutes ahead ({percent(share)})."
    whose = " They are the ensemble's." if summary.role == "ensemble" else ""
    return f"{text}{whose} Below the dotted line is less than promised."


def attention_caption(summary: AttentionSummary) -> str:
    """Whom the worst sensor looks at, and how far that is from looking at all alike."""
    focus = next((focus for focus in summary.focuses if focus.rank == "worst"), summary.focuses[-1])
    first = focus.others[0]
    text = (
        f"Mean weights of spatial attention over blocks, heads, steps and windows of the test part. The {focus.rank} "
        f"sensor, {focus.sensor}, attends most to {first.name}{_away(focus)}: {percent(first.percent)}, "
        f"{error(first.percent / summary.even, 1)} times the even share of {percent(summary.even)} (dotted)."
    )
    if focus.own is not None:
        text += f" To itself: {percent(focus.own)}."
    return text + " What is attended to is not what causes."


def _away(focus: Focus) -> str:
    kilometres = focus.others[0].kilometres
    return "" if kilometres is None else f", {error(kilometres, 1)} km away"
