"""Does the model of the curves draw what was recorded? Other configs and luck, the same distribution (pure).

The least error of a curve is made of many epochs' luck, and the least of many curves of many lucks: a model that has
every epoch right may still draw winners better than any that was recorded. So what it draws is bent to the quantiles of
what was recorded, and looked at again with other draws.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
from replay_methods import Work, drawn_at_random
from replay_surface import KINDS, Bend, Curves, Surface
from surrogate import World

__all__ = ["bend_to_recorded", "drawn_like_recorded"]

SHARES = (0.0, 0.25, 0.5, 0.75)
"""Least, quartiles."""
KNOTS = (0.02, 0.1, 0.25, 0.5, 0.75, 0.9)
CONFIGS = 64


def bend_to_recorded(surfaces: Mapping[str, Surface], curves: Mapping[str, Curves], draws: int = 20) -> None:
    """Let every surface draw least validation errors, and test errors of their epochs, as they were recorded.

    What a grown model starts with is not in it: that is its parent's.
    """
    found: dict[str, list[Any]] = {kind: [] for kind in surfaces}
    for draw in range(draws):
        world = World(surfaces, np.random.default_rng([draw, 5]))
        for config, params in enumerate(drawn_at_random(CONFIGS, 1000 + draw)):
            for kind, surface in surfaces.items():
                work = Work(config, kind, 1, surface.epochs)
                world.train(work, params)
                val, test = world.curves(work)
                found[kind].append(surface.of_least(surface.logs(val[None], test[None]))[0])
    for kind, surface in surfaces.items():
        recorded = surface.of_least(surface.logs(curves[kind].val, curves[kind].test))
        was, is_ = (np.quantile(rows, KNOTS, axis=0).T for rows in (found[kind], recorded))
        surface.bends = Bend(was[0], is_[0]), Bend(was[1], is_[1])


def drawn_like_recorded(
    surfaces: Mapping[str, Surface], curves: Mapping[str, Curves], draws: int = 40
) -> dict[str, dict[str, list[float]]]:
    """By kind: least and quartiles of the test MAE at the best epoch, recorded and drawn, in mph.

    Drawn are as many configs of the space as were recorded, `draws` times; a figure is the mean over draws.
    """
    found: dict[str, list[Any]] = {kind: [] for kind in KINDS if kind in surfaces}
    for draw in range(draws):
        world = World(surfaces, np.random.default_rng([draw, 4]))
        most = max(int((own.seeds == 0).sum()) for own in curves.values())
        for kind, rows in found.items():  # in the order of stages: a grown model begins as its parent ended
            tests = []
            for config, params in enumerate(drawn_at_random(most, draw)):
                work = Work(config, kind, 1, surfaces[kind].epochs)
                world.train(work, params)
                tests.append(world.standing(work)[1])
            rows.append(np.quantile(tests[: int((curves[kind].seeds == 0).sum())], SHARES))
    return {
        kind: {
            "recorded": np.quantile(curves[kind].test_at_best[curves[kind].seeds == 0], SHARES).round(4).tolist(),
            "drawn": np.mean(rows, axis=0).round(4).tolist(),
        }
        for kind, rows in found.items()
    }
