"""Drift is told where a model got worse, and not where weeks are only harder: on simulated errors.

The rule is one of chance, so examples are drawn the same way every time.
"""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gman_search.forecasting.drift import LEAST_REFERENCE, DailyErrors, judged

FORECASTS = 288 * 12


def errors(
    random,
    first,
    days,
    sensors,
    *,
    base,
    model=1.0,
    bias=0.0,
    level_of=1.0,
    hard=0.15,
    noise=0.15,
    network=0.04,
    heavy=True,
):
    """Days on which hardness (shared by both forecasts) and skill wander, neighbouring days alike; heavy-tailed.

    `model` (days, sensors) or a number multiplies the model's errors.
    """

    def wander(size, spread, likeness):
        steps = random.normal(0, 1, size)
        found = steps.copy()
        for day in range(1, len(steps)):
            found[day] = likeness * found[day - 1] + np.sqrt(1 - likeness**2) * steps[day]
        return spread * found

    dates = np.datetime64(first, "D") + np.arange(days)
    weekend = (dates.astype(np.int64) + 3) % 7 >= 5
    level = base * np.exp(wander((days, 1), hard, 0.5) + wander((days, sensors), 0.2, 0.3) - 0.3 * weekend[:, None])
    tails = random.standard_t(5, (days, sensors)) if heavy else random.normal(0, 1, (days, sensors))
    skill = np.exp(-0.3 + wander((days, 1), network, 0.4) + wander((days, sensors), noise / 2, 0.3)
                   + noise / 2 * tails + 0.05 * weekend[:, None])  # fmt: skip
    count = np.full((days, sensors), 0.95 * FORECASTS)
    mae = level * skill * model
    signed = mae * (wander((days, 1), 0.1, 0.4) + wander((days, sensors), 0.15, 0.3) + 0.1) + bias
    mae = np.maximum(mae, np.abs(signed))
    usual = 50 * np.exp(-0.2 * weekend[:, None]) * np.ones(sensors)
    read = level_of * usual * np.exp(wander((days, 1), 0.08, 0.7) + wander((days, sensors), 0.06, 0.7))
    sums = (each * count for each in (mae, level, signed, read, usual))
    return DailyErrors(dates, weekend, *sums, count, np.full(days, FORECASTS))


def base_of(random, sensors):
    return random.uniform(2, 6, sensors)


@pytest.mark.parametrize("reference, sensors", [(10, 18), (17, 30), (28, 200)])
def test_on_weeks_of_the_same_kind_it_seldom_alarms(reference, sensors):
    alarms, rounds = 0, 300
    for seed in range(rounds):
        random = np.random.default_rng([seed, reference])
        base = base_of(random, sensors)
        # One walk, so that the week after the reference is like its last days.
        whole = errors(random, "2025-03-24", reference + 7, sensors, base=base)
        first = np.arange(reference + 7) < reference
        verdict = judged(whole.take(first), whole.take(~first))
        alarms += any(week.alarms for week in verdict.weeks)
    assert alarms <= 0.05 * rounds


@given(st.integers(0, 10**6), st.floats(1.2, 3.0))
@settings(max_examples=40, derandomize=True)
def test_weeks_that_are_harder_for_every_forecast_are_no_drift(seed, harder):
    random = np.random.default_rng(seed)
    base = base_of(random, 12)
    reference = errors(random, "2025-03-03", 21, 12, base=base, noise=0.05, network=0.01)
    recent = errors(random, "2025-03-24", 7, 12, base=harder * base, noise=0.05, network=0.01)
    verdict = judged(reference, recent)
    assert verdict.weeks[0].judged and not verdict.weeks[0].network and len(verdict.weeks[0].worse) <= 1
    assert verdict.weeks[0].mae > 1.05 * verdict.mae or harder < 1.5


def test_weeks_that_are_easier_are_no_drift_though_persistence_gains_more():
    random = np.random.default_rng(0)
    base = base_of(random, 12)
    reference = errors(random, "2025-03-03", 21, 12, base=base)
    easy = errors(random, "2025-03-24", 7, 12, base=base / 3, model=2.0)  # free roads: persistence is nearly right
    assert not judged(reference, easy).weeks[0].alarms


@given(st.integers(0, 10**6), st.floats(2.2, 4.0), st.integers(0, 11))
@settings(max_examples=40, derandomize=True)
def test_a_sensor_that_got_worse_is_named_with_its_errors(seed, worse, sensor):
    random = np.random.default_rng(seed)
    base = base_of(random, 12)
    reference = errors(random, "2025-03-03", 21, 12, base=base, heavy=False)
    factor = np.ones((21, 12))
    factor[7:, sensor] = worse  # a bias, from the second week on
    recent = errors(random, "2025-03-24", 21, 12, base=base, model=factor, heavy=False)
    drift = judged(reference, recent).drift
    assert drift is not None and drift.sensors[0] == sensor
    assert drift.since == np.datetime64("2025-03-31")
    days = recent.take(recent.days >= np.datetime64("2025-04-07"))
    assert drift.now == pytest.approx(days.model[:, sensor].sum() / days.count[:, sensor].sum())
    assert drift.tested == pytest.approx(reference.model[:, sensor].sum() / reference.count[:, sensor].sum())


@given(st.integers(0, 10**6), st.floats(1.4, 3.0))
@settings(max_examples=40, derandomize=True)
def test_a_network_that_changed_is_told_of(seed, worse):
    random = np.random.default_rng(seed)
    base = base_of(random, 30)
    reference = errors(random, "2025-03-03", 21, 30, base=base)
    verdict = judged(reference, errors(random, "2025-03-24", 7, 30, base=base, model=worse))
    assert verdict.weeks[0].network and verdict.drift.since == np.datetime64("2025-03-24")
    assert len(verdict.drift.sensors) >= 10


@given(st.integers(0, 10**6), st.sampled_from([0.5, 2.0]), st.integers(0, 11))
@settings(max_examples=40, derandomize=True)
def test_a_detector_that_counts_more_or_less_is_named_though_persistence_errs_as_much_more(seed, level, sensor):
    random = np.random.default_rng(seed)
    base = base_of(random, 12)
    reference = errors(random, "2025-03-03", 28, 12, base=base, heavy=False)
    base[sensor] *= 2
    one = np.where(np.arange(12) == sensor, level, 1.0)
    drift = judged(reference, errors(random, "2025-03-31", 7, 12, base=base, level_of=one, heavy=False)).drift
    assert drift is not None and drift.sensors[0] == sensor


@given(st.integers(0, 10**6), st.sampled_from([-1, 1]), st.integers(0, 11))
@settings(max_examples=40, derandomize=True)
def test_a_biased_sensor_is_named_though_persistence_is_worse_there_too(seed, sign, sensor):
    random = np.random.default_rng(seed)
    base = base_of(random, 12)
    reference = errors(random, "2025-03-03", 21, 12, base=base, heavy=False)
    # It counts half as much again: every error of both forecasts does, and the model expects what it knew.
    base[sensor] *= 1.5
    bias = sign * 1.2 * base * (np.arange(12) == sensor)
    drift = judged(reference, errors(random, "2025-03-24", 7, 12, base=base, bias=bias, heavy=False)).drift
    assert drift is not None and drift.sensors[0] == sensor


def test_one_bad_day_is_no_drift_and_a_stuck_sensor_is():
    random = np.random.default_rng(3)
    base = base_of(random, 10)
    reference = errors(random, "2025-03-03", 21, 10, base=base, heavy=False)
    factor = np.ones((7, 10))
    factor[2] = 2.5
    assert not judged(reference, errors(random, "2025-03-24", 7, 10, base=base, model=factor, heavy=False)).drift
    stuck = errors(random, "2025-03-24", 7, 10, base=base, model=1.5, heavy=False)
    stuck.persistence[:, 4] = 0.0  # it always reads the same
    assert 4 in judged(reference, stuck).weeks[0].worse


def test_what_was_worse_and_is_not_any_more_is_in_the_weeks_alone():
    random = np.random.default_rng(1)
    base = base_of(random, 10)
    reference = errors(random, "2025-03-03", 21, 10, base=base)
    factor = np.ones((14, 10))
    factor[:7] = 2.0
    verdict = judged(reference, errors(random, "2025-03-24", 14, 10, base=base, model=factor))
    assert [week.alarms for week in verdict.weeks] == [True, False] and verdict.drift is None and not verdict.reason


def test_errors_of_a_week_are_over_all_its_forecasts():
    days = np.array(["2025-03-29", "2025-03-30", "2025-03-31"], "datetime64[D]")
    count, model = np.array([[4.0, 0], [2, 2], [5, 5]]), np.array([[8.0, 0], [1, 3], [5, 10]])
    recent = DailyErrors(
        days, np.array([True, True, False]), model, 2 * model, model, model, model, count, np.full(3, 5.0)
    )
    verdict = judged(recent, recent)
    assert [str(week.first) for week in verdict.weeks] == ["2025-03-24", "2025-03-31"]
    assert [week.mae for week in verdict.weeks] == [12 / 8, 15 / 10]
    assert [week.persistence for week in verdict.weeks] == [24 / 8, 30 / 10]
    assert verdict.mae == 27 / 18 and not any(week.judged for week in verdict.weeks)
    assert verdict.reason == f"the validation and test part have 3 whole days, and {LEAST_REFERENCE} are needed"


def test_a_week_of_days_unlike_any_in_the_reference_is_not_judged():
    random = np.random.default_rng(2)
    reference = errors(random, "2025-03-03", 5, 6, base=base_of(random, 6))  # Monday to Friday
    weekend = errors(random, "2025-03-29", 2, 6, base=base_of(random, 6), model=9.0)
    verdict = judged(reference, weekend)
    assert verdict.drift is None and verdict.reason.startswith("no week has 3 whole days")
