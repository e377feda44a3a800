"""Changed data and settings, refused before anything heavy is loaded: exit codes and texts of each command."""

import json
import sys

import pandas as pd
import pytest

from gman_search.data.stored import StoredData
from gman_search.data.task import load_task
from gman_search.spec import StudySpec
from gman_search.tuning.factory import open_studies
from gman_search.tuning.folder import StudyFolder

from .conftest import write_network


@pytest.fixture
def study(tmp_path):
    """(working folder, its readings): a study that was begun and has a winner, as far as these commands look."""
    write_network(tmp_path)
    data = {"readings": str(tmp_path / "speed.csv"), "history": 4, "horizon": 4}
    spec = StudySpec.model_validate({"name": "tiny", "trials": 4, "data": data})
    folder = StudyFolder(tmp_path / "studies" / "tiny")
    folder.winner.mkdir(parents=True)
    (folder.winner / "weights.npz").write_bytes(b"never read")
    (folder.path / "spec.json").write_text(spec.model_dump_json())
    task = load_task(spec.data, tmp_path)
    (folder.path / "provenance.json").write_text(json.dumps({"readings": StoredData.of(task).model_dump()}))
    open_studies(folder.storage_url, spec, task)
    return tmp_path, pd.read_csv(tmp_path / "speed.csv")


def refused(process, code, *words):
    assert process.returncode == code and process.stdout == "" and "Traceback" not in process.stderr, process.stderr
    last = process.stderr.splitlines()[-1]  # `run` says before what it is about
    assert last.startswith("gman-search: ") and all(word in last for word in words), process.stderr


CHANGED = "readings of 2025-03-04 differ from those of the study"


@pytest.mark.parametrize("command, words", [
    (("evaluate", "tiny"), ["expected the data that the study was made with", CHANGED, "name a file of newer readings"]),
    (("evaluate", "tiny", "--split", "new"), [CHANGED]),
    (("train", "--study", "tiny"), [CHANGED, "choose another `--study`"]),
    (("run", "--study", "tiny"), ["Cannot resume 'tiny': ", CHANGED, "Restore them, or choose another `--study`."]),
    (("run", "--study", "tiny", "--dry-run"), ["Cannot resume 'tiny': ", CHANGED]),
    (("run", "--study", "tiny", "--dry-run", "--trials", "fit", "--hours", "1", "--quiet"), [CHANGED]),
])  # fmt: skip
def test_changed_rows(study, command_line, command, words):
    folder, table = study
    table.loc[30, "s1"] += 5
    table.to_csv(folder / "speed.csv", index=False)
    loaded = "tensorflow" in sys.modules
    refused(command_line(*command, cwd=folder), 3, *words)
    assert loaded or "tensorflow" not in sys.modules
    assert not (folder / "studies" / "tiny" / "runs").exists()


@pytest.mark.parametrize("dry", [(), ("--dry-run",)])
def test_settings(study, command_line, dry):
    folder, _ = study
    command = ("run", "--study", "tiny", *dry)
    before = (folder / "studies/tiny/spec.json").read_text()
    refused(
        command_line(*command, "--set", "space.learning_rate.high=0.5", cwd=folder),
        2,
        "Cannot resume 'tiny': `space.learning_rate.high` is ",
        " in the study and 0.5 here. Restore it, or choose",
    )
    refused(command_line(*command, "--budget", "guide", cwd=folder), 2, '`budget` is "auto" in the study and "guide"')
    refused(
        command_line(*command, "--set", "data.history=6", cwd=folder), 2, "`data.history` is 4 in the study and 6 here"
    )
    refused(
        command_line("train", "--study", "tiny", "--set", "data.history=6", cwd=folder),
        2,
        "Cannot train in 'tiny': `data.history` is 4 in the study and 6 here",
    )
    assert (folder / "studies/tiny/spec.json").read_text() == before
    fine = command_line("run", "--study", "tiny", "--dry-run", "--trials", "9", "--workers", "1", cwd=folder)
    assert fine.returncode == 0 and fine.stdout.startswith("study tiny: 4 sensors")


def test_rows_that_were_added(study, command_line):
    folder, table = study
    more = table.tail(30).copy()
    more["time"] = pd.to_datetime(more["time"]) + pd.Timedelta(hours=30)
    pd.concat([table, more.astype(str)]).to_csv(folder / "speed.csv", index=False)
    for dry in ((), ("--dry-run",)):
        told = "30 rows were added after 2025-03-16 23:00, where those of the study end"
        refused(command_line("run", "--study", "tiny", *dry, cwd=folder), 3, told)


def test_a_dry_run_makes_nothing(command_line, tmp_path):
    write_network(tmp_path)
    before = sorted(path.name for path in tmp_path.iterdir())
    assert command_line("run", "--data", "speed.csv", "--dry-run", cwd=tmp_path).returncode == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == before


@pytest.mark.parametrize("output, code, told", [
    ("speed.csv", 2, "expected another file to write than to read"),
    ("f.docx", 2, "expected a file that ends in .csv, .csv.gz"),
    ("studies", 2, "studies is a folder"),
])  # fmt: skip
def test_predict_looks_at_its_target_first(study, command_line, output, code, told):
    folder, table = study
    table.tail(8).to_csv(folder / "recent.csv", index=False)
    refused(command_line("predict", "tiny", "recent.csv", "-o", output, cwd=folder), code, told)
    refused(command_line("predict", "tiny", "recent.csv", "-o", "recent.csv", cwd=folder), 2, "recent.csv")
    assert len((folder / "recent.csv").read_text().splitlines()) == 9
