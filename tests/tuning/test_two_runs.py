"""What two runs of one study, or one that was killed, leave behind after the final test."""

import json
import os
import subprocess
import sys
import threading
import time

import pytest

from gman_search.baselines.registry import CHEAP
from gman_search.errors import DataError
from gman_search.io.atomic import atomic_folder
from gman_search.tuning import kept_baselines
from gman_search.tuning.file_lock import file_lock
from gman_search.tuning.final_test import FinalTest
from gman_search.tuning.kept_baselines import later_baselines

from .test_deliver import SCHEDULE, some, study  # noqa: F401 - a fixture


def test_two_runs_at_once_look_once(study, monkeypatch):  # noqa: F811
    rows, told, errors = some(study), [], []
    tested, slow = FinalTest._test_winner, []

    def slowly(self, winner):
        slow.append(winner.key)
        time.sleep(0.3)
        tested(self, winner)

    monkeypatch.setattr(FinalTest, "_test_winner", slowly)

    def run():
        try:
            told.extend(study.run(rows))
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors and slow == ["full/1"]
    looks = [json.dumps(look, sort_keys=True) for look in study.looks()]
    assert len(looks) == len(set(looks)) >= 5
    assert told.count("another run tests this study; waiting for it") == 1
    before = study.looks()
    study.run(rows)
    assert study.looks() == before


def test_the_same_look_again_is_listed_once(study):  # noqa: F811
    rows = some(study)
    study.run(rows)
    before = study.looks()
    (study.folder / "winner" / "test.json").unlink()  # all is tested again
    study.run(rows)
    assert study.looks() == before and study.result().ensemble is not None


def test_a_lock_ends_with_its_process(tmp_path):
    code = f"""import os
from pathlib import Path
from gman_search.tuning.file_lock import file_lock
with file_lock(Path({str(tmp_path / "lock")!r})):
    print("held", flush=True)
    input()"""
    holder = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert holder.stdout.readline() == "held\n"
    waited = []

    def wait():
        waited.append(holder.poll())
        holder.kill()

    with file_lock(tmp_path / "lock", wait):
        assert waited == [None]
    holder.wait()


@pytest.fixture
def dead():
    """The number of a process that is gone."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def test_leftovers_of_dead_processes_are_removed_and_those_of_living_ones_stay(tmp_path, dead):
    target = tmp_path / "ensemble"
    living = tmp_path / f".ensemble.{os.getppid()}.part"
    for folder in (target, tmp_path / f".ensemble.{dead}.part", tmp_path / f".ensemble.{dead}.before", living):
        (folder / "members").mkdir(parents=True)
    (tmp_path / f".other.{dead}.part").mkdir()
    with atomic_folder(target) as partial:
        (partial / "new").write_text("new")
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([f".other.{dead}.part", living.name, "ensemble"])
    assert [path.name for path in target.iterdir()] == ["new"]


def test_what_was_killed_between_the_renames_is_put_back(tmp_path, dead):
    before = tmp_path / f".ensemble.{dead}.before"
    before.mkdir()
    (before / "ensemble.json").write_text("old")
    with pytest.raises(DataError), atomic_folder(tmp_path / "ensemble"):
        raise OSError(28, "No space left on device")
    assert (tmp_path / "ensemble" / "ensemble.json").read_text() == "old" and not before.exists()


def test_a_library_that_came_later_is_said_and_changes_nothing(study, monkeypatch):  # noqa: F811
    rows = some(study)
    study.run(rows)
    assert study.run(rows) == []

    class Later(CHEAP[0]):
        name, library = "later", "json"

    class Absent(CHEAP[0]):
        name, library = "absent", "no_such_library"

    kinds = {kind.name: kind for kind in (*CHEAP, Later, Absent)}
    monkeypatch.setattr(kept_baselines, "baselines", lambda: kinds)
    before, looks = study.result(), study.looks()
    (told,) = study.run(rows)
    assert told.startswith("later could not be fitted when this study was tested, for want of json, and is not added")
    assert "remove" in told and str(study.folder / "ensemble") in told
    assert study.result() == before and study.looks() == looks
    assert later_baselines(study.folder / "baselines", ["later"]) == []
