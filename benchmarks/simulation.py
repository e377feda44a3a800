"""A search of 10,000 configs on paper, with 1 to 1000 workers: how busy they are, and what haste costs.

    python benchmarks/simulation.py [--trials 10000] [--eta 4] [--agreement 0.8] [--claim-ms 10] [--json] [--keep]

Decisions are the real ones; results and times are drawn: the errors of one config at neighbouring stages have the
given correlation, and every stage lowers them by more than configs differ; stages cost 1, eta and eta^2 times 60 s, and
evaluations of one stage differ by a factor of exp(N(0, 0.3)). A claim holds the study's lock for --claim-ms, or takes
what is queued without it; who had to wait for the lock queues 8 new configs for others. "While there" is the share of
their time that workers train where one that has been idle for --leave seconds leaves and another comes when it is
needed, as on a cluster that grows and shrinks; "utilisation" counts all of them until the end.
"Regret" is how many of all the configs, in percent, would have ended better than the winner if every one had been
trained in full.
"""

import argparse
import json
import math
from typing import Any

import numpy as np
from results_io import described, keep

from gman_search.halving.halving_schedule import HalvingSchedule
from gman_search.halving.simulator import simulate
from gman_search.tuning.claim import AHEAD

STAGES = ("quick", "medium", "full")
QUICK_SECONDS, SPREAD = 60.0, 0.3
GAIN = 100.0
"""Of a stage over the one below, in standard deviations between configs."""


def drawn(trials: int, eta: int, agreement: float, seed: int) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """Errors and seconds of every config at every stage, (trials,) each."""
    random = np.random.default_rng(seed)
    errors, seconds = {}, {}
    error = random.standard_normal(trials)
    for rung, stage in enumerate(STAGES):
        if rung:
            error = agreement * error + math.sqrt(1 - agreement**2) * random.standard_normal(trials)
        errors[stage] = error - GAIN * rung
        seconds[stage] = QUICK_SECONDS * eta**rung * np.exp(random.normal(0, SPREAD, trials))
    return errors, seconds


def measure(
    workers: int, promotion: str, *, trials: int, eta: int, agreement: float, claim_ms: float, leave: float, seed: int
) -> dict[str, Any]:
    """One simulated search."""
    errors, seconds = drawn(trials, eta, agreement, seed)
    schedule = HalvingSchedule(STAGES, (eta, eta), trials, promotion == "synchronous")

    def surface(config: int, stage: str) -> tuple[float, float]:
        return float(errors[stage][config]), float(seconds[stage][config])

    told = simulate(schedule, surface, workers=workers, claim_seconds=claim_ms / 1000, ahead=AHEAD, leave_seconds=leave)
    assert told.winner is not None and told.seconds_to_best is not None
    return {
        "workers": workers,
        "promotion": promotion,
        "hours": round(told.seconds / 3600, 2),
        "utilisation": round(told.utilisation, 3),
        "while_there": round(told.while_there, 3),
        "over_promotion": round(told.over_promotion, 3),
        "hours_to_best": round(told.seconds_to_best / 3600, 2),
        "regret_percent": round(float((errors["full"] < errors["full"][told.winner]).mean() * 100), 3),
        "evaluations": list(told.evaluations.values()),
    }


def main() -> None:
    """Simulate, print and keep."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trials", type=int, default=10_000)
    parser.add_argument("--eta", type=int, default=4)
    parser.add_argument("--agreement", type=float, default=0.8)
    parser.add_argument("--claim-ms", type=float, default=10.0)
    parser.add_argument("--leave", type=float, default=60.0)
    parser.add_argument("--workers", type=int, action="append")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--keep", action="store_true")
    chosen = parser.parse_args()
    case = {name: getattr(chosen, name) for name in ("trials", "eta", "agreement", "claim_ms", "leave", "seed")}
    rows = [
        measure(workers, promotion, **case)
        for workers in chosen.workers or [1, 10, 100, 1000]
        for promotion in ("synchronous", "asynchronous")
    ]
    document = described("simulation", **case, rows=rows)
    if chosen.json:
        print(json.dumps(document, indent=2))
    else:
        for row in rows:
            print(row)
    if chosen.keep:
        keep("simulation", document)


if __name__ == "__main__":
    main()
