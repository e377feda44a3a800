"""What a study of the data takes (pure)."""

from collections.abc import Iterator

from gman_search.data.checks.facts import Facts
from gman_search.data.checks.finding import Finding

__all__ = ["group_attention", "memory"]

MEMORY_SHARE = 0.8


def group_attention(facts: Facts) -> Finding | None:
    """Many sensors, each attending to all."""
    if not facts.advised_groups:
        return None
    return Finding(
        "group-attention",
        "note",
        f"with so many sensors group attention makes the last stage {facts.group_gain:.0f} times shorter",
        f'set data.spatial_groups = "auto" ({facts.advised_groups} groups), and compare its errors',
    )


def memory(facts: Facts) -> Iterator[Finding]:
    """Workers that together need more than this machine has."""
    workers = facts.spec.search.workers
    for need in facts.needs:
        needed = need.memory_gb * workers
        if needed > MEMORY_SHARE * facts.machine_gb:
            yield Finding(
                "little-memory",
                "warning",
                f"{workers} workers at {need.stage} need about {needed:.0f} GB and this machine has "
                f"{facts.machine_gb:.0f}",
                f"fewer workers, or a smaller stages.{need.stage}.batch_size",
            )
