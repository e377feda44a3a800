"""Where text goes: results to stdout, progress to stderr; one JSON document when asked."""

import json
import math
import sys
from typing import Any

from gman_search.record_json import finite

__all__ = ["duration", "number", "print_json", "say"]


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
