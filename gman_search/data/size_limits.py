"""What a file may ask for: a damaged or hostile header is refused before anything is allocated for it."""

import math
import zlib
from pathlib import Path
from typing import IO

from gman_search.errors import DataError

__all__ = ["MAX_READINGS", "check_inflation", "check_size", "read_bytes", "read_stream"]

MAX_READINGS = 2**29
"""Ten years of 5-minute steps of 500 sensors; 2 GB as float32."""
MAX_TEXT = 2**31
MAX_INFLATION = 200
"""Readings as text or arrays shrink to a tenth or a twentieth; a thousandth is a bomb."""
SMALL = 2**24


def check_size(path: Path, shape: tuple[int, ...]) -> None:
    """Refuse an array that no network of sensors has.

    Raises:
        DataError: more than `MAX_READINGS` readings.
    """
    if math.prod(shape) > MAX_READINGS:
        size = " x ".join(f"{length:,}" for length in shape)
        raise DataError(
            f"{path}: expected at most {MAX_READINGS:,} readings; its header announces {size}: "
            "take fewer sensors or a shorter time"
        )


def check_inflation(path: Path, packed: int, unpacked: int) -> None:
    """Refuse a packed file that unpacks to far more than readings do.

    Raises:
        DataError: `unpacked` bytes are more than `MAX_INFLATION` times `packed`, and not few.
    """
    if unpacked > SMALL and unpacked > MAX_INFLATION * packed:
        raise DataError(
            f"{path}: expected packed readings; received {packed:,} bytes that unpack to {unpacked:,} or more: "
            "unpack it yourself if you trust it"
        )


def read_bytes(path: Path, *, packed: bool) -> bytes:
    """The file's bytes, unpacked where they are gzip's.

    Raises:
        DataError: the file is too big, or unpacks to too much.
        OSError, EOFError, zlib.error: it cannot be read, is cut off or damaged.
    """
    size = path.stat().st_size
    if size > MAX_TEXT:
        raise DataError(
            f"{path}: expected at most {MAX_TEXT:,} bytes of text; received {size:,}: convert it to Parquet, or give "
            "only the days and sensors that you need"
        )
    raw = path.read_bytes()
    if not packed:
        return raw
    allowed = _allowed(size)
    parts, length = [], 0
    while raw:  # a file may have several members, one after another
        member = zlib.decompressobj(wbits=31)
        parts.append(member.decompress(raw, allowed + 1 - length))
        length += len(parts[-1])
        if length > allowed:
            check_inflation(path, size, length)
            raise DataError(
                f"{path}: expected at most {MAX_TEXT:,} bytes of text; received more: convert it to Parquet"
            )
        if not member.eof:
            raise EOFError("the file ends before its gzip stream does")
        raw = member.unused_data.lstrip(b"\0")
    return b"".join(parts)


def read_stream(path: Path, stream: IO[bytes], packed: int) -> bytes:
    """All bytes of an unpacking stream.

    Args:
        path: the file, for messages.
        stream: gives unpacked bytes.
        packed: bytes that the packed content takes in the file.

    Raises:
        DataError: it unpacks to too much.
    """
    allowed = _allowed(packed)
    content = stream.read(allowed + 1)
    if len(content) > allowed:
        check_inflation(path, packed, len(content))
        raise DataError(f"{path}: expected at most {MAX_TEXT:,} bytes of text; received more: convert it to Parquet")
    return content


def _allowed(packed: int) -> int:
    return min(MAX_TEXT, max(SMALL, MAX_INFLATION * packed))
