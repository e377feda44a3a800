"""Named arrays with a description on disk: checkpoints, saved models, ensembles.

The format is numpy's `.npz` without pickles plus one JSON text, so reading a file never runs code.
"""

import hashlib
import json
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from gman_search.errors import DataError
from gman_search.io.atomic import atomic_stream

__all__ = ["read_arrays", "write_arrays"]

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
    with atomic_stream(path) as stream:
        text = np.array(json.dumps(description))
        members: dict[str, Any] = {_DESCRIPTION: text, **arrays}
        members[_DIGEST] = np.array(_digest(members))
        np.savez(stream, **members)


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
