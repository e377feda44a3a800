"""Where text goes: results to stdout, progress to stderr; one JSON document when asked."""

import json
import os
import sys
from typing import TYPE_CHECKING, Any

from gman_search.record_json import finite
from gman_search.wording import duration, number

if TYPE_CHECKING:
    from gman_search.spec import StudySpec

__all__ = ["duration", "number", "print_json", "say", "workers_in_words"]


def print_json(schema: str, document: dict[str, Any]) -> None:
    """One JSON document on stdout; NaN becomes null."""
    print(json.dumps(finite({"schema": f"gman-search/{schema}/1", **document}), indent=2))


def say(text: str) -> None:
    """One line of progress or advice on stderr."""
    print(text, file=sys.stderr, flush=True)


def workers_in_words(spec: "StudySpec", *, cluster: bool = False) -> str:
    """Who does the work, as in "2 workers of 1 thread each"; on this machine, unless they are a `cluster`'s."""
    cores = os.cpu_count() or 1
    workers, threads = spec.search.workers, spec.search.threads_of(cores)
    each = " each" if workers > 1 else ""
    crowded = f" on {cores} cores" if workers * threads > cores and not cluster else ""
    return f"{workers} worker{'s' * (workers > 1)} of {threads} thread{'s' * (threads > 1)}{each}{crowded}"
