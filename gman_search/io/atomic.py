"""Files and folders that are on disk completely or not at all: the one place of the package that replaces any."""

import errno
import os
import re
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from gman_search.errors import DataError, DiskFull

__all__ = ["atomic_folder", "atomic_path", "atomic_stream", "atomic_write", "write_text"]


@contextmanager
def atomic_path(target: Path) -> Iterator[Path]:
    """A name in the folder of `target` for a file or a new folder; it becomes `target` if the block raises nothing.

    Errors of the file system are raised as they are.
    """
    # A name of its own, so that two processes or threads never write into each other's file.
    partial = target.with_name(f".{target.name}.{os.getpid()}.{threading.get_ident()}.part")
    try:
        yield partial
        os.replace(partial, target)
    finally:
        if partial.is_dir():
            shutil.rmtree(partial, ignore_errors=True)
        partial.unlink(missing_ok=True)


@contextmanager
def atomic_write(target: Path) -> Iterator[Path]:
    """As `atomic_path`, for results that a user names.

    Raises:
        DataError: the folder of `target` does not exist, or `target` cannot be written.
    """
    if not target.parent.is_dir():
        raise DataError(f"expected an existing folder for {target}; there is no {target.parent}")
    try:
        with atomic_path(target) as partial:
            yield partial
    except OSError as error:
        raise DataError(f"cannot write {target}: {error.strerror}") from None


@contextmanager
def atomic_stream(target: Path) -> Iterator[BinaryIO]:
    """A binary stream whose content becomes the file `target`; it outlasts a power cut. Missing folders are made.

    Raises:
        DiskFull: there is no room; an old file `target` is still there.
    """
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with atomic_path(target) as partial, partial.open("wb") as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
            stream.close()
        _flush_folder(target.parent)
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        raise DiskFull(
            f"expected room for {target.name} in {target.parent}; the disk is full: free some, and it goes on"
        ) from None


def write_text(target: Path, text: str) -> None:
    """Write `text` as the UTF-8 file `target`; errors of the file system are raised as they are."""
    with atomic_path(target) as partial:
        partial.write_text(text, encoding="utf-8", newline="\n")


@contextmanager
def atomic_folder(target: Path) -> Iterator[Path]:
    """A new folder that replaces the folder `target` if the block raises nothing; otherwise `target` stays.

    Raises:
        DataError: it cannot be written.
    """
    _clean_up(target)
    partial, before = (target.with_name(f".{target.name}.{os.getpid()}.{end}") for end in ("part", "before"))
    shutil.rmtree(partial, ignore_errors=True)
    try:
        partial.mkdir(parents=True)
        yield partial
        if target.is_dir():
            target.replace(before)
        partial.replace(target)
    except OSError as error:
        if before.is_dir() and not target.exists():
            before.replace(target)
        raise DataError(f"cannot write {target}: {error.strerror}") from None
    finally:
        shutil.rmtree(partial, ignore_errors=True)
        shutil.rmtree(before, ignore_errors=True)


def _flush_folder(folder: Path) -> None:
    """The new name, too, must outlast a power cut."""
    if not hasattr(os, "O_DIRECTORY"):
        return  # Windows cannot
    number = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(number)
    finally:
        os.close(number)


def _clean_up(target: Path) -> None:
    """Remove what dead processes left next to `target`; a replacement killed between its two renames is undone."""
    name = re.compile(rf"\.{re.escape(target.name)}\.(\d+)\.(part|before)")
    leftovers = [(path, found) for path in _siblings(target) if (found := name.fullmatch(path.name))]
    for path, found in leftovers:
        if _is_alive(int(found[1])):
            continue
        if found[2] == "before" and not target.exists():
            path.replace(target)
        else:
            shutil.rmtree(path, ignore_errors=True)


def _siblings(target: Path) -> list[Path]:
    return sorted(target.parent.iterdir()) if target.parent.is_dir() else []


def _is_alive(process: int) -> bool:
    if process == os.getpid():
        return True  # this process removes its own
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except OSError:
        return True  # another user's
    return True
