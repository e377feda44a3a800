"""Time and memory of one training step (forward, backward, Adam, BN statistics), case by case.

    python benchmarks/step.py [--case N20-quick] [--data DIR] [--peers DIR] [--json] [--keep]

Each case runs in a process of its own, so that its peak memory is its own. Readings are the METR-LA week's where
`--data` (or GMAN_SEARCH_DATA) names a folder with it, else random: a step's cost does not depend on them.
`first_step_s` is building, tracing and the first step; `later_trial_first_step_s` is a fresh start of weights and
optimizer on the same trace plus its first step. The case with two workers runs two processes of one thread, as a
search does, and its `ms` is wall time per trial-step. `--peers` times public ports of GMAN that are checked out in DIR,
in turn with ours, and prints how many times our step goes into theirs. With `--rounds 3` all that is done three times
in turn, because a machine's speed drifts: times and memory are medians over the rounds, `times_faster` the median of
the rounds' ratios, and `rounds` has every round's. `--keep` writes the result to benchmarks/results/step.json, to
step-rounds.json with several rounds, and to step-PRECISION.json where `--precision` is another.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from peers.registry import find_ports, run_port
from results_io import described, keep
from step_cases import CASES, PAIRED, measure, write_port_case


def in_own_process(*arguments: str) -> str:
    """What this script prints when it is called again with `arguments`."""
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}
    told = subprocess.run(
        [sys.executable, __file__, *arguments],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if told.returncode:
        raise SystemExit(f"a case failed:\n{told.stderr[-2000:]}")
    return told.stdout


def time_ports(case: str, ports: dict[str, Path], folder: Path, shared: list[str]) -> dict[str, Any]:
    """Each port on the windows of `case`: {"name": {"ms", "peak_gb", ...} or {"error"}}."""
    file = folder / f"{PAIRED.get(case, case)}.npz"
    if not file.exists():
        in_own_process("--write", str(file), "--case", case, *shared)
    return {name: run_port(name, path, "time", str(file), "--steps", "5")[-1] for name, path in ports.items()}


def one_round(case: str, ports: dict[str, Path], folder: Path, shared: list[str]) -> dict[str, Any]:
    """Ours, then each port, on `case`."""
    row: dict[str, Any] = json.loads(in_own_process("--here", "--case", case, *shared))
    row["peers"] = time_ports(case, ports, folder, shared)
    row["times_faster"] = {
        name: round(port["ms"] / row["ms"], 2) for name, port in row["peers"].items() if "ms" in port
    }
    return row


def over_rounds(rounds: list[dict[str, Any]]) -> dict[str, Any]:
    """One row of a case's rows: medians of what is timed, least of `min_ms`, and every round's ratio."""
    numbers = {key for key in rounds[0] if isinstance(rounds[0][key], int | float)}
    row = {key: _median(key, [each[key] for each in rounds]) if key in numbers else rounds[0][key] for key in rounds[0]}
    if len(rounds) > 1 and "peers" in row:
        ports = row["peers"]
        row["peers"] = {name: over_rounds([each["peers"][name] for each in rounds]) for name in ports}
        ratios = {name: [each["times_faster"].get(name) for each in rounds] for name in ports}
        row["rounds"] = {"ms": [each["ms"] for each in rounds], "times_faster": ratios}
        row["times_faster"] = {name: _median(name, known) for name, known in ratios.items() if None not in known}
    return row


def _median(name: str, values: list[float]) -> float:
    return min(values) if name == "min_ms" else round(statistics.median(values), 3)


def main() -> None:
    """Run the cases, each in its own process, and print or keep what they took."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--case", choices=[*CASES, *PAIRED], action="append", help="one case; may be repeated")
    parser.add_argument("--steps", type=int, default=15)
    parser.add_argument("--rounds", type=int, default=1, help="default: 1")
    parser.add_argument("--data", type=Path, help="folder that holds metr-la-week/")
    parser.add_argument("--peers", type=Path, metavar="DIR", help="folder with checkouts of public ports")
    parser.add_argument("--port", action="append", help="only this port; may be repeated")
    parser.add_argument("--precision", choices=["float32", "bfloat16", "float16"], default="float32")
    parser.add_argument("--xla", action="store_true")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--keep", action="store_true")
    parser.add_argument("--here", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--write", type=Path, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    given = chosen.data or (Path(os.environ["GMAN_SEARCH_DATA"]) if "GMAN_SEARCH_DATA" in os.environ else None)
    if given is not None and not (given / "metr-la-week").is_dir():
        parser.error(f"expected a folder that holds metr-la-week/, received {given}")
    if chosen.write:
        write_port_case(chosen.write, chosen.case[0], given)
        return
    if chosen.here:
        print(json.dumps(measure(chosen.case[0], given, chosen.steps, chosen.precision, chosen.xla)))
        return
    ports = find_ports(chosen.peers) if chosen.peers else {}
    ports = {name: path for name, path in ports.items() if name in (chosen.port or ports)}
    if chosen.peers and not ports:
        parser.error(f"expected checkouts of public ports of GMAN, found none in {chosen.peers}")
    shared = ["--steps", str(chosen.steps), "--precision", chosen.precision, *(["--xla"] if chosen.xla else [])]
    shared += ["--data", str(given)] if given else []
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for case in chosen.case or [*CASES, *PAIRED]:
            rows.append(over_rounds([one_round(case, ports, Path(folder), shared) for _ in range(chosen.rounds)]))
            row = rows[-1]
            if not chosen.json:
                print("  ".join(f"{key} {value}" for key, value in row.items()), flush=True)
    source = "METR-LA week" if given else "random"
    document = described("step", data=source, precision=chosen.precision, xla=chosen.xla, cases=rows)
    if chosen.json:
        print(json.dumps(document, indent=2))
    if chosen.keep:
        name = "step" if chosen.precision == "float32" and not chosen.xla else f"step-{chosen.precision}"
        keep(name if chosen.rounds == 1 else f"{name}-rounds", document)


if __name__ == "__main__":
    main()
