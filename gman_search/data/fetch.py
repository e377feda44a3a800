"""Downloading a public data set from an address of the user's, and proof that it is the right file."""

import hashlib
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path
from urllib.parse import urlsplit

from gman_search.data.read import read_series
from gman_search.errors import DataError, UsageError
from gman_search.io.atomic import atomic_path

__all__ = ["PUBLIC", "PublicSet", "fetch"]

MAX_BYTES = 2**31
CHUNK = 2**18
TIMEOUT = 60
UNREACHABLE = (OSError, ValueError, HTTPException)


@dataclass(frozen=True)
class PublicSet:
    """A published file of readings: its usual name, and its steps (gaps filled) and sensors."""

    file: str
    steps: int
    sensors: int


PUBLIC = {
    "metr-la": PublicSet("metr-la.h5", 34272, 207),
    "pems-bay": PublicSet("pems-bay.h5", 52128, 325),
}


def fetch(name: str, address: str, target: Path, *, sha256: str | None, say: Callable[[str], None]) -> tuple[str, int]:
    """Download the data set `name` from `address` to `target`; returns its SHA-256 and its bytes.

    Args:
        name: of `PUBLIC`.
        address: http or https address of the file, or of its folder (ending in /).
        target: file to write; nothing is left there unless everything was right.
        sha256: expected checksum; None: the one in the file `address`.sha256 beside it.
        say: told how far it is.

    Raises:
        UsageError: no such data set, no http address, no checksum anywhere, or `target` cannot be written.
        DataError: it cannot be downloaded, or is not what it should be.
    """
    if name not in PUBLIC:
        raise UsageError(f"expected a data set, {' or '.join(PUBLIC)}; received {name!r}")
    known = PUBLIC[name]
    if not _is_web(address):
        raise UsageError(f"expected an address like https://host/{known.file} for --from; received {address!r}")
    address += known.file if address.endswith("/") else ""
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with atomic_path(target) as part:
            part.open("wb").close()  # before anything is asked for
            return _verified(known, name, address, sha256, part, say)
    except OSError as error:
        raise UsageError(f"expected a file that can be written; {target}: {error.strerror}") from None


def _verified(
    known: PublicSet, name: str, address: str, sha256: str | None, part: Path, say: Callable[[str], None]
) -> tuple[str, int]:
    """Download into `part`; returns SHA-256 and bytes of what is the right file."""
    expected = _checksum(address, sha256)
    received, size = _download(address, part, say)
    if received != expected:
        raise DataError(f"{address}: expected a file of SHA-256 {expected}; received {received}: nothing was kept")
    series = read_series(part)
    if series.values.shape != (known.steps, known.sensors):
        steps, sensors = series.values.shape
        raise DataError(
            f"{address}: expected {name}, {known.steps} steps of {known.sensors} sensors; received {steps} of "
            f"{sensors}: nothing was kept"
        )
    return received, size


def _is_web(address: str) -> bool:
    try:
        return urlsplit(address).scheme in ("http", "https")
    except ValueError:  # half of an IPv6 address
        return False


def _checksum(address: str, given: str | None) -> str:
    text = given
    if text is None:
        try:
            with urllib.request.urlopen(address + ".sha256", timeout=TIMEOUT) as answer:
                text = answer.read(200).decode("ascii")
        except UNREACHABLE as error:
            raise UsageError(
                f"expected --sha256, or a file {address}.sha256 next to the data; received neither ({_told(error)})"
            ) from None
    words = text.split()
    if not words or len(words[0]) != 64 or set(words[0].lower()) - set("0123456789abcdef"):
        raise UsageError(f"expected 64 hexadecimal digits as SHA-256; received {text.strip()[:80]!r}")
    return words[0].lower()


def _download(address: str, part: Path, say: Callable[[str], None]) -> tuple[str, int]:
    digest, size, told = hashlib.sha256(), 0, 0
    try:
        with urllib.request.urlopen(address, timeout=TIMEOUT) as answer, part.open("wb") as file:
            announced = int(answer.headers.get("Content-Length") or 0)
            while chunk := answer.read(CHUNK):
                size += len(chunk)
                if size > MAX_BYTES:
                    raise DataError(f"{address}: expected at most {MAX_BYTES:,} bytes; received more: nothing was kept")
                digest.update(chunk)
                file.write(chunk)
                if announced and size * 10 // announced > told:
                    told = size * 10 // announced
                    say(f"{size / 1e6:.1f} of {announced / 1e6:.1f} MB")
    except UNREACHABLE as error:
        raise DataError(f"{address}: expected a file to download; {_told(error)}") from None
    if announced and size != announced:
        raise DataError(f"{address}: expected {announced:,} bytes; received {size:,}: nothing was kept, try again")
    return digest.hexdigest(), size


def _told(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__
