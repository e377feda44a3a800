"""Baselines, ensemble and leaderboard of a final test; forecasts of evaluations are the readings with noise upon them."""

import json
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from gman_search.baselines.registry import CHEAP
from gman_search.data.series import TrafficSeries
from gman_search.data.task import make_task
from gman_search.data_spec import DataSpec
from gman_search.ensemble.store import read_ensemble
from gman_search.errors import DataError, UsageError
from gman_search.halving.evaluations import Evaluation, State
from gman_search.halving.halving_schedule import HalvingSchedule
from gman_search.io.arrays import read_arrays, write_arrays
from gman_search.metrics import mean_of_steps, scores_by_step
from gman_search.record import TestResult
from gman_search.record_json import test_from_json as from_json
from gman_search.tuning import deliver, final_test, kept_baselines
from gman_search.tuning.deliver import training_costs
from gman_search.tuning.final_test import FinalTest

SCHEDULE = HalvingSchedule(("quick", "full"), (2,), 6)


def network(change=0.0):
    """Readings that are higher by `change` after the training part."""
    random = np.random.default_rng(0)
    hours = np.arange(24 * 20)
    values = 45 + 12 * np.sin(hours / 24 * 2 * np.pi)[:, None] + random.normal(0, 4, (len(hours), 3))
    values[len(hours) * 7 // 10 :] += change
    times = np.datetime64("2025-03-03T00:00", "m") + hours * 60
    series = TrafficSeries(values.astype(np.float32), times, tuple("abc"), 60)
    return make_task(DataSpec(history=4, horizon=3), series, random.normal(size=(3, 6)))


class Bench:
    """In place of TensorFlow; `opened_folders` has every folder it was shown."""

    def __init__(self, task):
        self.task, self.opened_folders = task, []

    def opened(self, source):
        self.opened_folders.append(source.name)
        noise = float(read_arrays(source / "weights.npz")[0]["noise"])
        windows = replace(self.task.windows("val"), starts=np.arange(len(self.task.targets) - 6))
        error = np.random.default_rng(len(source.name) + int(100 * noise)).normal(0, noise, windows.targets.shape)
        forecast = (windows.targets + error).astype(np.float32)
        return SimpleNamespace(source=source), lambda starts: forecast[starts]

    def winner(self, source, *, config_id, stage, control):
        return SimpleNamespace(), TestResult(config_id, stage, *self.scores(source), {}, 1, 0.0, control=control)

    def scores(self, source):
        _, forecast = self.opened(source)
        steps = scores_by_step(self.task.windows("test").targets, forecast(self.task.starts["test"]))
        return steps, mean_of_steps(steps)


@pytest.fixture
def study(tmp_path, monkeypatch, request):
    """study.run(rows) tests and returns what was told; study.result(), study.looks() and study.bench."""
    task = network(getattr(request, "param", 0.0))
    bench = Bench(task)
    monkeypatch.setattr(FinalTest, "_opened_bench", lambda self: bench)

    def write(saved, folder, coverage=None):
        folder.mkdir(parents=True, exist_ok=True)
        if coverage is None:  # a member, not the winner
            write_arrays(folder / "weights.npz", {}, {"of": saved.source.name})

    for module in (deliver, final_test):
        monkeypatch.setattr(module, "write_saved_model", write)
    monkeypatch.setattr(kept_baselines, "baselines", lambda: {kind.name: kind for kind in CHEAP})
    artifacts = SimpleNamespace(fetch=lambda source, kept: None)
    test = FinalTest(task, DataSpec(), tmp_path, tmp_path / "winner", artifacts)

    def run(rows):
        told = []
        bench.opened_folders.clear()
        test.run(rows, SCHEDULE, told.append)
        return told

    def read(name):
        return json.loads((tmp_path / "winner" / name).read_text())

    return SimpleNamespace(
        run=run,
        result=lambda: from_json(read("test.json")),
        looks=lambda: read("tested.json"),
        bench=bench,
        folder=tmp_path,
    )


def evaluation(study, stage, config, noise, **more):
    folder = f"{stage}-{config}"
    write_arrays(study.folder / folder / "weights.npz", {"noise": np.array(noise)}, {})
    facts = {"folder": folder}
    return Evaluation(config, stage, state=State.COMPLETE, val_mae=0.8 * noise, seconds=10.0, facts=facts, **more)


def some(study):
    return [
        evaluation(study, "quick", 0, 3.0),
        evaluation(study, "quick", 1, 1.1),
        evaluation(study, "quick", 2, 1.2),
        evaluation(study, "quick", 3, 1.3, control="reference"),
        evaluation(study, "full", 1, 1.0, parent="quick/1"),
    ]


def test_ensemble_baselines_and_leaderboard(study):
    told = study.run(some(study))
    found = study.result()
    assert set(found.baselines) == {"persistence", "historical average", "linear regression"}, told
    assert set(found.baselines["persistence"]["steps"]) == {1, 2, 3}
    ensemble = found.ensemble
    assert ensemble.check.used and ensemble.mean.mae < 0.8 * found.mean.mae
    assert sum(np.array(member.weights) for member in ensemble.members) == pytest.approx([1, 1, 1])
    assert {member.key for member in ensemble.members} >= {"full/1", "quick/1", "quick/2", "quick/3 reference"}
    rows = {row.name: row for row in found.leaderboard}
    kinds = {name: row.kind for name, row in rows.items()}
    assert (
        kinds["full/1"] == "winner" and kinds["quick/3 reference"] == "reference" and kinds["quick/1"] == "evaluation"
    )
    assert kinds["persistence"] == "baseline" and kinds["ensemble"] == "ensemble"
    assert rows["full/1"].train_seconds == 20.0 and rows["quick/1"].train_seconds == 10.0
    assert rows["ensemble"].train_seconds == pytest.approx(50.0, abs=5.0), "what members share counts once"
    values = [row.val_mae for row in found.leaderboard]
    assert values == sorted(values) and found.leaderboard[0].name == "ensemble"
    assert rows["full/1"].mean.mae == pytest.approx(found.mean.mae)
    saved = read_ensemble(study.folder / "ensemble")
    assert [member.name for member in saved.config.members] == [member.name for member in ensemble.members]
    for number, member in enumerate(saved.config.members):
        if member.kind == "evaluation":
            of = read_arrays(study.folder / "ensemble" / "members" / str(number) / "weights.npz")[1]["of"]
            assert of == member.key.removesuffix(" reference").replace("/", "-")


def test_every_look_is_listed_and_a_second_run_looks_at_nothing(study):
    rows = some(study)
    study.run(rows)
    looks = study.looks()
    roles = [look["role"] for look in looks]
    assert roles[0] == "winner" and roles[-1] == "ensemble" and roles.count("leaderboard") == 5
    assert study.run(rows) == [] and study.bench.opened_folders == [] and study.looks() == looks


def test_a_longer_search_is_tested_again_and_baselines_are_not_fitted_again(study):
    rows = some(study)
    study.run(rows)
    seconds = (study.folder / "baselines" / kept_baselines.ABOUT).read_text()
    study.run([*rows, evaluation(study, "quick", 5, 1.05)])
    assert (study.folder / "baselines" / kept_baselines.ABOUT).read_text() == seconds  # no second takes as long again
    assert "quick/5" in {row.name for row in study.result().leaderboard}
    assert [look["role"] for look in study.looks()].count("winner") == 1


@pytest.mark.parametrize("study", [6.0], indirect=True)
def test_baselines_that_have_seen_the_validation_part_are_tested_and_delivered(study):
    """Traffic that changes after the training part: they know of it, and forecast better than those chosen among."""
    study.run([evaluation(study, "quick", 0, 30.0)])  # a poor model, so that baselines are members
    found, task = study.result(), study.bench.task
    first = {kind.name: kind.load(study.folder / "baselines" / kind.name.replace(" ", "-")) for kind in CHEAP}
    windows = task.windows("test")
    before = {
        name: mean_of_steps(scores_by_step(windows.targets, one.forecast(windows))) for name, one in first.items()
    }
    tested = {name: scores["mean"].mae for name, scores in found.baselines.items()}
    assert tested["persistence"] == pytest.approx(before["persistence"].mae), "it has nothing to learn"
    assert tested["historical average"] < 0.97 * before["historical average"].mae
    assert tested["linear regression"] < 0.97 * before["linear regression"].mae
    assert found.refitted == tuple(first)
    kept = kept_baselines.kept_baselines(study.folder / "baselines")
    usual = kept.usual.at(task.day_of_week, task.time_of_day)
    later = replace(windows, usual=usual)
    again = mean_of_steps(scores_by_step(windows.targets, kept.baselines["linear regression"].forecast(later)))
    assert again.mae == pytest.approx(tested["linear regression"]), "`evaluate` compares with those that were tested"
    saved = read_ensemble(study.folder / "ensemble")
    assert np.array_equal(saved.usual, kept.usual.table)
    members = [(i, one.name) for i, one in enumerate(saved.config.members) if one.kind == "baseline"]
    assert members
    for number, name in members:
        member = type(first[name]).load(study.folder / "ensemble" / "members" / str(number))
        assert np.array_equal(member.forecast(later), kept.baselines[name].forecast(later)), name


def test_where_a_baseline_cannot_be_fitted_again_those_that_were_chosen_among_are_tested(study, monkeypatch):
    class Once(CHEAP[1]):
        name = "historical average"

        def fit(self, task, *, threads=1, seed=0, regression=None):
            if task is not study.bench.task:
                raise MemoryError("no memory")
            super().fit(task, threads=threads, seed=seed, regression=regression)

    kinds = (CHEAP[0], Once, CHEAP[2])
    monkeypatch.setattr(kept_baselines, "baselines", lambda: {kind.name: kind for kind in kinds})
    told = study.run(some(study))
    assert "training and validation part: historical average is left out: no memory" in told
    assert study.result().refitted == () and set(study.result().baselines) == {kind.name for kind in kinds}
    assert np.array_equal(read_ensemble(study.folder / "ensemble").usual, study.bench.task.usual.table)
    assert len(kept_baselines.kept_baselines(study.folder / "baselines").baselines) == 3, "`evaluate` finds these"


def test_an_ensemble_that_was_deleted_is_made_again(study):
    rows = some(study)
    study.run(rows)
    (study.folder / "ensemble" / "ensemble.json").unlink()
    study.run(rows)
    assert read_ensemble(study.folder / "ensemble").config.members


def test_a_candidate_without_weights_is_left_out(study):
    rows = some(study)
    (study.folder / "quick-2" / "weights.npz").unlink()
    told = study.run(rows)
    assert any("1 of 8 cannot join the ensemble" in text and "quick/2" in text for text in told)
    assert "quick/2" not in {row.name for row in study.result().leaderboard} and study.result().ensemble is not None
    assert "quick/2" not in {look.get("key") for look in study.looks()}, "nobody looked"


def test_forecasts_that_are_no_numbers_are_left_out(study, monkeypatch):
    whole = Bench.opened

    def opened(self, source):
        saved, forecast = whole(self, source)
        return (saved, lambda starts: forecast(starts) * np.nan) if source.name == "quick-2" else (saved, forecast)

    monkeypatch.setattr(Bench, "opened", opened)
    assert any("no finite numbers" in text for text in study.run(some(study)))
    assert study.result().ensemble is not None


@pytest.mark.parametrize("error", [UsageError("no LightGBM"), MemoryError("no memory")])
def test_a_baseline_that_cannot_be_fitted_costs_itself_alone(study, monkeypatch, error):
    class Broken(CHEAP[0]):
        name = "boosted trees"

        def fit(self, task, *, threads=1, seed=0, regression=None):
            raise error

    monkeypatch.setattr(kept_baselines, "baselines", lambda: {kind.name: kind for kind in (*CHEAP, Broken)})
    told = study.run(some(study))
    assert any("boosted trees is left out: no " in text for text in told)
    assert study.result().ensemble is not None and "boosted trees" not in study.result().baselines


def test_whatever_the_ensemble_fails_by_the_winner_is_tested(study, monkeypatch):
    def fails(*_):
        raise DataError("no room")

    monkeypatch.setattr(deliver, "write_ensemble", fails)
    told = study.run(some(study))
    assert "there is no ensemble: no room" in told
    assert study.result().config_id == 1 and study.result().ensemble is None
    assert not (study.folder / "ensemble").exists() and "ensemble" not in {look["role"] for look in study.looks()}


def test_nothing_is_pickled(study):
    study.run(some(study))
    files = [file for name in ("ensemble", "baselines") for file in (study.folder / name).rglob("*") if file.is_file()]
    assert {file.suffix for file in files} <= {".json", ".npz", ".txt"}
    for file in files:
        if file.suffix == ".npz":
            with np.load(file, allow_pickle=False) as stored:
                assert [stored[name] for name in stored.files]


def test_costs_follow_the_lineage():
    rows = [
        Evaluation(1, "quick", seconds=1.0),
        Evaluation(1, "full", parent="quick/1", seconds=5.0),
        Evaluation(1, "full", parent="full/1", seconds=7.0, control="final"),
    ]
    lineage = {row.key: row for row in rows}
    assert training_costs(rows[2], lineage) == {"full/1 final": 7.0, "full/1": 5.0, "quick/1": 1.0}
    assert training_costs(replace(rows[0], parent="quick/1"), lineage) == {"quick/1": 1.0}
