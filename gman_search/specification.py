"""From flags, environment and TOML to one validated StudySpec: flag > GMAN_SEARCH_* > TOML > default."""

import difflib
import json
import os
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

from gman_search.errors import UsageError
from gman_search.spec import StudySpec
from gman_search.stored_spec import refuse_older_version

__all__ = ["PATHS", "absolute", "resolve_spec", "toml_value", "validated"]

COMMAND_LINE = "command line"

PREFIX = "GMAN_SEARCH_"
# Variables of that prefix that are not part of a specification.
RESERVED = {"GMAN_SEARCH_DATA", "GMAN_SEARCH_STUDIES", "GMAN_SEARCH_REPORTS"}
PATHS = ("readings", "adjacency", "embedding")
OF_THE_FILE = (
    *PATHS, "start", "step", "sensors", "channel", "holidays", "decimal", "day_first", "timezone", "sensor_column",
    "ignore_columns", "missing_codes",
    "sheet", "axes", "min_observed",
)  # fmt: skip
# What tomllib raises: its own errors and those of too long numbers and of other encodings are ValueErrors.
UNREADABLE = (ValueError, RecursionError)


def resolve_spec(
    *,
    spec_file: Path | None,
    study: str | None,
    studies_folder: Path,
    flags: Mapping[str, Any],
    settings: list[str],
    environment: Mapping[str, str] = os.environ,
    caller: str = COMMAND_LINE,
) -> StudySpec:
    """The specification of a run.

    Args:
        spec_file: TOML file; none: the stored one of `study`, else `<studies_folder>/<study>.toml`, else defaults.
        study: name, or none.
        flags: dotted keys of the specification with the values given on the command line.
        settings: `key=value` texts of --set, dotted keys with TOML values.
        caller: who is named in errors where no file is to blame.

    Raises:
        UsageError: anything unknown or out of range, with the key and what was expected.
    """
    tree, origin = _base(spec_file, study, studies_folder, has_data="data.readings" in flags)
    for key, value in _from_environment(environment).items():
        _put(tree, key, value)
    for key, value in flags.items():
        if key == "data.readings":
            # Other readings: whatever the file said about the old ones does not hold for them.
            tree["data"] = {k: v for k, v in tree.get("data", {}).items() if k not in OF_THE_FILE}
        _put(tree, key, value)
    for text in settings:
        key, sign, value = text.partition("=")
        if not sign:
            raise UsageError(f"expected --set key=value; received {text!r}")
        _put(tree, key.strip(), toml_value(value.strip()))
    if study is not None:
        tree["name"] = study
    elif "data.readings" in flags and spec_file is None:
        path = Path(str(flags["data.readings"]))
        stems = (
            re.sub(r"[^A-Za-z0-9_-]+", "-", name.split(".")[0]).strip("-_") for name in (path.name, path.parent.name)
        )
        tree["name"] = next(filter(None, stems), "study")  # a pattern such as pems/*.txt.gz: the folder
    return validated(StudySpec, tree, caller if origin == COMMAND_LINE else origin)


def absolute(place: str | os.PathLike[str]) -> str:
    """A file of a specification, named so that it holds from any folder; "demo" is the bundled network."""
    text = os.fspath(place)
    return text if text == "demo" else str(Path(text).resolve())


def _base(
    spec_file: Path | None, study: str | None, studies_folder: Path, *, has_data: bool
) -> tuple[dict[str, Any], str]:
    if spec_file is None and study is not None and re.fullmatch(r"[\w.-]+", study):
        stored = studies_folder / study / "spec.json"
        if stored.is_file():
            return _stored(stored), str(stored)
        if (studies_folder / f"{study}.toml").is_file():
            spec_file = studies_folder / f"{study}.toml"
    if spec_file is None and study is None and not has_data:
        spec_file = studies_folder / "demo.toml"
        if not spec_file.is_file():
            raise UsageError(f"expected --spec FILE or --data FILE; received neither, and there is no {spec_file}")
    if spec_file is None:
        return {}, COMMAND_LINE
    if not spec_file.is_file():
        raise UsageError(f"expected a TOML file for --spec; there is no {spec_file}")
    try:
        tree = tomllib.loads(spec_file.read_text(encoding="utf-8"))
    except UNREADABLE as error:
        raise UsageError(f"{spec_file}: expected valid TOML; {error}") from None
    data = tree.get("data")
    if isinstance(data, dict):
        for key in PATHS:  # paths in a file start from that file
            if isinstance(data.get(key), str) and data[key] != "demo":
                data[key] = str((spec_file.parent / data[key]).resolve())
    return tree, str(spec_file)


def _stored(file: Path) -> dict[str, Any]:
    """What `run` wrote of a study."""
    try:
        tree = json.loads(file.read_text(encoding="utf-8"))
    except UNREADABLE as error:
        raise UsageError(f"{file}: expected JSON; {error}; give --spec, or remove the file") from None
    if not isinstance(tree, dict):
        raise UsageError(f"{file}: expected a table of keys; received {tree!r}; give --spec, or remove the file")
    refuse_older_version(tree)
    return tree


def _from_environment(environment: Mapping[str, str]) -> dict[str, Any]:
    return {
        name.removeprefix(PREFIX).lower().replace("__", "."): toml_value(value)
        for name, value in sorted(environment.items())
        if name.startswith(PREFIX) and name not in RESERVED
    }


def toml_value(text: str) -> Any:
    """A TOML value, or the text itself where it is none."""
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except UNREADABLE:
        return text


def _put(tree: dict[str, Any], key: str, value: Any) -> None:
    *parents, last = key.split(".")
    for parent in parents:
        child = tree.setdefault(parent, {})
        if not isinstance(child, dict):
            raise UsageError(f"expected a table at {parent!r} to set {key!r}; received {child!r}")
        tree = child
    tree[last] = value


def validated(model: type[StudySpec], tree: Mapping[str, Any], origin: str) -> StudySpec:
    """Validate, with every complaint of pydantic put into one line: where, what, and the nearest known key."""
    try:
        return model.model_validate(tree)
    except ValidationError as error:
        raise UsageError("; ".join(_complaint(model, issue, origin) for issue in error.errors()[:5])) from None


def _complaint(model: type[BaseModel], issue: Any, origin: str) -> str:
    where = ".".join(str(part) for part in issue["loc"]) or "specification"
    if issue["type"] == "extra_forbidden":
        near = difflib.get_close_matches(str(issue["loc"][-1]), _known_keys(model), n=1)
        hint = f": did you mean {near[0]!r}?" if near else ""
        return f"{origin}: unknown key {where!r}{hint}"
    text = issue["msg"].removeprefix("Value error, ")
    received = "" if "received" in text else f", received {issue['input']!r}"
    return f"{origin}: {where}: {text}{received}"


def _known_keys(model: type[BaseModel]) -> list[str]:
    keys: list[str] = []
    for name, field in model.model_fields.items():
        keys.append(name)
        for inner in (field.annotation, *get_args(field.annotation)):  # a table of tables, such as `stages`, too
            if isinstance(inner, type) and issubclass(inner, BaseModel):
                keys += _known_keys(inner)
    return keys
