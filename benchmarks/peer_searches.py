"""Other searches of the same model class: two workers, ended by the clock, then tested (see `contender.py`)."""

import json
import math
import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from gman_search.data.task import ForecastDataset
from gman_search.halving.promotion import TIE
from gman_search.tuning.process import THREAD_VARIABLES

__all__ = ["incumbents", "their_endings"]

HERE = Path(__file__).parent
GRACE_SECONDS = 120
FLUSH_SECONDS = 15
"""What is under way at the deadline ends with its epoch and counts; ours does not, because it stops unfinished."""


def their_endings(kind: str, work: Path, seed: int, minutes: float, *words: str) -> list[dict[str, Any]]:
    """Endings of another search, in their order; `words` for `contender.py` say on what it works."""
    began = time.time()
    common = [*words, "--work", str(work), "--seed", str(seed)]
    common += ["--deadline", str(began + 60 * minutes)]
    environment = {**os.environ, **dict.fromkeys(THREAD_VARIABLES, "1")}
    chief = None
    if kind == "keras-tuner":
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        environment |= {"KERASTUNER_ORACLE_IP": "127.0.0.1", "KERASTUNER_ORACLE_PORT": str(port)}
        chief = _started("keras-tuner-chief", common, {**environment, "KERASTUNER_TUNER_ID": "chief"}, work)
    workers = [
        _started(kind, [*common, "--index", str(index)], {**environment, "KERASTUNER_TUNER_ID": f"tuner{index}"}, work)
        for index in range(2)
    ]
    try:
        for worker in workers:
            with suppress(subprocess.TimeoutExpired):  # an epoch of minutes: what it has left counts
                worker.wait(timeout=max(1.0, began + 60 * minutes + GRACE_SECONDS - time.time()))
                if worker.returncode or time.time() < began + 60 * minutes:
                    told = (work / f"{kind}.log").read_text(encoding="utf-8", errors="replace")[-2000:]
                    raise SystemExit(f"a worker of {kind} ended early (exit code {worker.returncode}):\n{told}")
    finally:
        for process in [*workers, *([chief] if chief else [])]:
            process.send_signal(signal.SIGKILL)
            process.wait()
    endings = []
    for file in work.glob("endings-*.jsonl"):
        for line in file.read_text(encoding="utf-8").splitlines():
            row = json.loads(line)
            told = {"seconds": row["time"] - began, "val": row["val"], "stage": row["stage"]}
            if told["seconds"] <= 60 * minutes + FLUSH_SECONDS:
                endings.append({**told, "folder": str(work / row["folder"])})
    return sorted(endings, key=lambda ending: ending["seconds"])


def _started(kind: str, words: list[str], environment: dict[str, str], work: Path) -> subprocess.Popen[bytes]:
    with (work / f"{kind}.log").open("ab") as log:
        return subprocess.Popen(
            [sys.executable, str(HERE / "contender.py"), kind, *words], env=environment, stdout=log, stderr=log
        )


def incumbents(endings: list[dict[str, Any]], task: ForecastDataset) -> list[dict[str, Any]]:
    """The best in time by validation MAE, each with its test MAE (mean of steps).

    As in our search, an error that is lower by rounding alone changes nothing.
    """
    from gman_search.data_spec import DataSpec
    from gman_search.training.test_evaluator import TestEvaluator

    bench, found, least = TestEvaluator(task, DataSpec()), [], math.inf
    for ending in endings:
        if ending["val"] < least * (1 - TIE):
            least = ending["val"]
            _, mean = bench.scores(Path(ending["folder"]))
            told = {"seconds": round(ending["seconds"], 1), "stage": ending["stage"]}
            found.append({**told, "val": round(ending["val"], 4), "test": round(mean.mae, 4)})
    return found
