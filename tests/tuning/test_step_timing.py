"""From a few timed steps to what an evaluation takes."""

import os
import signal
from pathlib import Path

import numpy as np
import pytest

from gman_search.data.series import TrafficSeries
from gman_search.data.task import make_task
from gman_search.data_spec import DataSpec
from gman_search.errors import GmanSearchError
from gman_search.spec import StudySpec
from gman_search.stages import PRESETS
from gman_search.tuning import step_timing
from gman_search.tuning.step_timing import cost_from_timing, measured_costs, with_few_steps


@pytest.fixture
def task():
    random = np.random.default_rng(0)
    times = np.datetime64("2025-03-03T00:00", "m") + np.arange(2016) * 5
    series = TrafficSeries(random.uniform(20, 65, (2016, 3)).astype(np.float32), times, ("a", "b", "c"), 5)
    return make_task(DataSpec(), series, random.normal(size=(3, 64)))


def test_an_evaluation_is_as_many_timed_epochs_as_it_has_steps():
    stage = PRESETS["quick"].model_copy(update={"max_epochs": 7, "batch_size": 10})
    short = stage.model_copy(update={"max_epochs": 2, "steps_per_epoch": 4})
    # 60 windows are 6 steps, 90 scored ones 3 more; timed were 4 steps and 30 windows, which are one more.
    cost = cost_from_timing(stage, short, first=9.0, second=2.0, windows={"windows": 60, "validation": 90}, scored=30)
    assert cost.seconds == pytest.approx(7 * 2.0 * (6 + 3) / (4 + 1))
    assert cost.compile_seconds == 7.0


def test_a_first_epoch_that_was_faster_compiled_for_nothing():
    stage = PRESETS["quick"]
    short = stage.model_copy(update={"steps_per_epoch": 4})
    assert cost_from_timing(stage, short, 1.0, 2.0, {"windows": 64, "validation": 0}, 0).compile_seconds == 0


def test_long_steps_are_timed_less_often(task):
    small, large = PRESETS["quick"], PRESETS["full"].model_copy(update={"batch_size": 4096})
    assert with_few_steps(small, task).steps_per_epoch == 20 and with_few_steps(large, task).steps_per_epoch == 3
    assert with_few_steps(small, task).max_epochs == 2


def die(*_):
    os.kill(os.getpid(), signal.SIGKILL)


def test_a_process_that_dies_is_told_in_one_line(task, monkeypatch, tmp_path):
    monkeypatch.setattr(step_timing, "_time_stages", die)
    spec = StudySpec.model_validate({"search": {"workers": 1}})
    with pytest.raises(GmanSearchError, match="one died"):
        measured_costs(spec, task, Path(tmp_path))
