"""The commands that are printed: each runs as printed, from the directory where it was printed."""

import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from gman_search.tuning.folder import without_password

__all__ = ["TAKEN", "Place", "readings_words"]

TAKEN = {
    "run": ("--studies", "--reports", "--storage", "--engine", "--ray-address"),
    "report": ("--studies", "--reports", "--storage"),
    **dict.fromkeys(
        ("worker", "status", "best", "explain", "evaluations", "dashboard", "train", "evaluate", "predict", "export"),
        ("--studies", "--storage"),
    ),
    "refit": ("--studies",),
}
"""The flags of each command that say where a study lies and who works on it."""


@dataclass(frozen=True)
class Place:
    """Where a study lies and who works on it, as the command line said; defaults are those of the commands.

    A password in `storage` is left out of what is printed: PostgreSQL's tools find it in PGPASSWORD or ~/.pgpass.
    """

    studies: Path = Path("studies")
    reports: Path = Path("reports")
    storage: str | None = None
    engine: Literal["local", "ray"] = "local"
    ray_address: str | None = None

    def command(self, name: str, *words: object) -> str:
        """`gman-search NAME WORDS` with the flags without which it would look elsewhere, quoted for a shell."""
        given = {
            "--studies": None if self.studies == Place.studies else str(self.studies),
            "--reports": None if self.reports == Place.reports else str(self.reports),
            "--storage": None if self.storage is None else without_password(self.storage),
            "--engine": None if self.engine == Place.engine else self.engine,
            "--ray-address": self.ray_address,
        }
        flags = [word for flag in TAKEN[name] if (value := given[flag]) is not None for word in (flag, value)]
        return shlex.join(["gman-search", name, *map(str, words), *flags])


def readings_words(data: Mapping[str, Any]) -> list[str]:
    """The readings of a study's `[data]` as `predict` takes them, whose last rows can be forecast from."""
    path = Path(str(data.get("readings", "demo")))
    below = path.is_absolute() and path.is_relative_to(Path.cwd())
    given = ((f"--{key}", data.get(key)) for key in ("start", "step"))
    return [
        str(path.relative_to(Path.cwd()) if below else path),
        *(word for flag, value in given if value is not None for word in (flag, str(value))),
    ]
