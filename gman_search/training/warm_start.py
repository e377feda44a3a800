"""Beginning an evaluation from a smaller model's weights: growth, then BN statistics and Adam's moments."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from gman_search.errors import DataError
from gman_search.io.arrays import read_arrays
from gman_search.model.growth import grow, grow_moments, kept_elements
from gman_search.model.shortcut_weights import has_shortcuts
from gman_search.training.job import Job
from gman_search.training.step import CompiledModel, StepValues

__all__ = ["Parent", "WarmStart", "init_optimizer_state", "load_grown", "set_rates"]

Parent = tuple[dict[str, np.ndarray], dict[str, Any]]
"""Weights by name and their description."""


class WarmStart(NamedTuple):
    """What growth leaves to the steps that follow.

    Adam's updates so far, steps that BN's momentum has counted, the (L, K, d) that the model has grown from, and
    whether that had no shortcuts where this one does.
    """

    earlier_updates: int = 0
    bn_steps: int = 0
    grown_from: tuple[int, int, int] | None = None
    gains_shortcuts: bool = False

    @classmethod
    def described(cls, description: Mapping[str, Any]) -> "WarmStart":
        """From a checkpoint's description; one of an earlier version does not have every part."""
        warm = cls(**{name: description[name] for name in cls._fields if name in description})
        if warm.grown_from is None:
            return warm
        L, K, d = warm.grown_from
        return warm._replace(grown_from=(L, K, d))


def load_grown(model: CompiledModel, job: Job, parent: Parent) -> float:
    """Load `parent`, its weights and description, grown to the size of `model`; returns the share inherited."""
    weights, description = parent
    fresh = model.fresh_weights(job.seed)
    growth = grow(weights, fresh, tuple(description["shape"]), job.hyperparameters.shape, job.growth)
    model.state.load_weights(growth.weights)
    return growth.share


def init_optimizer_state(model: CompiledModel, job: Job, starts: np.ndarray, parent: Parent) -> WarmStart:
    """Calibrate BN statistics on training windows `starts` (W,) and carry the moments of `parent`."""
    weights, description = parent
    L, K, d = description["shape"]
    gains = job.hyperparameters.shortcuts and not has_shortcuts(weights)
    steps = _calibrate(model, job, starts)
    updates = _carry_moments(model, job, (L, K, d)) if job.growth.optimizer_state == "carry" else 0
    return WarmStart(updates, steps, (L, K, d), gains)


def set_rates(model: CompiledModel, job: Job, warm: WarmStart) -> None:
    """Give every parameter its share of the learning rate: by width, and by whether growth has made it."""
    settings, trained = job.hyperparameters, model.state.trained
    model.state.scale_rates(settings.K * settings.d, settings.base_width)
    if warm.grown_from is not None and job.growth.new_weight_lr_multiplier != 1:
        shapes = dict(zip(trained.names, trained.shapes, strict=True))
        kept = kept_elements(shapes, warm.grown_from, settings.shape, job.growth, gains_shortcuts=warm.gains_shortcuts)
        model.state.scale_new_rates(kept, job.growth.new_weight_lr_multiplier)


def _calibrate(model: CompiledModel, job: Job, starts: np.ndarray) -> int:
    """Average BN statistics over some batches, new channels' too, before the weights begin to move."""
    steps, settings = job.growth.calibration_steps, job.hyperparameters
    random = np.random.default_rng([job.seed, steps])
    before = model.state.moments()
    for step in range(steps):
        # A step of rate 0 moves the statistics only; the first takes its batch's as they are.
        values = StepValues(0.0, 0.0, 0.0, settings.dropout, step / (step + 1), settings.causal, step, job.seed)
        model.train_step(random.choice(starts, settings.batch_size), values)
    model.state.load_moments(before)
    # The momentum at which as many steps are averaged: 1 / (1 - m) = steps, with m = (1 + n) / (10 + n).
    return max(0, 9 * steps - 10)


def _carry_moments(model: CompiledModel, job: Job, old: tuple[int, int, int]) -> int:
    """Begin with the moments of the smaller model's best epoch, where they were kept; returns its updates."""
    try:
        kept, description = read_arrays((job.parent or job.folder) / "moments.npz")
    except DataError:
        return 0  # trained without carrying, or by hand
    trained = model.state.trained
    shapes = dict(zip(trained.names, trained.shapes, strict=True))
    for moment, power in {"first_moment": 1, "second_moment": 2, "carried": 0}.items():
        small = {name.removeprefix(f"{moment}/"): value for name, value in kept.items() if name.startswith(moment)}
        grown = grow_moments(small, shapes, old, job.hyperparameters.shape, job.growth, power=power)
        getattr(model.state, moment).assign(trained.from_named(grown))
    return int(description["step"]) + int(description["earlier_updates"])
