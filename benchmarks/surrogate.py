"""The world in which searches are replayed: what training would give, a simulated clock, and the course of a search."""

import heapq
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from replay_methods import STAGES, Method, Work
from replay_surface import Surface
from residuals import Luck

__all__ = ["Course", "World", "replayed"]

COLD = ("medium cold", "full cold")


class World:
    """Curves of any config, with a luck drawn as the recorded ones are distributed (`residuals.py`).

    It is inherited, and shows from epoch to epoch, on validation and on test data, as far as it was recorded.

    Args:
        surfaces: by kind of evaluation.
        random: draws the luck.
        grown: whether what is promoted in it grows; if not, the luck of a quick model is one with that of cold ones.
    """

    def __init__(self, surfaces: Mapping[str, Surface], random: np.random.Generator, *, grown: bool = True) -> None:
        self._surfaces, self._random, self._grown = surfaces, random, grown
        self._recorded = {
            cold: sorted(set.intersection(*(set(surfaces[kind].runs) for kind in kinds if kind in surfaces)))
            for cold, kinds in ((False, STAGES), (True, (STAGES[0], *COLD)))
        }
        self._lucks: dict[tuple[str, bool], Luck] = {}
        self._drawn: dict[tuple[int, bool], NDArray[np.float64]] = {}
        self._curves: dict[tuple[int, str], tuple[Any, Any, Any]] = {}
        self._ends: dict[tuple[int, str], tuple[float, float]] = {}

    def train(self, work: Work, params: Mapping[str, Any]) -> tuple[list[float], float]:
        """Validation MAE after every epoch of `work`, and the seconds of all."""
        key = work.config, work.kind
        if key not in self._curves:
            cold = work.kind in COLD or not self._grown
            luck = self._luck(work.kind, cold)(self._weights(work.config, cold))
            self._curves[key] = self._surfaces[work.kind].curve(params, luck)
        val, _, seconds = self._curves[key]
        return list(val[work.first - 1 : work.last]), float(seconds[work.first - 1 : work.last].sum())

    def curves(self, work: Work) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Validation and test MAE of all epochs of an evaluation that has been trained, (E,) each."""
        return self._curves[work.config, work.kind][:2]

    def _luck(self, kind: str, cold: bool) -> Luck:
        if (kind, cold) not in self._lucks:
            surface = self._surfaces[kind]
            self._lucks[kind, cold] = Luck(surface.left_over[[surface.runs[run] for run in self._recorded[cold]]])
        return self._lucks[kind, cold]

    def _weights(self, config: int, cold: bool) -> NDArray[np.float64]:
        """A weight for every recorded run, the same at all stages of a config."""
        if (config, cold) not in self._drawn:
            runs = len(self._recorded[cold])
            self._drawn[config, cold] = self._random.normal(0.0, runs**-0.5, runs)
        return self._drawn[config, cold]

    def standing(self, work: Work) -> tuple[float, float]:
        """Least validation MAE of a model trained so far, and the test MAE of that epoch."""
        key = work.config, work.kind
        val, test, _ = self._curves[key]
        best = int(np.argmin(val[: work.last]))
        found = float(val[best]), float(test[best])
        if work.kind in STAGES[1:]:  # grown: it starts as its parent ended
            found = min(found, self._ends[work.config, STAGES[STAGES.index(work.kind) - 1]])
        self._ends[key] = found
        return found


@dataclass
class Course:
    """How one search went: simulated seconds and test MAE whenever its incumbent changed.

    `one_run` is the time and test MAE with which a search that counts its rounds, as ours does, ended the first.
    """

    seconds: list[float] = field(default_factory=list)
    test: list[float] = field(default_factory=list)
    started_at_full: int = 0
    wasted_at_full: float = 0.0
    one_run: tuple[float, float] | None = None

    def until(self, target: float) -> float:
        """Seconds after which the incumbent's test MAE stays at or below `target`; infinite where it never does."""
        beyond = [index for index, value in enumerate(self.test) if value > target]
        first = beyond[-1] + 1 if beyond else 0
        return self.seconds[first] if first < len(self.seconds) else math.inf

    def at(self, seconds: float) -> float:
        """Test MAE of the incumbent after that time; infinite before there is one."""
        known = [value for spent, value in zip(self.seconds, self.test, strict=True) if spent <= seconds]
        return known[-1] if known else math.inf


def replayed(method: Method, world: World, *, workers: int, limit: float) -> Course:
    """One search, until `limit` seconds of simulated time have passed."""
    course, incumbent = Course(), (-1, math.inf)
    under_way: list[tuple[float, int, Work, list[float]]] = []
    now, started = 0.0, 0
    while True:
        work = method.ask() if len(under_way) < workers else None
        if course.one_run is None and getattr(method, "rounds", 0):
            course.one_run = now, course.test[-1]
        if work is not None:
            val, seconds = world.train(work, method.params[work.config])
            heapq.heappush(under_way, (now + seconds, started, work, val))
            started += 1
            course.started_at_full += work.kind.startswith("full") and work.first == 1
            continue
        if not under_way:
            break
        now, _, work, val = heapq.heappop(under_way)
        if now > limit:
            break
        method.tell(work, val)
        found, test = world.standing(work)
        if (place := (method.standing(work), -found)) > (incumbent[0], -incumbent[1]):
            incumbent = place[0], found
            course.seconds.append(now)
            course.test.append(test)
        elif work.kind.startswith("full"):
            course.wasted_at_full += (work.last - work.first + 1) / 10
    return course
