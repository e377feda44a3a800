"""The test part is opened once for each winner, and for the preset beside it."""

import json
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from gman_search.errors import DataError
from gman_search.halving.evaluations import Evaluation, State
from gman_search.halving.halving_schedule import HalvingSchedule
from gman_search.io.arrays import write_arrays
from gman_search.record import Scores, TestResult
from gman_search.record_json import test_from_json as from_json
from gman_search.tuning import final_test
from gman_search.tuning.final_test import FinalTest

SCHEDULE = HalvingSchedule(("quick", "full"), (2,), 3)


def scored(value):
    score = Scores(value, 2 * value, 3 * value)
    return {1: score}, score


class Bench:
    """In place of TensorFlow: the error is what the weights say; `looks` has every folder it was shown."""

    def __init__(self):
        self.looks = []

    def scores(self, source):
        self.looks.append(source.name)
        with np.load(source / "weights.npz") as stored:
            return scored(float(stored["mae"]))

    def winner(self, source, *, config_id, stage, control):
        steps, mean = self.scores(source)
        found = TestResult(config_id, stage, steps, mean, {}, windows=1, masked_share=0.0, control=control)
        return SimpleNamespace(), found


@pytest.fixture
def study(tmp_path, monkeypatch):
    """study.run(rows, warnings) tests; study.bench has what was looked at, study.result() what was written."""
    bench = Bench()
    monkeypatch.setattr(FinalTest, "_opened_bench", lambda self: bench)
    monkeypatch.setattr(FinalTest, "_deliver", lambda *_: None)  # see test_deliver.py
    monkeypatch.setattr(final_test, "write_saved_model", lambda saved, folder, coverage: folder.mkdir(exist_ok=True))
    artifacts = SimpleNamespace(fetch=lambda source, kept: None)
    test = FinalTest(None, None, tmp_path, tmp_path / "winner", artifacts)

    def run(rows, told=None):
        bench.looks.clear()
        test.run(rows, SCHEDULE, (lambda text: None) if told is None else told.append)

    def result():
        return from_json(json.loads((tmp_path / "winner" / "test.json").read_text()))

    return SimpleNamespace(run=run, result=result, bench=bench, folder=tmp_path)


def evaluation(study, stage, config, value, *, kept=True):
    folder = f"{stage}-{config}"
    if kept:
        (study.folder / folder).mkdir(exist_ok=True)
        write_arrays(study.folder / folder / "weights.npz", {"mae": np.array(value)}, {})
    return Evaluation(config, stage, state=State.COMPLETE, val_mae=value, facts={"folder": folder})


def rows_of(study, **values):
    """rows_of(study, quick_0=3.0, ...)"""
    names = {tuple(name.split("_")): value for name, value in values.items()}
    return [evaluation(study, stage, int(config), value) for (stage, config), value in names.items()]


def test_winner_then_preset_and_the_winners_model_of_that_size_each_once(study):
    rows = rows_of(study, quick_0=3.0, quick_1=2.5, full_1=2.0)
    study.run(rows)
    assert study.bench.looks[0] == "full-1" and sorted(study.bench.looks) == ["full-1", "quick-0", "quick-1"]
    found = study.result()
    assert (found.config_id, found.mean.mae) == (1, 2.0)
    assert (found.beside.preset.config_id, found.beside.preset.stage, found.beside.preset.mean.mae) == (0, "quick", 3.0)
    assert (found.beside.peer.config_id, found.beside.peer.mean.mae) == (1, 2.5)
    study.run(rows)
    assert study.bench.looks == []
    looks = json.loads((study.folder / "winner" / "tested.json").read_text())
    assert [(look["role"], look["key"]) for look in looks] == [
        ("winner", "full/1"),
        ("comparison", "quick/1"),
        ("comparison", "quick/0"),
    ]


def test_a_preset_better_on_the_test_part_changes_nothing(study):
    rows = rows_of(study, quick_0=3.0, full_1=2.0)
    write_arrays(study.folder / "quick-0" / "weights.npz", {"mae": np.array(0.1)}, {})
    study.run(rows)
    assert (study.result().config_id, study.result().beside.preset.mean.mae) == (1, 0.1)


def test_a_new_winner_is_tested_and_compared_anew(study):
    study.run(rows_of(study, quick_0=3.0, quick_1=2.5, quick_2=2.6, full_1=2.0))
    study.run(rows_of(study, quick_0=3.0, quick_1=2.5, quick_2=2.6, full_1=2.0, full_2=1.9))
    assert sorted(study.bench.looks) == ["full-2", "quick-0", "quick-2"]
    assert study.result().beside.peer.config_id == 2


def test_a_preset_that_got_further_is_compared_anew_without_another_look_at_the_winner(study):
    study.run(rows_of(study, quick_0=3.0, quick_1=2.5, full_1=2.0))
    study.run(rows_of(study, quick_0=3.0, quick_1=2.5, full_1=2.0, full_0=2.2))
    assert study.bench.looks == ["full-0"]
    assert study.result().beside.preset.stage == "full" and study.result().beside.peer is None


def test_the_preset_as_winner_has_nothing_beside_it(study):
    study.run(rows_of(study, quick_0=2.0, full_0=1.5))
    assert study.bench.looks == ["full-0"] and study.result().beside is None


def test_weights_that_are_gone_cost_the_comparison_alone(study):
    gone, told = evaluation(study, "quick", 0, 3.0, kept=False), []
    rows = [gone, *rows_of(study, quick_1=2.5, full_1=2.0)]
    study.run(rows, told)
    assert study.result().config_id == 1 and study.result().beside is None
    assert len(told) == 1 and "preset has no test error" in told[0]
    (study.folder / "quick-1" / "weights.npz").unlink()
    study.run([*rows_of(study, quick_0=3.0), *rows[1:]], told)
    assert study.result().beside.preset.mean.mae == 3.0 and study.result().beside.peer is None


def test_a_winner_without_weights_is_an_error(study):
    with pytest.raises(DataError):
        study.run([evaluation(study, "full", 1, 2.0, kept=False)])


def test_looks_of_older_versions_count(study):
    rows = rows_of(study, quick_0=3.0, full_1=2.0)
    study.run(rows)
    file = study.folder / "winner" / "tested.json"
    first = json.loads(file.read_text())[0]
    file.write_text(json.dumps([{key: value for key, value in first.items() if key != "role"}]))
    study.run([replace(row) for row in rows])
    assert study.bench.looks == ["quick-0"]


def test_a_final_training_can_be_the_winner_and_says_so(study):
    rows = rows_of(study, quick_0=3.0, full_1=2.0)
    final = replace(evaluation(study, "full", 7, 1.5), control="final")
    study.run([*rows, final])
    assert study.result().key == "full/7 final"
