"""What is stored with a search as a whole: whether it exists, its specification, and whether a run may resume it."""

import json
from collections.abc import Mapping
from typing import Any, NamedTuple

import optuna
from optuna.storages import RDBStorage

from gman_search.data.stored import StoredData
from gman_search.spec import StudySpec
from gman_search.stored_spec import parse_stored_spec, refuse_older_version
from gman_search.tuning.continuation import cannot_resume

__all__ = ["Clock", "described_spec", "refuse_other", "stored_attrs", "study_exists"]


class Clock(NamedTuple):
    """Times, as `time.time()` has them: no new config or promotion after `search_until`, no training after `until`.

    `planned`: the hours say how much is tried and how long that trains; else they only end what was asked for.
    """

    search_until: float
    until: float
    planned: bool = True


def study_exists(storage: RDBStorage, name: str) -> bool:
    """Whether the database holds a search of this name."""
    return f"{name}/quick" in optuna.get_all_study_names(storage)


def stored_attrs(storage: RDBStorage, name: str) -> Mapping[str, Any] | None:
    """What is stored with a search of this name; None if it has not begun."""
    if not study_exists(storage, name):
        return None
    stored = optuna.load_study(study_name=f"{name}/quick", storage=storage).user_attrs
    return stored if "spec" in stored else None


def described_spec(storage: RDBStorage, name: str) -> StudySpec | None:
    """The specification that is stored with a search of this name; None if there is no such search."""
    stored = stored_attrs(storage, name)
    return None if stored is None else parse_stored_spec(stored["spec"])


def refuse_other(spec: StudySpec, stored: Mapping[str, Any], fingerprint: str, data: StoredData | None) -> None:
    """Refuse to go on with a search, of which `stored` are the attributes, by other settings or on other data.

    Raises:
        UsageError: a setting differs.
        DataError: only the data differ.
        StudyError: an older version made the study.
    """
    remembered, tree = stored.get("readings"), json.loads(stored["spec"])
    refuse_older_version(tree)
    error = cannot_resume(
        spec.name,
        tree,
        spec.model_dump(mode="json"),
        (stored["fingerprint"], fingerprint),
        None if remembered is None else StoredData.model_validate(remembered),
        data,
    )
    if error is not None:
        raise error
