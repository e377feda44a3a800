"""What every benchmark says about itself, and where its result is kept: benchmarks/results/<name>.json."""

import json
import os
import platform
import sys
from datetime import date
from pathlib import Path
from typing import Any

__all__ = ["RESULTS", "described", "keep"]

RESULTS = Path(__file__).parent / "results"


def described(name: str, command: str | None = None, **content: Any) -> dict[str, Any]:
    """A result with its schema, command, date and machine; the command is this process's unless given.

    Folders are the machine's own affair: an absolute path stands there as DIR.
    """
    told = ["DIR" if Path(word).is_absolute() and Path(word).is_dir() else word for word in sys.argv]
    return {
        "schema": f"gman-search/{name}/1",
        "command": command or f"python {' '.join(told)}",
        "date": str(date.today()),
        "machine": f"{os.cpu_count()} cores, {platform.machine()}, {platform.system()}",
        **content,
    }


def keep(name: str, document: dict[str, Any]) -> None:
    """Write results/<name>.json; whoever kills the benchmark leaves the old file or the new one."""
    RESULTS.mkdir(exist_ok=True)
    partial = RESULTS / f".{name}.part"
    partial.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
    partial.replace(RESULTS / f"{name}.json")
