"""Files that are given as graphs and are something else: one line each says what they are."""

import io
import zipfile
from pathlib import Path

from gman_search.errors import DataError

__all__ = ["refuse_other_files"]

AS_CSV = "save it as CSV with from,to,cost or sensor,latitude,longitude"
OTHERS = {
    b"version https://git-lfs.": ("a Git LFS pointer", "fetch the file itself with git lfs pull"),
    b"\xd0\xcf\x11\xe0": ("an old Excel workbook", "save its sheet as CSV"),
    b"<": ("a web page or XML", f"download the file itself, or {AS_CSV}"),
    b"{": ("JSON", AS_CSV),
    b"[": ("JSON", AS_CSV),
    b"\x89HDF": ("HDF5", "save the matrix as CSV or .npy"),
    b"PAR1": ("Parquet", "save it as CSV"),
    b"ARROW1": ("Feather", "save it as CSV"),
    b"MATLAB 5.0": ("MATLAB", "save it with writematrix(A, 'graph.csv')"),
    b"SQLite format 3": ("an SQLite database", "save the table as CSV"),
    b"%PDF": ("PDF", "save the table as CSV"),
    b"7z\xbc\xaf": ("7-Zip", "unpack it and give the file inside"),
    b"Rar!": ("RAR", "unpack it and give the file inside"),
    b"BZh": ("bzip2", "unpack it and give the file inside"),
    b"\xfd7zXZ": ("xz", "unpack it and give the file inside"),
    b"\x28\xb5\x2f\xfd": ("zstd", "unpack it and give the file inside"),
}


def refuse_other_files(path: Path, raw: bytes) -> None:
    """Refuse a file that holds no graph that can be read.

    Raises:
        DataError: it is empty, a pointer, a workbook, an archive, or another program's file.
    """
    if not raw.strip():
        raise DataError(f"{path}: expected rows of numbers (a graph); received an empty file")
    for beginning, (kind, advice) in OTHERS.items():
        if raw.startswith(beginning):
            raise DataError(f"{path}: expected a graph; received {kind}: {advice}")
    if raw[257:262] == b"ustar":
        raise DataError(f"{path}: expected a graph; received a tar archive: unpack it and give the file inside")
    if raw.startswith(b"PK"):
        _refuse_archive(path, raw)


def _refuse_archive(path: Path, raw: bytes) -> None:
    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as packed:
            names = packed.namelist()
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError):
        raise DataError(f"{path}: expected a graph; received a damaged zip archive") from None
    if any(name.startswith("xl/") for name in names):
        raise DataError(f"{path}: expected a graph; received an Excel workbook: save its sheet as CSV")
    if not names or not all(name.endswith(".npy") for name in names):
        inside = f" with {names[0]}" if names else ""
        raise DataError(f"{path}: expected a graph; received a zip archive{inside}: unpack it and give the file inside")
