"""Results of `rivals.py`: one line of `results/rivals.jsonl` a network, job, minutes and seed."""

import fcntl
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

from results_io import RESULTS, described, kept_lines, write_lines
from rivals_product import Part

__all__ = ["FILE", "document", "keep", "kept", "merged", "printed"]

FILE = RESULTS / "rivals.jsonl"
KEY = ("network", "job", "minutes", "seed")


def document(network: str, job: str, minutes: float, seed: int, parts: dict[str, Part], **more: Any) -> dict[str, Any]:
    """What was measured of a network, with a seed.

    `parts` says of each part (product, reference, ...) which rows are its, what it took in seconds and when, where,
    with which version and command it was measured: parts may be measured apart.
    """
    about = described("rivals", **more)
    origin = {"command": about["command"], "date": str(date.today()), "machine": about["machine"], "commit": _commit()}
    rows = [one for part in parts.values() for one in part.rows]
    found = {
        name: {
            "rows": [one["name"] for one in part.rows],
            "seconds": round(part.seconds, 1),
            "notes": part.notes,
            **({"course": part.course} if part.course else {}),
            **origin,
        }
        for name, part in parts.items()
    }
    named = {"network": network, "job": job, "minutes": minutes, "seed": seed}
    return {"schema": about["schema"], **named, "rows": rows, "parts": found, **origin}


def printed(one: dict[str, Any]) -> dict[str, Any]:
    """What `--json` prints of a document."""
    return {key: one[key] for key in ("schema", "network", "minutes", "seed", "rows")}


def merged(old: dict[str, Any], new: dict[str, Any]) -> dict[str, Any]:
    """`new`, with those parts of `old` that were not measured again; a part without rows replaces none that has."""
    parts, rows = {}, []
    for name in {**old["parts"], **new["parts"]}:
        newer = name in new["parts"] and (
            bool(new["parts"][name]["rows"]) or not old["parts"].get(name, {}).get("rows")
        )
        source = new if newer else old
        parts[name] = source["parts"][name]
        rows += [row for row in source["rows"] if row["name"] in parts[name]["rows"]]
    return {**new, "rows": rows, "parts": parts}


def kept(file: Path | None = None) -> list[dict[str, Any]]:
    """All kept documents."""
    return kept_lines(file or FILE)


def keep(new: dict[str, Any], file: Path | None = None) -> dict[str, Any]:
    """Append `new`; where its key is there, that line becomes both, merged. Returns what is kept."""
    file = file or FILE
    file.parent.mkdir(exist_ok=True)
    with _alone(file.parent):
        documents = kept(file)
        same = [index for index, old in enumerate(documents) if all(old[key] == new[key] for key in KEY)]
        if same:
            new = documents[same[0]] = merged(documents[same[0]], new)
        else:
            documents.append(new)
        write_lines(file, documents)
    return new


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """One process at a time."""
    number = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(number, fcntl.LOCK_EX)
        yield
    finally:
        os.close(number)


def _commit() -> str:
    def git(*words: str) -> str:
        done = subprocess.run(["git", *words], cwd=Path(__file__).parent, capture_output=True, text=True, check=False)
        return done.stdout.strip()

    changed = git("status", "--porcelain", "--untracked-files=no", "--", "../gman_search")
    return f"{git('rev-parse', '--short', 'HEAD') or 'unknown'}{' with changes' if changed else ''}"
