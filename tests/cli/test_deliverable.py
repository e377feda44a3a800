"""Ensemble and leaderboard in `run` and `best`: text, and the shapes of their JSON."""

import json
import math
from dataclasses import replace
from pathlib import Path

from gman_search import record_json
from gman_search.cli.summary import print_best, print_summary, run_document

from ..report.study_record import delivered_record, study_record

RECORD = delivered_record()


def test_run_json_carries_ensemble_and_leaderboard():
    document = json.loads(json.dumps(record_json.finite(run_document(RECORD, Path("index.html"), 1.0))))
    ensemble = document["ensemble"]
    assert set(ensemble) >= {"steps", "mean", "members", "val_mae", "check", "forecast_ms"}
    assert set(ensemble["steps"]) == {"3", "6", "12"} and set(ensemble["mean"]) == {"mae", "rmse", "mape"}
    assert [set(one) for one in ensemble["members"]] == [{"name", "kind", "key", "weight", "weights"}] * 2
    assert ensemble["members"][0]["weight"] >= ensemble["members"][1]["weight"]
    assert math.isclose(sum(one["weight"] for one in ensemble["members"]), 1.0)
    assert len(ensemble["members"][0]["weights"]) == 12
    rows = document["leaderboard"]
    assert all(set(row) == {"name", "kind", "key", "val", "test", "train_seconds", "forecast_ms"} for row in rows)
    assert [row["kind"] for row in rows] == ["ensemble", "winner", "baseline", "reference", "baseline"]
    assert set(rows[0]["test"]) == {"3", "6", "12", "mean"} and isinstance(rows[0]["test"]["3"], float)
    assert rows[-1]["val"] is None and rows[-1]["forecast_ms"] is None
    assert [row["role"] for row in document["outside_ladder"]] == ["reference", "final"]
    assert document["best"]["control"] == "final"
    assert [row["key"] for row in document["best"]["lineage"]][-2:] == ["full/3", "full/3 final"]


def test_steps_that_do_not_exist_are_left_out():
    steps = {q: scores for q, scores in RECORD.test.steps.items() if q <= 4}
    rows = tuple(replace(row, steps=steps) for row in RECORD.test.leaderboard)
    short = replace(RECORD, test=replace(RECORD.test, leaderboard=rows))
    assert set(run_document(short, Path("x"), 1.0)["leaderboard"][0]["test"]) == {"3", "mean"}


def test_without_them_json_has_none_and_an_empty_list():
    document = run_document(study_record(), Path("index.html"), 1.0)
    assert document["ensemble"] is None and document["leaderboard"] == [] and document["outside_ladder"] == []
    untested = run_document(study_record(tested=False), Path("index.html"), 1.0)
    assert untested["ensemble"] is None and untested["leaderboard"] == []


def test_an_older_test_result_is_read_without_them(capsys):
    tree = record_json.test_to_json(study_record().test)
    for name in ("ensemble", "leaderboard", "control"):
        tree.pop(name)
    older = replace(study_record(), test=record_json.test_from_json(tree))
    print_best(older)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("winner of synthetic: config 3 at full, validation MAE")
    assert any(line.startswith("reference config, in the") for line in lines)


def test_losing_is_the_first_line_of_best_and_of_run(capsys):
    for tell in (print_best, lambda record: print_summary(record, Path("index.html"))):
        tell(RECORD)
        lines = capsys.readouterr().out.splitlines()
        assert lines[0].startswith("Boosted trees are better than the winner at 5, 10 and 15 minutes (")
        assert lines[1].startswith("The delivered forecast is an ensemble of 2 forecasters. Test MAE (mph):")
        assert lines[2].startswith("members by mean weight: config 3, final 51%, boosted trees 49%")
        assert lines[3].startswith("winner of synthetic: config 3 at full, final training")
    assert run_document(RECORD, Path("index.html"), 1.0)["losses"][0].startswith(
        "Boosted trees are better than the winner"
    )


def test_run_json_carries_what_was_found_in_the_data():
    found = [{"code": "no-graph", "severity": "warning", "message": "no graph", "advice": "give one"}]
    record = replace(RECORD, provenance={**RECORD.provenance, "findings": found})
    assert run_document(record, Path("index.html"), 1.0)["findings"] == found


def test_the_leaderboard_fits_into_eighty_columns_and_marks_what_is_delivered(capsys):
    print_best(RECORD)
    lines = capsys.readouterr().out.splitlines()
    start = next(number for number, line in enumerate(lines) if line.startswith("leaderboard"))
    table = lines[start : start + 8]
    assert max(map(len, table)) <= 80
    assert [line.split(" 2.")[0].strip() for line in table[3:6]] == ["ensemble of 2 *", "winner", "boosted trees"]
    assert table[7].split()[-1] == "-"  # persistence has no time


def test_winning_everywhere_begins_with_the_winner(capsys):
    test = replace(RECORD.test, baselines={}, leaderboard=(), ensemble=None)
    print_summary(replace(RECORD, test=test), Path("index.html"))
    assert capsys.readouterr().out.startswith("winner of synthetic")


def test_the_commands_at_the_end_stay_and_a_reference_is_not_trained_longer(capsys):
    print_summary(RECORD, Path("index.html"))
    names = [line.split(":")[0] for line in capsys.readouterr().out.splitlines()[-5:]]
    assert names == ["dashboard", "forecast", "go on", "longer", "compare"]
    rows = tuple(replace(row, val_mae=0.1) if row.control == "reference" else row for row in RECORD.evaluations)
    print_summary(replace(RECORD, evaluations=rows, test=None), Path("index.html"))
    assert "longer:" not in capsys.readouterr().out
