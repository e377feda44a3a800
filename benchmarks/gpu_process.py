"""A part of `gpu.py` in a process of its own: what it printed, how it ended, and that it never takes too long."""

import json
import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

__all__ = ["Ended", "facts_of", "run_limited"]

OK = "ok"
MEMORY_MARKS = ("ResourceExhaustedError", "OOM when allocating", "bad_alloc", "out of memory", "MemoryError")
REASON_LENGTH = 240


@dataclass(frozen=True)
class Ended:
    """How a part ended: "ok" or "failed: REASON", seconds, whether its time was over, and all facts it printed."""

    status: str
    seconds: float
    timed_out: bool = False
    result: dict[str, Any] = field(default_factory=dict)


def run_limited(command: Sequence[str], seconds: float, environment: Mapping[str, str] | None = None) -> Ended:
    """Run `command`, whose standard output has JSON objects in lines, for at most `seconds`.

    Its own processes end with it: it is the leader of a process group, which is killed when the time is over or this
    process is interrupted. What it printed until then is kept.
    """
    began = time.monotonic()
    process = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
        env={**os.environ, **(environment or {})},
        start_new_session=True,
    )
    timed_out = False
    try:
        out, err = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        timed_out = True
        _kill_group(process)
        out, err = process.communicate()
    except BaseException:
        _kill_group(process)
        process.wait()
        raise
    result = facts_of(out)
    error = result.pop("error", None)
    if timed_out:
        status = f"failed: not done in {seconds:.0f} s"
    elif process.returncode or error:
        status = f"failed: {_reason(error, err, process.returncode)}"
    else:
        status = OK
    return Ended(status, round(time.monotonic() - began, 1), timed_out, result)


def facts_of(text: str) -> dict[str, Any]:
    """All JSON objects in the lines of `text`, as one; a later one takes precedence. Other lines are left out."""
    facts: dict[str, Any] = {}
    for line in text.splitlines():
        if line.startswith("{"):
            with suppress(json.JSONDecodeError):  # cut off, where the process was killed
                facts |= json.loads(line)
    return facts


def _kill_group(process: "subprocess.Popen[str]") -> None:
    """Not reaped yet, so its number is still its own."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


def _reason(error: str | None, err: str, code: int) -> str:
    """One line: the part's own words, or the last line of its standard error, or how it ended."""
    lines = [line.strip() for line in err.splitlines() if line.strip()]
    reason = error or (lines[-1] if lines else "no message")
    if any(mark in text for mark in MEMORY_MARKS for text in (reason, *lines[-20:])):
        reason = f"out of memory ({reason})"
    if code < 0:
        reason = f"ended by signal {-code}: {reason}"
    return reason[:REASON_LENGTH]
