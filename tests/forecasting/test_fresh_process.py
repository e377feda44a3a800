"""`predict` in a fresh process: what it loads, what it forecasts, and watching a file until Ctrl-C."""

import io
import itertools
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from gman_search import Forecaster
from gman_search.cli.watch import changes
from gman_search.errors import DataError, UsageError

HEAVY = ("tensorflow", "keras", "optuna", "plotly", "sqlalchemy", "scipy")
CODE = f"""import sys
from gman_search.cli.main import main
try:
    main()
except SystemExit as end:
    assert not end.code, end.code
print([name for name in {HEAVY!r} if name in sys.modules], file=sys.stderr)"""


def table(task, rows: int, end: int | None = None) -> pd.DataFrame:
    index = pd.DatetimeIndex(task.series.times, name="time")
    return pd.DataFrame(task.series.values.astype(float), columns=list(task.series.sensors), index=index)[:end][-rows:]


def test_predict_loads_nothing_heavy_and_agrees_with_tensorflow(task, run, tmp_path):
    table(task, 9).to_csv(tmp_path / "recent.csv")
    command = [sys.executable, "-c", CODE, "predict", str(run[0]), str(tmp_path / "recent.csv"), "--interval", "80"]
    process = subprocess.run(command, capture_output=True, text=True, check=True)
    assert process.stderr.splitlines()[-1] == "[]"
    found = pd.read_csv(io.StringIO(process.stdout))
    expected = Forecaster(run[0], backend="tensorflow", traced=False).forecast(table(task, 9), interval=80)
    np.testing.assert_allclose(found[list("abcde")], expected.values[0], atol=0.0051)
    np.testing.assert_allclose(found["b_lower"], expected.lower[0][:, 1], atol=0.0051)


def test_both_backends_forecast_every_origin_the_same(task, run):
    starts = np.concatenate([task.starts["val"], task.starts["test"]])
    ours, theirs = (Forecaster(run[0], backend=name).windows(task.series, starts) for name in ("numpy", "tensorflow"))
    np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-5 * task.std)
    with pytest.raises(UsageError, match="auto, numpy or tensorflow; received 'jax'"):
        Forecaster(run[0], backend="jax")


class Clock:
    """Instead of sleeping, the next of some events happens; after the last one, Ctrl-C."""

    def __init__(self, *events):
        self.events = list(events)

    def __call__(self, seconds: float) -> None:
        if not self.events:
            raise KeyboardInterrupt
        self.events.pop(0)()


def nothing() -> None:
    pass


def given(place: Path, *events, own: Path | None = None) -> list[str]:
    """Contents of the files that were given, at that time."""
    found = []
    with pytest.raises(KeyboardInterrupt):
        for seen in changes(place, 0, own=own, sleep=Clock(*events)):
            found.append(seen.path.read_text())
            seen.check()
    return found


MOMENTS = itertools.count(2_000_000_000)  # seconds since 1970: a file system's clock may be too coarse to tell changes


def writes(path: Path, text: str):
    """An event that writes a file, later than those that were made before it."""
    moment = next(MOMENTS) * 10**9

    def write() -> None:
        path.write_text(text)
        os.utime(path, ns=(moment, moment))

    return write


def test_a_file_is_given_once_and_after_each_change_that_has_come_to_rest(tmp_path):
    file = tmp_path / "recent.csv"
    file.write_text("old")
    assert given(file, nothing, nothing, nothing) == ["old"]
    half, whole = writes(file, "ha"), writes(file, "half and whole")
    assert given(file, nothing, half, whole, nothing, nothing) == ["old", "half and whole"]
    assert given(file, file.unlink, nothing, writes(file, "back"), nothing) == ["back"]


def test_in_a_folder_the_newest_file_is_given_and_never_the_output(tmp_path):
    first, second, output = tmp_path / "1.csv", tmp_path / "2.csv", tmp_path / "out.csv"
    assert given(tmp_path, nothing, writes(first, "1"), nothing, nothing) == ["1"]
    events = [nothing, writes(second, "2"), nothing, writes(output, "3"), writes(tmp_path / ".hidden", "4"), nothing]
    assert given(tmp_path, *events, second.unlink, nothing, nothing, own=output) == ["1", "2"]


def test_what_changes_while_it_is_read_is_told(tmp_path):
    file = tmp_path / "recent.csv"
    file.write_text("old")
    seen = next(changes(file, 0, sleep=Clock(nothing, nothing)))
    seen.check()
    file.write_text("something else")
    with pytest.raises(DataError, match="changed while it was read"):
        seen.check()
    with pytest.raises(DataError, match="there is no .*nowhere"):
        next(changes(tmp_path / "nowhere", 0))


def test_watching_forecasts_again_survives_half_a_file_and_ends_with_ctrl_c(task, run, tmp_path):
    recent, output = tmp_path / "recent.csv", tmp_path / "forecast.csv"
    table(task, 9, -5).to_csv(recent)
    command = [sys.executable, "-m", "gman_search", "predict", str(run[0]), str(recent), "--watch", "--poll", "0.1"]
    refused = subprocess.run(command, capture_output=True, text=True)
    assert refused.returncode == 2 and "expected --output with --watch" in refused.stderr
    process = subprocess.Popen([*command, "-o", str(output)], stderr=subprocess.PIPE, text=True)
    lines: list[str] = []

    def until(words: str) -> str:
        while words not in (line := process.stderr.readline()):
            assert line, lines
            lines.append(line)
        return line

    def first_time() -> str:
        return pd.read_csv(output)["time"][0]

    try:
        until("wrote")
        assert first_time() == str(task.series.times[-5].astype("datetime64[m]"))
        before = output.read_bytes()
        recent.write_text(recent.read_text()[:70])
        assert "recent.csv" in until("no new forecast:")
        assert output.read_bytes() == before
        table(task, 9).to_csv(recent)
        assert str(task.series.times[-1].astype("datetime64[m]")) in until("wrote")
        expected = Forecaster(run[0]).forecast(table(task, 9)).values[0]
        np.testing.assert_allclose(pd.read_csv(output)[list("abcde")], expected, atol=0.0051)
        time.sleep(0.3)
        process.send_signal(signal.SIGINT)
        rest = process.communicate(timeout=20)[1]
    finally:
        process.kill()
    assert process.returncode == 0 and rest.splitlines() == ["stopped watching"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["forecast.csv", "recent.csv"]
