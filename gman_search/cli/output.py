"""Where text goes: results to stdout, progress to stderr; one JSON document when asked."""

import json
import math
import os
import sys
from typing import TYPE_CHECKING, Any

from gman_search.record_json import finite

if TYPE_CHECKING:
    from gman_search.spec import StudySpec

__all__ = ["duration", "number", "print_json", "say", "workers_in_words"]


def print_json(schema: str, document: dict[str, Any]) -> None:
    """One JSON document on stdout; NaN becomes null."""
    print(json.dumps(finite({"schema": f"gman-search/{schema}/1", **document}), indent=2))


def say(text: str) -> None:
    """One line of progress or advice on stderr."""
    print(text, file=sys.stderr, flush=True)


def duration(seconds: float) -> str:
    """A duration for people: 45 s, 12 min, 3 h 05."""
    if seconds < 100:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 100 else f"{minutes // 60} h {minutes % 60:02d}"


def number(value: float | None, digits: int = 3) -> str:
    """A number, or a dash where there is none."""
    return "-" if value is None or math.isnan(value) else f"{value:.{digits}f}"


def workers_in_words(spec: "StudySpec", *, cluster: bool = False) -> str:
    """Who does the work, as in "2 workers of 1 thread each"; on this machine, unless they are a `cluster`'s."""
    cores = os.cpu_count() or 1
    workers, threads = spec.search.workers, spec.search.threads_of(cores)
    each = " each" if workers > 1 else ""
    crowded = f" on {cores} cores" if workers * threads > cores and not cluster else ""
    return f"{workers} worker{'s' * (workers > 1)} of {threads} thread{'s' * (threads > 1)}{each}{crowded}"
