"""How long a search takes, from what one evaluation of each stage takes (pure)."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from gman_search.halving.ladder import Ladder

__all__ = ["SearchPlan", "StageCost", "most_trials", "plan_search", "wall_seconds"]


@dataclass(frozen=True)
class StageCost:
    """Seconds of one evaluation that uses all its epochs, and of compiling the stage's model, once in a process."""

    seconds: float
    compile_seconds: float


@dataclass(frozen=True)
class SearchPlan:
    """Seconds of workers: `by_stage`, `in_all`, `all_in_full` for every config at the last stage; and `wall` time.

    `extra` are those of the reference and of final trainings; `in_all` and `wall` have them in.
    """

    by_stage: tuple[float, ...]
    extra: float
    in_all: float
    all_in_full: float
    wall: float


def plan_search(
    costs: Sequence[StageCost], quotas: Sequence[int], workers: int, *, extra_share: float = 0.0
) -> SearchPlan:
    """The times of a search of quotas[0] configs, of which quotas[i] reach stage i, with so many workers.

    `extra_share` is the time outside the ladder for a second of the ladder (see `halving.finals`).
    """

    def of(cost: StageCost, evaluations: int) -> float:
        return evaluations * cost.seconds + min(workers, evaluations) * cost.compile_seconds

    by_stage = tuple(of(cost, quota) for cost, quota in zip(costs, quotas, strict=True))
    chain = sum(cost.seconds + cost.compile_seconds for cost in costs)
    ladder = sum(by_stage)
    in_all = ladder * (1 + extra_share)
    extra = in_all - ladder
    return SearchPlan(by_stage, extra, in_all, of(costs[-1], quotas[0]), wall_seconds(in_all, chain, workers))


def most_trials(
    costs: Sequence[StageCost], ladder: Ladder, workers: int, seconds: float, *, extra_share: float = 0.0
) -> int:
    """The most configs of which a search by `ladder` ends within `seconds` by the clock; 0 where not even one does."""

    def fit(trials: int) -> bool:
        quotas = replace(ladder, trials=trials).quotas()
        return plan_search(costs, quotas, workers, extra_share=extra_share).wall <= seconds

    if not fit(1):
        return 0
    most, too_many = 1, 2
    while fit(too_many):
        most, too_many = too_many, 2 * too_many
    while too_many - most > 1:
        middle = (most + too_many) // 2
        most, too_many = (middle, too_many) if fit(middle) else (most, middle)
    return most


def wall_seconds(work: float, chain: float, workers: int) -> float:
    """The longest that `work`, seconds of workers, can take by the clock where none is idle without need.

    That is Brent's bound (1974): the work is shared, but for its longest chain, which is one config at every stage.
    """
    return work / workers + chain * (1 - 1 / workers)
