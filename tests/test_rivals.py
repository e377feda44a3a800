"""What the product is compared with: the kept results, the bars they are held to, and a contest with a stub."""

import json
import re
import sys
import textwrap

import numpy as np
import pytest

from gman_search.data.task import load_task
from gman_search.data_spec import DataSpec

STUB = """
import json, os, sys, time
from pathlib import Path

words = sys.argv[1:]
with open(os.environ["STUB_LOG"], "a") as log:
    log.write(json.dumps([words, os.getcwd(), Path("study.toml").read_text() if "study.toml" in words else ""]) + "\\n")
test = {"3": 3.0, "6": 3.5, "12": 4.0, "mean": 3.5}
if words[0] == "run":
    kinds = ("ensemble", "ensemble"), ("config 3 at full", "winner"), ("persistence", "baseline"), (
        "boosted trees", "baseline"), ("config 0 at quick", "reference"), ("quick/7", "evaluation")
    rows = [{"name": name, "kind": kind, "key": None, "val": 3.1 + 0.1 * at, "train_seconds": 5, "forecast_ms": 1.5,
             "test": {step: mae + 0.1 * at for step, mae in test.items()}} for at, (name, kind) in enumerate(kinds)]
    print(json.dumps({"schema": "gman-search/run/1", "trials": 9, "leaderboard": rows}))
elif words[0] == "train":
    from gman_search.io.arrays import write_arrays
    stage = words[words.index("--stage") + 1]
    run = Path("studies/reference/runs") / stage
    val = {"quick": 4.0, "medium": 3.75, "full": 3.6}[stage]
    write_arrays(run / "weights.npz", {}, {"best_val": val, "epochs": [1, 2]})
    print("epoch   1  train 5.0  validation 4.0 mph", file=sys.stderr, flush=True)
    if stage == os.environ.get("STUB_SLOW"):
        time.sleep(60)
    print(json.dumps({"val_mae": val, "epochs": 12, "reason": "early stop", "stage": stage}))
elif words[0] == "evaluate":
    print(json.dumps({"steps": {step: {"mae": mae + 1} for step, mae in test.items()}, "mean": {"mae": 4.5}}))
"""


@pytest.fixture(scope="module")
def benchmarks(repository):
    sys.path.insert(0, str(repository / "benchmarks"))
    yield __import__
    sys.path.remove(str(repository / "benchmarks"))


@pytest.fixture
def stub(benchmarks, tmp_path, monkeypatch):
    """A product that answers at once; gives what it was called with."""
    file, log = tmp_path / "stub.py", tmp_path / "log"
    file.write_text(textwrap.dedent(STUB))
    product, reference, kept = map(benchmarks, ("rivals_product", "rivals_reference", "rivals_kept"))
    monkeypatch.setenv("STUB_LOG", str(log))
    for module in (product, reference):
        monkeypatch.setattr(module, "COMMAND", [sys.executable, str(file)])
    monkeypatch.setattr(reference, "forecast_ms", lambda run: 7.0)
    monkeypatch.setattr(reference, "LEAST_SECONDS", 0.5)
    monkeypatch.setattr(kept, "FILE", tmp_path / "results" / "rivals.jsonl")
    return lambda: [json.loads(line) for line in log.read_text().splitlines()]


def row(name, kind, mean, step=None):
    test = {at: (mean if step is None else step) for at in ("3", "6", "12")} | {"mean": mean}
    return {"name": name, "kind": kind, "val": mean, "test": test, "train_seconds": 60.0, "forecast_ms": 2.0}


def document(rows, network="week20", job="hours", minutes=30, seed=0):
    parts = {"product": {"rows": [one["name"] for one in rows], "seconds": 540.0, "notes": []}}
    named = {"network": network, "job": job, "minutes": minutes, "seed": seed}
    return {"schema": "gman-search/rivals/1", **named, "rows": rows, "parts": parts}


def test_lost_bars_come_first_and_both_boosted_trees_are_there(benchmarks):
    bars = benchmarks("rivals_bars")
    rows = [row("ensemble", "ensemble", 3.2, 3.0), row("config 3", "winner", 3.4), row("persistence", "baseline", 1.0)]
    rows += [row("boosted trees", "baseline", 3.3, 3.2), row("LightGBM, plain recipe", "baseline", 3.4, 3.1)]
    rows += [row("LightGBM, plain recipe, both parts", "baseline", 3.25, 3.05)]
    rows += [row("boosted trees on deviations", "baseline", 3.5, 2.9)]  # worse on the mean, better at 15 minutes
    rows += [row("reference trained alone", "reference", 3.6)]
    found = bars.bars([document(rows)])
    told = {bar.bar: bar for bar in found}
    assert told["ensemble / LightGBM, plain recipe, mean"].ratio == pytest.approx(3.2 / 3.4)
    assert told["ensemble / LightGBM, plain recipe, 15 min"].theirs == 3.1
    assert told["ensemble / LightGBM, plain recipe, both parts, mean"].ratio == pytest.approx(3.2 / 3.25)
    assert told["ensemble / boosted trees, mean"].ratio == pytest.approx(3.2 / 3.3)
    assert told["ensemble / boosted trees, 15 min"].theirs == 2.9 and not told["ensemble / boosted trees, 15 min"].met
    assert told["winner / reference trained alone, mean"].ratio == pytest.approx(3.4 / 3.6)
    assert told["ensemble / reference trained alone, mean"].limit == 0.95
    own = [f"ensemble / boosted trees, {at} min" for at in (15, 30, 60)]
    lost = [bar.bar for bar in found if not bar.met]
    assert sorted(lost) == ["ensemble / LightGBM, plain recipe, both parts, mean", *own]
    assert [bar.met for bar in found] == 4 * [False] + 10 * [True], "own trees: their mean is within 3 %"
    table = bars.bars_table(found).splitlines()
    assert "**lost**" in table[2] and table[-1].endswith("| met |")


def test_a_bar_has_the_seeds_of_whichever_was_measured_with_fewer(benchmarks):
    bars = benchmarks("rivals_bars")
    ours = [document([row("ensemble", "ensemble", 3.0)], seed=seed) for seed in range(3)]
    ours[0]["rows"].append(row("reference trained alone", "reference", 4.0))
    found = {bar.bar: bar.seeds for bar in bars.bars(ours)}
    assert found["ensemble / reference trained alone, mean"] == 1


def test_ratios_are_of_medians_over_seeds_and_contests_stay_apart(benchmarks):
    bars = benchmarks("rivals_bars")
    documents = [
        document([row("ensemble", "ensemble", ours), row("boosted trees", "baseline", theirs)], seed=seed)
        for seed, (ours, theirs) in enumerate([(3.0, 4.0), (3.6, 3.5), (3.3, 3.0)])
    ]
    documents.append(document([row("ensemble", "ensemble", 9.0)], minutes=60))
    found = {(bar.minutes, bar.bar): bar for bar in bars.bars(documents)}
    mean = found[30, "ensemble / boosted trees, mean"]
    assert (mean.ours, mean.theirs, mean.seeds) == (3.3, 3.5, 3)
    assert found[60, "ensemble / boosted trees, mean"].met is None, "nothing to compare with"
    assert [bar.met for bar in bars.bars(documents)].index(None) == 0, "nothing was lost; what is missing comes first"


def test_the_main_job_has_bars_of_its_own(benchmarks):
    bars = benchmarks("rivals_bars")
    rows = [row("ensemble", "ensemble", 3.4, 2.9), row("a", "winner", 3.7, 3.3), row("persistence", "baseline", 4, 3.2)]
    found = {bar.bar: bar.met for bar in bars.bars([document(rows, "demo", "make run", 10)])}
    assert found["minutes of the job"] and found["ensemble, mean, at most 3.45"]
    assert not found["winner, mean, at most 3.60"] and not found["winner / persistence, 15 min"]
    assert found["ensemble / persistence, 15 min"] and next(iter(found.values())) is False


def test_parts_measured_apart_become_one_document(benchmarks, tmp_path):
    kept, product = benchmarks("rivals_kept"), benchmarks("rivals_product")
    file = tmp_path / "rivals.jsonl"

    def keep(seed=0, **parts):
        made = {name: product.Part([row(*one) for one in rows], 1.0) for name, rows in parts.items()}
        return kept.keep(kept.document("week20", "hours", 30.0, seed, made), file)

    keep(
        product=[("ensemble", "ensemble", 3.0), ("old winner", "winner", 3.1)], reference=[("alone", "reference", 4.0)]
    )
    keep(seed=1, product=[("ensemble", "ensemble", 5.0)])
    found = keep(product=[("ensemble", "ensemble", 2.9), ("winner", "winner", 3.0)], reference=[], autogluon=[])
    assert [(one["name"], one["test"]["mean"]) for one in found["rows"]] == [
        ("ensemble", 2.9), ("winner", 3.0), ("alone", 4.0)
    ]  # fmt: skip
    assert kept.kept(file)[0] == found and [one["seed"] for one in kept.kept(file)] == [0, 1]
    assert set(found["parts"]) == {"product", "reference", "autogluon"}
    assert {"command", "date", "machine", "commit"} <= set(found["parts"]["reference"])


def test_a_contest_from_end_to_end(benchmarks, stub, capsys, monkeypatch):
    rivals = benchmarks("rivals")
    monkeypatch.setattr(rivals, "plain_trees", lambda task, seed, validation_stride, both: rivals.Part(
        [benchmarks("rivals_product").row(f"LightGBM, plain recipe{', both parts' * both}", "baseline", 3.3, {"3": 3, "6": 3, "12": 4, "mean": 3.4}, 9, 1)],
        9.0))  # fmt: skip
    monkeypatch.setattr(benchmarks("rivals_autogluon"), "installed", lambda: False)
    monkeypatch.setenv("GMAN_SEARCH_SEARCH__WORKERS", "1")
    rivals.main(["--network", "demo", "--minutes", "0.5", "--json"])
    out = capsys.readouterr()
    told = json.loads(out.out)
    assert set(told) == {"schema", "network", "minutes", "seed", "rows"}
    assert (told["schema"], told["network"], told["minutes"]) == ("gman-search/rivals/1", "demo", 0.5)
    for one in told["rows"]:
        assert set(one) == {"name", "kind", "val", "test", "train_seconds", "forecast_ms"}
        assert set(one["test"]) == {"3", "6", "12", "mean"}
    assert [(one["name"], one["kind"]) for one in told["rows"]] == [
        ("ensemble", "ensemble"),
        ("config 3 at full", "winner"),
        ("persistence", "baseline"),
        ("boosted trees", "baseline"),
        ("reference, within the search", "evaluation"),
        ("LightGBM, plain recipe", "baseline"),
        ("LightGBM, plain recipe, both parts", "baseline"),
        ("reference trained alone", "reference"),
    ]
    assert told["rows"][-1]["val"] == 3.6, "it had the time to grow into full"
    assert "AutoGluon-TimeSeries is not installed" in out.err and "cannot use more" in out.err
    (search, _, study), *trainings, evaluation = stub()
    assert search == ["run", "--spec", "study.toml", "--hours", "0.00833333", "--trials", "fit", "--json"]
    assert "train_share = 0.6" in study and "validation_stride = 8" in study and "workers" not in study
    assert [words[words.index("--stage") + 1] for words, *_ in trainings] == ["quick", "medium", "full"]
    assert "budget=guide" in trainings[0][0] and "model.shortcuts=false" in trainings[0][0]
    assert trainings[1][0][-2:] == ["--init-from", "quick"] and evaluation[0][1] == "reference/full"
    rivals.main(["--summary", "--json"])
    summary = json.loads(capsys.readouterr().out)
    assert [one["rows"] for one in summary["runs"]] == [told["rows"]]
    assert [bar["met"] for bar in summary["bars"]] == sorted(bar["met"] for bar in summary["bars"])
    rivals.main(["--summary"])
    assert (
        "| demo | 0.5 min | 1 | ensemble / LightGBM, plain recipe, mean | 3.500 | 3.400 | 1.029 | 0.97 | **lost** |"
        in (capsys.readouterr().out)
    )


def test_the_reference_is_cut_by_the_time_and_its_best_epoch_counts(benchmarks, stub, monkeypatch, tmp_path):
    network = benchmarks("rivals_networks").named_network("demo", tmp_path)
    monkeypatch.setenv("STUB_SLOW", "medium")
    part = benchmarks("rivals_reference").reference(network, 0.06, 3, tmp_path)
    (found,) = part.rows
    assert found["val"] == 3.75 and found["test"]["mean"] == 4.5 and found["forecast_ms"] == 7.0
    assert 3 < part.seconds < 20 and any("cut by the time" in note for note in part.notes)
    assert [words[0] for words, *_ in stub()] == ["train", "train", "evaluate"]
    assert "seed = 3" in (tmp_path / "reference.toml").read_text()


def test_the_main_job_is_run_as_make_run_has_it(benchmarks, stub, repository, tmp_path):
    network, product = benchmarks("rivals_networks").named_network("demo", tmp_path), benchmarks("rivals_product")
    for seed, more in ((7, []), (8, ["--seed", "8"])):
        folder = tmp_path / str(seed)
        folder.mkdir()
        product.product(network, 10, seed, folder, make_run=True)
        assert (folder / "studies/demo.toml").read_text() == (repository / "studies/demo.toml").read_text()
        words, place, _ = stub()[-1]
        [made] = re.findall(r"gman-search (run .*)", (repository / "Makefile").read_text())
        assert words == [*made.split(), *more, "--json"] and place == str(folder)


def test_a_search_without_a_leaderboard_and_one_that_fails_are_no_results(benchmarks, stub, monkeypatch, tmp_path):
    network, product = benchmarks("rivals_networks").named_network("demo", tmp_path), benchmarks("rivals_product")
    nothing = benchmarks("deliveries").Watched('{"leaderboard": []}', 1.0, [])
    monkeypatch.setattr(product, "watched", lambda *words: nothing)
    with pytest.raises(SystemExit, match="expected a leaderboard"):
        product.product(network, 1, 0, tmp_path)
    monkeypatch.undo()
    monkeypatch.setattr(product, "COMMAND", [sys.executable, "-c", "raise SystemExit('no data')"])
    with pytest.raises(SystemExit, match="no data"):
        product.product(network, 1, 0, tmp_path)


def test_every_network_is_one_that_the_product_can_read(benchmarks, shared_data):
    networks = benchmarks("rivals_networks")
    sensors = {"demo": 18, "week20": 20, "orange": 75}
    for name, count in sensors.items():
        assert len(networks.named_network(name, shared_data).task().series.sensors) == count
    with pytest.raises(SystemExit, match="week20 needs --data"):
        networks.named_network("week20", shared_data / "nowhere")


def test_a_network_of_files_is_named_after_them(benchmarks, tmp_path):
    network = benchmarks("rivals_networks").network_of_files(tmp_path / "my net.csv.gz", None, unit="km/h", start=None)
    assert network.name == "my-net" and network.data == {"readings": str(tmp_path / "my net.csv.gz"), "unit": "km/h"}


@pytest.fixture(scope="module")
def small():
    return load_task(DataSpec(train_share=0.6, sensors=4), None)


def test_the_plain_usual_value_is_the_mean_of_the_training_part(benchmarks, small):
    usual = benchmarks("rivals_trees").plain_usual(small)
    first, end = small.train_rows
    row = end + 300
    weekend = small.day_of_week[row] >= 5
    alike = [
        at for at in range(first, end)
        if small.time_of_day[at] == small.time_of_day[row] and (small.day_of_week[at] >= 5) == weekend
    ]  # fmt: skip
    readings = np.where(small.targets[alike] == 0, np.nan, small.targets[alike])
    assert usual[row] == pytest.approx(np.nanmean(readings, axis=0), rel=1e-5)


@pytest.mark.slow
def test_the_plain_trees_beat_persistence(benchmarks, small, monkeypatch):
    from gman_search.baselines.naive import persistence
    from gman_search.metrics import masked_scores

    trees = benchmarks("rivals_trees")
    monkeypatch.setattr(trees, "ROUNDS", 30)  # enough here
    (found,) = trees.plain_trees(small, 0, threads=1).rows
    assert found["name"] == "LightGBM, plain recipe" and found["kind"] == "baseline"
    last, observed = persistence(small.windows("test")), small.windows("test").targets
    for step in (3, 6, 12):
        assert found["test"][str(step)] < masked_scores(observed[:, step - 1], last[:, step - 1]).mae
    assert found["val"] > 0 and found["forecast_ms"] > 0 and found["train_seconds"] > 0
    (both,) = trees.plain_trees(small, 0, threads=1, both=True).rows
    assert both["val"] is None and both["name"] == "LightGBM, plain recipe, both parts"
    assert both["test"]["mean"] != found["test"]["mean"]


def test_the_plain_trees_are_validated_on_the_windows_that_a_search_takes(benchmarks, small, monkeypatch):
    rivals, networks = benchmarks("rivals"), benchmarks("rivals_networks")
    seen = []

    def plain_trees(task, seed, *, validation_stride, both):
        seen.append(task.starts["val"][::validation_stride])
        return benchmarks("rivals_product").Part([], 1.0)

    monkeypatch.setattr(rivals, "plain_trees", plain_trees)
    monkeypatch.setattr(networks.Network, "task", lambda network: small)
    network = networks.Network("any", {})
    rivals.measured(network, 1, 0, ["baselines"], False, None, lambda parts: None)
    assert network.spec.validation_stride == "auto" and 0 < len(seen[0]) <= len(small.starts["val"])
