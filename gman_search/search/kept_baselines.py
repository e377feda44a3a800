"""The baselines of a study: fitted once in its final test, and kept in its folder."""

import json
import os
import re
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from gman_search.baselines.base import Baseline
from gman_search.baselines.registry import CHEAP, baselines
from gman_search.data.task import ForecastTask
from gman_search.data.usual import UsualValues
from gman_search.ensemble.store import replaced
from gman_search.errors import DataError, GmanSearchError, Interrupted
from gman_search.training.checkpoints import read_arrays, write_arrays

__all__ = ["Fitted", "KeptBaselines", "fitted_baselines", "kept_baselines"]

ABOUT, USUAL = "fitted.json", "usual.npz"
SCHEMA = "gman-search/baselines/1"

Say = Callable[[str], None]


class Fitted(NamedTuple):
    """A baseline and the seconds that fitting it took."""

    baseline: Baseline
    seconds: float


class KeptBaselines(NamedTuple):
    """Baselines by name, and the usual values that their windows need."""

    baselines: Mapping[str, Baseline]
    usual: UsualValues | None


def fitted_baselines(task: ForecastTask, folder: Path, *, seed: int, say: Say) -> dict[str, Fitted]:
    """Every baseline by name, from `folder` where it was fitted to the same data, else fitted now and kept there.

    One that cannot be fitted, for want of its library, is left out; `say` is told, and what takes time.
    """
    stored = _described(folder)
    same = stored.get("fingerprint") == task.fingerprint
    seconds: dict[str, float] = dict(stored.get("seconds", {})) if same else {}
    result: dict[str, Fitted] = {}
    for name, kind in baselines().items():
        place = folder / _slug(name)
        try:
            if name in seconds:
                try:
                    result[name] = Fitted(kind.load(place), seconds[name])
                    continue
                except DataError as error:
                    say(f"{name} is fitted again: {error}")
            if kind not in CHEAP:
                say(f"fitting {name}")
            began = time.perf_counter()
            baseline = kind()
            baseline.fit(task, threads=cores(), seed=seed)
            seconds[name] = time.perf_counter() - began
            with replaced(place) as partial:
                baseline.save(partial)
        except Interrupted:
            raise
        except Exception as error:  # whatever a library does: the winner's test must not be lost by it
            say(f"{name} is left out: {error}")
            seconds.pop(name, None)
            continue
        result[name] = Fitted(baseline, seconds[name])
    write_arrays(folder / USUAL, {"usual": task.usual.table}, {"schema": SCHEMA})
    about = {"schema": SCHEMA, "fingerprint": task.fingerprint, "seconds": seconds}
    (folder / ABOUT).write_text(json.dumps(about, indent=2) + "\n", encoding="utf-8")
    return result


def kept_baselines(folder: Path, say: Say = lambda text: None) -> KeptBaselines:
    """The baselines that a final test left in `folder`; none if there was none.

    One that cannot be read is left out, and `say` is told.
    """
    kinds, found = baselines(), {}
    stored = [name for name in _described(folder).get("seconds", {}) if name in kinds]
    if not stored:
        return KeptBaselines({}, None)
    try:
        usual = UsualValues(read_arrays(folder / USUAL)[0]["usual"])
    except (DataError, KeyError) as error:
        say(f"baselines are left out, their usual values cannot be read: {error}")
        return KeptBaselines({}, None)
    for name in stored:
        try:
            found[name] = kinds[name].load(folder / _slug(name))
        except GmanSearchError as error:
            say(f"{name} is left out: {error}")
    return KeptBaselines(found, usual)


def cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _described(folder: Path) -> Mapping[str, Any]:
    try:
        found = json.loads((folder / ABOUT).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) and found.get("schema") == SCHEMA else {}


def _slug(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", name.lower())
