"""A study whose file of readings has changed since: what is scored, what is refused, and what is said."""

import json
import shlex
import shutil

import numpy as np
import pandas as pd
import pytest

pytestmark = pytest.mark.slow

ROWS = 24 * 14


@pytest.fixture
def study(finished, network, tmp_path):
    """(working folder, readings of the study): the tiny study with a file of its own, which may be changed."""
    shutil.copytree(finished[0] / "studies" / "tiny", tmp_path / "studies" / "tiny")
    shutil.copy(network / "speed.csv", tmp_path / "speed.csv")
    file = tmp_path / "studies" / "tiny" / "spec.json"
    spec = json.loads(file.read_text())
    spec["data"]["readings"] = str(tmp_path / "speed.csv")
    file.write_text(json.dumps(spec))
    return tmp_path, pd.read_csv(tmp_path / "speed.csv", parse_dates=["time"])


def longer(table, days=3):
    """`table` with further days."""
    random = np.random.default_rng(5)
    more = table.tail(24 * days).copy()
    more["time"] += pd.Timedelta(days=days)
    more.iloc[:, 1:] = (more.iloc[:, 1:] + random.normal(0, 1, (len(more), 4))).round(1)
    return pd.concat([table, more])


def refused(process, code, *words):
    assert process.returncode == code and process.stdout == "" and "Traceback" not in process.stderr, process.stderr
    assert all(word in process.stderr.splitlines()[-1] for word in words), process.stderr


def test_appended_rows_change_no_score_and_are_scored_by_themselves(study, command_line):
    folder, table = study
    longer(table).to_csv(folder / "speed.csv", index=False)
    process = command_line("evaluate", "tiny", "--single", "--json", cwd=folder)
    assert process.returncode == 0, process.stderr
    assert "new readings since the study: 3 days (72 rows)" in process.stderr
    test = json.loads((folder / "studies/tiny/winner/test.json").read_text())
    found = json.loads(process.stdout)
    for step, scores in test["steps"].items():
        assert found["steps"][step]["mae"] == pytest.approx(scores["mae"], rel=1e-5)
    (note,) = [line for line in process.stderr.splitlines() if "not scored here" in line]
    new = command_line(*shlex.split(note.partition("gman-search ")[2]), "--json", cwd=folder)
    assert new.returncode == 0, new.stderr
    document = json.loads(new.stdout)
    # 72 rows, P = Q = 4: the first window ends its inputs with the study's last row.
    assert document["on"] == "new readings" and document["windows"] == 72 - 4 + 1
    assert document["rows"]["new"] == 72 and document["split"] is None
    assert command_line("predict", "tiny/quick/1", "speed.csv", cwd=folder).returncode == 0


def test_replaced_rows_are_no_test_part(study, command_line):
    folder, table = study
    old = table.head(ROWS - 67)  # training and validation rows alone
    old.to_csv(folder / "speed.csv", index=False)
    for command in (("evaluate", "tiny"), ("evaluate", "tiny", "--split", "new"), ("evaluate", "tiny/quick/1")):
        refused(command_line(*command, cwd=folder), 3, "speed.csv: expected the data that the study was made with",
                "the rows after 2025-03-14 04:00 to 2025-03-16 23:00 are gone")  # fmt: skip
    refused(command_line("evaluate", "tiny", "speed.csv", cwd=folder), 3, "expected readings after 2025-03-14T04:00")
    changed = table.assign(s1=table["s1"].where(table.index != 30, 11.1))
    longer(changed).to_csv(folder / "speed.csv", index=False)
    refused(command_line("evaluate", "tiny", cwd=folder), 3, "readings of 2025-03-04 differ")
    # A file that is named is scored where it is new.
    process = command_line("evaluate", "tiny", "speed.csv", "--json", cwd=folder)
    assert process.returncode == 0, process.stderr
    assert json.loads(process.stdout)["rows"] == {"new": 72, "test": 67, "train_and_validation": 269, "older": 0}
    assert "new readings since the study: 3 days (72 rows); these are scored" in process.stderr
    assert "269 rows in the training and validation parts" in process.stderr
    stage = ("train", "--study", "tiny", "--stage", "quick")
    refused(command_line(*stage, cwd=folder), 3, "readings of 2025-03-04 differ", "choose another `--study`")


def test_train_leaves_new_rows_out_and_refuses_other_settings_of_the_data(study, command_line):
    folder, table = study
    longer(table).to_csv(folder / "speed.csv", index=False)
    process = command_line("train", "--study", "tiny", "--stage", "quick", "--json", cwd=folder)
    assert process.returncode == 0, process.stderr
    assert "new readings since the study: 3 days (72 rows); they are left out" in process.stderr
    model = json.loads((folder / "studies/tiny/runs/quick/model.json").read_text())
    assert model["trained_on"]["rows"] == ROWS
    scored = command_line("evaluate", "tiny/quick", cwd=folder)
    assert scored.returncode == 0 and "evaluate tiny/quick --split new" in scored.stderr, scored.stderr
    other = command_line("train", "--study", "tiny", "--set", "data.history=6", cwd=folder)
    refused(other, 2, "`data.history` is 4 in the study and 6 here")


@pytest.mark.parametrize("dry", [[], ["--dry-run"]])
def test_run_says_what_has_changed_and_a_dry_run_the_same(study, command_line, dry):
    folder, table = study
    command = ("run", "--study", "tiny", "--trials", "5", *dry)
    wider = command_line(*command, "--set", "space.learning_rate.high=0.5", "--warm-start", "none", cwd=folder)
    refused(wider, 2, "Cannot resume 'tiny': ", "`space.learning_rate.high` is ", " in the study and 0.5 here",
            '`halving.warm_start` is "grow" in the study and "none" here')  # fmt: skip
    longer(table).to_csv(folder / "speed.csv", index=False)
    refused(command_line(*command, cwd=folder), 3, "72 rows were added after 2025-03-16 23:00", "another `--study`")
    table.assign(s1=table["s1"] + 1).to_csv(folder / "speed.csv", index=False)
    refused(command_line(*command, cwd=folder), 3, "readings of 2025-03-03 and 13 more days differ")
