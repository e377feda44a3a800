"""Full-length quick training on the METR-LA week: test errors beside baselines and public ports of GMAN.

    python benchmarks/accuracy.py --data DIR [--sensors 20] [--epochs 50] [--patience N] [--peers DIR] [--keep]

Ours is the product's trainer with the guide's quick stage (batch 32, one pass over all windows an epoch); a port gets
the same windows, learning rate, batch size and decay, at equal epochs, with its own loss, and the PyTorch port a second
time with the masked MAE. All errors are test MAE in mph AT 15, 30 and 60 min, global sum over count of all windows,
zeros masked. Every model's epoch is chosen by its validation MAE. With --keep each model's result is written as soon as
it is there, and a rerun leaves out what is there already.
"""

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from datetime import date
from pathlib import Path
from typing import Any

from peers.registry import find_ports, run_port

RESULTS = Path(__file__).parent / "results"
OURS, BASELINES = "gman-search", "baselines"
RUNS = {
    "gman-pytorch": ("gman-pytorch", ()),
    "gman-pytorch, masked MAE": ("gman-pytorch", ("--loss", "masked-mae")),
    "gmantf22": ("gmantf22", ()),
}


def prepared(data: Path, sensors: int, epochs: int) -> tuple[Any, Any]:
    """The task, and the hyperparameters of the guide's quick stage."""
    from step_cases import week

    from gman_search.config import at_stage
    from gman_search.space import SearchSpace
    from gman_search.stages import PRESETS

    stage = PRESETS["quick"].model_copy(update={"max_epochs": epochs})
    return week(data, sensors), at_stage(SearchSpace().preset(), stage)


def errors(task: Any, forecast: Any) -> dict[str, float]:
    """Test MAE at 15, 30 and 60 min and its mean over all steps."""
    from gman_search.data.baselines import truth
    from gman_search.training.metrics import mean_of_steps, scores_by_step

    steps = scores_by_step(truth(task, "test"), forecast)
    at = {f"{step * task.series.step_minutes} min": round(steps[step].mae, 3) for step in (3, 6, 12)}
    return {**at, "mean of steps": round(mean_of_steps(steps).mae, 3)}


def ours(data: Path, sensors: int, epochs: int, patience: int, seed: int) -> dict[str, Any]:
    """Train with the product's trainer."""
    from dataclasses import replace

    from gman_search.training.device import prepare_device
    from gman_search.training.job import Job
    from gman_search.training.loop import GmanTrainer
    from gman_search.training.winner import test_winner

    prepare_device(seed)
    task, settings = prepared(data, sensors, epochs)
    settings = replace(settings, patience=patience)
    curve: list[dict[str, float | None]] = []
    began = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        trainer = GmanTrainer(task)
        job = Job(0, "quick", settings, seed, Path(folder))
        outcome = trainer.train(
            job, lambda epoch: curve.append({"epoch": epoch.epoch, "val_mae": epoch.val_mae, "seconds": epoch.seconds})
        )
        seconds = time.perf_counter() - began
        tested = test_winner(task, trainer.compiled(settings.shape), Path(folder), config_id=0, stage="quick")
    at = {f"{step * task.series.step_minutes} min": round(tested.steps[step].mae, 3) for step in (3, 6, 12)}
    return {
        **at,
        "mean of steps": round(tested.mean.mae, 3),
        "val_mae": outcome.val_mae,
        "best_epoch": outcome.facts["best_epoch"],
        "epochs": outcome.epochs,
        "seconds": round(seconds, 1),
        "curve": curve,
    }


def baselines(data: Path, sensors: int) -> dict[str, Any]:
    """Persistence and the historical average."""
    from gman_search.data.baselines import historical_average, persistence

    task, _ = prepared(data, sensors, 1)
    rules = {"persistence": persistence, "historical average": historical_average}
    return {name: errors(task, rule(task, "test")) for name, rule in rules.items()}


def port(data: Path, sensors: int, epochs: int, seed: int, name: str, directory: Path) -> dict[str, Any]:
    """Train a public port on the same windows."""
    import numpy as np
    from peers.case import write_case

    task, settings = prepared(data, sensors, epochs)
    driver, options = RUNS[name]
    with tempfile.TemporaryDirectory() as folder:
        case, forecast = Path(folder) / "case.npz", Path(folder) / "forecast.npz"
        decay = round(settings.decay_epoch)
        write_case(case, task, settings.shape, settings.batch_size, settings.learning_rate, decay, seed)
        arguments = ("train", str(case), "--epochs", str(epochs), "--out", str(forecast), *options)
        began = time.perf_counter()
        lines = run_port(driver, directory, *arguments)
        seconds = time.perf_counter() - began
        if "error" in lines[-1]:
            return {"error": lines[-1]["error"]}
        told = errors(task, np.load(forecast)["forecast"])
    best = {"val_mae": lines[-1]["val_mae"], "best_epoch": lines[-1]["best_epoch"], "epochs": epochs}
    return {**told, **best, "seconds": round(seconds, 1), "curve": lines[:-1]}


def in_own_process(arguments: list[str]) -> dict[str, Any]:
    """The result of one model, from this script called again."""
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}
    command = [sys.executable, __file__, *arguments]
    told = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if told.returncode:
        return {"error": told.stderr.strip().splitlines()[-1]}
    result: dict[str, Any] = json.loads(told.stdout.splitlines()[-1])
    return result


def main() -> None:
    """One model after the other; print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder that holds metr-la-week/")
    parser.add_argument("--sensors", type=int, default=20)
    parser.add_argument("--epochs", type=int, default=50)
    parser.add_argument("--patience", type=int, help="early stopping of ours; default: none, all epochs are run")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--peers", type=Path, metavar="DIR", help="folder with checkouts of public ports")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--keep", action="store_true")
    parser.add_argument("--model", help=argparse.SUPPRESS)
    parser.add_argument("--directory", type=Path, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    data, sensors, epochs, seed = chosen.data, chosen.sensors, chosen.epochs, chosen.seed
    patience = chosen.patience or epochs
    if chosen.model == OURS:
        print(json.dumps(ours(data, sensors, epochs, patience, seed)))
        return
    if chosen.model == BASELINES:
        print(json.dumps(baselines(data, sensors)))
        return
    if chosen.model:
        print(json.dumps(port(data, sensors, epochs, seed, chosen.model, chosen.directory)))
        return
    ports = find_ports(chosen.peers) if chosen.peers else {}
    file = RESULTS / f"accuracy-N{sensors}-{epochs}-epochs.json"
    document: dict[str, Any] = {
        "schema": "gman-search/accuracy/1",
        "command": " ".join(sys.argv),
        "date": str(date.today()),
        "machine": f"{os.cpu_count()} cores, {platform.machine()}, {platform.system()}",
        "models": {},
    }
    if chosen.keep and file.exists():
        document["models"] = json.loads(file.read_text())["models"]
    shared = ["--data", str(data), "--sensors", str(sensors), "--epochs", str(epochs), "--seed", str(seed)]
    wanted = {BASELINES: [], OURS: ["--patience", str(patience)]}
    wanted |= {name: ["--directory", str(ports[driver])] for name, (driver, _) in RUNS.items() if driver in ports}
    for name, options in wanted.items():
        if "error" in document["models"].get(name, {"error": ""}):
            document["models"][name] = in_own_process(["--model", name, *options, *shared])
        if chosen.keep:
            RESULTS.mkdir(exist_ok=True)
            file.write_text(json.dumps(document, indent=2) + "\n")
        rows = document["models"][name] if name == BASELINES else {name: document["models"][name]}
        for label, row in rows.items() if not chosen.json else ():
            print(label, {key: value for key, value in row.items() if key != "curve"}, flush=True)
    if chosen.json:
        print(json.dumps(document, indent=2))


if __name__ == "__main__":
    main()
