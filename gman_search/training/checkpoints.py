"""Named arrays with a description on disk, written all or not at all.

The format is numpy's `.npz` without pickles plus one JSON text, so reading a file never runs code.
"""

import errno
import hashlib
import json
import logging
import os
import shutil
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from gman_search.errors import DataError, DiskFull

__all__ = ["BEFORE", "CHECKPOINT", "read_arrays", "read_checkpoint", "write_arrays", "write_checkpoint"]

log = logging.getLogger(__name__)

CHECKPOINT, BEFORE = "checkpoint.npz", "checkpoint.npz.before"
_DESCRIPTION = "__description__"
_DIGEST = "__digest__"
# What numpy and zipfile are known to raise on damaged files; a table of contents has no checksum of its own.
_DAMAGE = (
    *(OSError, EOFError, ValueError, KeyError, TypeError, AttributeError),
    *(RuntimeError, MemoryError, zipfile.BadZipFile, zlib.error),
)


def write_arrays(path: Path, arrays: Mapping[str, np.ndarray], description: Mapping[str, Any]) -> None:
    """Write `arrays` and `description` to `path` atomically: a crash leaves the old file or the new one.

    Raises:
        DiskFull: there is no room; the old file is still there.
    """
    with _replaced(path) as stream:
        text = np.array(json.dumps(description))
        members: dict[str, Any] = {_DESCRIPTION: text, **arrays}
        members[_DIGEST] = np.array(_digest(members))
        np.savez(stream, **members)


@contextmanager
def _replaced(path: Path) -> Iterator[BinaryIO]:
    """A stream whose content becomes the file `path` when all of it is on disk."""
    # A name of its own, so that a stalled worker and its replacement never write into each other's file.
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with partial.open("wb") as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(partial, path)
        _flush_folder(path.parent)
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        raise DiskFull(
            f"expected room for {path.name} in {path.parent}; the disk is full: free some, and it goes on"
        ) from None
    finally:
        partial.unlink(missing_ok=True)


def _flush_folder(folder: Path) -> None:
    """The new name, too, must outlast a power cut."""
    if not hasattr(os, "O_DIRECTORY"):
        return  # Windows cannot
    number = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(number)
    finally:
        os.close(number)


def write_checkpoint(folder: Path, arrays: Mapping[str, np.ndarray], description: Mapping[str, Any]) -> None:
    """Write `checkpoint.npz` in `folder`; the one before stays beside it, in case this one is damaged later.

    Raises:
        DiskFull: there is no room; what was there still is.
    """
    newest = folder / CHECKPOINT
    if newest.exists():
        before = folder / BEFORE
        link = before.with_name(f".{before.name}.{os.getpid()}")
        link.unlink(missing_ok=True)
        # A second name first: `newest` is never missing, whenever this is killed.
        try:
            os.link(newest, link)
        except OSError:  # a file system without links
            shutil.copyfile(newest, link)
        os.replace(link, before)
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


def read_arrays(path: Path) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """Arrays by name and the description.

    Raises:
        DataError: the file is missing, cut off, damaged (every member carries a CRC) or not one of ours.
    """
    try:
        with np.load(path, allow_pickle=False) as stored:
            arrays = {name: stored[name] for name in stored.files}
        if str(arrays.pop(_DIGEST)) != _digest(arrays):
            raise ValueError("its checksum does not fit its content")
        description = json.loads(str(arrays.pop(_DESCRIPTION)))
    except FileNotFoundError:
        raise DataError(f"expected saved weights at {path}; there is no such file") from None
    except _DAMAGE as error:
        cause = " ".join(str(error).split())[:200]
        raise DataError(f"expected saved weights at {path}; the file is damaged or of another kind ({cause})") from None
    return arrays, description


def _digest(arrays: Mapping[str, np.ndarray]) -> str:
    """SHA-256 over names, shapes and bytes, whatever the order in the file."""
    digest = hashlib.sha256()
    for name in sorted(arrays):
        digest.update(f"{name} {arrays[name].shape} {arrays[name].dtype}".encode())
        digest.update(np.ascontiguousarray(arrays[name]).tobytes())
    return digest.hexdigest()
