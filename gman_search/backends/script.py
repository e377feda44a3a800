"""Starting processes that do not run the user's script again."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType

__all__ = ["script_hidden"]


@contextmanager
def script_hidden() -> Iterator[None]:
    """Processes that are started here by `spawn` do not import `__main__`.

    Otherwise each of them runs the script that started it, up to `gman_search.search`, which then fails: the reason for
    `if __name__ == "__main__":` in scripts. Workers need nothing of the script.
    """
    script = sys.modules["__main__"]
    sys.modules["__main__"] = ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = script
