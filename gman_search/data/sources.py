"""The files behind one name of readings: a file, all files of a folder, or those that match a pattern."""

import glob
from pathlib import Path

from gman_search.errors import DataError

__all__ = ["is_several", "source_files"]

SIGNS = "*?["
HIDDEN = (".", "_")


def is_several(path: Path) -> bool:
    """Whether `path` is a folder or a pattern."""
    return path.is_dir() or (any(sign in str(path) for sign in SIGNS) and not path.exists())


def source_files(path: Path) -> list[Path]:
    """The files that `path` stands for, by name; hidden ones (`.x`, `_x`) are not looked at.

    Raises:
        DataError: the folder has no files, or none matches the pattern.
    """
    if not is_several(path):
        return [path]
    found = path.iterdir() if path.is_dir() else map(Path, glob.glob(str(path), recursive=True))
    files = sorted(file for file in found if file.is_file() and not file.name.startswith(HIDDEN))
    if not files and path.is_dir():
        raise DataError(
            f"{path}: expected files of readings in this folder; there are none: for those of its folders give a "
            f"pattern in quotes, such as '{path}/*/*.csv'"
        )
    if not files:
        raise DataError(f"expected files of readings that match {path}; there are none")
    return files
