"""The script for a machine with a GPU, whose every part runs here on the CPU: what it measures there is its business."""

import io
import json
import os
import shutil
import subprocess
import sys
import time
from contextlib import redirect_stdout
from types import SimpleNamespace

import numpy as np
import pytest
import tensorflow as tf

from gman_search.model import attention, chunked_attention

NAMES = ("gpu", "gpu_agreement", "gpu_device", "gpu_plan", "gpu_process", "gpu_table")


@pytest.fixture(scope="module")
def modules(repository):
    """The script and its modules."""
    sys.path.insert(0, str(repository / "benchmarks"))
    yield SimpleNamespace(**{name: __import__(name) for name in NAMES})
    sys.path.remove(str(repository / "benchmarks"))


@pytest.fixture
def in_this_process(modules, monkeypatch, tmp_path):
    """in_this_process(*arguments) -> the document; parts run in this process, where TensorFlow is started already."""

    def run(part, seconds):
        out = io.StringIO()
        with redirect_stdout(out), pytest.MonkeyPatch.context() as patch:
            patch.setattr(modules.gpu_device, "_limit_memory", lambda: None)
            patch.setattr(attention, "slices_at_once", attention.slices_at_once)
            patch.setattr(chunked_attention, "CHUNK_ELEMENTS", chunked_attention.CHUNK_ELEMENTS)
            try:
                modules.gpu._run_here(json.loads(json.dumps({**part.settings, "kind": part.kind})))
            except SystemExit:
                pass
            finally:
                tf.config.experimental.enable_tensor_float_32_execution(True)
        facts = modules.gpu_process.facts_of(out.getvalue())
        return modules.gpu_process.Ended(f"failed: {facts['error']}" if "error" in facts else "ok", 1.0, result=facts)

    def call(*arguments):
        file = tmp_path / "gpu.json"
        monkeypatch.setattr(sys, "argv", ["benchmarks/gpu.py", "--out", str(file), *arguments])
        modules.gpu.main()
        return json.loads(file.read_text())

    monkeypatch.delenv("GMAN_SEARCH_DATA", raising=False)
    monkeypatch.setattr(modules.gpu, "_in_own_process", run)
    monkeypatch.setattr(modules.gpu.signal, "signal", lambda *_: None)
    return call


@pytest.fixture(scope="module")
def script(repository, tmp_path_factory):
    """script(*arguments) -> the ended process and the document it wrote, where it wrote one."""

    def run(*arguments, **variables):
        file = tmp_path_factory.mktemp("gpu") / "gpu.json"
        command = [sys.executable, "benchmarks/gpu.py", "--out", str(file), *arguments]
        environment = {**{key: value for key, value in os.environ.items() if key != "GMAN_SEARCH_DATA"}, **variables}
        ended = subprocess.run(command, cwd=repository, env=environment, capture_output=True, text=True)
        return ended, json.loads(file.read_text()) if file.exists() else None

    return run


@pytest.mark.slow
def test_every_part_runs_on_the_cpu(in_this_process):
    document = in_this_process("--device", "cpu", "--small", "--minutes", "10")
    assert document["schema"] == "gman-search/gpu/1" and document["device"] == "cpu"
    assert "nothing about GPUs" in document["proves"] and document["hardware"]["gpus"] == []
    parts = {row["part"]: row for row in document["parts"]}
    assert {row["kind"] for row in parts.values()} == {"agreement", "evaluation", "workers", "step"}
    assert {name: row["status"] for name, row in parts.items()} == dict.fromkeys(parts, "ok")
    for mode, errors in parts["agreement N150-quick"]["result"].items():
        assert {"forecast", "gradient", "BN statistics"} <= errors.keys(), mode
    assert "growth keeps the forecast" in parts["agreement N150-quick"]["result"]["float32"]
    for variant in ("float32", "float32, XLA", "bfloat16"):
        step = parts[f"step N6-quick {variant}"]["result"]
        assert step["ms"] > 0 and step["ms_in_a_row"] > 0 and step["steps"] == 2 and step["finite"]
        assert step["first_step_s"] > step["ms"] / 1000 and 0.1 < step["peak_gb"] < 10
    assert len(parts["two workers N6-quick"]["result"]["peak_gb"]) == 2
    evaluation = parts["evaluation quick"]["result"]
    assert evaluation["network"] == "demo" and evaluation["epochs"] == 1
    assert evaluation["test_mae"].keys() == {"3", "6", "12", "mean"}


@pytest.mark.slow
def test_a_part_that_fails_costs_its_own_row(script, tmp_path):
    for file in ("model/model_.py", "utils"):
        (tmp_path / file).parent.mkdir(exist_ok=True)
        (tmp_path / file).touch()
    only = ("--only", "gman-pytorch", "--only", "quick float32")
    ended, document = script(
        "--device", "cpu", "--small", "--minutes", "4", "--peers", str(tmp_path), *only,
        GMAN_SEARCH_PEERS_PYTHON=str(shutil.which("false")),
    )  # fmt: skip
    assert ended.returncode == 0, ended.stderr
    status = {row["part"]: row["status"] for row in document["parts"]}
    assert status.pop("step N6-quick gman-pytorch") == "failed: gman-pytorch stopped with status 1: no message"
    assert status["step N6-quick float32"] == "ok"
    assert all(f"| {row['part']} | {row['status']} | " in ended.stdout for row in document["parts"])
    assert str(tmp_path) not in json.dumps(document["parts"])


def test_a_small_budget_says_which_parts_had_no_time(script):
    began = time.monotonic()
    ended, document = script("--device", "cpu", "--small", "--minutes", "0.04", "--json")
    assert ended.returncode == 0 and time.monotonic() - began < 60
    assert document["parts"] and {row["status"] for row in document["parts"]} == {"no time left"}
    assert json.loads(ended.stdout) == document


def test_without_a_gpu_it_ends_in_one_line(in_this_process, capsys):
    if tf.config.list_physical_devices("GPU"):
        pytest.skip("this machine has a GPU")
    with pytest.raises(SystemExit) as ended:
        in_this_process()
    (line,) = capsys.readouterr().err.splitlines()
    assert ended.value.code == 2
    assert line.startswith("gpu.py: expected an NVIDIA GPU; TensorFlow 2.") and "--device cpu" in line


def test_a_part_that_is_too_slow_is_killed_with_its_own_processes_and_what_it_said_counts(modules, tmp_path):
    flag = tmp_path / "alive"
    inner = f"import time, pathlib\ntime.sleep(3)\npathlib.Path({str(flag)!r}).touch()"
    code = f"""import subprocess, sys, time
print('{{"first_step_s": 1.5}}', flush=True)
print('{{"cut o', end="", flush=True)
subprocess.Popen([sys.executable, "-c", {inner!r}])
time.sleep(60)"""
    ended = modules.gpu_process.run_limited([sys.executable, "-c", code], 1.5)
    assert ended.status == "failed: not done in 2 s" and ended.timed_out and ended.result == {"first_step_s": 1.5}
    time.sleep(2.5)
    assert not flag.exists()


@pytest.mark.parametrize("code, status", [
    ("print('{\"ms\": 1}')", "ok"),
    ("raise ValueError('no such thing')", "failed: ValueError: no such thing"),
    ("print('{\"error\": \"ResourceExhaustedError: OOM\"}'); raise SystemExit(1)",
     "failed: out of memory (ResourceExhaustedError: OOM)"),
    ("import os; os.abort()", "failed: ended by signal 6: no message"),
])  # fmt: skip
def test_how_a_part_ended(modules, code, status):
    assert modules.gpu_process.run_limited([sys.executable, "-c", code], 30).status == status


def test_a_difference_is_found(modules):
    agreement = modules.gpu_agreement
    mode = agreement.MODES["float32"]
    expected = {"forecast": np.ones(4), "gradient": np.ones(4), agreement.AFTER_STEPS: np.ones(4)}
    expected["grown forecast"] = expected["forecast"]
    found = {**expected, "gradient": np.array([1, 1, 1, 1.1]), "grown forecast": np.array([1, 1, 1, np.nan])}
    rows = agreement.errors_of({**found, agreement.AFTER_STEPS: np.zeros(4)}, expected, mode)
    within = {key: row["within"] for key, row in rows.items()}
    assert within == {"forecast": True, "gradient": False, agreement.AFTER_STEPS: None, "grown forecast": False,
                      "growth keeps the forecast": False}  # fmt: skip
    assert rows["gradient"]["error"] == pytest.approx(0.05) and rows["grown forecast"]["error"] is None
    json.dumps(rows, allow_nan=False)


def test_the_plan_has_every_stage_size_and_way_to_compute(modules, tmp_path):
    ports = {"gman-pytorch": tmp_path, "gmantf22": tmp_path}
    parts = modules.gpu_plan.plan(device="gpu", small=False, data=None, ports=ports)
    names = [part.name for part in parts]
    assert len(set(names)) == len(names)
    for size in (f"N{sensors}-{stage}" for sensors in (20, 207, 1000) for stage in ("quick", "medium", "full")):
        for way in ("float32", "float32, XLA", "bfloat16", *ports):
            assert f"step {size} {way}" in names
    assert names[0].startswith("agreement") and {"evaluation quick", "two workers N207-quick"} <= set(names)
    assert all(part.settings["device"] == "gpu" and part.seconds <= 150 for part in parts)


def test_what_a_part_found_until_it_failed_is_shown(modules):
    shown = modules.gpu_table.shown
    assert shown("step", {"first_step_s": 2.5, "peak_gb": 3.25}) == "3.25 GB, first 2.5 s"
    assert shown("port", {}) == "" and shown("workers", {"x": 1}) == ""
    assert shown("evaluation", {"network": "demo", "sensors": 18, "unit": "mph"}) == "demo, 18 sensors"
    row = {"error": None, "tolerance": 1e-4, "within": False}
    assert shown("agreement", {"float32": {"forecast": row}}) == "largest relative error: float32 inf"


def test_the_kept_run_on_the_cpu_claims_nothing_about_gpus(repository):
    folder = repository / "benchmarks"
    kept = json.loads((folder / "results" / "gpu-cpu.json").read_text())
    assert kept["device"] == "cpu" and "nothing about GPUs" in kept["proves"]
    assert not (folder / "results" / "gpu.json").exists(), "describe it: benchmarks/README.md says there is none"
    assert "| `gpu.py` |" in (folder / "scripts.md").read_text()
    assert "has not run on one" in (folder / "README.md").read_text()
