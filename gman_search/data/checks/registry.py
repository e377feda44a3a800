"""All rules, in the order in which their findings are shown within a severity, and all codes (pure)."""

from collections.abc import Callable, Iterable

from gman_search.data.checks.cost import group_attention, memory, saved_memory
from gman_search.data.checks.facts import Facts
from gman_search.data.checks.finding import Finding
from gman_search.data.checks.graph import (
    dense_graph,
    graph_in_parts,
    isolated_sensors,
    no_graph,
    no_neighbours,
    unlike_neighbours,
)
from gman_search.data.checks.implausible import implausible, left_out
from gman_search.data.checks.notes import file_notes, graph_notes
from gman_search.data.checks.span import short_series, silent_sensors, unseen_weekdays, unvalidated_weekdays
from gman_search.data.checks.values import (
    equal_sensors,
    largest_reading,
    mostly_missing,
    night_zeros,
    nothing_missing,
    poor_sensors,
    suspected,
    unit,
)

__all__ = ["CODES", "RULES", "find"]

Rule = Callable[[Facts], Finding | Iterable[Finding] | None]

RULES: tuple[Rule, ...] = (
    suspected,
    unit,
    unseen_weekdays,
    short_series,
    unvalidated_weekdays,
    silent_sensors,
    mostly_missing,
    poor_sensors,
    implausible,
    largest_reading,
    equal_sensors,
    night_zeros,
    no_graph,
    no_neighbours,
    unlike_neighbours,
    isolated_sensors,
    memory,
    file_notes,
    left_out,
    graph_notes,
    graph_in_parts,
    dense_graph,
    nothing_missing,
    saved_memory,
    group_attention,
)

CODES = {
    "suspected-code": "a value, such as 99999, that looks like a code for no reading",
    "other-unit": "readings look like those of another unit than `data.unit`",
    "unseen-weekdays": "weekdays that the training part does not have",
    "short-series": "fewer than seven days",
    "unvalidated-weekdays": "weekdays of the test part that the validation part does not have",
    "silent-sensors": "sensors without a reading in a whole part",
    "mostly-missing": "sensors that miss more than half of their readings",
    "poor-sensors": "sensors that miss more than 30 % of their readings",
    "impossible-readings": "readings above what a road can have (rule `limit`)",
    "impossible-jumps": "readings far from the two before (rule `jump`)",
    "stuck-sensors": "the same reading for hours (rule `stuck`)",
    "straight-lines": "an hour or more on one straight line (rule `line`)",
    "far-maximum": "a largest reading more than twice the 99 % quantile",
    "equal-sensors": "two sensors of equal readings",
    "night-zeros": "zeros that are mostly at night",
    "no-graph": "no graph and no embedding was given",
    "no-neighbours": "a graph without any link",
    "unlike-neighbours": "neighbours that are no more similar than any two sensors",
    "isolated-sensors": "sensors without a neighbour",
    "little-memory": "the workers together need more memory than this machine has",
    "file-note": "what was made of the file of readings",
    "left-out": "what `data.clean` has left out, and how much of the test part",
    "graph-note": "what was made of the graph's file",
    "graph-in-parts": "a graph of several parts",
    "dense-graph": "more than half of all pairs are neighbours",
    "nothing-missing": "no reading is missing",
    "saved-memory": "a stage whose whole steps need more memory than a worker has, and how they are taken instead",
    "group-attention": "many sensors, where group attention would be several times faster",
}
"""What each code stands for; docs/own-data.md has the same table."""


def find(facts: Facts) -> tuple[Finding, ...]:
    """All findings: warnings, then notes."""
    found: list[Finding] = []
    for rule in RULES:
        result = rule(facts)
        found += [] if result is None else [result] if isinstance(result, Finding) else result
    return tuple(sorted(found, key=lambda finding: finding.severity != "warning"))
