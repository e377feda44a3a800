"""The Slurm example: an array of tasks under a stand-in for sbatch, with signals, requeues and a task that is killed."""

import json
import os
import shutil
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from gman_search.testing.store_trials import wait_until as until

SBATCH = Path(__file__).parent / "sbatch"
SCRIPT = Path("docs") / "slurm" / "search.sbatch"
pytestmark = pytest.mark.skipif(not (shutil.which("bash") and shutil.which("setsid")), reason="needs bash and setsid")


def has_ended(pid: int) -> bool:
    """Whether a process is gone, or only waits for a parent that never asks."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return True


class Cluster:
    """A machine on which `sbatch` starts the tasks of an array, in one folder."""

    def __init__(self, folder: Path, script: Path) -> None:
        self.folder, self.script, self.bin = folder, script, folder / "bin"
        self.bin.mkdir()
        self.program("scontrol", 'echo "scontrol $*" >>calls')

    def program(self, name: str, body: str) -> None:
        path = self.bin / name
        path.write_text(f"#!/bin/bash\n{body}\n")
        path.chmod(path.stat().st_mode | stat.S_IXUSR)

    def submit(self, *arguments: object, array: str) -> None:
        environment = {key: value for key, value in os.environ.items() if not key.startswith(("GMAN_SEARCH_", "SLURM"))}
        environment |= {"PATH": f"{self.bin}:{os.environ['PATH']}"}
        command = [str(SBATCH), f"--array={array}", str(self.script), *map(str, arguments)]
        submitted = subprocess.run(
            command, cwd=self.folder, env=environment, capture_output=True, text=True, check=True
        )
        assert submitted.stdout == "Submitted batch job 7\n"

    def pid(self, task: int) -> int:
        return int((self.folder / f"task-{task}.pid").read_text())

    def log(self, task: int) -> str:
        return (self.folder / f"task-{task}.log").read_text()

    def calls(self) -> list[str]:
        file = self.folder / "calls"
        return file.read_text().splitlines() if file.exists() else []

    def kill(self, task: int) -> None:
        """What a lost node does to a task."""
        os.killpg(self.pid(task), signal.SIGKILL)


@pytest.fixture
def slurm(tmp_path, repository):
    made = Cluster(tmp_path, repository / SCRIPT)
    yield made
    for file in tmp_path.glob("task-*.pid"):
        try:
            os.killpg(int(file.read_text()), signal.SIGKILL)
        except ProcessLookupError:
            continue


LEAVING = """echo "$@" >>calls
trap 'exit {code}' TERM
touch "started-$SLURM_ARRAY_TASK_ID"
while true; do sleep 0.1; done"""


@pytest.mark.parametrize(("task", "name", "code", "requeued"), [
    (0, signal.SIGUSR1, 130, True),
    (0, signal.SIGUSR1, 0, False),  # the search has ended just then
    (1, signal.SIGUSR1, 0, True),
    (0, signal.SIGTERM, 130, False),
    (1, signal.SIGTERM, 0, False),  # preempted: Slurm itself queues it again
])  # fmt: skip
def test_tasks_leave_on_signals_and_queue_themselves_again_when_their_time_is_over(slurm, task, name, code, requeued):
    slurm.program("gman-search", LEAVING.format(code=code))
    slurm.submit("mine", "--trials", 3, array=f"{task}-{task}")
    until((slurm.folder / f"started-{task}").exists)
    os.kill(slurm.pid(task), name)
    until(lambda: has_ended(slurm.pid(task)))
    first, *more = slurm.calls()
    if task == 0:
        assert first == "run --study mine --workers 1 --set search.threads=1 --trials 3"
    else:
        assert first == "worker mine --threads 1"
    assert more == ([f"scontrol requeue 7_{task}"] if requeued else [])


def test_the_database_is_named_to_all_tasks(slurm, monkeypatch):
    monkeypatch.setenv("STORAGE", "postgresql://me@host/db")
    slurm.program("gman-search", 'echo "$@" >>"calls-$SLURM_ARRAY_TASK_ID"')
    slurm.submit("mine", array="0-1")
    until(lambda: has_ended(slurm.pid(0)) and has_ended(slurm.pid(1)))
    assert "--storage postgresql://me@host/db" in (slurm.folder / "calls-0").read_text()
    assert "--storage postgresql://me@host/db" in (slurm.folder / "calls-1").read_text()


@pytest.mark.slow
def test_a_search_on_an_array_ends_although_a_task_is_lost(slurm, network, tiny, command_line):
    slurm.program("gman-search", f'exec {sys.executable} -m gman_search "$@"')
    settings = [*tiny, "--set", "search.lease_seconds=5", "--set", "search.finals=0", "--set", "search.reference=false"]
    slurm.submit(
        "tiny", "--data", network / "speed.csv", "--adjacency", network / "graph.csv", "--trials", 80, *settings,
        array="0-1",
    )  # fmt: skip
    logs = slurm.folder / "studies" / "tiny" / "logs"

    def worker_of_task_1_has_an_evaluation() -> bool:
        found = [path for path in logs.glob("worker-*.log") if path.name != "worker-0.log"]
        return any("attempt 1" in path.read_text() for path in found)

    until(lambda: worker_of_task_1_has_an_evaluation() or has_ended(slurm.pid(0)), 300)
    assert not has_ended(slurm.pid(0)), slurm.log(0)
    slurm.kill(1)
    until(lambda: has_ended(slurm.pid(0)), 600)
    shown = command_line("status", "tiny", "--json", cwd=slurm.folder)
    assert shown.returncode == 0, slurm.log(0)
    stages = json.loads(shown.stdout)["stages"]
    assert [stage["complete"] for stage in stages] == [80, 40, 20]
    assert (slurm.folder / "studies" / "tiny" / "winner" / "test.json").is_file(), slurm.log(0)
    rows = command_line("evaluations", "tiny", "--json", cwd=slurm.folder)
    lost = [row for row in json.loads(rows.stdout)["evaluations"] if row["reason"].startswith("worker lost")]
    assert lost, "and its evaluation was done again"
