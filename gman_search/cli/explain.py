"""The story of one config in about ten lines (pure)."""

import math

from gman_search.cli.output import duration
from gman_search.halving.evaluations import Evaluation, State, latest_attempts
from gman_search.halving.promotion import Standing, standings
from gman_search.halving.reference_config import REFERENCE_CONFIG_ID
from gman_search.record import StudyRecord
from gman_search.report.figures import ensemble_weights
from gman_search.report.view import ROLE_NAMES, StudyView
from gman_search.wording import decimals, number

__all__ = ["explain"]


def explain(record: StudyRecord, config_id: int) -> list[str]:
    """What it was, how far it came, and why no further; no lines where there is no such config."""
    rows = [row for row in latest_attempts(record.evaluations, controls=True) if row.config_id == config_id]
    if not rows:
        return []
    places = {(place.config_id, place.stage): place for place in standings(record.evaluations, record.schedule)}
    of_ladder = next((row for row in rows if not row.control), rows[0])
    title = "config 0, the reference config" if config_id == REFERENCE_CONFIG_ID else f"config {config_id}"
    lines = [f"{title}: {_params(of_ladder)}"]
    for row in sorted(rows, key=lambda row: (record.schedule.stages.index(row.stage), row.control)):
        lines += _evaluation(record, row, None if row.control else places.get((config_id, row.stage)))
    return [*lines, *_in_ensemble(record, rows), *_ending(record, config_id)]


def _params(row: Evaluation) -> str:
    return ", ".join(
        f"{key}={value:.4g}" if isinstance(value, float) else f"{key}={value}" for key, value in row.params.items()
    )


def _evaluation(record: StudyRecord, row: Evaluation, place: Standing | None) -> list[str]:
    values = {point.epoch: point.val_mae for point in record.curves.get(row.key, ()) if math.isfinite(point.val_mae)}
    told = f"{row.key}: {row.state} after {row.epochs} epochs in {duration(row.seconds)}"
    if row.val_mae is not None:
        told += f", best {number(row.val_mae)} {record.unit}"
    if values:
        told += f" in epoch {min(values, key=lambda epoch: values[epoch])}, first {number(values[min(values)])}"
    attempts = sum(other.key == row.key for other in record.evaluations)
    if attempts > 1:
        told += f", {attempts} attempts"
    inherited = row.facts.get("inherited")
    if inherited:
        told += f", grown from {row.parent} ({inherited:.0%} of the weights inherited)"
    notes = [row.reason] if row.reason else []
    if row.facts.get("prior"):
        notes.append(f"tried first because of {row.facts['prior']}")
    if row.control == "final":
        notes.append(_final(record, row))
    elif row.control == "reference":
        notes.append(f"the {ROLE_NAMES['reference']}, outside the stages: it takes no place and can win")
        notes += [_params(row)] if row.params else []
    elif row.control:
        kinds = {
            "cold": "trained from random weights",
            "random": "promoted at random",
            "preset": "the reference config",
        }
        kind = kinds.get(row.control, row.control)
        notes.append(f"a control, {kind}: it takes no quota and cannot win")
    if place is not None and row.state is State.COMPLETE:
        gap = (
            f" ({place.gap:+.{decimals(row.val_mae)}f} from the last promoted)"
            if place.gap is not None and place.promoted
            else ""
        )
        notes.append(place.reason + gap)
    notes += [f"curve {text}" for text in row.facts.get("diagnosis") or ()]
    return [told, f"  {'; '.join(notes)}"] if notes else [told]


def _final(record: StudyRecord, row: Evaluation) -> str:
    """That a final training happened, and what it brought."""
    text, change = (
        f"final training of config {row.config_id}, outside the stages: it can win",
        StudyView(record).final_change(row),
    )
    if change is None:
        return text
    before, after = change
    share = f" ({100 * (after / before - 1):+.1f}%)" if before else ""
    if after >= before:
        return f"{text}; it brought nothing: {number(before)} before, {number(after)} {record.unit} after"
    return f"{text}; it brought the error from {number(before)} to {number(after)} {record.unit}{share}"


def _in_ensemble(record: StudyRecord, rows: list[Evaluation]) -> list[str]:
    """Which of these evaluations are in the ensemble, and with which mean weight."""
    ensemble, keys = ensemble_weights.compute(StudyView(record)), {row.key for row in rows}
    members = [] if ensemble is None else [one for one in ensemble.members if one.key in keys]
    return [f"{one.key} is in the ensemble with {one.mean:.0%} on average" for one in members]


def _ending(record: StudyRecord, config_id: int) -> list[str]:
    view = StudyView(record)
    best, test = view.winner, view.winner_test
    if best is None or best.config_id != config_id:
        return []
    subject = {"final": "its final training", "reference": "its training by the three-stage guide"}
    told = f"{subject.get(best.control, 'it')} is the winner of {record.name}"
    if test is not None:
        told += f": test MAE {number(test.mean.mae)} {record.unit}, mean of steps 1..{len(test.steps)}"
    return [told]
