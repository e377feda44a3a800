"""The halving schedule: the ordered stages, and how many configs each of them may take.

Rung sizes use whole numbers only: n configs at one rung allow floor(n / factor) promotions to the next one. A logarithm
would lose rungs to rounding.
"""

from dataclasses import dataclass

from gman_search.errors import UsageError

__all__ = ["HalvingSchedule"]


@dataclass(frozen=True)
class HalvingSchedule:
    """Ordered stage names with the reduction factor between neighbours.

    `reduction_factors[i]` holds from `stages[i]` to `stages[i + 1]`. `synchronous` promotes only when a rung is closed
    (nothing is waiting, running or still to be sampled): the top of the whole rung goes on. Otherwise a config is
    promoted as soon as enough evaluations have finished. Only the last place waits until the rung is closed, so that
    the best config of the rung always goes on.
    """

    stages: tuple[str, ...]
    reduction_factors: tuple[int, ...]
    trials: int
    synchronous: bool = True

    def __post_init__(self) -> None:
        if not self.stages or len(set(self.stages)) != len(self.stages):
            raise UsageError(f"a schedule needs distinct stage names; received {list(self.stages)}")
        if len(self.reduction_factors) != len(self.stages) - 1 or any(factor < 1 for factor in self.reduction_factors):
            raise UsageError(
                f"expected {len(self.stages) - 1} reduction factors of at least 1 for {len(self.stages)} stages; "
                f"received {list(self.reduction_factors)}"
            )
        if self.trials < 1:
            raise UsageError(f"expected at least 1 trial; received {self.trials}")

    def rung_sizes(self) -> tuple[int, ...]:
        """Evaluations each stage will hold once `trials` configs are through; never less than one."""
        counts = [self.trials]
        for factor in self.reduction_factors:
            counts.append(max(1, counts[-1] // factor))
        return tuple(counts)

    def promotable(self, rung: int, finished: int) -> int:
        """Promotions out of `rung` that `finished` evaluations there allow: floor(finished / factor).

        A rung that is full and finished allows at least one, so that small searches reach the top. The size of the rung
        above is the limit: a study may hold more evaluations than its `trials`, after that was lowered.
        """
        sizes = self.rung_sizes()
        return min(max(finished // self.reduction_factors[rung], int(finished >= sizes[rung])), sizes[rung + 1])
