"""How long and at which rate a tested model is trained on when it is refitted to all readings (pure).

Nothing is left to validate on, so nothing can stop a refit early. Its length follows from what is known: the steps that
were best for the tested model, times the share of all windows that it has never been trained on. The learning rate is
low and constant, then falls to 0. The figures were chosen by a backtest (docs/decisions/0019-refit.md).
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from gman_search.config import Hyperparameters
from gman_search.errors import DataError

__all__ = ["BEST_RULE", "RefitRule", "best_steps", "refit_schedule", "refit_steps", "settings_of"]

LOOKS, STEPS_A_LOOK = 4, 10
"""Epochs of a refit, where each has so many steps: a training that diverges is noticed after each."""
MOMENTUM = 0.99
"""Of the moving BN statistics: they go on from where they were, instead of starting again."""


@dataclass(frozen=True)
class RefitRule:
    """What is a choice in a refit.

    Args:
        rate: factor of the config's learning rate.
        effort: steps, as a multiple of the best steps times the share of new windows; 0: the weights stay.
        annealed: share of the steps, at the end, in which the rate falls to 0.
        fresh_usual: usual values are made from all readings; else they stay those of the training part.
    """

    rate: float = 0.1
    effort: float = 1.0
    annealed: float = 0.5
    fresh_usual: bool = True


BEST_RULE = RefitRule()


def best_steps(steps: int | None, settings: Hyperparameters, windows: int) -> int:
    """Training steps of a model's best epoch; of its whole schedule where it was saved without them.

    Args:
        steps: as saved with the model; None for models of earlier versions.
        settings: of its training.
        windows: of its training part.
    """
    if steps is not None:
        return steps
    of_epoch = min(settings.windows_per_epoch or windows, windows)
    return settings.max_epochs * math.ceil(of_epoch / settings.batch_size)


def refit_steps(best: int, *, windows: int, new: int, effort: float = BEST_RULE.effort) -> int:
    """Steps of a refit: `best` times the share of the `windows` that are `new` to the model, times `effort`.

    At least 1 where there is something new, and never more than twice what the model was trained for.
    """
    if not 0 <= new <= windows:
        raise ValueError(f"expected new windows to be among all {windows}; received {new}")
    if not effort or not new or not best:
        return 0
    return min(2 * best, max(1, round(effort * best * new / windows)))


def refit_schedule(settings: Hyperparameters, *, steps: int, windows: int, rule: RefitRule) -> Hyperparameters:
    """`settings` for a training of `steps` steps on `windows` windows: constant rate, then to 0, no early stop.

    The rate itself is lowered by `rule.rate` through `GrowthRules.rate`, so that the settings keep the config's.
    """
    batch = min(settings.batch_size, windows)
    epochs = max(math.ceil(steps * batch / windows), min(LOOKS, steps // STEPS_A_LOOK), 1)
    return replace(
        settings,
        batch_size=batch,
        max_epochs=epochs,
        windows_per_epoch=min(windows, math.ceil(steps / epochs) * batch),
        patience=epochs + 1,
        decay_rate=1.0,
        decay_epoch=float(epochs),
        warmup_steps=min(settings.warmup_steps, steps // 4),
        anneal=rule.annealed,
        bn_momentum=max(MOMENTUM, settings.bn_momentum),
        bn_momentum_rule="constant",
    )


def settings_of(saved: Mapping[str, Any], where: str) -> Hyperparameters:
    """The hyperparameters in the description of a saved model.

    Raises:
        DataError: some are missing or unknown.
    """
    try:
        return Hyperparameters(**saved)
    except TypeError as error:
        raise DataError(
            f"{where}: expected all hyperparameters of a training; {error}: train it again with this version"
        ) from None
