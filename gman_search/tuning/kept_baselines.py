"""The baselines of a study: fitted before its search, again for its final test, and kept in its folder.

An ensemble is chosen among those that have not seen the validation part. The test has them fitted to it too: they are
what is delivered and what it is compared with.
"""

import importlib
import json
import os
import re
import shutil
import time
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from gman_search.baselines.base import Baseline, Regression, shared_regression
from gman_search.baselines.registry import CHEAP, baselines
from gman_search.data.all_readings import task_before_test
from gman_search.data.task import ForecastDataset
from gman_search.data.usual import UsualValues
from gman_search.data_spec import DataSpec
from gman_search.errors import DataError, GmanSearchError, Interrupted
from gman_search.io.arrays import read_arrays, write_arrays
from gman_search.io.atomic import atomic_folder, write_text

__all__ = ["Fitted", "KeptBaselines", "fitted_baselines", "kept_baselines", "later_baselines", "refitted_baselines"]

ABOUT, USUAL = "fitted.json", "usual.npz"
REFITTED = "refitted"
"""Folder, in that of the baselines, of those that were fitted to the validation part too."""
SCHEMA = "gman-search/baselines/1"

Say = Callable[[str], None]


class Fitted(NamedTuple):
    """A baseline and the seconds that fitting it took, without those of the baseline that it builds on."""

    baseline: Baseline
    seconds: float


class KeptBaselines(NamedTuple):
    """Baselines by name, and the usual values that their windows need."""

    baselines: Mapping[str, Baseline]
    usual: UsualValues | None


def fitted_baselines(
    task: ForecastDataset,
    folder: Path,
    *,
    seed: int,
    say: Say,
    kinds: Collection[type[Baseline]] | None = None,
    regression: Regression | None = None,
) -> dict[str, Fitted]:
    """Every baseline by name, from `folder` where it was fitted to the same data, else fitted now and kept there.

    One that cannot be fitted, for want of its library, is left out; `say` is called for it, and before what takes time.
    `kinds` are some of them; None: all. `regression` is that of `task`, where it is shared with other calls.
    """
    stored = _described(folder)
    same = stored.get("fingerprint") == task.fingerprint
    seconds: dict[str, float] = dict(stored.get("seconds", {})) if same else {}
    result: dict[str, Fitted] = {}
    regression = regression or shared_regression(task)
    for name, kind in baselines().items():
        if kinds is not None and kind not in kinds:
            continue
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
            baseline.fit(task, threads=cores(), seed=seed, regression=regression)
            seconds[name] = time.perf_counter() - began
            with atomic_folder(place) as partial:
                baseline.save(partial)
        except Interrupted:
            raise
        except Exception as error:  # from any library: the winner's test must not be lost
            say(f"{name} is left out: {error}")
            seconds.pop(name, None)
            continue
        result[name] = Fitted(baseline, seconds[name])
    write_arrays(folder / USUAL, {"usual": task.usual.table}, {"schema": SCHEMA})
    about = {"schema": SCHEMA, "fingerprint": task.fingerprint, "seconds": seconds}
    write_text(folder / ABOUT, json.dumps(about, indent=2) + "\n")
    return result


def refitted_baselines(
    task: ForecastDataset, fitted: Mapping[str, Fitted], folder: Path, data: DataSpec, *, seed: int, say: Say
) -> KeptBaselines | None:
    """`fitted`, of `folder`, fitted to training and validation part; None where that fails for one of them."""
    whole = task_before_test(task, data.imputation)
    found = fitted_baselines(
        whole,
        folder / REFITTED,
        seed=seed,
        say=lambda text: say(f"training and validation part: {text}"),
        kinds=[type(each.baseline) for each in fitted.values()],
    )
    if found.keys() != fitted.keys():
        shutil.rmtree(folder / REFITTED, ignore_errors=True)  # it has those that were tested, or is not there
        return None
    return KeptBaselines({name: each.baseline for name, each in found.items()}, whole.usual)


def later_baselines(folder: Path, tested: Collection[str]) -> list[str]:
    """One sentence a baseline that could be fitted now and is not among those that were `tested`.

    Which libraries there are may have changed since; nothing is added to a test that is done.
    """
    stored = _described(folder).get("seconds", {})
    return [
        f"{name} could not be fitted when this study was tested, for want of {kind.library}, and is not added now"
        for name, kind in baselines().items()
        if name not in tested and name not in stored and kind.library is not None and _is_there(kind.library)
    ]


def kept_baselines(folder: Path, say: Say = lambda text: None, *, as_tested: bool = True) -> KeptBaselines:
    """The baselines that a search left in `folder`; empty if there was none.

    `as_tested`: those that were tested, which have seen the validation part; else those that were chosen among.
    One that cannot be read is left out, and `say` is called.
    """
    kinds, found = baselines(), {}
    if as_tested and _described(folder / REFITTED):
        folder /= REFITTED
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


def _is_there(library: str) -> bool:
    try:
        importlib.import_module(library)
    except (ImportError, OSError):  # OSError: one of its own libraries is missing
        return False
    return True


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
