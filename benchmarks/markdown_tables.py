"""Tables as the README and the docs have them (pure)."""

from collections.abc import Iterable, Sequence
from typing import Any

__all__ = ["markdown_table"]


def markdown_table(head: Sequence[str], body: Iterable[Iterable[Any]]) -> str:
    """A table in Markdown, one line a row."""
    lines = [head, ["---"] * len(head), *body]
    return "\n".join(f"| {' | '.join(map(str, line))} |" for line in lines)
