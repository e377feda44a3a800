"""What deciding and claiming cost: with many finished evaluations on SQLite, and with many processes on PostgreSQL.

    python benchmarks/storage.py --json

`decide_claim_ms`: the next decision and the claim of a queued evaluation, by a worker that has been there for a while
(median), with `--finished` evaluations in the table; `first_ms` is a worker's first, which reads the whole history;
`draw_ms` is a claim that draws a new config by TPE (median), `tpe_ms` what TPE alone takes over the same history in
memory, `draw_locked_ms` for how long such a claim holds the study's lock, and `first_draw_ms` a worker's first, which
takes in the whole history.
`claims_per_second`: `--processes` processes claim what is queued, the first claim of each, which reads the queue and
takes as long as fifty others, among them;
`claims_and_ends_per_second`: they also end each at once, so that every other process must read what came of it. The
same is done by 8 processes on one SQLite file.
"""

import argparse
import json
import multiprocessing
import statistics
import tempfile
import time
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from optuna.storages._rdb import models
from optuna.trial import TrialState
from postgresql import temporary_postgresql
from results_io import described, keep

from gman_search.halving.evaluations import State
from gman_search.spec import HalvingSpec, SearchSpec, StudySpec
from gman_search.tuning import optuna_studies, optuna_writing
from gman_search.tuning.claim import Claim, claim_next
from gman_search.tuning.factory import open_search_study
from gman_search.tuning.search_study import SearchStudy
from gman_search.tuning.storage import open_storage

CONTEXT = multiprocessing.get_context("fork")
DRAWS = 6
ETAS = (10_000, 4)  # one promotion for 10,000: the table stays what was written


def main() -> None:
    """Run the benchmark of the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        usage="benchmarks/storage.py [options]",
    )
    parser.add_argument("--finished", type=int, default=10_000, help="finished evaluations on SQLite (default 10,000)")
    parser.add_argument("--processes", type=int, default=32, help="processes on PostgreSQL (default 32)")
    parser.add_argument("--claims", type=int, default=60, help="claims that each of them makes (default 60)")
    parser.add_argument("--rounds", type=int, default=5, help="times that this is measured (default 5)")
    parser.add_argument("--only", choices=list(PARTS), help="measure this alone")
    parser.add_argument("--json", action="store_true", help="print one JSON document and nothing else")
    parser.add_argument("--keep", action="store_true", help="write results/storage.json, or storage-ONLY.json")
    options = parser.parse_args()
    chosen = [options.only] if options.only else STORAGES
    measured = {name: PARTS[name](options) for name in chosen}
    document = described("storage", **measured)
    if options.keep:
        keep("-".join(["storage", *([options.only] if options.only else [])]), document)
    print(json.dumps(document) if options.json else json.dumps(document, indent=2))


def on_sqlite(options: argparse.Namespace) -> dict[str, Any]:
    """Deciding with many finished evaluations, and claims of 8 processes on one file."""
    with tempfile.TemporaryDirectory() as folder:
        return decided(f"sqlite:///{folder}/study.db", options.finished) | claimed(
            [f"sqlite:///{folder}/{name}.db" for name in ("claims", "ends")], 8, 125
        )


def on_postgresql(options: argparse.Namespace) -> dict[str, Any]:
    """Claims of many processes, several times."""
    with temporary_postgresql() as server:
        rounds = [
            claimed(
                [server.new_database(f"{name}{n}") for name in ("claims", "ends")], options.processes, options.claims
            )
            for n in range(options.rounds)
        ]
    found = {"processes": options.processes, "rounds": options.rounds}
    found |= {name: sum(row[name] for row in rounds) for name in ("claims", "doubled")}
    for name in ("claims_per_second", "claims_and_ends_per_second"):
        each = [row[name] for row in rounds]
        found |= {name: statistics.median(each), f"{name}_least": min(each), f"{name}_most": max(each)}
    return found


def deciding(options: argparse.Namespace) -> dict[str, Any]:
    """Deciding, claiming and drawing with many finished evaluations on SQLite, without the rest of that part."""
    with tempfile.TemporaryDirectory() as folder:
        return decided(f"sqlite:///{folder}/study.db", options.finished)


STORAGES = ("sqlite", "postgresql")
PARTS = {"sqlite": on_sqlite, "postgresql": on_postgresql, "deciding": deciding}


def opened(url: str, trials: int) -> SearchStudy:
    """A study without data."""
    spec = StudySpec(
        name="storage", trials=trials, halving=HalvingSpec(reduction_factor=ETAS), search=SearchSpec(lease_seconds=600)
    )
    storage = open_storage(url)
    return open_search_study(storage, spec, spec.schedule(ETAS), "none")


def fill(studies: SearchStudy, count: int) -> None:
    """Write `count` finished evaluations of the first stage, in one transaction."""
    study_id = studies.store.ids["quick"]
    params = studies.spec.space.preset()
    curve = [{"epoch": n, "step": n, "train_mae": 3.0, "val_mae": 3.0, "learning_rate": 1e-3} for n in range(5)]
    attrs = {"attempt": 1, "parent": None, "initial_epoch": 0, "epochs": 5, "seconds": 9.0, "params": params}
    attrs |= {"curve": json.dumps(curve), "facts": {"diagnosis": ["healthy"]}, "folder": "f", "worker": "w"}
    stored = {name: json.dumps(value) for name, value in attrs.items()}
    space = {name: (d.to_internal_repr(params[name]), models_json(d)) for name, d in studies.distributions.items()}
    now, rows = datetime.now(), range(1, count + 1)
    tables: list[tuple[Any, list[dict[str, Any]]]] = [
        (models.TrialModel, [
            {"trial_id": i, "number": i - 1, "study_id": study_id, "state": TrialState.COMPLETE,
             "datetime_start": now, "datetime_complete": now} for i in rows]),
        (models.TrialValueModel, [
            {"trial_id": i, "objective": 0, "value": 3.0 + i % 997 / 997, "value_type": "FINITE"} for i in rows]),
        (models.TrialUserAttributeModel, [
            {"trial_id": i, "key": k, "value_json": v} for i in rows
            for k, v in {**stored, "config_id": str(i - 1), "seed": str(i)}.items()]),
        (models.TrialParamModel, [
            {"trial_id": i, "param_name": name, "param_value": value, "distribution_json": described_as}
            for i in rows for name, (value, described_as) in space.items()]),
    ]  # fmt: skip
    with studies.store.storage.engine.begin() as connection:
        for model, values in tables:
            connection.execute(model.__table__.insert(), values)


def models_json(distribution: Any) -> str:
    """A distribution as Optuna stores it."""
    from optuna.distributions import distribution_to_json

    return distribution_to_json(distribution)


@contextmanager
def stopwatch(into: list[float]) -> Any:
    """Append the milliseconds that the block took."""
    began = time.perf_counter()
    yield
    into.append(1000 * (time.perf_counter() - began))


@contextmanager
def held_for(into: list[float]) -> Any:
    """Append the milliseconds of every hold of the study's lock by a claim in the block."""
    lock = optuna_studies.study_lock

    @contextmanager
    def timed(storage: Any, *, wait: bool = True) -> Any:
        with lock(storage, wait=wait) as held, stopwatch(into):
            yield held

    optuna_studies.study_lock = timed
    try:
        yield
    finally:
        optuna_studies.study_lock = lock


def queue(studies: SearchStudy, first: int, count: int) -> None:
    """Queue new configs with all their parameters, in one transaction: Optuna counts all trials for each one."""
    study_id, params = studies.store.ids["quick"], studies.spec.space.preset()
    with studies.store.storage.engine.begin() as connection:
        begin = connection.execute(optuna_writing.COUNT, {"study": study_id}).scalar_one()
        for number in range(first, first + count):
            attrs = {"config_id": number, "attempt": 1, "parent": None, "initial_epoch": 0, "seed": 1}
            row = {"study_id": study_id, "number": begin + number - first, "state": TrialState.WAITING}
            trial_id = connection.execute(optuna_writing.ADD, row).scalar_one()
            optuna_writing.write_attrs(connection, trial_id, attrs)
            optuna_writing.write_params(connection, trial_id, params, studies.distributions)


def decided(url: str, finished: int) -> dict[str, Any]:
    """Milliseconds of deciding and claiming."""
    studies = opened(url, finished + 100)
    fill(studies, finished)
    first: list[float] = []
    claims: list[float] = []
    draws: list[float] = []
    thinking: list[float] = []
    locked: list[float] = []
    with stopwatch(first):
        claim_next(studies, "w")  # the one promotion
    for number in range(20):
        queue(studies, finished + 1 + number, 1)
        with stopwatch(claims):
            claimed_now = claim_next(studies, "w")
        if not isinstance(claimed_now, Claim):
            raise SystemExit(f"expected a claim, received {claimed_now}")
        studies.store.finish(claimed_now.trial_id, State.COMPLETE, 4.0)
    with held_for(locked):
        for number in range(DRAWS):
            with stopwatch(draws):
                claim_next(studies, "w")
            with stopwatch(thinking):
                studies.sampler.draw(finished + 1000 + number)
    return {
        "finished": finished,
        "decide_claim_ms": round(statistics.median(claims), 1),
        "worst_ms": round(max(claims), 1),
        "first_ms": round(first[0], 1),
        "first_draw_ms": round(draws[0], 1),
        "draw_ms": round(statistics.median(draws[1:]), 1),
        "tpe_ms": round(statistics.median(thinking), 1),
        "draw_locked_ms": round(statistics.median(locked), 1),
    }


def claimed(urls: list[str], processes: int, each: int) -> dict[str, Any]:
    """Claims per second of many processes, in the first database alone, in the second each ended at once."""
    alone, ended = (_raced(url, processes, each, ending) for url, ending in zip(urls, (False, True), strict=True))
    return {
        "processes": processes,
        "claims": alone[0] + ended[0],
        "doubled": alone[1] + ended[1],
        "claims_per_second": round(alone[0] / alone[2], 1),
        "claims_and_ends_per_second": round(ended[0] / ended[2], 1),
    }


def _raced(url: str, processes: int, each: int, ending: bool) -> tuple[int, int, float]:
    """Claims made, claims made twice, and seconds."""
    studies = opened(url, processes * each)
    queue(studies, 0, processes * each)
    studies.store.storage.engine.dispose()
    gate, told = CONTEXT.Barrier(processes + 1), CONTEXT.Queue()
    arguments = (url, processes * each, ending, gate, told)
    started = [CONTEXT.Process(target=_claim_all, args=arguments) for _ in range(processes)]
    for process in started:
        process.start()
    gate.wait()
    began = time.perf_counter()
    found: list[int] = [number for _ in started for number in told.get()]
    seconds = time.perf_counter() - began
    for process in started:
        process.join()
    return len(found), len(found) - len(set(found)), seconds


def _claim_all(url: str, trials: int, ending: bool, gate: Any, told: Any) -> None:
    studies = opened(url, trials)
    studies.store.read()  # a worker reads the history once in its life
    found = []
    gate.wait()
    while isinstance(claim := claim_next(studies, "w"), Claim):
        found.append(claim.trial_id)
        if ending:
            studies.store.finish(claim.trial_id, State.PRUNED)
    told.put(found)


if __name__ == "__main__":
    main()
