"""What the kept runs of `growth.py` say: pure functions from rows to tables."""

import math
import statistics
from collections import defaultdict
from collections.abc import Iterable, Mapping
from itertools import product
from typing import Any

from gman_search.stages import PRESETS

__all__ = ["FASTER", "PLAIN", "epochs_to_reach", "lineage", "rule_name", "rule_of", "summary"]

Row = Mapping[str, Any]
PAIRS = (("medium", "quick"), ("full", "medium", "quick"), ("full", "quick"))
"""Lineages of the grown models that are compared with cold ones."""


PLAIN, FASTER = "plain", "rate of new 3"
COMPARED = (PLAIN, FASTER)
"""Rules of growth that are compared with a cold start."""


def lineage(row: Row, kept: Mapping[str, Row]) -> tuple[str, ...]:
    """Stages from that of `row` down to where its weights come from: ("full", "medium", "quick"); cold: ("full",)."""
    parent = kept.get(row["parent"] or "")
    return (row["stage"], *(lineage(parent, kept) if parent is not None else ()))


def epochs_to_reach(row: Row, target: float) -> int | None:
    """The first epoch whose validation MAE is at most `target`; None where there is none. Epoch 0 is the start."""
    return next((epoch for epoch, val in zip(row["epoch"], row["val"], strict=True) if _at_most(val, target)), None)


def _at_most(value: float | None, target: float) -> bool:
    return value is not None and value <= target


def summary(kept: Mapping[str, Row]) -> dict[str, list[dict[str, Any]]]:
    """Tables of all that is kept: `comparisons` of grown with cold, `sizes`, `remedies`, and `rates` of each rule."""
    reloads = [row for row in kept.values() if "moved" in row]
    kept = {name: row for name, row in kept.items() if "moved" not in row}
    rows = list(kept.values())
    return {
        "comparisons": list(_comparisons(kept)),
        "sizes": list(_sizes(kept)),
        "remedies": list(_remedies(kept)),
        "rates": list(_rates(rows)),
        "reload": reloads,
    }


def _comparisons(kept: Mapping[str, Row]) -> Iterable[dict[str, Any]]:
    for task in dict.fromkeys(row["task"] for row in kept.values()):
        for stages, rule in product(PAIRS, COMPARED):
            pairs = [
                (row, kept[cold], kept[row["parent"]])
                for row in kept.values()
                if row["task"] == task and lineage(row, kept) == stages and rule_of(row, kept) == rule
                if (cold := f"{task} {row['config']} s{row['seed']} {stages[0]}") in kept
            ]
            usable = [pair for pair in pairs if all(row["best_val"] is not None for row in pair)]
            if usable:
                yield {"task": task, "from": stages[1], "to": stages[0], "rule": rule, **_compared(usable, kept)}


def rule_of(row: Row, kept: Mapping[str, Row]) -> str | None:
    """The rule by which a model and all that it came from were grown; none where they were not grown alike."""
    parent = kept.get(row["parent"] or "")
    if parent is None:
        return rule_name(row) if row["rate_rule"] != "preset" else PLAIN
    return rule_name(row) if parent["parent"] is None or rule_of(parent, kept) == rule_name(row) else None


def _compared(pairs: list[tuple[Row, Row, Row]], kept: Mapping[str, Row]) -> dict[str, Any]:
    ratios, seconds = [_epochs_ratio(grown, cold) for grown, cold, _ in pairs], []
    for grown, cold, parent in pairs:
        reached = epochs_to_reach(grown, cold["best_val"])
        best = epochs_to_reach(cold, cold["best_val"]) or 1
        spent = _seconds_until(grown, reached) + _lineage_seconds(parent, kept)
        seconds.append(math.inf if reached is None else spent / _seconds_until(cold, best))
    return {
        "configs": len({row["config"] for row, _, _ in pairs}),
        "seeds": len({row["seed"] for row, _, _ in pairs}),
        "runs": len(pairs),
        "epochs_ratio_median": _finite(statistics.median(ratios)),
        "epochs_ratio_by_seed": {
            seed: _finite(
                statistics.median(ratio for ratio, pair in zip(ratios, pairs, strict=True) if pair[0]["seed"] == seed)
            )
            for seed in sorted({grown["seed"] for grown, _, _ in pairs})
        },
        "within_half_of_the_epochs": round(sum(ratio <= 0.5 for ratio in ratios) / len(ratios), 3),
        "never_reached": sum(math.isinf(ratio) for ratio in ratios),
        "seconds_ratio_median": _finite(statistics.median(seconds)),
        "parent_mae": _mean(parent["best_val"] for _, _, parent in pairs),
        "final_mae_grown": _mean(grown["best_val"] for grown, _, _ in pairs),
        "final_mae_cold": _mean(cold["best_val"] for _, cold, _ in pairs),
        "mae_after_first_epoch_grown": _mean(_after_first_epoch(grown) for grown, _, _ in pairs),
        "last_epoch_mae_grown": _mean(grown["val"][-1] for grown, _, _ in pairs),
        "last_epoch_mae_cold": _mean(cold["val"][-1] for _, cold, _ in pairs),
        "noise": _seed_noise(cold for _, cold, _ in pairs),
    }


def _sizes(kept: Mapping[str, Row]) -> Iterable[dict[str, Any]]:
    """Models trained on at their size, each with the bigger one that grew from the same parent by rule FASTER."""
    for task, (above, *below) in product(dict.fromkeys(row["task"] for row in kept.values()), PAIRS[:2]):
        by_parent = {
            row["parent"]: row
            for row in kept.values()
            if row["task"] == task and lineage(row, kept) == (above, *below) and rule_of(row, kept) == FASTER
        }
        pairs = [
            (by_parent[row["parent"]], row, kept[row["parent"]])
            for row in kept.values()
            if row["task"] == task and lineage(row, kept) == (below[0], *below) and row["parent"] in by_parent
        ]
        pairs = [pair for pair in pairs if all(row["best_val"] is not None for row in pair)]
        if pairs:
            tested = [(grown, same) for grown, same, _ in pairs if None not in (*grown["test"], *same["test"])]
            yield {
                "task": task,
                "from": below[0],
                "to": above,
                "runs": len(pairs),
                "parent": _mean(parent["best_val"] for _, _, parent in pairs),
                "same_size": _mean(same["best_val"] for _, same, _ in pairs),
                "grown": _mean(grown["best_val"] for grown, _, _ in pairs),
                "val_difference": _difference([grown["best_val"] - same["best_val"] for grown, same, _ in pairs]),
                "test_difference": _difference([_test_at_best(grown) - _test_at_best(same) for grown, same in tested]),
            }


def _remedies(kept: Mapping[str, Row]) -> Iterable[dict[str, Any]]:
    """Growth by other rules, each run paired with the plain one of the same config and seed."""
    found: dict[tuple[str, str, str], list[tuple[Row, Row, Row]]] = defaultdict(list)
    for row in kept.values():
        stage, rule = row["stage"], rule_of(row, kept)
        name = f"{row['task']} {row['config']} s{row['seed']}"
        chain = {"medium": f"{name} medium < {name} quick", "full": f"{name} full < {name} medium < {name} quick"}
        if lineage(row, kept) not in PAIRS[:2] or rule is None:
            continue
        plain, cold = kept.get(chain[stage]), kept.get(f"{name} {stage}")
        if plain and cold and None not in (row["best_val"], plain["best_val"], cold["best_val"]):
            found[row["task"], stage, rule].append((row, plain, cold))
    for (task, stage, rule), triples in found.items():
        tested = [(row, plain) for row, plain, _ in triples if None not in (*row["test"], *plain["test"])]
        ratios = [_epochs_ratio(row, cold) for row, _, cold in triples]
        yield {
            "task": task,
            "stage": stage,
            "rule": rule,
            "runs": len(triples),
            "best": _mean(row["best_val"] for row, _, _ in triples),
            "cold_best": _mean(cold["best_val"] for _, _, cold in triples),
            "after_first_epoch": _mean(_after_first_epoch(row) for row, _, _ in triples),
            "epochs_ratio_median": _finite(statistics.median(ratios)),
            "within_half_of_the_epochs": sum(ratio <= 0.5 for ratio in ratios),
            "never_reached": sum(math.isinf(ratio) for ratio in ratios),
            # Seeds differ more than rules: the default on the same configs and seeds.
            "default_within_half_of_the_epochs": sum(_epochs_ratio(plain, cold) <= 0.5 for _, plain, cold in triples),
            # Nothing, if both grew out of the same weights: by these rules growth changes no forecast.
            "start_difference": _difference([row["val"][0] - plain["val"][0] for row, plain, _ in triples]),
            "val_difference": _difference([row["best_val"] - plain["best_val"] for row, plain, _ in triples]),
            "test_difference": _difference([_test_at_best(row) - _test_at_best(plain) for row, plain in tested]),
        }


def _after_first_epoch(grown: Row) -> float | None:
    """None where that epoch diverged, which ends a run."""
    return next(
        (val for epoch, val in zip(grown["epoch"], grown["val"], strict=True) if epoch == 1 and val is not None), None
    )


def _difference(values: list[float]) -> dict[str, float | int | None]:
    """Mean of paired differences with its standard error."""
    error = statistics.stdev(values) / math.sqrt(len(values)) if len(values) > 1 else None
    return {"mean": _mean(values), "standard_error": None if error is None else round(error, 4), "n": len(values)}


def _epochs_ratio(grown: Row, cold: Row) -> float:
    """The epoch at which a grown run reaches the cold run's best, over the epoch of that best; infinite if never."""
    reached = epochs_to_reach(grown, cold["best_val"])
    return math.inf if reached is None else reached / (epochs_to_reach(cold, cold["best_val"]) or 1)


def rule_name(row: Row) -> str:
    """What differs from plain growth: one rate for all weights, guide's ratios, fresh moments, new blocks last."""
    growth = row["growth"]
    parts = [
        "calibrated" if growth["calibration_steps"] else "",
        {"fresh": "", "carry": "moments"}.get(growth["optimizer_state"], "moments, one correction for all"),
        f"rate {growth['lr_multiplier']:g}" if growth["lr_multiplier"] != 1 else "",
        f"rate of new {growth['new_weight_lr_multiplier']:g}" if growth.get("new_weight_lr_multiplier", 1) != 1 else "",
        "copied blocks" if growth["new_blocks"] == "copy" else "",
        "spread" if growth["new_block_position"] == "spread" else "",
        f"warm-up {row['warmup_steps']}" if row["warmup_steps"] != 20 else "",
        row["rate_rule"] if row["rate_rule"] != "preset" else "",
    ]
    return ", ".join(part for part in parts if part) or PLAIN


def _rates(rows: Iterable[Row]) -> Iterable[dict[str, Any]]:
    """Final MAE over the searched learning rate, by stage and rule. `none` is `preset` at another searched rate."""
    cells: dict[tuple[str, str, str, float], list[float]] = defaultdict(list)
    quick = PRESETS["quick"].learning_rate
    for row in rows:
        if "lr=" not in row["run"] or row["best_val"] is None:
            continue
        task, stage, rate = row["task"], row["stage"], row["params"]["learning_rate"]
        cells[task, stage, row["rate_rule"], rate].append(row["best_val"])
        if row["rate_rule"] == "preset" and stage != "quick":
            same = float(f"{rate * PRESETS[stage].learning_rate / quick:.6g}")
            cells[task, stage, "none", same].append(row["best_val"])
    for (task, stage, rule, rate), values in sorted(cells.items()):
        told = {"task": task, "stage": stage, "rule": rule, "learning_rate": rate}
        yield {**told, "mae": _mean(values), "n": len(values)}


def _seconds_until(row: Row, epoch: int | None) -> float:
    spent = zip(row["epoch"], row["seconds"], strict=True)
    return sum(seconds for number, seconds in spent if epoch is not None and number <= epoch)


def _lineage_seconds(row: Row | None, kept: Mapping[str, Row]) -> float:
    return 0.0 if row is None else sum(row["seconds"]) + _lineage_seconds(kept.get(row["parent"]), kept)


def _test_at_best(row: Row) -> float:
    return float(row["test"][row["val"].index(row["best_val"])])


def _seed_noise(rows: Iterable[Row]) -> float | None:
    """Standard deviation of the best validation MAE between seeds of one config, root mean square over configs."""
    by_config: dict[int, set[tuple[int, float]]] = defaultdict(set)
    for row in rows:
        by_config[row["config"]].add((row["seed"], row["best_val"]))
    variances = [statistics.variance(v for _, v in values) for values in by_config.values() if len(values) > 1]
    return round(math.sqrt(statistics.mean(variances)), 4) if variances else None


def _mean(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return round(statistics.mean(known), 4) if known else None


def _finite(value: float) -> float | None:
    return round(value, 3) if math.isfinite(value) else None
