"""From the arguments of `gman_search.search` to what is asked of a search."""

import difflib
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from gman_search.api.readings_file import frame_readings
from gman_search.api.request import SearchRequest
from gman_search.api.search import SearchOptions, Setting
from gman_search.errors import UsageError
from gman_search.specification import PATHS, absolute, resolve_spec
from gman_search.tuning.commands import Place
from gman_search.tuning.folder import without_password
from gman_search.tuning.study_loader import begun_spec

if TYPE_CHECKING:
    import pandas as pd

    from gman_search.api.study import Study

__all__ = ["Given", "request_of"]

KEYS = {
    "unit": "data.unit",
    "holidays": "data.holidays",
    "sensors": "data.sensors",
    "start": "data.start",
    "step": "data.step",
    "embedding": "data.embedding",
    "budget": "budget",
    "keep_weights": "search.keep_weights",
}
"""Where the specification has an option."""
TABLES = ("data", "model", "stages", "space", "halving", "halving.growth", "search")
"""Keys that are tables, in addition to those of single stages: what is given of one leaves the rest as it is."""


@dataclass(frozen=True)
class Given:
    """The arguments of `search`, under the same names."""

    data: "str | os.PathLike[str] | pd.DataFrame | None"
    graph: str | os.PathLike[str] | None
    trials: int | str | None
    hours: float | None
    name: str | None
    spec: str | os.PathLike[str] | Mapping[str, Setting] | None
    studies: str | os.PathLike[str]
    reports: str | os.PathLike[str] | None
    storage: str | None
    workers: int | None
    seed: int | None
    progress: "bool | Callable[[Study], None]"
    options: SearchOptions


def request_of(given: Given) -> SearchRequest:
    """What is asked of a search.

    Raises:
        TypeError: an argument is unknown, as Python says of any function.
        UsageError: an argument is out of range, or there is nothing to search on.
        DataError: a data frame has no regular times, or no numbers.
    """
    _refuse_unknown(given.options)
    studies, (file, settings) = Path(given.studies), _spec_of(given.spec)
    name = given.name or (str(settings["name"]) if "name" in settings else None)
    frame = None if given.data is None or isinstance(given.data, str | os.PathLike) else given.data
    readings = None if frame is None else frame_readings(frame, name, studies)
    speed = given.data if readings is None else readings.file
    explicit = {
        "data.readings": speed,
        "data.adjacency": given.graph,
        "trials": None if given.trials == "fit" else given.trials,
        "search.workers": given.workers,
        "seed": given.seed,
        **{KEYS[name]: value for name, value in given.options.items() if name in KEYS},
    }
    flags = {**settings, **{key: value for key, value in explicit.items() if value is not None}}
    flags = {key: absolute(str(value)) if key.removeprefix("data.") in PATHS else value for key, value in flags.items()}
    if "data.readings" in flags:  # first: it drops what a specification says of other readings
        flags = {"data.readings": flags["data.readings"], **flags}
    elif file is None:
        flags = {**_begun(name, studies, given.storage), **flags}
    spec = resolve_spec(spec_file=file, study=name, studies_folder=studies, flags=flags, settings=[], caller="search()")
    if readings is not None:
        readings.write()
    fit = given.trials == "fit" or bool(given.trials is None and given.hours and "trials" not in spec.model_fields_set)
    if fit and not given.hours:
        raise UsageError('expected trials="fit" with hours above 0: it tries as many configs as the time allows')
    if given.hours is not None and not given.hours > 0:
        raise UsageError(f"expected hours above 0; received {given.hours}")
    return SearchRequest(
        spec=spec,
        place=Place(
            studies,
            Path(given.reports or "reports"),
            given.storage,
            given.options.get("engine", "local"),
            given.options.get("ray_address"),
        ),
        hours=given.hours,
        fit=fit,
        measure=given.options.get("measure", False),
        like=_names(given.options.get("like", ())),
        report=given.reports is not None,
        progress=given.progress,
        command=("python", "-c", _call(given, speed)),
    )


def _names(like: "str | Sequence[str]") -> tuple[str, ...]:
    return (like,) if isinstance(like, str) else tuple(like)


def _refuse_unknown(options: SearchOptions) -> None:
    known = SearchOptions.__annotations__
    for name in options:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            hint = f": did you mean {near[0]!r}?" if near else ""
            raise TypeError(f"search() got an unexpected keyword argument {name!r}{hint}")


def _spec_of(spec: str | os.PathLike[str] | Mapping[str, Setting] | None) -> tuple[Path | None, dict[str, Setting]]:
    """A file, or settings by dotted key."""
    if isinstance(spec, Mapping):
        return None, _dotted(spec)
    return (None if spec is None else Path(spec)), {}


def _dotted(table: Mapping[str, Setting], above: str = "") -> dict[str, Setting]:
    found: dict[str, Setting] = {}
    for name, value in table.items():
        key = f"{above}{name}"
        if isinstance(value, Mapping) and (key in TABLES or key.startswith("stages.")):
            found |= _dotted(value, f"{key}.")
        else:
            found[key] = value
    return found


def _begun(name: str | None, studies: Path, storage: str | None) -> dict[str, Setting]:
    """The settings of a study that only the database knows; None where the folder of studies has them."""
    if name is None:
        raise UsageError("expected data, spec or the name of a study to go on with; received none of them")
    if (studies / name / "spec.json").is_file() or (studies / f"{name}.toml").is_file():
        return {}
    spec = None if storage is None else begun_spec(name, studies, storage)
    if spec is None:
        where = studies if storage is None else without_password(storage)
        raise UsageError(f"expected data to start study {name!r} with; there is no study of that name in {where}")
    return _dotted(spec.model_dump(mode="json"))


def _call(given: Given, speed: object) -> str:
    """The call as Python would read it, without a password."""
    words = [] if speed is None else [repr(str(speed))]
    defaults = {"studies": "studies", "reports": "reports", "progress": True}
    for name in ("graph", "trials", "hours", "name", "spec", "studies", "reports", "storage", "workers", "seed"):
        value = getattr(given, name)
        if value is not None and value != defaults.get(name):
            shown = without_password(value) if name == "storage" else value
            words.append(f"{name}={str(shown) if isinstance(shown, os.PathLike) else shown!r}")
    words += [f"{name}={value!r}" for name, value in given.options.items()]
    return f"import gman_search; gman_search.search({', '.join(words)})"
