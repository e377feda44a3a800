"""Sentences that page, note and command line share: where the delivered forecast loses, and what it is (pure)."""

from collections.abc import Sequence

from gman_search.report.baseline_comparison import Defeat, LostStep
from gman_search.report.figures.ensemble_weights import NOT_CHECKED
from gman_search.report.formats import error
from gman_search.report.headline import Delivery
from gman_search.wording import decimals

__all__ = ["REFITTED", "as_subject", "defeat_sentences", "delivery_sentence", "joined"]

WITH_ARTICLE = ("historical average", "last value")
RUN = 4
"""This many neighbouring steps are written as a range."""
MARKED = (3, 6, 12)
REFITTED = "Before the test all baselines, members too, were trained on the validation part as well; GMANs were not."


def defeat_sentences(defeats: Sequence[Defeat], unit: str) -> tuple[str, ...]:
    """One sentence for each forecaster that is better at some step."""
    return tuple(_sentence(defeat, unit) for defeat in defeats)


def _sentence(defeat: Defeat, unit: str) -> str:
    be = "are" if "trees" in defeat.other else "is"
    head = f"{as_subject(defeat.other)} {be} better than the {defeat.loser}"
    if defeat.lost:
        step = _quoted(defeat.lost)
        theirs, ours = _distinct(step.theirs, step.ours)
        where = "at every step" if len(defeat.lost) == defeat.compared else f"at {_minutes(defeat)} minutes"
        return f"{head} {where} ({theirs} against {ours} {unit} at {step.minutes} minutes)."
    ours_mean, theirs_mean = defeat.mean or (float("nan"), float("nan"))
    theirs, ours = _distinct(theirs_mean, ours_mean)
    return f"{head} on the mean of all steps ({theirs} against {ours} {unit})."


def _quoted(lost: Sequence[LostStep]) -> LostStep:
    """The step with the largest difference, among those that every paper reports if one of them is lost."""
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


def _distinct(theirs: float, ours: float) -> tuple[str, str]:
    """Both with as many digits as it takes to see that they differ."""
    fewest = decimals(theirs) - 1
    for digits in range(fewest, fewest + 4):
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
        why = "no ensemble was better" if delivery.checked else f"{NOT_CHECKED[0].lower()}{NOT_CHECKED[1:]}"
        what = f"one forecaster alone, {delivery.only}: {why}"
    text = f"The delivered forecast is {what}. "
    steps = [f"{error(step.mae)} at {step.minutes} min" for step in delivery.steps]
    refit = f" {REFITTED}" if delivery.refitted else ""
    return f"{text}Test MAE ({unit}): {', '.join([*steps, f'mean {error(delivery.mean)}'])}.{refit}"
