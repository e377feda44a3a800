"""The ladder: the ordered stages, and how many configs each of them may take.

Quotas use whole numbers only: n configs at one rung allow floor(n / eta) promotions to the next one. A logarithm
would lose rungs to rounding.
"""

from dataclasses import dataclass

from gman_search.errors import UsageError

__all__ = ["Ladder"]


@dataclass(frozen=True)
class Ladder:
    """Ordered stage names with the reduction factor between neighbours.

    `etas[i]` is the reduction factor from `stages[i]` to `stages[i + 1]`. `synchronous` promotes only when a rung is
    closed (nothing waiting, running or still to be sampled): the top of the whole rung goes on. Otherwise a config is
    promoted as soon as the evaluations finished so far leave room for it; only the last place waits for the rung to be
    closed, so that its best goes on for certain.
    """

    stages: tuple[str, ...]
    etas: tuple[int, ...]
    trials: int
    synchronous: bool = True

    def __post_init__(self) -> None:
        if not self.stages or len(set(self.stages)) != len(self.stages):
            raise UsageError(f"a ladder needs distinct stage names; received {list(self.stages)}")
        if len(self.etas) != len(self.stages) - 1 or any(eta < 1 for eta in self.etas):
            raise UsageError(
                f"expected {len(self.stages) - 1} reduction factors of at least 1 for {len(self.stages)} stages; "
                f"received {list(self.etas)}"
            )
        if self.trials < 1:
            raise UsageError(f"expected at least 1 trial; received {self.trials}")

    def quotas(self) -> tuple[int, ...]:
        """Evaluations each stage will hold once `trials` configs are through; never less than one."""
        counts = [self.trials]
        for eta in self.etas:
            counts.append(max(1, counts[-1] // eta))
        return tuple(counts)

    def room(self, rung: int, finished: int) -> int:
        """Promotions out of `rung` that `finished` evaluations there allow: floor(finished / eta).

        A rung whose whole quota is finished allows at least one, so that small searches reach the top. More than the
        quota above is never allowed: a study may hold more evaluations than its `trials`, after that was lowered.
        """
        quotas = self.quotas()
        return min(max(finished // self.etas[rung], int(finished >= quotas[rung])), quotas[rung + 1])
