"""With thousands of evaluations the sampler learns from some of them: draws must be as good, and take less time."""

import math
import re
import time

import numpy as np
import pytest
import sqlalchemy
from optuna.distributions import FloatDistribution

from gman_search.halving.evaluations import Evaluation, State
from gman_search.spec import StudySpec
from gman_search.tuning import sampling
from gman_search.tuning.claim import claim_next
from gman_search.tuning.factory import open_search_study
from gman_search.tuning.sampling import ConfigSampler
from gman_search.tuning.storage import open_storage

SPACE = {name: FloatDistribution(-1.0, 1.0) for name in "abcdef"}
HISTORY, DRAWS = 2000, 20


def error(params) -> float:
    """Least at 0.3 in every dimension; what is worse than that by a little is many times as frequent."""
    return 3.0 + math.sqrt(sum((value - 0.3) ** 2 for value in params.values()))


def history() -> list[Evaluation]:
    """What a search may have after a while: random at first, ever closer to the best."""
    random, rows = np.random.default_rng(0), []
    for number in range(HISTORY):
        spread = max(0.15, 1 - number / 1000)
        values = np.clip(0.3 + spread * random.uniform(-1, 1, len(SPACE)), -1, 1)
        params = dict(zip(SPACE, map(float, values), strict=True))
        facts = {"trial": number}
        rows.append(
            Evaluation(number, "quick", state=State.COMPLETE, val_mae=error(params), params=params, facts=facts)
        )
    return rows


def drawn(rows) -> tuple[list[float], float, int]:
    sampler = ConfigSampler(SPACE, 10, seed=3)
    sampler.see(rows)
    began = time.perf_counter()
    errors = [error(sampler.draw(HISTORY + number)) for number in range(DRAWS)]
    known = sum(trial.state.name == "COMPLETE" for trial in sampler.study.get_trials(deepcopy=False))
    return errors, time.perf_counter() - began, known


def test_draws_from_some_of_a_long_history_are_as_good_as_from_all(monkeypatch):
    rows = history()
    some, _, known = drawn(rows)
    assert sampling.MOST_KNOWN <= known <= sampling.MOST_KNOWN + sampling.BEST_KNOWN
    monkeypatch.setattr(sampling, "MOST_KNOWN", 10 * HISTORY)
    all_of_them, _, known = drawn(rows)
    assert known == HISTORY
    assert np.median(some) <= np.median(all_of_them) + 0.1 * (np.median(all_of_them) - 3.0) + 1e-9
    at_random = np.median([row.val_mae for row in rows[:100]])
    assert np.median(some) - 3.0 < (at_random - 3.0) / 2


def test_the_best_are_never_forgotten_and_what_runs_is_always_known():
    rows = history()[6:]
    first = Evaluation(
        0, "quick", state=State.COMPLETE, val_mae=3.0, params={name: 0.3 for name in SPACE}, facts={"trial": 0}
    )
    running = Evaluation(5, "quick", state=State.RUNNING, params=rows[5].params, facts={"trial": 5})
    sampler = ConfigSampler(SPACE, 10, seed=3)
    for begin in range(0, HISTORY, 500):  # as a worker that was there all the time
        sampler.see([first, *rows[begin : begin + 500], running] if not begin else rows[begin : begin + 500])
    trials = sampler.study.get_trials(deepcopy=False)
    assert 3.0 in [trial.value for trial in trials]
    assert [trial.state.name for trial in trials].count("RUNNING") == 1
    assert len(trials) <= 2 * sampling.MOST_KNOWN
    newest = rows[-1].params
    assert newest in [trial.params for trial in trials]


@pytest.mark.parametrize("known", [10, 10_000])
def test_taking_in_the_history_at_once_or_bit_by_bit_draws_the_same_while_it_is_short(known, monkeypatch):
    monkeypatch.setattr(sampling, "MOST_KNOWN", known)
    rows = history()[:18]
    at_once, bit_by_bit = (ConfigSampler(SPACE, 5, seed=3) for _ in range(2))
    at_once.see(rows)
    for row in rows:
        bit_by_bit.see([row])
    assert at_once.draw(30) == bit_by_bit.draw(30)


def test_a_claim_looks_at_what_is_open_and_not_at_the_history(tmp_path):
    spec = StudySpec(name="t", trials=10)
    study = open_search_study(open_storage(f"sqlite:///{tmp_path}/study.db"), spec, spec.schedule((4, 4)), "none")
    claim_next(study, "w")  # the first one reads everything
    study.add_waiting("quick", spec.space.preset(), study.identity("quick", 1))
    engine, sent = study.store.storage.engine, []

    def note(_connection, _cursor, statement, parameters, *_rest):
        sent.append((statement, parameters))

    sqlalchemy.event.listen(engine, "before_cursor_execute", note)
    assert claim_next(study, "w").evaluation.config_id == 1
    sqlalchemy.event.remove(engine, "before_cursor_execute", note)
    plans = []
    with engine.connect() as connection:
        for statement, parameters in sent:
            if re.search(r"\b(FROM|UPDATE) trials\b", statement):
                steps = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters).all()
                plans.append([step for *_, step in steps])
    assert len(plans) >= 2, "one that looks at what is open, one that claims"
    for plan in plans:
        assert not any(step.startswith("SCAN") and "CONSTANT" not in step for step in plan), plan
    assert sum("gman_search_open" in " ".join(plan) for plan in plans) >= 2, plans
