"""What a search loses when its workers are killed at random: `kill -9` over a study with real, tiny models.

    python benchmarks/fault_injection.py --storage sqlite --kills 10

Workers are killed at random moments and started again, the study goes on to its end, and the table is counted:
`lost` evaluations that the stages's rules promise and that are not complete, `doubled` ones that finished twice,
`zombies` that are still running although nobody works on them, `doubled_promotions`, and whether the quotas were kept.
"""

import argparse
import json
import multiprocessing
import os
import random
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.context import BaseContext
from pathlib import Path
from typing import Any

from postgresql import temporary_postgresql
from results_io import described, keep

from gman_search.backends.local import LocalWorkers
from gman_search.data.task import load_task
from gman_search.data_spec import DataSpec
from gman_search.halving.evaluations import Evaluation, State, latest_attempts
from gman_search.spec import HalvingSpec, SearchSpec, StudySpec
from gman_search.stages import StageOverrides
from gman_search.tuning.factory import open_studies
from gman_search.tuning.process import worker_process
from gman_search.tuning.search_study import SearchStudy
from gman_search.tuning.storage import retry_on_outage

ETA = 4
# One model shape for all stages: a killed worker has to trace it again, and that is most of what a kill costs.
TINY = {"L": 1, "K": 2, "d": 2, "batch_size": 8, "steps_per_epoch": 4, "warmup_steps": 0}
EPOCHS = {"quick": 2, "medium": 3, "full": 4}


def main() -> None:
    """Run the benchmark of the command line."""
    options = _options()
    with _storage(options.storage) as url, tempfile.TemporaryDirectory() as folder:
        found = run(url or f"sqlite:///{folder}/study.db", Path(folder), options)
    document = described("fault-injection", storage=options.storage, **found)
    if options.keep:
        keep(f"fault-injection-{options.storage}", document)
    if options.json:
        print(json.dumps(document))
    else:
        print("\n".join(f"{name:>20} {value}" for name, value in document.items()))
    wrong = any(document[name] for name in ("lost", "doubled", "zombies", "doubled_promotions"))
    if wrong or not found["quotas_kept"] or found["kills"] < found["asked"]:
        sys.exit(1)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        usage="benchmarks/fault_injection.py [options]",
    )
    parser.add_argument("--storage", choices=["sqlite", "postgresql"], default="sqlite")
    parser.add_argument("--kills", type=int, default=10, help="how many times a worker is killed (default 10)")
    parser.add_argument("--configs", type=int, default=60, help="configs of the study (default 60)")
    parser.add_argument("--workers", type=int, default=4, help="worker processes (default 4)")
    parser.add_argument("--every", type=float, default=1.5, help="mean seconds between two kills (default 1.5)")
    parser.add_argument("--lease", type=float, default=5.0, help="seconds of a lease (default 5)")
    parser.add_argument("--seed", type=int, default=0, help="of the moments and the victims")
    parser.add_argument("--json", action="store_true", help="print one JSON document and nothing else")
    parser.add_argument("--keep", action="store_true", help="write benchmarks/results/fault-injection-STORAGE.json")
    return parser.parse_args()


@contextmanager
def _storage(kind: str) -> Iterator[str]:
    if kind == "sqlite":
        yield ""
        return
    with temporary_postgresql() as server:
        yield server.new_database("chaos")


def study_spec(options: argparse.Namespace) -> StudySpec:
    """The study: real GMANs of the smallest size on four sensors of the bundled network."""
    return StudySpec(
        name="chaos",
        trials=options.configs,
        data=DataSpec(sensors=4, history=3, horizon=3, validation_stride=40),
        stages={stage: StageOverrides(max_epochs=epochs, decay_epoch=1.0, **TINY) for stage, epochs in EPOCHS.items()},
        halving=HalvingSpec(reduction_factor=ETA, promotion="asynchronous"),
        # Being killed is not the evaluation's fault here, so attempts are not what ends it.
        search=SearchSpec(
            n_startup_trials=10, workers=options.workers, lease_seconds=options.lease, max_attempts=options.kills + 1
        ),
    )


def forking() -> BaseContext:
    """Processes forked from a server that has imported TensorFlow and executed nothing: they start at once."""
    os.environ.update({"TF_CPP_MIN_LOG_LEVEL": "3", "OMP_NUM_THREADS": "1"})
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["gman_search.training.loop", "gman_search.tuning.worker", "psycopg"])
    return context


def run(url: str, folder: Path, options: argparse.Namespace) -> dict[str, Any]:
    """Kill workers at random until `options.kills` is reached, let the study end and count."""
    spec, lots = study_spec(options), random.Random(options.seed)
    studies = open_studies(url, spec, load_task(spec.data, Path.cwd()))
    arguments = (spec.model_dump_json(), url, str(folder), str(Path.cwd()), 1)
    began = time.monotonic()
    workers = LocalWorkers(
        worker_process, arguments, options.workers, context=forking(), max_restarts=options.kills + options.workers
    )
    struck: Counter[str] = Counter()
    due = 0.0
    try:
        while workers.alive():
            time.sleep(0.05)
            if not due:  # the first have to start and trace their models before there is anything to lose
                ended = any(row.state is State.COMPLETE for row in retry_on_outage(studies.evaluations))
                due = time.monotonic() if ended else 0.0
            elif struck.total() < options.kills and time.monotonic() >= due:
                struck[_kill_one(workers.pids(), studies, lots)] += 1
                due += lots.expovariate(1 / options.every)
                print(f"{struck.total()} killed", file=sys.stderr)
    finally:
        workers.leave(10.0)
    rows = studies.evaluations()
    return {
        "asked": options.kills,
        "kills": struck.total(),
        **counted(rows, studies),
        "seconds": round(time.monotonic() - began, 1),
        "configs": options.configs,
        "workers": options.workers,
        "lease_seconds": options.lease,
        "crashed_workers": workers.crashed(),
        "killed_with_an_evaluation": struck["busy"],
    }


def _kill_one(pids: list[int], studies: SearchStudy, lots: random.Random) -> str:
    """Kill a worker; whether it had an evaluation then."""
    victim = lots.choice(pids)
    os.kill(victim, signal.SIGKILL)
    running = retry_on_outage(lambda: [row for row in studies.evaluations() if row.state is State.RUNNING])
    return "busy" if any(f"-{victim}-" in row.facts.get("worker", "") for row in running) else "idle"


def counted(rows: list[Evaluation], studies: SearchStudy) -> dict[str, Any]:
    """What went wrong, from the table alone."""
    schedule, final = studies.schedule, latest_attempts(rows)
    done = Counter(row.stage for row in final if row.state in (State.COMPLETE, State.PRUNED))
    wanted = {schedule.stages[0]: schedule.trials}
    for rung, stage in enumerate(schedule.stages[1:]):
        wanted[stage] = schedule.promotable(rung, wanted[schedule.stages[rung]])
    finished = Counter(row.key for row in rows if row.state in (State.COMPLETE, State.PRUNED))
    # Every attempt has its own number; two rows of one number mean that it was queued twice.
    queued = Counter((row.key, row.attempt) for row in rows)
    live = studies.store.live_leases()
    trials = [trial for of_stage in studies.store.read_all().values() for trial in of_stage]
    zombies = [trial for trial in trials if not trial.state.is_finished and trial.trial_id not in live]
    return {
        "lost": sum(max(0, count - done[stage]) for stage, count in wanted.items()),
        "doubled": sum(count - 1 for count in finished.values()),
        "zombies": len(zombies),
        "doubled_promotions": sum(count - 1 for count in queued.values()),
        "quotas_kept": dict(done) == wanted,
        "finished": dict(done),
        "attempts": len(rows),
        "epochs_repeated": _epochs_repeated(rows),
        "lost_attempts": dict(Counter(row.reason for row in rows if row.state is State.FAILED)),
    }


def _epochs_repeated(rows: list[Evaluation]) -> int:
    """Epochs that were trained again although an earlier attempt had reported them: what a kill costs in work.

    An attempt goes on after the furthest epoch of the one it resumes from; whoever begins again repeats those epochs.
    """
    repeated = 0
    for key in {row.key for row in rows}:
        reached: dict[str | None, int] = {}
        for row in (row for row in rows if row.key == key):
            furthest = min(row.epochs, max(reached.values(), default=0))
            repeated += max(0, furthest - reached.get(row.facts.get("resume_from"), 0))
            reached[row.facts.get("folder")] = row.epochs
    return repeated


if __name__ == "__main__":
    main()
