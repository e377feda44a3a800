"""Test results as JSON text and back (pure)."""

import math
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from gman_search.record import (
    Coverage,
    EnsembleCheck,
    EnsembleMember,
    EnsembleTest,
    ForecastSample,
    LeaderboardRow,
    PresetTest,
    RunScores,
    Scores,
    TestResult,
)

__all__ = ["finite", "test_from_json", "test_to_json"]


def finite(value: Any) -> Any:
    """The same tree with NaN and infinity as None: JSON has neither."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(key): finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [finite(item) for item in value]
    return value


def test_to_json(test: TestResult) -> dict[str, Any]:
    """Plain values only."""
    tree: dict[str, Any] = finite(asdict(test))
    return tree


def test_from_json(tree: Mapping[str, Any]) -> TestResult:
    """Inverse of `test_to_json`."""
    return TestResult(
        config_id=tree["config_id"],
        stage=tree["stage"],
        steps=_steps(tree["steps"]),
        mean=_scores(tree["mean"]),
        baselines={
            name: {"steps": _steps(scores["steps"]), "mean": _scores(scores["mean"])}
            for name, scores in tree["baselines"].items()
        },
        windows=tree["windows"],
        masked_share=tree["masked_share"],
        sensor_mae={name: _number(mae) for name, mae in tree["sensor_mae"].items()},
        samples=tuple(
            ForecastSample(
                sensor=sample["sensor"],
                rank=sample["rank"],
                mae=sample["mae"],
                times=tuple(sample["times"]),
                truth=tuple(sample["truth"]),
                forecast={int(step): tuple(line) for step, line in sample["forecast"].items()},
            )
            for sample in tree["samples"]
        ),
        coverage={int(percent): _coverage(found) for percent, found in tree.get("coverage", {}).items()},
        calendar=tuple(tuple(row) for row in tree.get("calendar", ())),
        coordinates={name: (place[0], place[1]) for name, place in tree.get("coordinates", {}).items()},
        beside=_beside(tree.get("beside")),
        attention={
            name: tuple((other, weight) for other, weight in found) for name, found in tree.get("attention", {}).items()
        },
        control=tree.get("control", ""),
        ensemble=_ensemble(tree.get("ensemble")),
        leaderboard=tuple(_leaderboard_row(row) for row in tree.get("leaderboard", ())),
        refitted=tuple(tree.get("refitted", ())),
    )


def _number(value: float | None) -> float:
    return math.nan if value is None else value


def _coverage(tree: Mapping[str, Any]) -> Coverage:
    by_step = tuple(_number(held) for held in tree["by_step"])
    numbers = {name: _number(tree[name]) for name in ("held", "width", "lowest_sensor", "slow")}
    return Coverage(by_step=by_step, **numbers)


def _beside(tree: Mapping[str, Any] | None) -> PresetTest | None:
    if tree is None:
        return None
    return PresetTest(_run(tree["preset"]), None if tree["peer"] is None else _run(tree["peer"]))


def _ensemble(tree: Mapping[str, Any] | None) -> EnsembleTest | None:
    if tree is None:
        return None
    return EnsembleTest(
        steps=_steps(tree["steps"]),
        mean=_scores(tree["mean"]),
        members=tuple(EnsembleMember(**{**row, "weights": tuple(row["weights"])}) for row in tree["members"]),
        val_mae=_number(tree["val_mae"]),
        check=_check(tree["check"]),
        forecast_ms=_number(tree["forecast_ms"]),
        coverage={int(percent): _coverage(found) for percent, found in tree["coverage"].items()},
    )


def _check(tree: Mapping[str, Any]) -> EnsembleCheck:
    return EnsembleCheck(**{**tree, "ensemble": _number(tree["ensemble"]), "single": _number(tree["single"])})


def _leaderboard_row(tree: Mapping[str, Any]) -> LeaderboardRow:
    return LeaderboardRow(
        name=tree["name"],
        kind=tree["kind"],
        key=tree["key"],
        val_mae=_number(tree["val_mae"]),
        steps=_steps(tree["steps"]),
        mean=_scores(tree["mean"]),
        train_seconds=_number(tree["train_seconds"]),
        forecast_ms=_number(tree["forecast_ms"]),
    )


def _run(tree: Mapping[str, Any]) -> RunScores:
    return RunScores(tree["config_id"], tree["stage"], _steps(tree["steps"]), _scores(tree["mean"]))


def _scores(tree: Mapping[str, float | None]) -> Scores:
    return Scores(**{name: _number(value) for name, value in tree.items()})


def _steps(tree: Mapping[str, Mapping[str, float | None]]) -> dict[int, Scores]:
    return {int(step): _scores(scores) for step, scores in tree.items()}
