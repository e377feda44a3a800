"""Large networks: memory of a full step of 1,000 sensors, and of a year of 2,000 sensors; embeddings of 2,000.

    python benchmarks/large.py [--part steps] [--part check] [--part search] [--part embeddings] [--json] [--keep]

`steps`: training steps with shortcuts and group attention, as a whole, with blocks computed again, and with the batch
in parts, each in a process of its own; `planned` is what a search does with 8 GB. `estimated_gb` is what `data check`
says. `check`: `gman-search data check` of a .npy with 105,120 rows of 5 minutes of 2,000 sensors. `search`: of the same
file one quick step by two workers that share the readings of the process that started them. `together_gb` is the
largest sum of their proportional set sizes (a page that several processes map counts once), looked at ten times a
second; `resident_gb` counts it each time. `embeddings`: seconds for a graph of 2,000 sensors with six neighbours each.
Linux only. `--keep` writes results/large.json, with the parts that were not measured now as they were.
"""

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from results_io import RESULTS, described, keep
from step_cases import week

PARTS = ("steps", "check", "search", "embeddings")
SHAPES = {"quick": (2, 4, 4), "full": (5, 8, 8)}
# Stage, sensors, batch, blocks computed again, windows at once.
STEPS = [
    ("full", 1000, 8, True, 8),
    ("quick", 2000, 32, True, 32),
    ("quick", 2000, 32, True, 8),
    ("full", 1000, 8, True, 4),
    ("full", 207, 12, True, 12),
    ("full", 1000, 8, False, 8),
]
ROWS, SENSORS = 105_120, 2000
ROOM_GB, YEAR_GB = 8.0, 5.0


def peak_gb() -> float:
    """Of this process so far. Not getrusage's, which begins with what the parent had when it started this one."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(round(int(line.split()[1]) / 1e6, 2) for line in lines if line.startswith("VmHWM:"))


def step_point(stage: str, sensors: int, batch: int, recompute: bool, at_once: int) -> dict[str, Any]:
    """Seconds and peak memory of steps of one model in this process."""
    import numpy as np

    from gman_search.data.estimate import task_shape
    from gman_search.data.step_plan import StepSizes, plan_step, step_gb
    from gman_search.training.step import CompiledModel, StepValues

    task = week(None, sensors, "auto")
    sizes = StepSizes(*SHAPES[stage], at_once, **task_shape(task))
    plan = plan_step(StepSizes(*SHAPES[stage], batch, **task_shape(task)), ROOM_GB)
    model = CompiledModel(task, SHAPES[stage], shortcuts=True, recompute=recompute)
    model.state.load_weights(model.fresh_weights(0))
    model.windows_at_once = at_once
    random, durations = np.random.default_rng(0), []
    for step in range(3):
        starts = random.choice(task.starts["train"], batch)
        began = time.perf_counter()
        error, _ = model.train_step(starts, StepValues(1e-3, 0.0, 0.0, 0.1, 0.9, True, step, 1))
        float(error)
        durations.append(time.perf_counter() - began)
    return {
        "stage": stage,
        "N": sensors,
        "B": batch,
        "recompute": recompute,
        "windows_at_once": at_once,
        "ms": round(statistics.median(durations[1:]) * 1000),
        "first_step_s": round(durations[0], 1),
        "peak_gb": peak_gb(),
        "estimated_gb": round(step_gb(sizes, recompute=recompute), 2),
        "planned": (plan.recompute, plan.windows_at_once) == (recompute, at_once),
    }


def write_year(folder: Path) -> None:
    """Readings with a wave of the day, and a graph in which each sensor has six neighbours."""
    import numpy as np

    random = np.random.default_rng(0)
    values = np.lib.format.open_memmap(folder / "year.npy", "w+", np.float32, (ROWS, SENSORS))
    for first in range(0, ROWS, 2016):
        rows = np.arange(first, min(first + 2016, ROWS))
        wave = 50 + 12 * np.sin(2 * np.pi * rows / 288)[:, np.newaxis]
        block = np.round(wave + random.normal(0, 4, (len(rows), SENSORS)), 1)
        values[rows] = np.where(random.random(block.shape) < 0.02, 0, block)
    values.flush()
    (folder / "graph.csv").write_text("from,to,cost\n" + "".join(f"{i},{j},{cost}\n" for i, j, cost in links()))


def links() -> list[tuple[int, int, float]]:
    """Of a ring: the three next sensors on each side."""
    return [(i, (i + step) % SENSORS, 200.0 * abs(step)) for i in range(SENSORS) for step in (-3, -2, -1, 1, 2, 3)]


def settings() -> list[str]:
    """How the year is read, as the command line has it."""
    keys = {"data.spatial_groups": "auto", "search.memory_gb": YEAR_GB}
    return [word for key, value in keys.items() for word in ("--set", f"{key}={value}")]


def check_year(folder: Path) -> dict[str, Any]:
    """`gman-search data check` of the year: seconds, peak memory, and what it says of memory."""
    command = [sys.executable, "-m", "gman_search", "data", "check", "year.npy", "graph.csv"]
    command += ["--start", "2025-01-01", "--step", "5min", *settings(), "--json"]
    began = time.perf_counter()
    told = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if told.returncode:
        raise SystemExit(f"data check failed:\n{told.stderr[-2000:]}")
    found = [one["message"] for one in json.loads(told.stdout)["findings"] if one["code"] == "saved-memory"]
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    seconds = round(time.perf_counter() - began, 1)
    return {"seconds": seconds, "peak_gb": round(usage.ru_maxrss / 1e6, 2), "said": found}


def worker(spec_json: str, folder: str, results: Any) -> None:
    """One quick step, as a worker of a search takes it."""
    import numpy as np

    from gman_search.config import at_stage
    from gman_search.data.shared_task import shared_or_loaded
    from gman_search.io.memory import machine_gb
    from gman_search.spec import StudySpec
    from gman_search.training.loop import GmanTrainer
    from gman_search.training.step import StepValues

    began = time.perf_counter()
    spec = StudySpec.model_validate_json(spec_json)
    task = shared_or_loaded(spec.data, Path(folder), Path(folder))
    opened = time.perf_counter() - began
    stride = spec.data.stride_of(len(task.starts["val"]))
    trainer = GmanTrainer(task, validation_stride=stride, room_gb=spec.search.room_gb(machine_gb()))
    config = at_stage(spec.space.preset(), spec.stage("quick"), shortcuts=True)
    model = trainer.fitting(config, "quick")
    model.state.load_weights(model.fresh_weights(0))
    starts = np.random.default_rng(0).choice(task.starts["train"], config.batch_size)
    error, count = model.train_step(starts, StepValues(1e-3, 0.0, 0.0, 0.1, 0.9, True, 0, 1))
    results.put(
        {
            "batch": config.batch_size,
            "windows_at_once": model.windows_at_once,
            "opened_s": round(opened, 1),
            "seconds": round(time.perf_counter() - began, 1),
            "mae": round(float(error) / float(count), 3),
            "peak_gb": peak_gb(),
        }
    )


def train_year(folder: Path) -> dict[str, Any]:
    """What a run does after it has checked its data, until its two workers have taken a step."""
    from gman_search.data.shared_task import sharing
    from gman_search.data.task import load_task
    from gman_search.specification import resolve_spec
    from gman_search.tuning.process import prepare_environment

    began = time.perf_counter()
    prepare_environment(1)
    files = {"readings": "year.npy", "adjacency": "graph.csv", "start": "2025-01-01", "step": "5min"}
    spec = resolve_spec(
        spec_file=None,
        study=None,
        studies_folder=folder,
        flags={f"data.{key}": value for key, value in files.items()},
        settings=[word for word in settings() if word != "--set"],
        environment={},
    )
    task = load_task(spec.data, folder)
    context, largest = get_context("spawn"), {"together_gb": 0.0, "resident_gb": 0.0}
    results: Any = context.Queue()
    with sharing(task, spec.data, folder):
        del task
        prepared, prepared_gb = time.perf_counter() - began, peak_gb()
        arguments = (spec.model_dump_json(), str(folder), results)
        workers = [context.Process(target=worker, args=arguments) for _ in range(2)]
        for process in workers:
            process.start()
        ids = [os.getpid(), *(process.pid for process in workers)]
        while any(process.is_alive() for process in workers):
            for name, key in (("together_gb", "Pss"), ("resident_gb", "Rss")):
                largest[name] = max(largest[name], sum(set_size(number, key) for number in ids))
            time.sleep(0.1)
        steps = [results.get(timeout=5) for _ in workers]
    sizes = {name: round(value, 2) for name, value in largest.items()}
    return {"prepared_s": round(prepared, 1), "preparing_peak_gb": prepared_gb, **sizes, "workers": steps}


def set_size(process: int | None, key: str) -> float:
    """GB of a process by the system's account; 0 where it has ended."""
    try:
        lines = Path(f"/proc/{process}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0.0
    return next((int(line.split()[1]) / 1e6 for line in lines if line.startswith(f"{key}:")), 0.0)


def embed(method: str) -> dict[str, Any]:
    """Seconds of one embedding in this process."""
    import numpy as np

    from gman_search.data.embedding import spectral_embedding
    from gman_search.data.node2vec import node2vec_embedding

    graph = np.zeros((SENSORS, SENSORS), np.float32)
    for i, j, cost in links():
        graph[i, j] = np.exp(-((cost / 400) ** 2))
    began = time.perf_counter()
    with tempfile.TemporaryDirectory() as cache:
        made = (
            spectral_embedding(graph, 64) if method == "spectral" else node2vec_embedding(graph, 64, cache=Path(cache))
        )
    seconds = round(time.perf_counter() - began, 1)
    return {
        "method": method,
        "N": SENSORS,
        "seconds": seconds,
        "peak_gb": peak_gb(),
        "finite": bool(np.isfinite(made).all()),
    }


def kept() -> dict[str, Any]:
    """The parts that were measured before."""
    file = RESULTS / "large.json"
    if not file.exists():
        return {}
    return {name: value for name, value in json.loads(file.read_text()).items() if name in PARTS}


def in_own_process(*arguments: Any) -> Any:
    """What a function of this script returns in a process of its own."""
    command = [sys.executable, __file__, "--here", json.dumps(arguments)]
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}
    told = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if told.returncode:
        raise SystemExit(f"{arguments} failed:\n{told.stderr[-2000:]}")
    return json.loads(told.stdout.splitlines()[-1])


def on_year(name: str, place: str | None) -> dict[str, Any]:
    """A function of this script on the year, whose files are in a temporary folder below `place`."""
    with tempfile.TemporaryDirectory(dir=place) as folder:
        in_own_process("write_year", folder)
        return {"rows": ROWS, "N": SENSORS, **in_own_process(name, folder)}


def main() -> None:
    """Measure the chosen parts; what was measured before stays in the kept result."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--part", choices=PARTS, action="append", help="default: all")
    parser.add_argument("--folder", help="for the files of the year, 4 GB; default: the system's temporary folder")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--keep", action="store_true")
    parser.add_argument("--here", help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.here:
        name, *arguments = json.loads(chosen.here)
        if name in ("write_year", "check_year", "train_year"):
            arguments = [Path(arguments[0])]
        print(json.dumps(globals()[name](*arguments)))
        return
    document = described("large")
    jobs: dict[str, list[tuple[Any, ...]]] = {
        "steps": [("step_point", *point) for point in STEPS],
        "check": [("on_year", "check_year", chosen.folder)],
        "search": [("on_year", "train_year", chosen.folder)],
        "embeddings": [("embed", method) for method in ("spectral", "node2vec")],
    }
    for part in chosen.part or PARTS:
        document[part] = []
        for job in jobs[part]:
            document[part].append(in_own_process(*job))
            if not chosen.json:
                print(part, document[part][-1], flush=True)
            if chosen.keep:
                keep("large", {**document, **{name: value for name, value in kept().items() if name not in document}})
    if chosen.json:
        print(json.dumps(document, indent=2))


if __name__ == "__main__":
    main()
