"""Which ports a folder holds, which interpreter each of them needs, and a run of one in a process of its own."""

import importlib.util
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

__all__ = ["PORTS", "PortError", "find_ports", "python_for", "run_port"]

MARKS = {
    "gman-pytorch": ("model/model_.py", "utils"),
    "gmantf22": ("gmantf22/model.py",),
}
DRIVERS = {"gman-pytorch": "run_pytorch.py", "gmantf22": "run_gmantf22.py"}
PORTS = tuple(MARKS)
LEVELS = 2
INTERPRETER_VARIABLE = "GMAN_SEARCH_PEERS_PYTHON"
REPOSITORY = Path(__file__).resolve().parents[2]


class PortError(RuntimeError):
    """A port cannot be run here; the text says why."""


def find_ports(directory: Path) -> dict[str, Path]:
    """Ports in `directory` itself and in its subfolders, two levels down, by their files; a shallower folder wins."""
    found: dict[str, Path] = {}
    for folder in _folders(directory):
        for name, marks in MARKS.items():
            if name not in found and all((folder / mark).exists() for mark in marks):
                found[name] = folder
    return {name: found[name] for name in PORTS if name in found}


def _folders(directory: Path) -> Iterator[Path]:
    level = [directory]
    for _ in range(LEVELS + 1):
        yield from level
        level = [
            child
            for folder in level
            if folder.is_dir()
            for child in sorted(folder.iterdir())
            if child.is_dir() and not child.name.startswith(".")
        ]


def python_for(name: str, venv: Path = REPOSITORY / ".peers-venv", *, install: bool = True) -> str:
    """The interpreter for this port: ours, or one with PyTorch from `venv`, which is made where it is missing.

    Without `install` nothing is downloaded.

    The environment variable GMAN_SEARCH_PEERS_PYTHON names another interpreter with PyTorch.

    Raises:
        PortError: PyTorch is missing, and cannot or may not be installed.
    """
    if name != "gman-pytorch":
        return sys.executable
    given = os.environ.get(INTERPRETER_VARIABLE)
    if given:
        return given
    if importlib.util.find_spec("torch") is not None:
        return sys.executable
    python = venv / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    if _has_torch(python):
        return str(python)
    if not install:
        raise PortError(f"{name} needs PyTorch: {INTERPRETER_VARIABLE} names an interpreter that has it")
    print(
        f"{name} needs PyTorch: installing it into {venv}, a large download "
        f"({INTERPRETER_VARIABLE} names an interpreter that has it)",
        file=sys.stderr,
        flush=True,
    )
    _command([sys.executable, "-m", "venv", str(venv)])
    (venv / ".gitignore").write_text("*\n")
    _command([str(python), "-m", "pip", "install", "--quiet", "torch", "numpy"])
    if not _has_torch(python):
        raise PortError(f"PyTorch was installed into {venv}, but cannot be imported")
    return str(python)


def _has_torch(python: Path) -> bool:
    if not python.exists():
        return False
    return subprocess.run([str(python), "-c", "import torch, numpy"], capture_output=True, check=False).returncode == 0


def _command(command: list[str]) -> None:
    told = subprocess.run(command, capture_output=True, text=True, check=False)
    if told.returncode:
        raise PortError(f"{' '.join(command)} failed: {_last_line(told.stderr or told.stdout)}")


def _last_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip() and not line.startswith("[notice]")]
    return lines[-1] if lines else "no message"


def run_port(name: str, directory: Path, *arguments: str, install: bool = True) -> list[dict[str, Any]]:
    """The JSON lines that the driver of a port prints, such as for "time", "case.npz"; a failure adds {"error": why}.

    What it printed before it failed comes first. A port that cannot run is reported so, never left out. `install` what
    it needs where that is missing.
    """
    try:
        python = python_for(name, install=install)
        command = [python, str(Path(__file__).parent / DRIVERS[name]), str(directory), *arguments]
        told = subprocess.run(command, capture_output=True, text=True, check=False)
    except (PortError, OSError) as error:
        return [{"error": str(error)}]
    rows = [json.loads(line) for line in told.stdout.splitlines() if line.startswith("{")]
    if told.returncode:
        rows.append({"error": f"{name} stopped with status {told.returncode}: {_last_line(told.stderr)}"})
    return rows
