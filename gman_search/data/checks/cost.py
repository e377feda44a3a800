"""What a study of the data takes (pure)."""

from collections.abc import Iterator

from gman_search.data.checks.facts import Facts
from gman_search.data.checks.finding import Finding
from gman_search.data.step_plan import RECOMPUTED_TIME
from gman_search.spec import MEMORY_SHARE

__all__ = ["group_attention", "memory", "saved_memory"]


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
    """Workers that together need more than this machine has, whichever way they take their steps."""
    workers, given = facts.spec.search.workers, facts.spec.search.memory_gb
    for need in facts.needs:
        needed = need.plan.gb * workers
        if needed > (given or MEMORY_SHARE * facts.machine_gb):
            limit = f"this machine has {facts.machine_gb:.0f}" if given is None else f"search.memory_gb is {given:g}"
            yield Finding(
                "little-memory",
                "warning",
                f"{workers} workers at {need.stage} need about {needed:.0f} GB and {limit}",
                f"fewer workers, or a smaller stages.{need.stage}.batch_size",
            )


def saved_memory(facts: Facts) -> Iterator[Finding]:
    """Stages whose steps are taken in another way than as a whole, which would need too much memory."""
    room = facts.spec.search.room_gb(facts.machine_gb)
    for need in facts.needs:
        plan = need.plan
        if not plan.recompute:
            continue
        message = (
            f"{need.stage}: a whole step needs about {plan.whole_gb:.1f} GB and a worker has {room:.1f}: blocks are "
            f"computed twice, in {plan.gb:.1f} GB and {RECOMPUTED_TIME:g} times the time"
        )
        if plan.windows_at_once >= need.batch_size:
            advice = "results stay the same; fewer workers have more memory each"
        else:
            message += f"; batches of {need.batch_size} are taken in parts of {plan.windows_at_once} windows"
            advice = (
                "batch normalisation sees one part at a time, so results differ a little from those of whole batches: "
                f"fewer workers or a smaller stages.{need.stage}.batch_size avoids it"
            )
        yield Finding("saved-memory", "note", message, advice)
