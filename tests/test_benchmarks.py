"""The benchmark scripts run and print what they promise; how fast is their business, not a test's."""

import json
import statistics
import subprocess
import sys

import pytest

KEYS = {"case", "ms", "min_ms", "peak_gb", "first_step_s", "later_trial_first_step_s", "peers", "times_faster"}


@pytest.mark.slow
def test_step_prints_its_document(repository):
    command = [sys.executable, "benchmarks/step.py", "--case", "N20-quick", "--steps", "1", "--json"]
    told = subprocess.run(command, cwd=repository, capture_output=True, text=True, check=True)
    document = json.loads(told.stdout)
    assert document["schema"] == "gman-search/step/1"
    (case,) = document["cases"]
    assert set(case) == KEYS and case["case"] == "N20-quick" and case["peers"] == {}
    assert case["ms"] > 0 and case["first_step_s"] > case["later_trial_first_step_s"]


@pytest.mark.slow
def test_chaos_kills_as_often_as_asked_and_loses_nothing(repository):
    short = "--kills 3 --configs 8 --every 0.5 --json"
    command = [sys.executable, "benchmarks/fault_injection.py", *short.split()]
    told = subprocess.run(command, cwd=repository, capture_output=True, text=True)
    assert told.returncode == 0, told.stderr[-500:] + told.stdout
    document = json.loads(told.stdout)
    assert (
        document["schema"] == "gman-search/fault-injection/1"
        and document["storage"] == "sqlite"
        and document["kills"] == 3
    )
    assert [document[name] for name in ("lost", "doubled", "zombies", "doubled_promotions")] == [0, 0, 0, 0]
    assert document["quotas_kept"] and document["finished"] == {"quick": 8, "medium": 2, "full": 1}


@pytest.mark.slow
@pytest.mark.parametrize("weights", ["folder", "s3"])
def test_a_search_whose_machines_are_all_taken_away_loses_nothing(repository, weights):
    short = "--configs 8 --workers 3 --life 6 --epoch 0.3 --lease 3 --checkpoint 0.3 --json"
    command = [sys.executable, "benchmarks/spot.py", *short.split(), "--weights", weights]
    ended = subprocess.run(command, cwd=repository, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr[-500:] + ended.stdout
    document = json.loads(ended.stdout)
    assert document["deaths"] > 0 and document["finished"] == {"quick": 8, "medium": 2, "full": 1}
    assert [document[name] for name in ("lost", "doubled", "zombies", "doubled_promotions")] == [0, 0, 0, 0]
    assert document["replaced_workers"] >= document["deaths"] - 3, "whoever died was replaced"
    assert document.get("weights_missing", 0) == 0


def test_the_page_shows_the_kept_results_of_machines_that_are_taken_away(repository):
    page = (repository / "benchmarks/running.md").read_text()
    for name in ("spot-sqlite-folder", "spot-postgresql-s3"):
        kept = json.loads((repository / f"benchmarks/results/{name}.json").read_text())
        told = [kept[key] for key in ("workers", "configs", "deaths", "deaths_with_an_evaluation")]
        told += [f"{kept['attempts']} for {sum(kept['finished'].values())}", kept["lost"], kept["doubled"]]
        told += [kept["zombies"], f"{kept['epochs_trained_again']} of {kept['epochs_trained']:,}"]
        assert f"| {' | '.join(map(str, told))} |" in page and f"`{kept['command']}`" in page
        assert kept["quotas_kept"] and not kept["doubled_promotions"] and not kept.get("weights_missing")


def test_ports_are_found_by_their_files_and_named_folders_without_any_are_refused(repository, tmp_path):
    for file in ("one/model/model_.py", "one/utils/utils_.py", "deep/two/gmantf22/model.py"):
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / file).touch()
    code = f"""import sys; sys.path.insert(0, "benchmarks")
from pathlib import Path
from peers.registry import find_ports
print({{name: str(path.relative_to({str(tmp_path)!r})) for name, path in find_ports(Path({str(tmp_path)!r})).items()}})"""
    told = subprocess.run([sys.executable, "-c", code], cwd=repository, capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "{'gman-pytorch': 'one', 'gmantf22': 'deep/two'}"
    (tmp_path / "empty").mkdir()
    command = [sys.executable, "benchmarks/step.py", "--peers", str(tmp_path / "empty")]
    refused = subprocess.run(command, cwd=repository, capture_output=True, text=True)
    assert refused.returncode == 2 and "expected checkouts of public ports" in refused.stderr


@pytest.mark.parametrize(
    "script",
    [
        "step",
        "step_curve",
        "large",
        "epoch",
        "accuracy",
        "original",
        "predict",
        "intervals",
        "fault_injection",
        "growth",
        "report",
        "storage",
        "embeddings",
        "simulation",
        "estimate",
        "curves",
        "replay",
        "head_to_head",
        "without_search",
        "incumbent_check",
        "schedules",
        "clock",
        "baselines",
        "rivals",
        "anytime",
        "refit_backtest",
        "scale_pays",
        "reading",
        "gpu",
    ],
)
def test_every_script_explains_itself(repository, script):
    told = subprocess.run([sys.executable, f"benchmarks/{script}.py", "--help"], cwd=repository, capture_output=True,
                          text=True, check=True)  # fmt: skip
    assert f"benchmarks/{script}.py" in told.stdout


def test_the_tables_of_training_are_the_kept_results(repository):
    folder = repository / "benchmarks"
    text = (folder / "training.md").read_text()
    kept = {
        name: json.loads((folder / "results" / f"{name}.json").read_text()) for name in ("step", "epoch", "step-curve")
    }
    for case in kept["step"]["cases"]:
        ports = [f"{port['ms']:.0f}, {port['peak_gb']:.1f} GB" for port in case["peers"].values()]
        assert f"| {case['case']} | {case['ms']:.0f} | {case['peak_gb']:.2f} | " in text
        assert f" | {' | '.join(ports)} | {case['times_faster']['gman-pytorch']:.2f} | " in text
    for case in json.loads((folder / "results" / "step-rounds.json").read_text())["cases"]:
        ratios = case["rounds"]["times_faster"]["gman-pytorch"]
        told = [case["times_faster"]["gman-pytorch"], min(ratios), max(ratios)]
        assert f"| {case['case']} | {case['ms']:.0f} | {', '.join(f'{ratio:.2f}' for ratio in told)} | " in text
    for row in kept["epoch"]["stages"]:
        assert f"| {row['train_and_checkpoint_ratio']:.2f} | {row['whole_epoch_ratio']:.2f} |" in text
    forecasts = json.loads((folder / "results" / "predict.json").read_text())
    assert {(row["network"], row["model"]) for row in forecasts["rows"]} == {
        (network, model) for network in ("demo", "207") for model in ("quick", "full", "ensemble")
    }
    for row in forecasts["rows"]:
        warm, shown = row["warm_call_ms"], [row["sensors"], row["model"]]
        for way in ("fresh_process", "fresh_process_tensorflow"):
            fresh = row[f"{way}_s"]
            shown += [f"{fresh['median']}, worst {fresh['worst']}", row[f"{way}_cpu_s"]]
        assert f"| {' | '.join(map(str, shown))} | {warm['median']}, 95 % under {warm['p95']} | " in text
        assert (
            row["runs"] >= 5
            and row["fresh_process_s"]["median"] <= forecasts["goals"]["fresh_process_s"][row["network"]]
        )
    for run in json.loads((folder / "results" / "intervals.json").read_text())["runs"]:
        for row in run["coverage"]:
            if row["percent"] in (80, 90):
                shown = [row[key] for key in ("intervals", "percent", "held", "slow", "lowest_sensor", "mean_width")]
                assert f"| {' | '.join(map(str, shown))} |" in text
    for point in kept["step-curve"]["points"]:
        assert f"{point['ms']:.0f} ms, {point['peak_gb']:.2f} GB" in text
    for run in ("N20", "N207", "N207-3-epochs"):
        for row in json.loads((folder / "results" / f"accuracy-{run}.json").read_text())["rows"]:
            if "error" not in row:
                steps = [f"{row[key]:.3f}" for key in ("15 min", "30 min", "60 min", "mean")]
                assert f"| {row['name']} | {' | '.join(steps)} | " in text


def test_the_table_of_layouts_is_the_kept_result(repository):
    folder = repository / "benchmarks"
    text, kept = (folder / "training.md").read_text(), (folder / "results" / "attention-layouts.json").read_text()
    for row in json.loads(kept)["rows"]:
        assert f"| {row['layout']} | {statistics.median(row['ms']):.2f} | {row['ratio']:.2f} |" in text
        assert row["largest_difference"] < 1e-4


def test_large_networks_fit_into_memory_as_the_kept_result_has_it(repository):
    folder = repository / "benchmarks"
    text, kept = (folder / "training.md").read_text(), json.loads((folder / "results" / "large.json").read_text())
    assert kept["command"].startswith("python benchmarks/large.py") and kept["date"] and kept["machine"]
    for row in kept["steps"]:
        way = "twice" if row["recompute"] else "once"
        shown = [row["stage"], row["N"], row["B"], way, row["windows_at_once"], row["ms"], row["peak_gb"]]
        assert f"| {' | '.join(map(str, [*shown, row['estimated_gb']]))} |" in text
        assert 0.75 < row["estimated_gb"] / row["peak_gb"] < 1.33, row
    (planned,) = (
        row for row in kept["steps"] if (row["stage"], row["N"], row["B"]) == ("full", 1000, 8) and row["planned"]
    )
    assert planned["peak_gb"] < 8
    (check,), (search,) = kept["check"], kept["search"]
    assert check["peak_gb"] < 6 and search["together_gb"] < 6 and len(search["workers"]) == 2
    for gb in (check["peak_gb"], search["together_gb"], search["resident_gb"], search["preparing_peak_gb"]):
        assert f"{gb} GB" in text


def test_the_tables_of_running_are_the_kept_results(repository):
    folder = repository / "benchmarks"
    text = (folder / "running.md").read_text()
    for name, shown in (("sqlite", "SQLite"), ("postgresql", "PostgreSQL")):
        kept = json.loads((folder / "results" / f"fault-injection-{name}.json").read_text())
        columns = ["kills", "killed_with_an_evaluation", "attempts", "lost", "doubled", "zombies", "doubled_promotions"]
        row = f"| {shown} | {' | '.join(str(kept[column]) for column in columns)} | "
        quotas = ", ".join(str(kept["finished"][stage]) for stage in ("quick", "medium", "full"))
        assert f"{row}{quotas}: kept | {kept['seconds']} |" in text and kept["quotas_kept"]
    for row in json.loads((folder / "results" / "estimate.json").read_text())["rows"]:
        told = [row[key] for key in ("task", "what", "estimated", "timed", "measured")]
        ratios = [row[key] for key in ("estimated/measured", "timed/measured")]
        assert f"| {' | '.join(map(str, told))} | {' | '.join(f'{ratio:.2f}' for ratio in ratios)} |" in text
        assert all(0.7 <= ratio <= 1.3 for ratio in ratios), row
    for row in json.loads((folder / "results" / "estimate.json").read_text())["to_go"]:
        told = [f"{row['share']:.0%}", row["told"], row["real"], f"{row['told/real']:.2f}"]
        assert f"| {row['task']} | {' | '.join(map(str, told))} |" in text
        assert 0.7 <= row["told/real"] <= 1.3, row


def test_the_table_of_reading_is_the_kept_result(repository):
    folder = repository / "benchmarks"
    text = (folder / "running.md").read_text()
    for row in json.loads((folder / "results" / "reading.json").read_text())["rows"]:
        assert f"| {' | '.join(str(value) for value in row.values())} |" in text
        assert row["seconds"] <= 10, row


def test_the_table_of_reports_is_the_kept_result(repository):
    folder = repository / "benchmarks"
    text = (folder / "running.md").read_text()
    kept = json.loads((folder / "results" / "report.json").read_text())
    for row in kept["sizes"]:
        written = f"| {row['configs']} | {row['write_s']} ({row['write_processor_s']}) | {row['megabytes']} | "
        assert f"{written}{row['headline_s']} | {row['interactive_s']} | {row['drawn_s']} |" in text
    assert f"took {kept['help_s']} s" in text


def test_the_table_of_what_was_trained_without_a_search_is_the_kept_result(repository, monkeypatch):
    monkeypatch.syspath_prepend(str(repository / "benchmarks"))
    import without_search

    folder = repository / "benchmarks"
    kept = json.loads((folder / "results" / "without-search.json").read_text())
    assert without_search.table(kept) in (folder / "searches.md").read_text()


def test_the_table_of_earlier_studies_is_the_kept_result_and_knowing_one_gains(repository, monkeypatch):
    monkeypatch.syspath_prepend(str(repository / "benchmarks"))
    import replay_like

    kept = json.loads((repository / "benchmarks" / "results" / "like.json").read_text())["rows"]
    assert replay_like.table(kept) in (repository / "benchmarks" / "searches.md").read_text()
    for without, _, known in zip(kept[::3], kept[1::3], kept[2::3], strict=True):
        assert known["configs_to_2_percent"] <= without["configs_to_2_percent"] / 2


def test_the_table_of_schedules_is_what_the_kept_runs_say(repository, monkeypatch):
    monkeypatch.syspath_prepend(str(repository / "benchmarks"))
    import schedules
    from recorder import kept_runs

    rows = list(kept_runs(schedules.FILE).values())
    assert schedules.table(rows).strip() in (repository / "docs" / "growth.md").read_text()
    assert {tuple(row["rules"]) for row in rows} == set(schedules.CHAINS)


def test_the_weekdays_of_the_decision_are_the_kept_result(repository):
    kept = json.loads((repository / "benchmarks/results/without-search-70-10-20.json").read_text())["rows"]
    told = (repository / "docs/decisions/0011-every-weekday-validates.md").read_text()
    for name, more in (("the search's winner", ""), ("the guide's config at quick", ", 25 epochs")):
        days = " | ".join(f"{mae:.2f}" for mae in kept[name]["days"]["val"].values())
        assert f"| {name}{more} | {days} |" in told
        assert told.count(f"{kept[name]['test']['mean']:.2f}") == 2


def test_what_was_trained_without_a_search_is_not_trained_again(repository, tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(str(repository / "benchmarks"))
    import without_search

    said = []
    steps = {step: {"mae": float(step)} for step in ("3", "6", "12")}
    scores = {"steps": steps, "mean": {"mae": 4.5}, "days": {"3": {"mae": 4.25}, "4": {"mae": 5.0}}}
    answers = {
        "run": {"best": {"stage": "full", "val_mae": 2.5, "lineage": [{"epochs": 5}, {"epochs": 8}]}},
        "train": {"val_mae": 2.4, "epochs": 9, "wall_seconds": 90.0},
        "evaluate": {**scores, "baselines": {"persistence": scores}},
    }
    (tmp_path / "studies/demo").mkdir(parents=True)
    (tmp_path / "studies/demo/provenance.json").write_text('{"seconds": 60.0}')  # of all sittings of the search
    monkeypatch.setattr(without_search, "command", lambda folder, *words: said.append(words) or answers[words[0]])
    rows = without_search.measured(tmp_path, {}, ["quick", "medium", "full"])
    assert [words[0] for words in said] == ["run", "evaluate", "evaluate", *["train", "evaluate", "evaluate"] * 4]
    trained_on = said[3]
    assert trained_on[:5] == ("train", "--study", "demo", "--stage", "full") and "--init-from" in trained_on
    assert without_search.measured(tmp_path, json.loads((tmp_path / "rows.json").read_text()), ["quick"]) == rows
    assert len(said) == 15
    shown = without_search.table({"rows": rows})
    assert "| the search's winner | 1.0 | 13 | 2.500 | 3.000 | 6.000 | 12.000 | 4.500 |" in shown
    assert "| the guide's config at medium | 1.5 | 9 | 2.400 | 3.000 | 6.000 | 12.000 | 4.500 |" in shown
    by_day = without_search.days_table({"rows": rows})
    assert "| the search's winner | val | - | - | - | 4.25 | 5.00 | - | - |" in by_day
