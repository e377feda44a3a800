"""What gman-search does on an NVIDIA GPU: whether it is right, how fast it is, what memory it takes; in 8 minutes.

    python benchmarks/gpu.py [--data DIR] [--peers DIR] [--minutes 8] [--only WORDS] [--out FILE] [--json] [--keep]
    python benchmarks/gpu.py --device cpu [--small]

Needs TensorFlow with CUDA (`pip install "gman-search[gpu]"`). Parts, in this order: the GPU against the CPU (forecasts,
gradients, BN statistics, growth; float64, float32 without and with TF32, XLA, bfloat16), one quick evaluation of the
METR-LA week (of the demo without `--data` or GMAN_SEARCH_DATA), two workers on one GPU, and the time and memory of a
step at 20, 207 and 1,000 sensors at every stage: XLA off and on, bfloat16, attention in chunks, and public ports that
are checked out in `--peers`. GMAN_SEARCH_PEERS_PYTHON names an interpreter with PyTorch for them; none is installed.

Each part has its own process and its own limit. One that fails or is too slow costs its own row only; the last ones
may find no time left. The result is written after each part: to `--out`, and with `--keep` to results/gpu.json.

`--device cpu` runs the same code with the CPU in place of the GPU: it proves the script, and nothing about GPUs
(results/gpu-cpu.json). `--small` has tiny shapes, for tests.
"""

import argparse
import json
import os
import signal
import sys
import tempfile
import time
import traceback
from pathlib import Path
from typing import Any

from gpu_agreement import compare, reference
from gpu_device import hardware, say
from gpu_plan import Part, plan
from gpu_process import Ended, run_limited
from gpu_steps import measure_port, measure_step
from gpu_table import NO_TIME, shown, table
from gpu_training import evaluate, two_workers
from peers.registry import find_ports
from results_io import described, keep, write_document

KINDS = {
    "hardware": hardware,
    "agreement": compare,
    "reference": reference,
    "evaluation": evaluate,
    "workers": two_workers,
    "step": measure_step,
    "port": measure_port,
}
CLOSING_SECONDS = 2.0
LEAST_SECONDS = {True: 2.0, False: 10.0}
"""With less time left no part begins: with `--small`, and without."""
START_SECONDS = 120.0
PRIVATE = ("device", "data", "directory")
PROVES = {"gpu": "what this GPU does", "cpu": "that the script runs; nothing about GPUs: the CPU stood in for one"}


def main() -> None:
    """Run all parts for which there is time; write, print and keep what they found."""
    chosen = _arguments()
    if chosen.part:
        _run_here(json.loads(chosen.part))
        return
    ends = time.monotonic() + 60 * chosen.minutes - CLOSING_SECONDS
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # as an exception, which ends the part, too
    ports = find_ports(chosen.peers) if chosen.peers else {}
    parts = [
        part
        for part in plan(device=chosen.device, small=chosen.small, data=chosen.data, ports=ports)
        if not chosen.only or any(words in part.name for words in chosen.only)
    ]
    document = described(
        "gpu",
        device=chosen.device,
        proves=PROVES[chosen.device],
        small=chosen.small,
        minutes=chosen.minutes,
        hardware=_hardware(chosen.device, ends - time.monotonic()),
        peers=list(ports),
        parts=[],
    )
    file = chosen.out or Path(tempfile.gettempdir()) / "gman-search-gpu.json"
    _write(document, file, chosen)
    for part in parts:
        row = _measured(part, ends - time.monotonic(), LEAST_SECONDS[chosen.small])
        document["parts"].append(row)
        _write(document, file, chosen)
        if not chosen.json:
            print(
                f"{row['part']}: {row['status']}, {row['seconds']:g} s. {shown(row['kind'], row['result'])}", flush=True
            )
    print(json.dumps(document, indent=2) if chosen.json else f"\n{table(document['parts'])}\n\nwritten to {file}")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", choices=("gpu", "cpu"), default="gpu", help="default: gpu")
    parser.add_argument("--minutes", type=float, default=8.0, help="for everything; default: 8")
    given = os.environ.get("GMAN_SEARCH_DATA")
    parser.add_argument("--data", type=Path, default=given, help="folder that holds metr-la-week/")
    parser.add_argument("--peers", type=Path, metavar="DIR", help="folder with checkouts of public ports")
    parser.add_argument(
        "--only", action="append", metavar="WORDS", help="only parts with WORDS in their name; repeatable"
    )
    parser.add_argument("--out", type=Path, metavar="FILE", help="where the result goes; default: a temporary folder")
    for name in ("small", "json", "keep"):
        parser.add_argument(f"--{name}", action="store_true")
    parser.add_argument("--part", help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.data is not None and not (chosen.data / "metr-la-week").is_dir():
        parser.error(f"expected a folder that holds metr-la-week/, received {chosen.data}")
    return chosen


def _run_here(settings: dict[str, Any]) -> None:
    """A part, in this process; why it failed is said in one line."""
    try:
        KINDS[settings["kind"]](settings)
    except Exception as error:  # TensorFlow has many
        traceback.print_exc()
        lines = [line.strip() for line in str(error).splitlines()]
        reason = next((line for line in lines if line and not line.startswith(("Graph execution", "Detected at"))), "")
        say(error=f"{type(error).__name__}: {reason}")
        raise SystemExit(1) from None


def _in_own_process(part: Part, seconds: float) -> Ended:
    # Kernels that the driver compiles for a GPU which TensorFlow was not built for: the next part finds them.
    environment = {"TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_CACHE_MAXSIZE": str(2**32)}
    if part.settings["device"] == "cpu":
        environment["CUDA_VISIBLE_DEVICES"] = "-1"
    command = [sys.executable, __file__, "--part", json.dumps({**part.settings, "kind": part.kind})]
    return run_limited(command, seconds, environment)


def _hardware(device: str, seconds: float) -> dict[str, Any]:
    """What TensorFlow sees. Without TensorFlow, or without a GPU that was asked for, the script ends in one line."""
    part = Part("hardware", "hardware", START_SECONDS, {"device": device})
    ended = _in_own_process(part, max(0.0, min(part.seconds, seconds)))
    if ended.timed_out:
        return {"status": ended.status}
    if ended.status != "ok":
        _refuse(f"expected TensorFlow to start; {ended.status}")
    if device == "gpu" and not ended.result["gpus"]:
        _refuse(
            f"expected an NVIDIA GPU; TensorFlow {ended.result['tensorflow']} sees none: "
            'pip install "gman-search[gpu]" brings CUDA, and --device cpu runs the same code on the CPU'
        )
    return ended.result


def _refuse(reason: str) -> None:
    print(f"gpu.py: {reason}", file=sys.stderr)
    raise SystemExit(2)


def _measured(part: Part, left: float, least: float) -> dict[str, Any]:
    """The row of `part`, which has `left` seconds at most."""
    row = {"part": part.name, "kind": part.kind}
    settings = {key: value for key, value in part.settings.items() if key not in PRIVATE}
    if left < least:
        return {**row, "status": NO_TIME, "seconds": 0.0, "settings": settings, "result": {}}
    ended = _in_own_process(part, min(part.seconds, left))
    cut = ended.timed_out and left <= part.seconds
    status = f"{NO_TIME}: stopped after {ended.seconds:.0f} s" if cut else ended.status
    return {**row, "status": status, "seconds": ended.seconds, "settings": settings, "result": ended.result}


def _write(document: dict[str, Any], file: Path, chosen: argparse.Namespace) -> None:
    write_document(file, document)
    if chosen.keep:
        keep("gpu" if chosen.device == "gpu" else "gpu-cpu", document)


if __name__ == "__main__":
    main()
