"""What the kept runs of `growth.py` say: pure functions from rows to tables."""

import math
import statistics
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

__all__ = ["epochs_to_reach", "is_plain", "summary"]

Row = Mapping[str, Any]
PAIRS = (("quick", "medium"), ("medium", "full"), ("quick", "full"))


def epochs_to_reach(row: Row, target: float) -> int | None:
    """The first epoch whose validation MAE is at most `target`; None where there is none. Epoch 0 is the start."""
    return next((epoch for epoch, val in zip(row["epoch"], row["val"], strict=True) if _at_most(val, target)), None)


def _at_most(value: float | None, target: float) -> bool:
    return value is not None and value <= target


def summary(kept: Mapping[str, Row]) -> dict[str, list[dict[str, Any]]]:
    """Tables of all that is kept: `comparisons` of grown with cold, `remedies`, and `rates` of each rule."""
    reloads = [row for row in kept.values() if "moved" in row]
    kept = {name: row for name, row in kept.items() if "moved" not in row}
    rows = list(kept.values())
    return {
        "comparisons": list(_comparisons(kept)),
        "remedies": list(_remedies(kept)),
        "rates": list(_rates(rows)),
        "reload": reloads,
    }


def _comparisons(kept: Mapping[str, Row]) -> Iterable[dict[str, Any]]:
    for task in dict.fromkeys(row["task"] for row in kept.values()):
        for small, big in PAIRS:
            pairs = [
                (row, kept[cold], parent)
                for row in kept.values()
                if (parent := kept.get(row["parent"])) and is_plain(row) and row["task"] == task
                if (parent["stage"], row["stage"]) == (small, big)
                if (cold := f"{task} {row['config']} s{row['seed']} {big}") in kept
                if (big, small) != ("full", "medium") or parent["parent"] is not None
            ]
            usable = [pair for pair in pairs if all(row["best_val"] is not None for row in pair)]
            if usable:
                yield {"task": task, "from": small, "to": big, **_compared(usable, kept)}


def is_plain(row: Row) -> bool:
    """Whether a run was made by the product's default rules."""
    changed = [row["growth"]["calibration_steps"], row["growth"]["rate"] != 1, row["growth"]["moments"] != "fresh"]
    changed += [row["growth"]["new_blocks"] != "random", row["growth"]["insert"] != "end", row["warmup_steps"] != 20]
    return not any(changed) and row["rate_rule"] == "preset"


def _compared(pairs: list[tuple[Row, Row, Row]], kept: Mapping[str, Row]) -> dict[str, Any]:
    ratios, seconds = [], []
    for grown, cold, parent in pairs:
        reached = epochs_to_reach(grown, cold["best_val"])
        best = epochs_to_reach(cold, cold["best_val"]) or 1
        ratios.append(math.inf if reached is None else reached / best)
        spent = _seconds_until(grown, reached) + _lineage_seconds(parent, kept)
        seconds.append(math.inf if reached is None else spent / _seconds_until(cold, best))
    return {
        "configs": len({row["config"] for row, _, _ in pairs}),
        "seeds": len({row["seed"] for row, _, _ in pairs}),
        "runs": len(pairs),
        "epochs_ratio_median": _finite(statistics.median(ratios)),
        "within_half_of_the_epochs": round(sum(ratio <= 0.5 for ratio in ratios) / len(ratios), 3),
        "never_reached": sum(math.isinf(ratio) for ratio in ratios),
        "seconds_ratio_median": _finite(statistics.median(seconds)),
        "parent_mae": _mean(parent["best_val"] for _, _, parent in pairs),
        "final_mae_grown": _mean(grown["best_val"] for grown, _, _ in pairs),
        "final_mae_cold": _mean(cold["best_val"] for _, cold, _ in pairs),
        "mae_after_first_epoch_grown": _mean(grown["val"][1] for grown, _, _ in pairs),
        "last_epoch_mae_grown": _mean(grown["val"][-1] for grown, _, _ in pairs),
        "last_epoch_mae_cold": _mean(cold["val"][-1] for _, cold, _ in pairs),
        "noise": _seed_noise(cold for _, cold, _ in pairs),
    }


def _remedies(kept: Mapping[str, Row]) -> Iterable[dict[str, Any]]:
    found: dict[tuple[str, str], list[tuple[Row, Row]]] = defaultdict(list)
    for row in kept.values():
        parent, cold = kept.get(row["parent"]), kept.get(f"{row['task']} {row['config']} s{row['seed']} medium")
        # The configs and seeds of the other rules, not all that `compare` has.
        if parent and cold and row["stage"] == "medium" and row["config"] < 4 and row["seed"] < 2:
            found[row["task"], _rule(row)].append((row, cold))
    for (task, rule), pairs in found.items():
        ends = [(grown, cold) for grown, cold in pairs if None not in (grown["best_val"], cold["best_val"])]
        if ends:
            yield {
                "task": task,
                "rule": rule,
                "runs": len(ends),
                "start": _mean(grown["val"][0] for grown, _ in ends),
                "after_first_epoch": _mean(grown["val"][1] for grown, _ in ends),
                "last_epoch": _mean(grown["val"][-1] for grown, _ in ends),
                "best": _mean(grown["best_val"] for grown, _ in ends),
                "test_at_best": _mean(_test_at_best(grown) for grown, _ in ends),
                "cold_best": _mean(cold["best_val"] for _, cold in ends),
                "cold_test_at_best": _mean(_test_at_best(cold) for _, cold in ends),
            }


def _rule(row: Row) -> str:
    growth = row["growth"]
    parts = [
        "calibrated" if growth["calibration_steps"] else "",
        "moments" if growth["moments"] == "carry" else "",
        f"rate {growth['rate']:g}" if growth["rate"] != 1 else "",
        "copied blocks" if growth["new_blocks"] == "copy" else "",
        "spread" if growth["insert"] == "spread" else "",
        f"warm-up {row['warmup_steps']}" if row["warmup_steps"] != 20 else "",
    ]
    return ", ".join(part for part in parts if part) or "plain"


def _rates(rows: Iterable[Row]) -> Iterable[dict[str, Any]]:
    cells: dict[tuple[str, str, str, float], list[float]] = defaultdict(list)
    for row in rows:
        if "lr=" in row["run"] and row["best_val"] is not None:
            cells[row["task"], row["stage"], row["rate_rule"], row["params"]["learning_rate"]].append(row["best_val"])
    for (task, stage, rule, rate), values in sorted(cells.items()):
        yield {
            "task": task,
            "stage": stage,
            "rule": rule,
            "learning_rate": rate,
            "mae": _mean(values),
            "n": len(values),
        }


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
