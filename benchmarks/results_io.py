"""What every benchmark says about itself, and where its result is kept: benchmarks/results/<name>.json.

Results that are measured in many runs are lines of a .jsonl file there, one document each.
"""

import json
import os
import platform
import sys
from collections.abc import Iterable, Sequence
from datetime import date
from pathlib import Path
from typing import Any

__all__ = ["RESULTS", "described", "keep", "keep_lines", "kept_lines", "write_document", "write_lines"]

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
    """Write results/<name>.json (see `write_document`)."""
    RESULTS.mkdir(exist_ok=True)
    write_document(RESULTS / f"{name}.json", document)


def write_document(file: Path, document: dict[str, Any]) -> None:
    """Write a JSON file; whoever kills the benchmark leaves the old file or the new one."""
    partial = file.with_name(f".{file.stem}.part")
    partial.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
    partial.replace(file)


def kept_lines(file: Path) -> list[dict[str, Any]]:
    """All documents of a file; none where there is none."""
    if not file.is_file():
        return []
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines() if line.strip()]


def keep_lines(file: Path, new: Sequence[dict[str, Any]], key: Sequence[str]) -> None:
    """Append `new`; a line of the same `key` gives way."""
    measured = [[one[name] for name in key] for one in new]
    write_lines(file, [*(old for old in kept_lines(file) if [old[name] for name in key] not in measured), *new])


def write_lines(file: Path, documents: Iterable[dict[str, Any]]) -> None:
    """Write the whole file; whoever kills the benchmark leaves the old one or the new one."""
    file.parent.mkdir(exist_ok=True)
    partial = file.with_name(f".{file.name}.{os.getpid()}.part")
    partial.write_text("".join(json.dumps(each) + "\n" for each in documents), encoding="utf-8")
    partial.replace(file)
