"""Doing something each time a file has changed, until Ctrl-C."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from gman_search.cli.output import say
from gman_search.errors import DataError, GmanSearchError

__all__ = ["Seen", "changes", "on_each_change"]


@dataclass(frozen=True)
class Seen:
    """A file as it was found: which one, when it was last written, how large it was."""

    path: Path
    modified_ns: int
    size: int
    inode: int

    def check(self) -> None:
        """Raises DataError where the file is no longer what was found: what was read of it may be half of it."""
        if _seen(self.path) != self:
            raise DataError(f"{self.path} changed while it was read; it is read again when it is complete")


def changes(
    place: Path, seconds: float, *, own: Path | None = None, sleep: Callable[[float], None] = time.sleep
) -> Iterator[Seen]:
    """The file at `place` now, and again after each change; in a folder the file that was written last.

    A file is given when two looks in a row, `seconds` apart, have found it the same: one that is being written is left
    alone until the writing rests. Hidden files are no readings, nor is `own`, the caller's output.

    Raises:
        DataError: there is no file and no folder at `place`.
    """
    if not place.exists():
        raise DataError(f"expected a file or a folder of readings to watch; there is no {place}")
    given: Seen | None = None
    before: Seen | None = None
    while True:
        found = _newest(place, own) if place.is_dir() else _seen(place)
        # In a folder an older file becomes the newest when that is taken away: it is no news.
        is_older = given is not None and found is not None and place.is_dir() and found.modified_ns < given.modified_ns
        if found is not None and found == before and found != given and not is_older:
            given = found
            yield found
        before = found
        sleep(seconds)


def on_each_change(place: Path, seconds: float, act: Callable[[Seen], str], *, own: Path | None = None) -> None:
    """Call `act` for each of `changes` and print what it returns, on stderr with the time; returns on Ctrl-C.

    An error of this program's costs one line: it may be a half-written file, and the next may be whole.

    Raises:
        DataError: as `changes`.
    """
    try:
        for seen in changes(place, seconds, own=own):
            try:
                told = act(seen)
            except GmanSearchError as error:
                told = f"no new forecast: {' '.join(str(error).split())}"
            say(f"{datetime.now():%H:%M:%S} {told}")
    except KeyboardInterrupt:
        say("stopped watching")


def _newest(folder: Path, own: Path | None) -> Seen | None:
    output = None if own is None else own.resolve()
    files = [path for path in folder.iterdir() if not path.name.startswith(".") and path.resolve() != output]
    found = [seen for seen in map(_seen, files) if seen is not None]
    return max(found, key=lambda seen: (seen.modified_ns, seen.path.name), default=None)


def _seen(path: Path) -> Seen | None:
    """None where there is no file, at the moment."""
    try:
        status = path.stat()
    except OSError:
        return None
    return Seen(path, status.st_mtime_ns, status.st_size, status.st_ino) if path.is_file() else None
