"""Results that are on disk whole or not at all."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from gman_search.errors import DataError

__all__ = ["whole"]


@contextmanager
def whole(target: Path) -> Iterator[Path]:
    """A name beside `target` for a file or a folder, which takes `target`'s name at the end, if there is no error.

    Raises:
        DataError: there is no such place, or it cannot be written.
    """
    if not target.parent.is_dir():
        raise DataError(f"expected an existing folder for {target}; there is no {target.parent}")
    # A name of its own, so that two processes never write into each other's.
    partial = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        yield partial
        partial.replace(target)
    except OSError as error:
        raise DataError(f"cannot write {target}: {error.strerror}") from None
    finally:
        if partial.is_dir():
            shutil.rmtree(partial, ignore_errors=True)
        partial.unlink(missing_ok=True)
