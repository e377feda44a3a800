"""How much memory this machine, or the container that it is, has."""

import os
from pathlib import Path

__all__ = ["machine_gb"]

LIMITS = (Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"))
"""Of a container, by cgroups of version 2 and 1; more than the machine has where there is no limit."""


def machine_gb() -> float:
    """GB of memory that all processes here may use together."""
    limits = [limit for limit in map(_limit, LIMITS) if limit is not None]
    return min([os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"), *limits]) / 1e9


def _limit(file: Path) -> int | None:
    try:
        return int(file.read_text(encoding="ascii"))
    except (OSError, ValueError):  # no such file, or "max"
        return None
