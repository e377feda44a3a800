"""How long a refit trains, and at which rate: pure."""

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gman_search.config import Hyperparameters
from gman_search.errors import DataError
from gman_search.halving.refit import RefitRule, best_steps, refit_schedule, refit_steps, settings_of
from gman_search.training.schedule import learning_rate

SETTINGS = Hyperparameters(
    L=1, K=2, d=3, learning_rate=0.01, decay_epoch=2, decay_rate=0.7, batch_size=16, dropout=0.1, weight_decay=0.0,
    clip_norm=0.0, causal=True, bn_momentum=0.9, max_epochs=4, windows_per_epoch=100, patience=10, warmup_steps=20,
)  # fmt: skip


def test_steps_are_the_best_ones_times_the_share_of_new_windows():
    assert refit_steps(400, windows=1000, new=300, effort=1.0) == 120
    assert refit_steps(400, windows=1000, new=300, effort=0.5) == 60
    assert refit_steps(400, windows=1000, new=300, effort=0.0) == 0  # usual values alone
    assert refit_steps(400, windows=1000, new=0) == 0 == refit_steps(0, windows=1000, new=300)
    assert refit_steps(3, windows=1000, new=10, effort=1.0) == 1  # something new is not passed over
    assert refit_steps(100, windows=10, new=10, effort=50.0) == 200
    with pytest.raises(ValueError, match="received 11"):
        refit_steps(1, windows=10, new=11)


def test_a_model_saved_without_its_steps_has_those_of_its_whole_schedule():
    assert best_steps(77, SETTINGS, 1000) == 77
    assert best_steps(None, SETTINGS, 1000) == 4 * 7  # ceil(100 / 16) steps in each of 4 epochs
    assert best_steps(None, dataclasses.replace(SETTINGS, windows_per_epoch=None), 160) == 4 * 10


@given(st.integers(1, 2000), st.integers(1, 5000), st.sampled_from([0.2, 0.5, 1.0]))
def test_the_schedule_has_the_steps_and_ends_at_no_rate(steps, windows, annealed):
    settings = refit_schedule(SETTINGS, steps=steps, windows=windows, rule=RefitRule(annealed=annealed))
    of_epoch = -(-min(settings.windows_per_epoch, windows) // settings.batch_size)
    taken = settings.max_epochs * of_epoch
    assert steps <= taken <= steps + max(settings.max_epochs, of_epoch)
    assert settings.patience > settings.max_epochs  # no early stop: there is nothing to validate on

    def rate(position):
        return learning_rate(
            0.001, epoch=position, step=10**6, decay_epoch=settings.decay_epoch, decay_rate=settings.decay_rate,
            max_epochs=settings.max_epochs, anneal=settings.anneal,
        )  # fmt: skip

    E = settings.max_epochs
    assert rate(0) == rate((1 - annealed) * E * 0.999) == pytest.approx(0.001)  # constant, then
    assert rate(E) == 0 and rate(E * (1 - annealed / 2)) == pytest.approx(0.0005)


def test_settings_that_an_older_version_saved_are_refused_in_one_line():
    whole = SETTINGS.to_dict()
    assert settings_of(whole, "winner") == SETTINGS
    whole.pop("dropout")
    with pytest.raises(DataError, match=r"^winner: expected all hyperparameters .*'dropout'.*this version$"):
        settings_of(whole, "winner")
