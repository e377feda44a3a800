"""How much memory this machine, or the container that it is, has; and no search for garbage while much is read."""

import gc
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

__all__ = ["collector_paused", "machine_gb"]

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


@contextmanager
def collector_paused() -> Iterator[None]:
    """Do not look for garbage in the block.

    Python looks each time some thousands of objects were made, and at all that are there when these have grown. While
    a long history is read nothing is garbage, and looking takes half of the time.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()
