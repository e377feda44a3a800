"""The product in `rivals.py`, by its command line, and the words in which every rival is told."""

import json
import os
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from subprocess import run
from typing import Any

from deliveries import Course, course_of, watched
from rivals_networks import DEMO_STUDY, Network

__all__ = ["COMMAND", "SHOWN", "Part", "environment", "product", "row", "told"]

COMMAND = [sys.executable, "-m", "gman_search"]
SHOWN = ("3", "6", "12")
REPOSITORY = Path(__file__).parents[1]
OWN_SEED = 7  # of studies/demo.toml


@dataclass(frozen=True)
class Part:
    """What one of the rivals, or the product, came to: its rows, the seconds it took, and what must be said of it.

    `course`: how the error of what the product delivers falls (see deliveries.py).
    """

    rows: list[dict[str, Any]]
    seconds: float
    notes: list[str] = field(default_factory=list)
    course: Course | None = None


def row(
    name: str,
    kind: str,
    val: float | None,
    test: Mapping[str, float],
    train_seconds: float | None,
    forecast_ms: float | None,
) -> dict[str, Any]:
    """One forecaster: MAE on the validation part, and on the test part at steps 3, 6 and 12 and their mean over all."""
    return {
        "name": name,
        "kind": kind,
        "val": _rounded(val),
        "test": {at: _rounded(test[at]) for at in (*SHOWN, "mean")},
        "train_seconds": _rounded(train_seconds, 1),
        "forecast_ms": _rounded(forecast_ms, 2),
    }


def environment() -> dict[str, str]:
    """Of the product's processes: this checkout's code, and no settings from outside."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GMAN_SEARCH_")}
    path = os.pathsep.join(filter(None, [str(REPOSITORY), kept.get("PYTHONPATH")]))
    return {**kept, "PYTHONPATH": path, "TF_CPP_MIN_LOG_LEVEL": "3"}


def told(folder: Path, *words: str) -> dict[str, Any]:
    """What a command of the product prints as JSON."""
    done = run([*COMMAND, *words], cwd=folder, env=environment(), capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"gman-search {' '.join(words)} ended with {done.returncode}:\n{done.stderr[-2000:]}")
    document: dict[str, Any] = json.loads(done.stdout)
    return document


def product(network: Network, minutes: float, seed: int, folder: Path, *, make_run: bool = False) -> Part:
    """A search in a fresh folder: of so many minutes, or as `make run` has it.

    Its ensemble, its winner and its baselines are taken from the leaderboard that it prints. The reference config is
    one of its evaluations, too; the row of kind "reference" is the one that is trained alone.
    """
    if make_run:
        (folder / "studies").mkdir()
        shutil.copy(DEMO_STUDY, folder / "studies" / "demo.toml")
        words = ["run", "--trials", "50", "--hours", "0.155", *([] if seed == OWN_SEED else ["--seed", str(seed)])]
    else:
        (folder / "study.toml").write_text(network.study(network.name, seed), encoding="utf-8")
        words = ["run", "--spec", "study.toml", "--hours", f"{minutes / 60:.6g}", "--trials", "fit"]
    study = folder / "studies" / ("demo" if make_run else network.name)
    search = watched([*COMMAND, *words, "--json"], folder, study, environment())
    document, seconds = json.loads(search.printed), search.seconds
    board = document.get("leaderboard")
    if not board:
        raise SystemExit("expected a leaderboard in what `gman-search run --json` prints; the search tested nothing")
    rows = []
    for line in board:
        if line["kind"] in ("ensemble", "winner", "reference", "baseline"):
            own = line["kind"] == "reference"
            name, kind = ("reference, within the search", "evaluation") if own else (line["name"], line["kind"])
            rows.append(row(name, kind, line["val"], line["test"], line["train_seconds"], line["forecast_ms"]))
    notes = [f"{document['trials']} configs: gman-search {' '.join(words)}"]
    if not make_run and seconds > 60 * minutes:
        notes.append(f"the search took {seconds / 60:.1f} minutes instead of {minutes:g}")
    course = course_of(search.deliveries, network.task()) if search.deliveries else None
    return Part(rows, seconds, notes, course)


def _rounded(value: float | None, digits: int = 4) -> float | None:
    return None if value is None else round(float(value), digits)
