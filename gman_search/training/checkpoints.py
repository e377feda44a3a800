"""The checkpoint of an evaluation, and the one before it in case the newest is damaged."""

import logging
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from gman_search.errors import DataError
from gman_search.io.arrays import read_arrays, write_arrays
from gman_search.io.atomic import atomic_path

__all__ = ["BEFORE", "CHECKPOINT", "read_checkpoint", "write_checkpoint"]

log = logging.getLogger(__name__)

CHECKPOINT, BEFORE = "checkpoint.npz", "checkpoint.npz.before"


def write_checkpoint(folder: Path, arrays: Mapping[str, np.ndarray], description: Mapping[str, Any]) -> None:
    """Write `checkpoint.npz` in `folder`; the one before stays next to it, in case this one is damaged later.

    Raises:
        DiskFull: there is no room; what was there still is.
    """
    newest = folder / CHECKPOINT
    if newest.exists():
        with atomic_path(folder / BEFORE) as link:
            link.unlink(missing_ok=True)
            # A second name first: `newest` is never missing, whenever this is killed.
            try:
                os.link(newest, link)
            except OSError:  # a file system without links
                shutil.copyfile(newest, link)
    write_arrays(newest, arrays, description)


def read_checkpoint(folder: Path) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """The newest whole checkpoint in `folder`.

    Raises:
        DataError: there is none, or both are damaged.
    """
    try:
        return read_arrays(folder / CHECKPOINT)
    except DataError as error:
        if not (folder / BEFORE).exists():
            raise
        log.warning("%s: going on from the checkpoint before it", error)
        return read_arrays(folder / BEFORE)
