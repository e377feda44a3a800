"""A lock between processes on a file, which the operating system frees when its holder ends, however it ends."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

__all__ = ["file_lock"]


@contextmanager
def file_lock(file: Path, on_wait: Callable[[], None] = lambda: None) -> Iterator[None]:
    """Hold the lock on `file`, which is made where it is missing; `on_wait` is called once before waiting for others.

    Where the system or the file system has no such locks nobody waits.
    """
    try:
        import fcntl
    except ImportError:  # Windows
        yield
        return
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("a") as stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            on_wait()
            fcntl.flock(stream, fcntl.LOCK_EX)
        except OSError:  # a network file system without locks
            pass
        yield  # closing the file frees the lock
