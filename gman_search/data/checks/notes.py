"""What was made of files while they were read (pure)."""

from collections.abc import Iterator

from gman_search.data.checks.facts import Facts
from gman_search.data.checks.finding import Finding
from gman_search.data.suspected_codes import suspicion

__all__ = ["file_notes", "graph_notes"]


def file_notes(facts: Facts) -> Iterator[Finding]:
    """What the readers say of the readings."""
    said = suspicion(facts.codes)  # by a warning
    for text in facts.series.notes:
        if text == said:
            continue
        yield Finding("file-note", "note", text, "see that this is how the file is meant")


def graph_notes(facts: Facts) -> Iterator[Finding]:
    """What the readers say of the graph."""
    for text in facts.graph_notes:
        yield Finding("graph-note", "note", text, "see that this is how the graph is meant")
