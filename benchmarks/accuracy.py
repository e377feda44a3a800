"""Test errors of the quick stage, trained at full length on the METR-LA week: ours, public ports and baselines.

    python benchmarks/accuracy.py --data DIR [--sensors 20] [--epochs 50] [--seeds 1] [--peers DIR] [--keep]

Ours is the product's trainer with the guide's preset, all epochs unless --patience is given; an epoch is one pass over
all windows. A port gets the same windows, learning rate, decay epoch and batch size for as many epochs; the rest is in
its driver. Each has its own loss, and the PyTorch port is trained again with masked MAE. The training part of the week
has no Tuesday and Wednesday: ours leaves such weekdays out of its inputs, the ports are given them as they are.
Errors are test MAE AT 15, 30 and 60 min, sum over count of all test windows without raw readings of 0, and the mean of
all steps. Weights are those of the epoch with the least validation MAE. `seconds` is the whole process, from its start
to its test forecasts; `s/epoch` is the median of training and validation.
Each trainer has its own process. `--keep` writes results/accuracy-N{sensors}.json, with other than 50 epochs
results/accuracy-N{sensors}-{epochs}-epochs.json, anew after each; with `--resume` what is there and did not
fail stays. The ports are told `--threads` too, but may set their own: the result says which.
"""

import argparse
import json
import math
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from importlib import import_module
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import peers
from peers.case import write_case
from peers.registry import PORTS, find_ports, run_port
from results_io import RESULTS, described, keep
from step_cases import week

from gman_search.baselines.naive import historical_average, persistence
from gman_search.config import Hyperparameters, at_stage
from gman_search.data.checks.gather import facts_of
from gman_search.data.checks.registry import find
from gman_search.data.task import ForecastDataset
from gman_search.metrics import mean_of_steps, scores_by_step
from gman_search.space import SearchSpace
from gman_search.spec import StudySpec
from gman_search.stages import PRESETS
from gman_search.tuning.process import THREAD_VARIABLES

FULL_LENGTH = 50  # epochs of the guide's quick stage
OURS, MASKED = "gman-search", "gman-pytorch, masked MAE"
RUNS = {**{port: (port, ()) for port in PORTS}, MASKED: ("gman-pytorch", ("--loss", "masked-mae"))}
DECIMALS = {"15 min": 3, "30 min": 3, "60 min": 3, "mean": 3, "best_epoch": 0, "seconds": 1, "s/epoch": 2}
Row = dict[str, Any]


def guide_settings(epochs: int, patience: int | None = None) -> Hyperparameters:
    """Hyperparameters of the guide's quick stage, for so many epochs; without `patience` none is left out."""
    return replace(at_stage(SearchSpace().preset(), PRESETS["quick"]), max_epochs=epochs, patience=patience or epochs)


def train_ours(data: Path, sensors: int, settings: Hyperparameters, seed: int, out: Path) -> None:
    """Train with the product's trainer in this process; prints and leaves in `out` what a port's driver does."""
    from gman_search.io.arrays import read_arrays
    from gman_search.training.device import prepare_device
    from gman_search.training.job import Job
    from gman_search.training.loop import GmanTrainer

    prepare_device(seed)
    task = week(data, sensors)
    trainer = GmanTrainer(task, stages=PRESETS)
    with tempfile.TemporaryDirectory() as folder:
        job = Job(0, "quick", settings, seed, Path(folder))
        outcome = trainer.train(job, lambda epoch: print(json.dumps(vars(epoch)), flush=True))
        weights, _ = read_arrays(Path(folder) / "weights.npz")
    model = trainer.compiled(settings.shape, "quick")
    model.state.load_weights(weights)
    np.savez(out, forecast=model.forecast(task.starts["test"], causal=settings.causal))
    print(json.dumps({**outcome.facts, "val_mae": outcome.val_mae, "stopped": outcome.reason}))


def test_errors(task: ForecastDataset, forecast: np.ndarray) -> dict[str, float | None]:
    """Test MAE at 15, 30 and 60 min, and the mean of all steps; None where it is not a number."""
    steps = scores_by_step(task.windows("test").targets, forecast)
    maes = {"15 min": steps[3].mae, "30 min": steps[6].mae, "60 min": steps[12].mae, "mean": mean_of_steps(steps).mae}
    return {key: round(value, 4) if math.isfinite(value) else None for key, value in maes.items()}


def trained(name: str, seed: int, task: ForecastDataset, epochs: int, directory: Path | None) -> Row:
    """One trainer's row, with its curve; `directory` is the checkout of a port."""
    row: Row = {"name": name, "seed": seed}
    with tempfile.TemporaryDirectory() as folder:
        case, out = Path(folder) / "case.npz", Path(folder) / "forecast.npz"
        given = guide_settings(epochs)
        write_case(case, task, given.shape, given.batch_size, given.learning_rate, round(given.decay_epoch), seed)
        began = time.perf_counter()
        if directory is None:
            command = [sys.executable, __file__, *sys.argv[1:], "--here", str(seed), str(out)]
            told = subprocess.run(command, capture_output=True, text=True, check=False)
            lines = [json.loads(line) for line in told.stdout.splitlines() if line.startswith("{")]
            if told.returncode:
                lines.append({"error": f"status {told.returncode}: {''.join(told.stderr.strip().splitlines()[-1:])}"})
        else:
            port, options = RUNS[name]
            lines = run_port(port, directory, "train", str(case), "--epochs", str(epochs), "--out", str(out), *options)
        seconds = round(time.perf_counter() - began, 1)
        try:
            row |= lines[-1] if "error" in lines[-1] else {**lines[-1], **test_errors(task, np.load(out)["forecast"])}
        except (IndexError, KeyError, OSError, ValueError) as error:
            row["error"] = f"no usable forecasts: {error}"
    curve = [line for line in lines if "epoch" in line]
    per_epoch = round(statistics.median(line["seconds"] for line in curve), 2) if curve else None
    return {**row, "seconds": seconds, "s/epoch": per_epoch, "epochs": len(curve), "curve": curve}


def rows_to_come(task: ForecastDataset, chosen: Any, ports: dict[str, Path], there: set[Any]) -> Iterator[Row]:
    """Baselines, then each trainer with each seed, apart from those that are `there`."""
    for name, rule in (("persistence", persistence), ("historical average", historical_average)):
        if (name, None) not in there:
            yield {"name": name, "seed": None, **test_errors(task, rule(task.windows("test")))}
    directories = {OURS: None, **{name: ports[port] for name, (port, _) in RUNS.items() if port in ports}}
    for seed, (name, directory) in product(range(chosen.seeds), directories.items()):
        if (name, seed) not in there:
            yield trained(name, seed, task, chosen.epochs, directory)


def line_of(row: Row) -> str:
    """One line of the table."""
    cells = ("" if row.get(key) is None else f"{row[key]:.{digits}f}" for key, digits in DECIMALS.items())
    rest = "".join(f"{cell:>11}" for cell in cells) if "error" not in row else f"  error: {row['error']}"
    return f"{row['name']:<25}{'' if row['seed'] is None else row['seed']:>5}{rest}"


def summary(rows: list[Row]) -> Iterator[Row]:
    """Mean and standard deviation over the seeds of each trainer that has several."""
    for name in dict.fromkeys(row["name"] for row in rows):
        runs = [row for row in rows if row["name"] == name and "error" not in row]
        keys = [key for key in DECIMALS if all(run.get(key) is not None for run in runs)]
        for rule in (statistics.mean, statistics.stdev) if len(runs) > 1 else ():
            yield {"name": name, "seed": rule.__name__, **{key: rule(run[key] for run in runs) for key in keys}}


def main() -> None:
    """Train one after the other, print the table and keep the results."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder that holds metr-la-week/")
    parser.add_argument("--peers", type=Path, metavar="DIR", help="folder with checkouts of public ports")
    for name, default in {"sensors": 20, "epochs": FULL_LENGTH, "seeds": 1, "threads": 1}.items():
        parser.add_argument(f"--{name}", type=int, default=default, help=f"default: {default}")
    parser.add_argument("--patience", type=int, help="early stop of ours, as in the guide's stage (10); default: none")
    for name in ("json", "keep", "resume"):
        parser.add_argument(f"--{name}", action="store_true")
    parser.add_argument("--here", nargs=2, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if not (chosen.data / "metr-la-week").is_dir() or not 1 <= chosen.sensors <= 207:
        parser.error(f"expected a folder that holds metr-la-week/ and up to 207 sensors, received {chosen.data}")
    if chosen.resume and not chosen.keep:
        parser.error("expected --keep beside --resume: what is added to a kept result is kept")
    if chosen.here:
        settings = guide_settings(chosen.epochs, chosen.patience)
        return train_ours(chosen.data, chosen.sensors, settings, int(chosen.here[0]), Path(chosen.here[1]))
    ports = find_ports(chosen.peers) if chosen.peers else {}
    if chosen.peers and not ports:
        parser.error(f"expected checkouts of public ports of GMAN, found none in {chosen.peers}")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # as an exception, which ends the process that trains too
    os.environ |= {"TF_CPP_MIN_LOG_LEVEL": "3", **dict.fromkeys(THREAD_VARIABLES, str(chosen.threads))}
    sys.path += peers.__path__
    port_threads = import_module("driver").THREADS
    task = week(chosen.data, chosen.sensors)
    flags = "".join(f" --{name} {getattr(chosen, name)}" for name in ("sensors", "epochs", "seeds", "threads"))
    flags += f" --patience {chosen.patience}" if chosen.patience else ""
    document = described(
        "accuracy",
        f"python benchmarks/accuracy.py{flags} --data DIR{' --peers DIR' if ports else ''} --keep",
        threads={OURS: chosen.threads, **dict.fromkeys(PORTS, port_threads)},
        windows={part: len(starts) for part, starts in task.starts.items()},
        warnings=[
            found.text
            for found in find(facts_of(StudySpec(), task.series, task, None))
            if found.severity == "warning" and found.code != "no-graph"  # it has one
        ],
        settings=guide_settings(chosen.epochs, chosen.patience).to_dict(),
        rows=[],
    )
    name = f"accuracy-N{chosen.sensors}" + ("" if chosen.epochs == FULL_LENGTH else f"-{chosen.epochs}-epochs")
    file = RESULTS / f"{name}.json"
    if chosen.resume and file.exists():
        before = json.loads(file.read_text())
        if other := [key for key in ("machine", "threads", "windows", "settings") if before[key] != document[key]]:
            parser.error(f"{file.name} was made with other {', '.join(other)}: leave out --resume to write it anew")
        document["rows"] = [row for row in before["rows"] if "error" not in row]
    rows = document["rows"]
    say = partial(print, flush=True, file=sys.stderr if chosen.json else sys.stdout)
    say(f"test MAE in {task.unit}; {document['command']}; threads {document['threads']}")
    say(" " * 26 + "seed" + "".join(f"{name:>11}" for name in DECIMALS), *map(line_of, rows), sep="\n")
    for row in rows_to_come(task, chosen, ports, {(row["name"], row["seed"]) for row in rows}):
        rows.append(row)
        say(line_of(row))
        if chosen.keep:
            keep(name, document)
    say(*map(line_of, summary(rows)), sep="\n")
    if chosen.json:
        print(json.dumps(document, indent=2))


if __name__ == "__main__":
    main()
