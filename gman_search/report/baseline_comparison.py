"""The delivered forecast and the winner compared with every baseline and the reference (pure)."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from gman_search.record import LeaderboardRow, Scores, TestResult
from gman_search.report.figure import Table
from gman_search.report.formats import error, signed_percent
from gman_search.report.view import REFERENCE_NAME, StudyView, improvement, marked_steps

__all__ = [
    "BaselineComparison",
    "ComparedForecaster",
    "Defeat",
    "Forecaster",
    "LostStep",
    "baseline_comparison",
    "comparison_table",
    "defeats",
    "forecasters",
    "reference_row",
]

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
    """Test MAE at one step alone, where the other forecaster is better."""

    step: int
    minutes: int
    ours: float
    theirs: float


@dataclass(frozen=True)
class Defeat:
    """Where `loser` ("ensemble" or "winner") is worse than `other`, which has the role `role`.

    `compared` counts the steps at which both have a score. `mean` has both means of all steps if that is lost as well.
    """

    loser: str
    other: str
    role: str
    lost: tuple[LostStep, ...]
    compared: int
    mean: tuple[float, float] | None

    @property
    def worst(self) -> float:
        """The largest share by which an error of the loser is above the other's."""
        pairs = [(step.ours, step.theirs) for step in self.lost] + ([] if self.mean is None else [self.mean])
        return max((ours / theirs - 1 if theirs > 0 else math.inf for ours, theirs in pairs), default=0.0)


def reference_row(test: TestResult) -> LeaderboardRow | None:
    """The reference by the three-stage guide on the test part; None where it won or was not tested."""
    return next((row for row in test.leaderboard if row.kind == "reference"), None)


def forecasters(test: TestResult) -> tuple[Forecaster, ...]:
    """The delivered forecast first, then the winner, the reference and the baselines, as far as they exist."""
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
    """All defeats of the ensemble, then of the winner; those that win most steps first."""
    if test is None:
        return ()
    known = forecasters(test)
    found = []
    for ours in (one for one in known if one.role in ("ensemble", "winner")):
        than = ("reference", "baseline", *(("winner",) if ours.role == "ensemble" else ()))
        others = [one for one in known if one.role in than]
        lost = [defeat for other in others if (defeat := _defeat(ours, other, step_minutes)) is not None]
        found += sorted(lost, key=lambda defeat: (-len(defeat.lost), -defeat.worst))
    return tuple(found)


def _defeat(ours: Forecaster, other: Forecaster, step_minutes: int) -> Defeat | None:
    pairs = {
        step: (ours.steps[step].mae, other.steps[step].mae)
        for step in sorted(ours.steps)
        if step in other.steps and math.isfinite(ours.steps[step].mae) and math.isfinite(other.steps[step].mae)
    }
    lost = tuple(LostStep(step, step * step_minutes, *pair) for step, pair in pairs.items() if _is_lost(*pair))
    mean = (ours.mean.mae, other.mean.mae)
    on_mean = mean if _is_lost(*mean) else None
    if not lost and on_mean is None:
        return None
    return Defeat(ours.role, other.name, other.role, lost, len(pairs), on_mean)


def _is_lost(ours: float, theirs: float) -> bool:
    """False where one of them is not a number."""
    return theirs < ours * (1 - SAME)


@dataclass(frozen=True)
class ComparedForecaster:
    """Test MAE of one forecaster, in the data's unit, at the marked steps alone and on the mean of all steps.

    `lead` is the percent by which the winner's mean is below it; None for the winner itself, and for `is_peer`: the
    winner's own smaller model, shown to compare with the reference config at one size.
    """

    name: str
    stage: str | None
    steps: tuple[float | None, ...]
    mean: float
    lead: float | None
    is_peer: bool = False


@dataclass(frozen=True)
class BaselineComparison:
    """The winner first, then the reference by the three-stage guide, the reference config as the search trained it with
    the winner's model of its size, and the baselines.

    `steps` are (step, minutes ahead) of the columns. `reference_gain` is the percent by which the winner's config is
    below the reference config where both have models of one size; None without it.
    """

    unit: str
    steps: tuple[tuple[int, int], ...]
    horizon: int
    rows: tuple[ComparedForecaster, ...]
    reference_stage: str | None
    reference_gain: float | None

    @property
    def is_same_stage(self) -> bool:
        """Whether the reference config got as far as the winner."""
        return self.reference_stage is not None and self.reference_stage == self.rows[0].stage


def baseline_comparison(view: StudyView) -> BaselineComparison | None:
    """The comparison; None where the winner has not been tested."""
    test = view.winner_test
    if test is None:
        return None
    marked = marked_steps(test)

    def row(
        name: str, stage: str | None, steps: Mapping[int, Scores], mean: Scores, *, is_peer: bool = False
    ) -> ComparedForecaster:
        at_steps = tuple(steps[step].mae if step in steps else None for step in marked)
        lead = improvement(mean.mae, test.mean.mae)
        return ComparedForecaster(name, stage, at_steps, mean.mae, None if is_peer else lead, is_peer)

    name = REFERENCE_NAME if test.control == "reference" else f"config {test.config_id}"
    own = ComparedForecaster(name, test.stage, tuple(test.steps[q].mae for q in marked), test.mean.mae, None)
    rows, stage, gain = [own], None, None
    reference = reference_row(test)
    if reference is not None:
        rows.append(row(REFERENCE_NAME, None, reference.steps, reference.mean))
    if test.beside is not None:
        config, peer = test.beside.preset, test.beside.peer
        stage = config.stage
        rows.append(row("reference config, in the search", stage, config.steps, config.mean))
        if peer is not None:
            rows.append(row(f"config {peer.config_id}", peer.stage, peer.steps, peer.mean, is_peer=True))
            gain = improvement(config.mean.mae, peer.mean.mae)
        elif stage == test.stage:
            gain = improvement(config.mean.mae, test.mean.mae)
    rows += [row(name, None, scores["steps"], scores["mean"]) for name, scores in test.baselines.items()]
    return BaselineComparison(
        unit=view.unit,
        steps=tuple((q, q * view.step_minutes) for q in marked),
        horizon=max(test.steps, default=0),
        rows=tuple(rows),
        reference_stage=stage,
        reference_gain=gain,
    )


def comparison_table(data: BaselineComparison) -> Table:
    """The winner, the reference config and the baselines: test MAE at the marked steps and on the mean."""
    heads = (f"{minutes} min" for _, minutes in data.steps)
    columns = ("", *heads, f"mean 1..{data.horizon}", "winner vs. it")
    rows = tuple(
        (
            f"{row.name}, {row.stage}" if row.stage else row.name,
            *map(error, row.steps),
            error(row.mean),
            _against(row.lead),
        )
        for row in data.rows
    )
    note = f"Test MAE in {data.unit}: a column of minutes scores that one step alone, the last the mean of all steps."
    return Table(columns, rows, strong=frozenset({0}), note=note)


def _against(lead: float | None) -> str:
    return "" if lead is None else signed_percent(-lead)
