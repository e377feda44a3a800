"""Does a cheap stage rank configs as a dear one does, and are the gaps it decides by larger than luck? (pure)"""

import statistics
from collections.abc import Mapping
from itertools import combinations, pairwise
from typing import Any

import numpy as np
from replay_surface import Curves

from gman_search.report.figures.rank_correlation import spearman

__all__ = ["agreement", "ladder_survival", "noise"]

PAIRS = (("quick", "medium"), ("medium", "full"), ("quick", "full"), ("medium cold", "medium"), ("full cold", "full"))
PAIRS += (("quick", "medium cold"), ("quick", "full cold"), ("medium cold", "full cold"))
FEWEST = 8


def _best(curves: Curves, seed: int, epochs: int | None = None) -> dict[int, float]:
    """The least validation MAE, of the first `epochs` or, as the product ranks, of all and the start, by config."""
    mine = curves.seeds == seed
    best = curves.best if epochs is None else curves.val[:, :epochs].min(axis=1)
    return dict(zip(curves.configs[mine].tolist(), best[mine].tolist(), strict=True))


def _test(curves: Curves, seed: int) -> dict[int, float]:
    mine = curves.seeds == seed
    return dict(zip(curves.configs[mine].tolist(), curves.test_at_best[mine].tolist(), strict=True))


def _told(below: Mapping[int, float], above: Mapping[int, float]) -> dict[str, Any] | None:
    common = sorted(below.keys() & above.keys())
    if len(common) < FEWEST:
        return None
    found = spearman([below[n] for n in common], [above[n] for n in common])
    low, high = (None if end is None else round(end, 3) for end in (found.low, found.high))
    return {"spearman": round(found.value, 3), "low": low, "high": high, "n": len(common)}


def agreement(curves: Mapping[str, Curves]) -> dict[str, Any]:
    """Spearman's rho of the validation MAE between kinds of evaluation, over all configs and over the best quarter.

    `epochs` tells how the quick stage's agreement with the last grows with its epochs, `test` how validation and test
    MAE of one kind agree, `seeds` how two seeds of one kind do.
    """
    found: dict[str, Any] = {}
    for below, above in PAIRS:
        if below in curves and above in curves:
            low, high = _best(curves[below], 0), _best(curves[above], 0)
            if (row := _told(low, high)) is not None:
                quarter = sorted(low.keys() & high.keys(), key=low.__getitem__)[: max(1, row["n"] // 4)]
                row["top_quarter"] = _told({n: low[n] for n in quarter}, high)
                row |= {"by_epochs": {}} if below == "quick" else {}
                for epochs in (1, 2, 3, 5, 7, 10) if below == "quick" else ():
                    early = _told(_best(curves[below], 0, epochs), high)
                    row["by_epochs"][str(epochs)] = early["spearman"] if early else None
                found[f"{below}-{above}"] = row
    for kind, own in curves.items():
        if (row := _told(_best(own, 0), _test(own, 0))) is not None:
            found[f"{kind}, validation-test"] = row
        if (row := _told(_best(own, 0), _best(own, 1))) is not None:
            found[f"{kind}, seed 0-seed 1"] = row
    return found


def noise(curves: Mapping[str, Curves]) -> dict[str, Any]:
    """By kind: standard deviation between seeds, and the median gap between neighbours in the ranking, both in mph."""
    found = {}
    for kind, own in curves.items():
        by_seed = [_best(own, seed) for seed in sorted(set(own.seeds.tolist()))]
        pairs = [(a[n] - b[n]) ** 2 / 2 for a, b in combinations(by_seed, 2) for n in a.keys() & b.keys()]
        order = sorted(by_seed[0].values())
        gaps = [high - low for low, high in pairwise(order)]
        deviation = round(statistics.mean(pairs) ** 0.5, 4) if pairs else None
        found[kind] = {
            "between_seeds": deviation,
            "pairs": len(pairs),
            "median_gap": round(statistics.median(gaps), 4) if gaps else None,
            "best_to_cut_at_a_quarter": round(order[len(order) // 4] - order[0], 4),
            "mean_of_best_quarter": round(statistics.mean(order[: max(1, len(order) // 4)]), 4),
        }
    return found


def ladder_survival(curves: Mapping[str, Curves], eta: int, configs: int = 50, draws: int = 2000) -> dict[str, float]:
    """What two cuts keep of random draws of `configs` recorded configs.

    `quick` and `medium`: how often the config that is best in full survives each cut; `one_of_five`: how often one of
    the five best does both; `lost_mph`: by how much the best survivor's full model is worse than the best, in the mean.
    The draws overlap: whether the one best config of the table survives decides most of the first two.
    """
    random = np.random.default_rng(0)
    quick, medium, full = (_best(curves[kind], 0) for kind in ("quick", "medium", "full"))
    common = sorted(quick.keys() & medium.keys() & full.keys())
    kept = {"quick": 0.0, "medium": 0.0, "one_of_five": 0.0, "lost_mph": 0.0}
    for _ in range(draws):
        drawn = random.choice(common, size=min(configs, len(common)), replace=False).tolist()
        order = sorted(drawn, key=full.__getitem__)
        first = sorted(drawn, key=quick.__getitem__)[: len(drawn) // eta]
        second = sorted(first, key=medium.__getitem__)[: max(1, len(first) // eta)]
        kept["quick"] += order[0] in first
        kept["medium"] += order[0] in second
        kept["one_of_five"] += not set(order[:5]).isdisjoint(second)
        kept["lost_mph"] += min(full[n] for n in second) - full[order[0]]
    return {name: round(total / draws, 3) for name, total in kept.items()}
