"""Does the spatial embedding matter? The quick stage trained with each: the published one, and those we make.

    python benchmarks/embeddings.py --data DIR [--sensors 20] [--epochs 20] [--seeds 3] [--keep] [--resume] [--json]

`file` is the embedding published with GMAN, `node2vec` and `spectral` are made from the graph, `random` is drawn from
nothing but a seed and tells what any embedding is worth that only tells sensors apart. The guide's quick config, an
epoch one pass over all windows of the METR-LA week, rates as if the schedule had as many epochs as are trained; weights
of the epoch with the least validation MAE. Errors are test MAE AT 15, 30 and 60 min and the mean of all steps.
`--keep` writes results/embeddings-N{sensors}.json anew after each; `--resume` leaves out what is there.
"""

import argparse
import json
import os
import statistics
import sys
import tempfile
from dataclasses import replace
from functools import partial
from itertools import product
from pathlib import Path
from typing import Any

from accuracy import guide_settings, test_errors
from results_io import RESULTS, described, keep

from gman_search.data.task import ForecastDataset, load_task
from gman_search.data_spec import DataSpec
from gman_search.tuning.process import THREAD_VARIABLES

METHODS = ("file", "node2vec", "spectral", "random")


def task_with(method: str, data: Path, sensors: int) -> ForecastDataset:
    """The week's first `sensors` with the embedding made by `method`."""
    files: dict[str, Any] = {"readings": "los_speed.csv", "adjacency": "los_adj.csv"}
    files |= {"embedding": "SE(METR).txt"} if method == "file" else {"embedding_method": method}
    spec = DataSpec(**files, start="2012-03-01T00:00", step="5min", sensors=sensors)
    return load_task(spec, data / "metr-la-week")


def trained(task: ForecastDataset, epochs: int, seed: int) -> dict[str, Any]:
    """Validation MAE and test errors of one training."""
    from gman_search.io.arrays import read_arrays
    from gman_search.stages import PRESETS
    from gman_search.training.device import prepare_device
    from gman_search.training.job import Job
    from gman_search.training.loop import GmanTrainer

    prepare_device(seed)
    trainer = GmanTrainer(task, stages=PRESETS)
    settings = guide_settings(epochs)
    # Five decays, as the guide's quick stage has, whatever the number of epochs.
    settings = replace(settings, decay_epoch=epochs / 5)
    with tempfile.TemporaryDirectory() as folder:
        outcome = trainer.train(Job(0, "quick", settings, seed, Path(folder)), lambda epoch: None)
        weights, _ = read_arrays(Path(folder) / "weights.npz")
    model = trainer.compiled(settings.shape, "quick")
    model.state.load_weights(weights)
    errors = test_errors(task, model.forecast(task.starts["test"], causal=settings.causal))
    return {"val": round(float(outcome.val_mae or "nan"), 4), **errors}


def summary(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Mean and standard deviation between seeds, by method."""
    table = []
    for method in dict.fromkeys(row["method"] for row in rows):
        means = [row["mean"] for row in rows if row["method"] == method]
        ends = [row["60 min"] for row in rows if row["method"] == method]
        vals = [row["val"] for row in rows if row["method"] == method]
        noise = round(statistics.stdev(means), 4) if len(means) > 1 else None
        told = {"val": statistics.mean(vals), "mean": statistics.mean(means), "60 min": statistics.mean(ends)}
        table.append({"method": method, **{key: round(value, 3) for key, value in told.items()}, "noise": noise})
    return table


def main() -> None:
    """Train each method with each seed, one after the other."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder that holds metr-la-week/")
    for name, default in {"sensors": 20, "epochs": 20, "seeds": 3}.items():
        parser.add_argument(f"--{name}", type=int, default=default, help=f"default: {default}")
    for name in ("keep", "resume", "json"):
        parser.add_argument(f"--{name}", action="store_true")
    chosen = parser.parse_args()
    if not (chosen.data / "metr-la-week").is_dir() or not 2 <= chosen.sensors <= 207:
        parser.error(f"expected a folder that holds metr-la-week/ and 2 to 207 sensors, received {chosen.data}")
    os.environ |= {"TF_CPP_MIN_LOG_LEVEL": "3", **{name: os.environ.get(name, "1") for name in THREAD_VARIABLES}}
    name = f"embeddings-N{chosen.sensors}"
    document = described("embeddings", sensors=chosen.sensors, epochs=chosen.epochs, rows=[])
    file = RESULTS / f"{name}.json"
    if chosen.resume and file.exists():
        document["rows"] = json.loads(file.read_text())["rows"]
    rows, say = document["rows"], partial(print, flush=True, file=sys.stderr if chosen.json else sys.stdout)
    for seed, method in product(range(chosen.seeds), METHODS):
        if not any((row["method"], row["seed"]) == (method, seed) for row in rows):
            task = task_with(method, chosen.data, chosen.sensors)
            rows.append({"method": method, "seed": seed, **trained(task, chosen.epochs, seed)})
            say("  ".join(f"{key} {value}" for key, value in rows[-1].items()))
            if chosen.keep:
                keep(name, {**document, "summary": summary(rows)})
    say(*("  ".join(f"{key} {value}" for key, value in row.items()) for row in summary(rows)), sep="\n")
    if chosen.json:
        print(json.dumps({**document, "summary": summary(rows)}, indent=2))


if __name__ == "__main__":
    main()
