"""Does the model of the curves draw what was recorded? Other configs and luck, the same distribution (pure)."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from replay_methods import Work, drawn_at_random
from replay_surface import KINDS, Curves, Surface
from replay_world import World

__all__ = ["drawn_like_recorded"]

SHARES = (0.0, 0.25, 0.5, 0.75)
"""Least, quartiles."""


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
