"""Reading back a specification that a study keeps, whatever version of the package wrote it (pure)."""

import json
from collections.abc import Mapping
from typing import Any

from gman_search.errors import StudyError
from gman_search.spec import StudySpec

__all__ = ["parse_stored_spec", "refuse_older_version"]


def parse_stored_spec(text: str | bytes) -> StudySpec:
    """The specification in `text`, which is the JSON that a study keeps.

    Raises:
        StudyError: an older version wrote it.
        ValueError: it is damaged (pydantic's ValidationError, or no JSON at all).

    Example:
        >>> parse_stored_spec(StudySpec(trials=7).model_dump_json()).trials
        7
    """
    tree = json.loads(text)
    refuse_older_version(tree)
    return StudySpec.model_validate(tree)


def refuse_older_version(tree: Any) -> None:
    """Refuse a stored specification of 0.1.0, whose keys had other names.

    Raises:
        StudyError: the version that wrote it, and what to do.
    """
    data = tree.get("data") if isinstance(tree, Mapping) else None
    if isinstance(data, Mapping) and "speed" in data:
        name = tree.get("name", "this one")
        raise StudyError(
            f"expected a study of this version; gman-search 0.1.0 made {name}, and its keys have changed since: "
            "search again under another --study, or use 0.1.0 for it"
        )
