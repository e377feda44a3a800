"""A worker whose parent was killed leaves, as if it had been told to."""

import subprocess
import sys
import time

PARENT = """
import multiprocessing, os, sys, threading, time
from pathlib import Path
from gman_search.tuning.process import _leave_with_the_parent

def work(mark):
    stop = threading.Event()
    _leave_with_the_parent(stop)
    Path(mark).write_text("began")
    Path(mark).write_text("left" if stop.wait(60) else "stayed")

if __name__ == "__main__":
    mark = Path(sys.argv[1])
    multiprocessing.get_context("spawn").Process(target=work, args=(str(mark),)).start()
    while not mark.is_file():
        time.sleep(0.05)
    os.kill(os.getpid(), 9)
"""


def test_a_worker_leaves_when_its_parent_is_killed(tmp_path):
    (tmp_path / "parent.py").write_text(PARENT)
    killed = subprocess.run([sys.executable, tmp_path / "parent.py", tmp_path / "mark"], timeout=60)
    assert killed.returncode == -9
    deadline = time.monotonic() + 30
    while (tmp_path / "mark").read_text() != "left":
        assert time.monotonic() < deadline, (tmp_path / "mark").read_text()
        time.sleep(0.05)
