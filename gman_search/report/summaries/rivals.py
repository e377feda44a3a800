"""What is delivered compared with what it has to beat: every baseline and the reference, at every step (pure)."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from gman_search.record import LeaderboardRow, Scores, TestResult

__all__ = ["REFERENCE_NAME", "Defeat", "Forecaster", "LostStep", "defeats", "forecasters", "reference_row"]

REFERENCE_NAME = "reference (three-stage guide)"
SAME = 1e-6
"""Share of an error within which two forecasters are the same: sums in another order differ by as much."""


@dataclass(frozen=True)
class Forecaster:
    """One forecaster on the test part. `role` is "ensemble", "winner", "reference" or "baseline"."""

    name: str
    role: str
    steps: Mapping[int, Scores]
    mean: Scores


@dataclass(frozen=True)
class LostStep:
    """Test MAE at one step alone, where the rival's is the lower one."""

    step: int
    minutes: int
    ours: float
    theirs: float


@dataclass(frozen=True)
class Defeat:
    """Where `loser` ("ensemble" or "winner") is worse than `rival`, which has the role `role`.

    `compared` counts the steps at which both have a score. `mean` has both means of all steps where that is lost, too.
    """

    loser: str
    rival: str
    role: str
    lost: tuple[LostStep, ...]
    compared: int
    mean: tuple[float, float] | None

    @property
    def worst(self) -> float:
        """The largest share by which an error of the loser is above the rival's."""
        pairs = [(step.ours, step.theirs) for step in self.lost] + ([] if self.mean is None else [self.mean])
        return max((ours / theirs - 1 if theirs > 0 else math.inf for ours, theirs in pairs), default=0.0)


def reference_row(test: TestResult) -> LeaderboardRow | None:
    """The reference by the three-stage guide on the test part; none where it won or was not tested."""
    return next((row for row in test.leaderboard if row.kind == "reference"), None)


def forecasters(test: TestResult) -> tuple[Forecaster, ...]:
    """What is delivered first, then the winner, the reference and the baselines; what is missing is left out."""
    found, reference = [], reference_row(test)
    if test.ensemble is not None:
        name = f"ensemble of {len(test.ensemble.members)}"
        found.append(Forecaster(name, "ensemble", test.ensemble.steps, test.ensemble.mean))
    found.append(Forecaster(f"GMAN, config {test.config_id}", "winner", test.steps, test.mean))
    if reference is not None:
        found.append(Forecaster(REFERENCE_NAME, "reference", reference.steps, reference.mean))
    found += [Forecaster(name, "baseline", scores["steps"], scores["mean"]) for name, scores in test.baselines.items()]
    return tuple(found)


def defeats(test: TestResult | None, step_minutes: int) -> tuple[Defeat, ...]:
    """All defeats of the ensemble, then of the winner; the rival that wins most steps first."""
    if test is None:
        return ()
    known = forecasters(test)
    found = []
    for ours in (one for one in known if one.role in ("ensemble", "winner")):
        than = ("reference", "baseline", *(("winner",) if ours.role == "ensemble" else ()))
        rivals = [one for one in known if one.role in than]
        lost = [defeat for rival in rivals if (defeat := _defeat(ours, rival, step_minutes)) is not None]
        found += sorted(lost, key=lambda defeat: (-len(defeat.lost), -defeat.worst))
    return tuple(found)


def _defeat(ours: Forecaster, rival: Forecaster, step_minutes: int) -> Defeat | None:
    pairs = {
        step: (ours.steps[step].mae, rival.steps[step].mae)
        for step in sorted(ours.steps)
        if step in rival.steps and math.isfinite(ours.steps[step].mae) and math.isfinite(rival.steps[step].mae)
    }
    lost = tuple(LostStep(step, step * step_minutes, *pair) for step, pair in pairs.items() if _is_lost(*pair))
    mean = (ours.mean.mae, rival.mean.mae)
    on_mean = mean if _is_lost(*mean) else None
    if not lost and on_mean is None:
        return None
    return Defeat(ours.role, rival.name, rival.role, lost, len(pairs), on_mean)


def _is_lost(ours: float, theirs: float) -> bool:
    """False where one of them is not a number."""
    return theirs < ours * (1 - SAME)
