"""The search space as Optuna's sampler knows it."""

from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution

from gman_search.space import Choice, FloatRange, ParamValue, SearchSpace

__all__ = ["contains", "distributions"]


def contains(distribution: BaseDistribution, value: ParamValue) -> bool:
    """Whether `value` is one of the distribution's."""
    if isinstance(distribution, CategoricalDistribution):
        return value in distribution.choices
    if isinstance(distribution, FloatDistribution | IntDistribution):
        return not isinstance(value, str) and distribution.low <= value <= distribution.high
    return False


def distributions(space: SearchSpace) -> dict[str, BaseDistribution]:
    """Optuna's distributions of the dimensions that are searched (a single-valued one is fixed)."""
    found: dict[str, BaseDistribution] = {}
    for name, dimension in space.dimensions().items():
        if isinstance(dimension, Choice):
            if len(dimension.choices) > 1:
                found[name] = CategoricalDistribution(dimension.choices)
        elif dimension.low < dimension.high:
            kind = FloatDistribution if isinstance(dimension, FloatRange) else IntDistribution
            found[name] = kind(dimension.low, dimension.high, log=dimension.log)  # type: ignore[arg-type]
    return found
