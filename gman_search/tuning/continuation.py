"""What may differ when a study is resumed, and the message about anything else."""

import json
from collections.abc import Mapping
from typing import Any, NamedTuple

from gman_search.data.stored import StoredData
from gman_search.errors import DataError, GmanSearchError, UsageError

__all__ = ["PLACES", "Change", "cannot_resume", "changed_settings"]

FREE_TO_CHANGE = {"trials", "search"}
"""Everything else would make old and new evaluations incomparable."""
COMPARED_DATA = ("validation_stride",)
"""Settings of the data that are not in its fingerprint, and that every validation error depends on."""
PLACES = ("data.readings", "data.adjacency", "data.embedding")
"""Paths may differ; they are reported only where the content of the files differs, too."""
SHOWN = 3


class Change(NamedTuple):
    """A setting by its dotted key, as it is stored and as it was given."""

    key: str
    stored: Any
    given: Any

    def __str__(self) -> str:
        return f"`{self.key}` is {_shown(self.stored)} in the study and {_shown(self.given)} here"


def changed_settings(before: Mapping[str, Any], now: Mapping[str, Any], *, data: bool) -> list[Change]:
    """The settings that differ between two specifications and must not; with `data` those of its data as well.

    Files may move; what is in them may not change, which their fingerprint tells.
    """
    changes = _differing(_without(before, data), _without(now, data))
    if not data:
        pairs = [(f"data.{key}", *(spec.get("data", {}).get(key) for spec in (before, now))) for key in COMPARED_DATA]
        changes += [Change(*pair) for pair in pairs if pair[1] != pair[2]]
    return changes


def cannot_resume(
    name: str,
    before: Mapping[str, Any],
    now: Mapping[str, Any],
    fingerprints: tuple[str, str],
    stored: StoredData | None,
    given: StoredData | None,
) -> GmanSearchError | None:
    """The error of going on with study `name` under other settings or on other data; None where it may go on.

    Args:
        before: the specification that is stored with it, as JSON has it.
        now: the one that was given.
        fingerprints: of the data, stored and given.
        stored: what is remembered of its readings, if anything.
        given: the same of those that were given.
    """
    is_other_data = fingerprints[0] != fingerprints[1]
    found = changed_settings(before, now, data=is_other_data)
    changes = [change for change in found if change.key not in PLACES]
    differences = [str(change) for change in changes[:SHOWN]]
    if len(changes) > SHOWN:
        differences.append(f"and {len(changes) - SHOWN} more settings differ")
    if is_other_data:
        what = "" if stored is None or given is None else stored.difference(given)
        if what or not any(change.key.startswith("data.") for change in changes):
            differences += [str(change) for change in found if change.key in PLACES]
            differences.append(what or "the readings, the graph or the embedding are not those of the study")
    if not differences:
        return None
    them = "it" if len(differences) == 1 and changes else "them"
    text = f"Cannot resume '{name}': {'; '.join(differences)}. Restore {them}, or choose another `--study`."
    return UsageError(text) if changes else DataError(text)


def _without(spec: Mapping[str, Any], data: bool) -> dict[str, Any]:
    left_out = FREE_TO_CHANGE if data else {*FREE_TO_CHANGE, "data"}
    return {key: value for key, value in spec.items() if key not in left_out}


def _differing(before: Mapping[str, Any], now: Mapping[str, Any], prefix: str = "") -> list[Change]:
    changes: list[Change] = []
    for key in dict.fromkeys([*now, *before]):
        stored, given = before.get(key), now.get(key)
        if isinstance(stored, Mapping) or isinstance(given, Mapping):
            changes += _differing(stored or {}, given or {}, f"{prefix}{key}.")
        elif stored != given:
            changes.append(Change(prefix + key, stored, given))
    return changes


def _shown(value: Any) -> str:
    return "not set" if value is None else json.dumps(value, ensure_ascii=False)
