"""What a machine has of memory, and reading much without looking for garbage."""

import gc

import pytest

from gman_search.io.memory import collector_paused, machine_gb


def test_a_machine_has_memory():
    assert 0.1 < machine_gb() < 100_000


def test_the_collector_runs_again_after_the_block_even_if_it_fails():
    assert gc.isenabled()
    with pytest.raises(ValueError, match="x"), collector_paused():
        assert not gc.isenabled()
        with collector_paused():
            pass
        assert not gc.isenabled(), "the outer block has not ended"
        raise ValueError("x")
    assert gc.isenabled()


def test_a_collector_that_was_off_stays_off():
    gc.disable()
    try:
        with collector_paused():
            pass
        assert not gc.isenabled()
    finally:
        gc.enable()
