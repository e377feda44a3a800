"""How often prediction intervals hold on the test part: one width a step, against one a step and level of traffic.

    python benchmarks/intervals.py RUN... [--studies DIR] [--json] [--keep]

RUN is what `gman-search evaluate` takes, such as `demo` or `demo/full`. Both kinds of intervals are made anew from the
errors on the validation part. Shares in percent of the observed test readings; "slow": where the forecast was below
70 % of the sensor's usual reading.
"""

import argparse
import json
import os
from pathlib import Path
from typing import Any

from results_io import described, keep

PERCENTS = (50, 80, 90, 95)


def measure(source: str, studies: Path) -> dict[str, Any]:
    """Coverage of both kinds of intervals for one run."""
    import numpy as np

    from gman_search import Forecaster
    from gman_search.cli.run_locator import find_run
    from gman_search.forecasting.intervals import (
        Intervals,
        calibrated,
        conformal_quantiles,
        coverage,
        free_flow_readings,
    )

    run = find_run(source, studies)
    task, model = run.task(), Forecaster(run.model())
    observed = {part: task.windows(part).targets for part in ("val", "test")}
    forecast = {part: model.windows(task.series, task.starts[part]) for part in observed}
    usual = free_flow_readings(task.targets[slice(*task.train_rows)])
    by_level = calibrated(observed["val"], forecast["val"], usual)
    scores = np.where(observed["val"] != 0, np.abs(forecast["val"] - observed["val"]), np.nan)
    together = np.stack([conformal_quantiles(scores[:, step]) for step in range(task.Q)], axis=1)
    kinds = {
        "one width a step": Intervals(np.repeat(together[:, :, np.newaxis], by_level.widths.shape[2], axis=2), usual),
        "one width a step and level": by_level,
    }
    rows = []
    for name, intervals in kinds.items():
        for percent in PERCENTS:
            found = coverage(observed["test"], forecast["test"], intervals, percent)
            numbers = {"held": found.held, "slow": found.slow, "lowest_sensor": found.lowest_sensor}
            shown = {key: round(value, 1) for key, value in numbers.items()}
            rows.append({"intervals": name, "percent": percent, **shown, "mean_width": round(found.width, 2)})
    sizes = {"sensors": len(model.sensors), "windows": {part: len(array) for part, array in observed.items()}}
    return {"run": source, "shape": list(model.config.shape), "unit": model.unit, **sizes, "coverage": rows}


def main() -> None:
    """Measure, print and keep."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("runs", nargs="+", metavar="RUN")
    parser.add_argument("--studies", type=Path, default=Path("studies"))
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--keep", action="store_true")
    chosen = parser.parse_args()
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    rows = [measure(source, chosen.studies) for source in chosen.runs]
    document = described("intervals-benchmark", f"python benchmarks/intervals.py {' '.join(chosen.runs)}", runs=rows)
    print(json.dumps(document if chosen.json else rows, indent=2))
    if chosen.keep:
        keep("intervals", document)


if __name__ == "__main__":
    main()
