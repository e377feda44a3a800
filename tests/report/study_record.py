"""A synthetic study of any size from one seed: what every face of the program can be tried on without training.

The numbers are invented. Their shape is that of a real search: the learning rate matters, larger stages go lower, a few
evaluations fail or are stopped, and promotions follow `halving.promotion` to the letter.
"""

import math
from dataclasses import replace
from typing import Any

import numpy as np

from gman_search.halving.ablations import ablations_due
from gman_search.halving.evaluations import Evaluation, State
from gman_search.halving.halving_schedule import HalvingSchedule
from gman_search.halving.promotion import Done, Promote, decide
from gman_search.halving.reference_config import reference_config_evaluation
from gman_search.record import (
    Coverage,
    EnsembleCheck,
    EnsembleMember,
    EnsembleTest,
    Epoch,
    ForecastSample,
    LeaderboardRow,
    PresetTest,
    RunScores,
    Scores,
    StudyRecord,
    TestResult,
)
from gman_search.spec import StudySpec

STAGES = ("quick", "medium", "full")
EPOCHS = {"quick": 12, "medium": 16, "full": 20}
FLOOR = {"quick": 3.55, "medium": 3.15, "full": 2.86}
SECONDS = {"quick": 3.1, "medium": 9.4, "full": 31.0}
INHERITED = {"medium": 0.14, "full": 0.19}
BEGAN = 1.79e9


def study_record(
    *,
    name: str = "synthetic",
    trials: int = 50,
    etas: tuple[int, ...] = (4, 4),
    stages: tuple[str, ...] = STAGES,
    seed: int = 0,
    tested: bool = True,
    sensors: tuple[str, ...] = ("S-104", "S-212", "S-317", "S-325", "S-401"),
    sample_times: int = 2016,
    controls: int = 0,
    workers: int = 2,
) -> StudyRecord:
    """A finished study; with the defaults it has 50, 12 and 3 evaluations."""
    rng = np.random.default_rng(seed)
    spec = StudySpec(trials=trials, seed=seed)
    schedule = HalvingSchedule(stages, etas, trials)
    rows: list[Evaluation] = []
    curves: dict[str, tuple[Epoch, ...]] = {}
    latest: dict[str, Evaluation] = {}
    # `decide` reads the whole table, so a thousand configs would take a million looks: sample all of them first.
    while len(rows) < trials:
        params = spec.space.preset() if not rows else sample_params(rng)
        row, curve = _trained(len(rows), stages[0], params, None, rng)
        rows.append(row)
        latest[row.key] = row
        if curve:
            curves[row.key] = curve
    while not isinstance(decision := decide(rows, schedule), Done):
        if not isinstance(decision, Promote):
            raise RuntimeError("a synthetic study only promotes, once it has sampled")
        parent = latest[f"{decision.source}/{decision.config_id}"]
        row, curve = _trained(decision.config_id, decision.stage, parent.params, parent, rng)
        rows.append(row)
        latest[row.key] = row
        if curve:
            curves[row.key] = curve
    while due := ablations_due(rows, schedule, count=controls, seed=seed):
        for control in due:
            source = f"{control.source or stages[0]}/{control.config_id}"
            parent = latest.get(source) or latest[f"{source} preset"]
            grown = parent if control.source else None
            row, curve = _trained(control.config_id, control.stage, parent.params, grown, rng)
            row = replace(row, control=control.kind)
            rows.append(row)
            latest[row.key] = row
            curves[row.key] = curve
    rows = _timed(rows, workers)
    best = min(
        (row for row in rows if not row.control and row.state is State.COMPLETE and row.val_mae is not None),
        key=lambda row: (-stages.index(row.stage), row.val_mae),
        default=None,
    )
    return StudyRecord(
        name=name,
        unit="mph",
        step_minutes=5,
        schedule=schedule,
        spec=spec.model_dump(),
        evaluations=tuple(rows),
        curves=curves,
        test=_test(best, reference_config_evaluation(rows, schedule), sensors, sample_times, rng)
        if tested and best is not None
        else None,
        provenance={
            "created": "2026-11-23 12:00 UTC",
            "command": f"gman-search run --study {name} --trials {trials} --seed {seed}",
            "seed": seed,
            "versions": {"gman-search": "0.2.0", "python": "3.11.7", "tensorflow": "2.21.0", "optuna": "5.0.0"},
            "data": {"sensors": len(sensors), "windows": 7420, "span": "2012-03-01 to 2012-04-30"},
            "cost_units": {"quick": 1.0, "medium": 4.1, "full": 16.3},
        },
    )


def _timed(rows: list[Evaluation], workers: int) -> list[Evaluation]:
    """Each evaluation on the worker that is free first; config 2 was interrupted once, and the search rested a night."""
    free, timed = [0.0] * workers, []
    for index, row in enumerate(rows):
        if index == len(rows) // 2:
            free = [max(free) + 30000.0] * workers
        worker = free.index(min(free))
        if row.key == "quick/2" and row.epochs > 4:
            began, name = free[worker], f"host-{worker}"
            facts = {"began": BEGAN + began, "ended": BEGAN + began + 12.0, "worker": name}
            left = replace(row, state=State.FAILED, val_mae=None, reason="interrupted", epochs=4, seconds=12.0)
            timed.append(replace(left, facts=facts))
            free[worker] += 15.0
            row = replace(row, attempt=2)
        began = free[worker]
        free[worker] += row.seconds + 1.5
        facts = {"began": BEGAN + began, "ended": BEGAN + began + row.seconds + 0.5, "worker": f"host-{worker}"}
        timed.append(replace(row, facts={**row.facts, **facts}))
    return timed


def sample_params(rng: np.random.Generator) -> dict[str, Any]:
    """A config from the default search space."""
    return {
        "learning_rate": float(np.exp(rng.uniform(math.log(5e-4), math.log(2e-2)))),
        "decay_epoch": int(rng.integers(3, 21)),
        "decay_rate": float(rng.uniform(0.5, 0.95)),
        "batch_size": int(rng.choice([16, 32, 64])),
        "dropout": float(rng.uniform(0.0, 0.3)),
        "weight_decay": float(rng.choice([0.0, 1e-5, 1e-4, 1e-3])),
        "clip_norm": float(rng.choice([0.0, 1.0, 5.0])),
        "causal": bool(rng.integers(2)),
        "bn_momentum": float(rng.uniform(0.8, 0.99)),
    }


def _quality(params: dict[str, Any]) -> float:
    away = math.log10(params["learning_rate"] / 3e-3)
    return 0.55 * away**2 + 1.4 * params["dropout"] ** 2 + 0.25 * abs(params["decay_rate"] - 0.75)


def _trained(
    config_id: int, stage: str, params: dict[str, Any], parent: Evaluation | None, rng: np.random.Generator
) -> tuple[Evaluation, tuple[Epoch, ...]]:
    row = Evaluation(
        config_id=config_id,
        stage=stage,
        parent=None if parent is None else parent.key,
        initial_epoch=0 if parent is None else parent.initial_epoch + parent.epochs,
        seed=int(rng.integers(2**31)),
        params=params,
    )
    luck = rng.uniform()
    if parent is None and config_id > 0 and luck < 0.04:
        return replace(row, state=State.FAILED, attempt=3, reason="out of memory in step 3", seconds=4.0), ()
    epochs = EPOCHS[stage] - int(rng.integers(0, 3))
    bottom = FLOOR[stage] + _quality(params) + 0.06 * rng.standard_normal()
    start = 9.0 if parent is None else float(parent.val_mae or 9.0)
    diverges = parent is None and config_id > 0 and luck > 0.92
    points = [Epoch(0, 0, None, start, 0.0, 0.4)] if parent is not None else []
    for epoch in range(1, epochs + 1):
        level = bottom + (start - bottom) * math.exp(-epoch / (0.22 * epochs)) + 0.015 * abs(rng.standard_normal())
        if diverges:
            level = start * (1 + 0.12 * epoch**2)
        rate = params["learning_rate"] * params["decay_rate"] ** (epoch // params["decay_epoch"])
        points.append(Epoch(epoch, 20 * epoch, 0.93 * level, level, rate, SECONDS[stage]))
        if diverges and epoch == 4:
            break
    seconds = sum(point.seconds for point in points)
    if diverges:
        row = replace(row, state=State.PRUNED, reason="diverged at epoch 4", epochs=4, seconds=seconds)
        return replace(row, facts={"diagnosis": ("rising: lower the learning rate",)}), tuple(points)
    best = min(point.val_mae for point in points)
    facts: dict[str, Any] = {"diagnosis": ("falling fast: healthy",) if best < 0.8 * start else ()}
    if parent is not None:
        facts["inherited"] = INHERITED.get(stage, 0.2)
    done = replace(row, state=State.COMPLETE, val_mae=best, epochs=epochs, seconds=seconds, facts=facts)
    return done, tuple(points)


def _test(
    best: Evaluation, preset: Evaluation | None, sensors: tuple[str, ...], times: int, rng: np.random.Generator
) -> TestResult:
    last = float(best.val_mae or 3.0) * 1.03

    def scores(at_start: float, at_end: float) -> dict[str, Any]:
        maes = np.linspace(at_start, at_end, 12)
        steps = {q: Scores(float(mae), 2.05 * float(mae), 2.7 * float(mae)) for q, mae in enumerate(maes, start=1)}
        return {"steps": steps, "mean": Scores(float(maes.mean()), 2.05 * float(maes.mean()), 2.7 * float(maes.mean()))}

    ours = scores(0.78 * last, 1.22 * last)
    spread = dict(zip(sensors, np.sort(rng.gamma(9.0, last / 9.0, len(sensors))).tolist(), strict=True))
    picks = {"best": sensors[0], "median": sensors[len(sensors) // 2], "worst": sensors[-1]}
    theirs, own = scores(0.84 * last, 1.37 * last), scores(0.81 * last, 1.31 * last)
    beside = None
    if preset is not None and best.config_id != preset.config_id:
        peer = RunScores(best.config_id, preset.stage, own["steps"], own["mean"])
        of_preset = RunScores(preset.config_id, preset.stage, theirs["steps"], theirs["mean"])
        beside = PresetTest(of_preset, None if preset.stage == best.stage else peer)
    return TestResult(
        config_id=best.config_id,
        stage=best.stage,
        steps=ours["steps"],
        mean=ours["mean"],
        baselines={
            "historical average": scores(4.16, 4.17),
            "last value": scores(0.85 * last, 1.9 * last),
            "linear": scores(0.82 * last, 1.6 * last),
        },
        windows=2119,
        masked_share=0.0821,
        sensor_mae=spread,
        coverage={percent: _coverage(percent, last) for percent in (50, 80, 90, 95)},
        beside=beside,
        attention={sensor: _attended(sensor, sensors) for sensor in picks.values()},
        calendar=_calendar(last, rng),
        coordinates=dict(zip(sensors, _places(len(sensors), rng), strict=True)),
        samples=tuple(_sample(sensor, rank, spread[sensor], times, rng) for rank, sensor in picks.items()),
    )


def _coverage(percent: int, level: float) -> Coverage:
    by_step = tuple(percent + 0.8 - 0.22 * step * (100 - percent) / 20 for step in range(12))
    held = sum(by_step) / 12
    return Coverage(held, level * (0.6 + percent / 40), by_step, lowest_sensor=held - 9.0, slow=held - 4.0)


def _attended(sensor: str, sensors: tuple[str, ...]) -> tuple[tuple[str, float], ...]:
    """Itself and its neighbours along the road, ever less."""
    at = sensors.index(sensor)
    near = sorted(sensors, key=lambda name: (abs(sensors.index(name) - at), name))[:6]
    return tuple((name, 0.3 / (1 + rank)) for rank, name in enumerate(near))


def _calendar(level: float, rng: np.random.Generator) -> tuple[tuple[float | None, ...], ...]:
    hours = np.arange(24)
    rush = 0.8 * np.exp(-(((hours - 8) / 1.5) ** 2)) + 1.2 * np.exp(-(((hours - 17.5) / 2) ** 2))
    rows = []
    for day in range(7):
        row = level * (0.6 + (0.25 if day >= 5 else 1.0) * rush + 0.04 * rng.standard_normal(24))
        rows.append(tuple(None if day == 6 and hour < 5 else float(value) for hour, value in enumerate(row)))
    return tuple(rows)


def _places(count: int, rng: np.random.Generator) -> list[tuple[float, float]]:
    """Along two crossing roads."""
    along = np.linspace(-0.1, 0.1, max(count, 2))
    jitter = 0.004 * rng.standard_normal((count, 2))
    return [
        (34.1 + float(along[i] * (0.2 if i % 2 else 1.0) + jitter[i, 0]), -118.3 + float(along[i] + jitter[i, 1]))
        for i in range(count)
    ]


def _sample(sensor: str, rank: str, mae: float, times: int, rng: np.random.Generator) -> ForecastSample:
    moments = np.datetime64("2012-04-23T00:00") + 5 * np.arange(times) * np.timedelta64(1, "m")
    hour = (np.arange(times) * 5 / 60) % 24
    dips = 24 * np.exp(-(((hour - 8) / 1.1) ** 2)) + 32 * np.exp(-(((hour - 17.5) / 1.5) ** 2))
    truth = 64 - dips + np.convolve(rng.standard_normal(times + 4), np.ones(5) / 5, "valid") * 2
    known: list[float | None] = [round(float(value), 2) for value in truth]
    for place in range(300, min(times, 340)):
        known[place] = None
    forecast = {
        q: tuple(
            round(float(v), 2)
            for v in np.roll(truth, q // 3) * 0.97 + 1.5 + 0.12 * mae * q**0.5 * rng.standard_normal(times)
        )
        for q in (3, 6, 12)
    }
    return ForecastSample(sensor, rank, mae, tuple(str(moment) for moment in moments), tuple(known), forecast)


def delivered_record(record: StudyRecord | None = None) -> StudyRecord:
    """The same study with the reference, a final training of its winner, boosted trees, an ensemble and a leaderboard.

    The trees are better than the winner at 5, 10 and 15 minutes and nowhere better than the ensemble.
    """
    record = study_record() if record is None else record
    test = record.test
    assert test is not None
    won = next(row for row in record.evaluations if row.key == test.key and row.state is State.COMPLETE)
    before = float(won.val_mae or 3.0)
    ended = max(float(row.facts.get("ended", BEGAN)) for row in record.evaluations)
    reference = Evaluation(
        0, "quick", state=State.COMPLETE, val_mae=before * 1.1, epochs=30, seconds=90.0, control="reference"
    )
    final = replace(
        won, control="final", parent=won.key, val_mae=before * 0.96, epochs=12, seconds=400.0,
        initial_epoch=won.initial_epoch + won.epochs,
    )  # fmt: skip
    outside = [
        replace(row, attempt=1, facts={"began": ended + 5.0, "ended": ended + 5.0 + row.seconds, "worker": worker})
        for row, worker in ((reference, "host-0"), (final, "host-1"))
    ]
    level = before * 0.96
    curve = tuple(Epoch(n, 20 * n, level, level * (1.1 - 0.01 * n), 0.001, 30.0) for n in range(1, 11))
    curves = {**record.curves, outside[0].key: curve, outside[1].key: curve}

    def scaled(factor: Any) -> tuple[dict[int, Scores], Scores]:
        steps = {q: Scores(one.mae * factor(q), one.rmse, one.mape) for q, one in test.steps.items()}
        return steps, Scores(sum(one.mae for one in steps.values()) / len(steps), test.mean.rmse, test.mean.mape)

    trees, blend = scaled(lambda q: 0.9 if q <= 3 else 1.1), scaled(lambda q: 0.85)
    alone = scaled(lambda q: 1.15)
    weights = {"final": tuple(0.4 + 0.02 * q for q in range(12)), "trees": tuple(0.6 - 0.02 * q for q in range(12))}
    ensemble = EnsembleTest(
        steps=blend[0],
        mean=blend[1],
        members=(
            EnsembleMember("boosted trees", "baseline", None, weights["trees"]),
            EnsembleMember(f"config {won.config_id}, final", "evaluation", outside[1].key, weights["final"]),
        ),
        val_mae=before * 0.9,
        check=EnsembleCheck(before * 0.9, before * 0.95, "boosted trees", used=True),
        forecast_ms=41.6,
    )
    nan = math.nan
    rows = (
        LeaderboardRow("boosted trees", "baseline", None, before * 1.01, *trees, 60.0, 3.2),
        LeaderboardRow("ensemble of 2", "ensemble", None, before * 0.9, *blend, 700.0, 41.6),
        LeaderboardRow("persistence", "baseline", None, nan, *alone, 0.0, nan),
        LeaderboardRow("reference", "reference", outside[0].key, before * 1.1, *alone, 90.0, 20.0),
        LeaderboardRow("winner", "winner", outside[1].key, before * 0.96, test.steps, test.mean, 640.0, 38.4),
    )
    baselines = {**test.baselines, "boosted trees": {"steps": trees[0], "mean": trees[1]}}
    refitted = ("boosted trees", "persistence")
    tested = replace(test, control="final", ensemble=ensemble, leaderboard=rows, baselines=baselines, refitted=refitted)
    return replace(record, evaluations=(*record.evaluations, *outside), curves=curves, test=tested)
