"""A search on machines that are taken away: every worker dies by `kill -9`, on average 30 seconds after it began.

    python benchmarks/spot.py --storage postgresql --weights s3

Each worker that died is replaced by a new one, and this goes on until the search ends. Workers are real, their
evaluations sleep. With `--weights s3` each new worker has an empty disk, and everything travels through object storage.
The table is counted as in fault_injection.py.
"""

import argparse
import json
import logging
import multiprocessing
import os
import random
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

from fault_injection import counted
from postgresql import temporary_postgresql
from results_io import described, keep
from spot_worker import EPOCHS, RATIOS, TRAINED, open_spot_study, work

from gman_search.backends.local import LocalWorkers
from gman_search.halving.evaluations import Evaluation, State
from gman_search.spec import HalvingSpec, SearchSpec, StudySpec
from gman_search.tuning.artifacts import Artifacts, open_store
from gman_search.tuning.search_study import SearchStudy
from gman_search.tuning.storage import retry_on_outage

BUCKET = "spot"
DEFAULT_ATTEMPTS = SearchSpec().max_attempts


def main() -> None:
    """Run the benchmark of the command line."""
    options = _options()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        url = f"sqlite:///{folder}/study.db"
        if options.storage == "postgresql":
            url = stack.enter_context(temporary_postgresql()).new_database("spot")
        artifacts = stack.enter_context(_bucket()) if options.weights == "s3" else None
        found = run(url, folder, artifacts, options)
    document = described("spot", storage=options.storage, weights=options.weights, **found)
    if options.keep:
        keep(f"spot-{options.storage}-{options.weights}", document)
    print(
        json.dumps(document) if options.json else "\n".join(f"{name:>30} {value}" for name, value in document.items())
    )
    wrong = any(document.get(name) for name in ("lost", "doubled", "zombies", "doubled_promotions", "weights_missing"))
    sys.exit(1 if wrong or not found["quotas_kept"] else 0)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter, usage="benchmarks/spot.py [options]"
    )
    parser.add_argument("--storage", choices=["sqlite", "postgresql"], default="sqlite")
    parser.add_argument("--weights", choices=["folder", "s3"], default="folder", help="a folder that all share, or S3")
    parser.add_argument("--configs", type=int, default=240, help="configs of the study (default 240)")
    parser.add_argument("--workers", type=int, default=8, help="worker processes (default 8)")
    parser.add_argument("--life", type=float, default=30.0, help="mean seconds that a worker lives (default 30)")
    parser.add_argument("--epoch", type=float, default=0.75, help="seconds of an epoch (default 0.75)")
    parser.add_argument("--lease", type=float, default=5.0, help="seconds of a lease (default 5)")
    parser.add_argument("--checkpoint", type=float, default=2.0, help="seconds between two uploads (default 2)")
    parser.add_argument("--seed", type=int, default=0, help="of the lives")
    parser.add_argument("--json", action="store_true", help="print one JSON document and nothing else")
    parser.add_argument("--keep", action="store_true", help="write benchmarks/results/spot-STORAGE-WEIGHTS.json")
    return parser.parse_args()


@contextmanager
def _bucket() -> Iterator[str]:
    """A bucket on an S3 server of this machine."""
    import boto3
    from moto.server import ThreadedMotoServer

    logging.getLogger("werkzeug").setLevel(logging.ERROR)  # it would log every request
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    os.environ.update(
        AWS_ENDPOINT_URL=f"http://{host}:{port}",
        AWS_ACCESS_KEY_ID="x",
        AWS_SECRET_ACCESS_KEY="x",
        AWS_DEFAULT_REGION="us-east-1",
    )
    boto3.client("s3").create_bucket(Bucket=BUCKET)
    try:
        yield f"s3://{BUCKET}/weights"
    finally:
        server.stop()


def study_spec(options: argparse.Namespace, artifacts: str | None) -> StudySpec:
    """The study; a worker's death is not the evaluation's fault here, so attempts are not what ends it."""
    search = SearchSpec(
        workers=options.workers,
        lease_seconds=options.lease,
        checkpoint_seconds=options.checkpoint,
        artifacts=artifacts,
        max_attempts=1000,
        reference=False,
        finals=0,
    )
    halving = HalvingSpec(reduction_factor=RATIOS, promotion="asynchronous")
    return StudySpec(name="spot", trials=options.configs, halving=halving, search=search)


class Lives:
    """How long each worker lives: drawn when it is first seen."""

    def __init__(self, mean: float, seed: int) -> None:
        self._mean, self._lots = mean, random.Random(seed)
        self._ends: dict[int, float] = {}

    def over(self, pids: list[int]) -> list[int]:
        """Those of the workers whose time is over."""
        now = time.monotonic()
        for pid in pids:
            if pid not in self._ends:
                self._ends[pid] = now + self._lots.expovariate(1 / self._mean)
        return [pid for pid in pids if now >= self._ends[pid]]


def run(url: str, folder: Path, artifacts: str | None, options: argparse.Namespace) -> dict[str, Any]:
    """Let workers work and die until the study ends, and count."""
    spec, lives = study_spec(options, artifacts), Lives(options.life, options.seed)
    studies = open_spot_study(url, spec)
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["gman_search.tuning.factory", "gman_search.tuning.worker", "boto3", "psycopg"])
    began = time.monotonic()
    arguments = (spec.model_dump_json(), url, str(folder), artifacts is not None, options.epoch)
    workers = LocalWorkers(work, arguments, options.workers, context=context, max_restarts=10**6)
    deaths: Counter[str] = Counter()
    try:
        while workers.alive():
            for pid in lives.over(workers.pids()):
                deaths[_kill(pid, studies)] += 1
                print(f"{deaths.total()} dead after {time.monotonic() - began:.0f} s", file=sys.stderr)
            time.sleep(0.1)
    finally:
        workers.leave(10.0)
    seconds = time.monotonic() - began
    rows = studies.evaluations()
    table = counted(rows, studies)
    del table["epochs_repeated"]  # that counts what was reported; below is what was trained
    return {
        "deaths": deaths.total(),
        "deaths_with_an_evaluation": deaths["busy"],
        **table,
        **(_stored(studies, artifacts, folder) if artifacts else {}),
        **_trained((folder / TRAINED).read_text(encoding="utf-8").splitlines(), options),
        "seconds": round(seconds, 1),
        "most_attempts": max(row.attempt for row in rows),
        f"evaluations_with_more_than_{DEFAULT_ATTEMPTS}_attempts": _often_lost(rows),
        "configs": options.configs,
        "workers": options.workers,
        "mean_life_seconds": options.life,
        "evaluation_seconds": {stage: count * options.epoch for stage, count in EPOCHS.items()},
        "lease_seconds": options.lease,
        "checkpoint_seconds": options.checkpoint if artifacts else None,
        "replaced_workers": workers.restarts,
        "crashed_workers": workers.crashed(),
    }


def _kill(pid: int, studies: SearchStudy) -> str:
    """Kill a worker; whether it had an evaluation then."""
    with suppress(ProcessLookupError):  # it has just ended by itself
        os.kill(pid, signal.SIGKILL)
    running = retry_on_outage(lambda: [row for row in studies.evaluations() if row.state is State.RUNNING])
    return "busy" if any(f"-{pid}-" in row.facts.get("worker", "") for row in running) else "idle"


def _trained(lines: list[str], options: argparse.Namespace) -> dict[str, Any]:
    needed = len(set(lines))
    return {
        "epochs_trained": len(lines),
        "epochs_trained_again": len(lines) - needed,
        "seconds_without_deaths_at_least": round(needed * options.epoch / options.workers, 1),
    }


def _stored(studies: SearchStudy, location: str, folder: Path) -> dict[str, Any]:
    """Weights of finished evaluations that are not in the bucket, and objects that no evaluation refers to."""
    import boto3

    artifacts = Artifacts(open_store(location, folder), studies.store)
    complete = [trial for of_stage in studies.store.read_all().values() for trial in of_stage]
    complete = [trial for trial in complete if trial.state is State.COMPLETE]
    needed = {name for trial in complete for name in trial.user_attrs["artifacts"].values()}
    pages = boto3.client("s3").get_paginator("list_objects_v2").paginate(Bucket=BUCKET)
    present = {item["Key"].rpartition("/")[2] for page in pages for item in page.get("Contents", ())}
    return {
        "weights_missing": sum(found.is_referenced for found in artifacts.missing(complete)),
        "objects": len(present),
        "objects_nobody_refers_to": len(present - needed),
    }


def _often_lost(rows: list[Evaluation]) -> int:
    return len({row.key for row in rows if row.attempt > DEFAULT_ATTEMPTS})


if __name__ == "__main__":
    main()
