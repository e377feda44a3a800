"""What the graph can tell a model (pure)."""

from gman_search.data.checks.facts import Facts
from gman_search.data.checks.finding import Finding, few

__all__ = ["dense_graph", "graph_in_parts", "isolated_sensors", "no_graph", "no_neighbours", "unlike_neighbours"]

DENSE, SMALL = 0.5, 5


def no_graph(facts: Facts) -> Finding | None:
    """No graph at all."""
    if facts.graph is not None:
        return None
    if facts.spec.data.embedding is not None:
        return None  # whoever made it had a graph
    return Finding(
        "no-graph",
        "warning",
        "no graph: the model does not know which sensors are near",
        "give a graph or coordinates",
    )


def no_neighbours(facts: Facts) -> Finding | None:
    """A graph without a link."""
    if facts.graph is None or facts.graph.edges:
        return None
    return Finding(
        "no-neighbours",
        "warning",
        "no two sensors are neighbours in the graph",
        "see that the file lists links between sensors of the readings, and that their weights are not 0",
    )


def isolated_sensors(facts: Facts) -> Finding | None:
    """Sensors without a link, where others have some."""
    if facts.graph is None or not facts.graph.edges or not facts.graph.isolated:
        return None
    text = f"without a neighbour in the graph: {few(facts.graph.isolated)}"
    return Finding("isolated-sensors", "warning", text, "add their links, or leave them out (--sensors)")


def graph_in_parts(facts: Facts) -> Finding | None:
    """Parts of several sensors each."""
    if facts.graph is None:
        return None
    parts = sum(size > 1 for size in facts.graph.components)
    if parts <= 1:
        return None
    text = f"the graph falls into {parts} parts without a link between them"
    return Finding("graph-in-parts", "note", text, "is that so on the road? If not, links are missing")


def dense_graph(facts: Facts) -> Finding | None:
    """Almost everybody is a neighbour."""
    if facts.graph is None or facts.graph.density <= DENSE or len(facts.series.sensors) <= SMALL:
        return None
    text = f"{facts.graph.density:.0%} of all pairs are neighbours"
    return Finding("dense-graph", "note", text, "such a graph says little about who is near: give fewer links")


def unlike_neighbours(facts: Facts) -> Finding | None:
    """Neighbours whose readings are no more alike than others'."""
    graph = facts.graph
    if graph is None or graph.fits_readings:
        return None
    return Finding(
        "unlike-neighbours",
        "warning",
        f"neighbours in the graph are no more similar (correlation {graph.edge_correlation:.2f}) than any two sensors "
        f"({graph.pair_correlation:.2f})",
        "is the graph in the order of the readings' columns?",
    )
