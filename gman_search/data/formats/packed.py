"""The text of a file that may be packed: with gzip, bzip2, xz or zstd, or as the only file in a zip."""

import bz2
import lzma
import zipfile
import zlib
from pathlib import Path

from gman_search.data.formats.zipped import members
from gman_search.data.size_limits import read_bytes, read_stream
from gman_search.errors import DataError, UsageError

__all__ = ["GZIP", "unpacked"]

GZIP, ZIP, BZIP2, XZ, ZSTD = b"\x1f\x8b", b"PK\x03\x04", b"BZh", b"\xfd7zXZ\x00", b"\x28\xb5\x2f\xfd"
# What a packed file may turn out to be, and is no text.
INNER = {
    b"\x89HDF": "HDF5", ZIP: "a zip file", b"PAR1": "Parquet", GZIP: "gzip again", b"\x93NUMPY": "a NumPy array",
    b"ARROW1": "Arrow", b"\xd0\xcf\x11\xe0": "an old Excel workbook",
    **{kind + version: "an R file" for kind in (b"RDX", b"RDA") for version in (b"2\n", b"3\n")},
}  # fmt: skip
ARCHIVES = {b"7z\xbc\xaf": "a 7-Zip archive", b"Rar!": "a RAR archive"}
TAR = slice(257, 262), b"ustar"
"""Where a tar archive says that it is one."""
DAMAGED = (OSError, EOFError, zlib.error, lzma.LZMAError, zipfile.BadZipFile, ValueError, NotImplementedError,
           RuntimeError)  # fmt: skip


def unpacked(path: Path) -> bytes:
    """Content of a text file, unpacked if it is packed.

    Raises:
        DataError: it cannot be read, is damaged, unpacks to too much, or to something that is no text.
        UsageError: what unpacks zstd is not installed.
    """
    try:
        with path.open("rb") as file:
            beginning = file.read(8)
        content = _content(path, beginning)
    except DAMAGED as error:
        told = " ".join(str(error).split())
        raise DataError(f"{path}: expected a whole file that can be read; {told}: is it cut off?") from None
    archive = "a tar archive" if content[TAR[0]] == TAR[1] else None
    archive = next((kind for sign, kind in ARCHIVES.items() if content.startswith(sign)), archive)
    if archive is not None:
        raise DataError(f"{path}: expected a file of its own; received {archive}: unpack it and give what is inside")
    inner = next((kind for sign, kind in INNER.items() if content.startswith(sign)), None)
    if inner is not None:
        raise DataError(f"{path}: expected text in a packed file; received {inner}: unpack it first")
    return content


def _content(path: Path, beginning: bytes) -> bytes:
    size = path.stat().st_size
    if beginning.startswith(BZIP2):
        with bz2.open(path) as stream:
            return read_stream(path, stream, size)
    if beginning.startswith(XZ):
        with lzma.open(path) as stream:
            return read_stream(path, stream, size)
    if beginning.startswith(ZSTD):
        return _zstd(path, size)
    if beginning.startswith(ZIP):
        (member,) = members(path)
        with zipfile.ZipFile(path) as packed, packed.open(member) as stream:
            return read_stream(path, stream, member.compress_size)
    return read_bytes(path, packed=beginning.startswith(GZIP) or path.suffix == ".gz")


def _zstd(path: Path, size: int) -> bytes:
    try:
        import pyarrow as arrow
    except ImportError:
        raise UsageError('unpacking zstd needs pyarrow: pip install "gman-search[parquet]"') from None
    with arrow.OSFile(str(path)) as file, arrow.CompressedInputStream(file, "zstd") as stream:
        return read_stream(path, stream, size)
