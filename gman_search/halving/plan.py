"""How long a search takes, from what one evaluation of each stage takes (pure)."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from gman_search.halving.halving_schedule import HalvingSchedule

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
    costs: Sequence[StageCost], rung_sizes: Sequence[int], workers: int, *, extra_share: float = 0.0
) -> SearchPlan:
    """The times of a search of rung_sizes[0] configs, of which rung_sizes[i] reach stage i, with so many workers.

    `extra_share` is the time outside the halving for a second of it (see `halving.finals`).
    """

    def of(cost: StageCost, evaluations: int) -> float:
        return evaluations * cost.seconds + min(workers, evaluations) * cost.compile_seconds

    by_stage = tuple(of(cost, size) for cost, size in zip(costs, rung_sizes, strict=True))
    chain = sum(cost.seconds + cost.compile_seconds for cost in costs)
    halving = sum(by_stage)
    in_all = halving * (1 + extra_share)
    extra = in_all - halving
    return SearchPlan(by_stage, extra, in_all, of(costs[-1], rung_sizes[0]), wall_seconds(in_all, chain, workers))


def most_trials(
    costs: Sequence[StageCost], schedule: HalvingSchedule, workers: int, seconds: float, *, extra_share: float = 0.0
) -> int:
    """The most configs whose search by `schedule` ends within `seconds` of wall time; 0 if one config takes longer."""

    def fit(trials: int) -> bool:
        rung_sizes = replace(schedule, trials=trials).rung_sizes()
        return plan_search(costs, rung_sizes, workers, extra_share=extra_share).wall <= seconds

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
