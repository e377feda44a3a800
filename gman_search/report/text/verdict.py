"""The first sentences of every face: where what is delivered loses, and what is delivered (pure)."""

from collections.abc import Sequence

from gman_search.report.summaries.ensemble import EnsembleSummary
from gman_search.report.summaries.headline import Delivery
from gman_search.report.summaries.rivals import Defeat, LostStep
from gman_search.report.text.formats import MISSING, error, percent, signed_percent

__all__ = ["as_subject", "defeat_sentences", "delivery_sentence", "ensemble_caption", "joined"]

WITH_ARTICLE = ("historical average", "last value")
RUN = 4
"""So many neighbouring steps are said as a range."""
MARKED = (3, 6, 12)


def defeat_sentences(defeats: Sequence[Defeat], unit: str) -> tuple[str, ...]:
    """One sentence a rival that is better at some step; nothing where nobody is."""
    return tuple(_sentence(defeat, unit) for defeat in defeats)


def _sentence(defeat: Defeat, unit: str) -> str:
    be = "are" if defeat.rival.endswith("trees") else "is"
    head = f"{as_subject(defeat.rival)} {be} better than the {defeat.loser}"
    if defeat.lost:
        step = _quoted(defeat.lost)
        theirs, ours = _told_apart(step.theirs, step.ours)
        where = "at every step" if len(defeat.lost) == defeat.compared else f"at {_minutes(defeat)} minutes"
        return f"{head} {where} ({theirs} against {ours} {unit} at {step.minutes} minutes)."
    ours_mean, theirs_mean = defeat.mean or (float("nan"), float("nan"))
    theirs, ours = _told_apart(theirs_mean, ours_mean)
    return f"{head} on the mean of all steps ({theirs} against {ours} {unit})."


def _quoted(lost: Sequence[LostStep]) -> LostStep:
    """A step that everybody reports if there is one, else any: the one that is lost most clearly."""
    known = [step for step in lost if step.step in MARKED] or list(lost)
    return max(known, key=lambda step: (step.ours - step.theirs) / step.ours)


def _minutes(defeat: Defeat) -> str:
    runs: list[list[LostStep]] = []
    for step in defeat.lost:
        if runs and runs[-1][-1].step + 1 == step.step:
            runs[-1].append(step)
        else:
            runs.append([step])
    parts = []
    for run in runs:
        if len(run) >= RUN:
            parts.append(f"{run[0].minutes} to {run[-1].minutes}")
        else:
            parts += [str(step.minutes) for step in run]
    return joined(parts)


def _told_apart(theirs: float, ours: float) -> tuple[str, str]:
    """Both with as many digits as it takes to see that they differ."""
    for digits in (2, 3, 4, 5):
        if error(theirs, digits) != error(ours, digits):
            break
    return error(theirs, digits), error(ours, digits)


def as_subject(name: str) -> str:
    """A forecaster at the beginning of a sentence."""
    text = f"the {name}" if name in WITH_ARTICLE or name.startswith("reference") else name
    return f"{text[:1].upper()}{text[1:]}"


def joined(parts: Sequence[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    return " and ".join(part for part in (", ".join(parts[:-1]), *parts[-1:]) if part)


def delivery_sentence(delivery: Delivery, unit: str) -> str:
    """What is delivered, with its test errors at the marked steps."""
    what = f"config {delivery.config_id} alone"
    if delivery.members:
        what = f"an ensemble of {delivery.members} forecasters"
    if delivery.members == 1:
        what = f"one forecaster alone, {delivery.only}: no ensemble was better"
    text = f"Delivered is {what}. "
    steps = [f"{error(step.mae)} at {step.minutes} min" for step in delivery.steps]
    return f"{text}Test MAE ({unit}): {', '.join([*steps, f'mean {error(delivery.mean)}'])}."


def ensemble_caption(summary: EnsembleSummary) -> str:
    """How many members, who counts most, what the check says and what a forecast costs."""
    first, check = summary.members[0], summary.check
    count = "1 member" if len(summary.members) == 1 else f"{len(summary.members)} members"
    text = f"{count}; {first.name} counts most ({percent(100 * first.mean, 0)} on average)."
    change = 100 * (check.ensemble / check.single - 1) if check.single else None
    text += f" On validation windows that weights were not chosen on: {error(check.ensemble)} {summary.unit}, "
    text += f"the best member ({check.single_name}) {error(check.single)} ({signed_percent(change)})."
    ms = error(summary.forecast_ms, 0)
    return text if ms == MISSING else f"{text} One forecast of all sensors and steps takes {ms} ms."
