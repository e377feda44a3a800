"""Which parts `gpu.py` has, in the order of their worth: what comes late may find no time left (pure)."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gman_search.model.shape import CHUNKED_FROM
from gman_search.stages import PRESETS, Stage

__all__ = ["Part", "plan"]

SIZES = [(sensors, stage) for stage in ("quick", "full", "medium") for sensors in (207, 20, 1000)]
WITH_XLA_FIRST = [(207, "full"), (20, "full"), (207, "medium")]
WITH_PORTS_FIRST = [(207, "quick"), (207, "full")]
IN_BFLOAT16_FIRST = [(207, "full"), (1000, "full"), (207, "quick")]
# Models that a CPU compiles in a second or two.
SMALL_SENSORS, SMALL_SECONDS = 6, 400
SMALL_STAGE = Stage(name="quick", L=1, K=2, d=2, batch_size=4, max_epochs=1, learning_rate=0.002, decay_epoch=10)
EQUAL = ("float64", "float32", "float32 with TF32", "float32, XLA", "bfloat16")
ON_CPU = 3.0
"""A CPU that stands in for the GPU has so many times as long for each part."""


@dataclass(frozen=True)
class Part:
    """One row of the table: what runs in a process of its own, with which settings, and for how long at most."""

    name: str
    kind: str
    seconds: float
    settings: dict[str, Any] = field(default_factory=dict)


def plan(*, device: str, small: bool, data: Path | None, ports: Mapping[str, Path]) -> list[Part]:
    """All parts: whether the GPU is right first, then a training, then what steps cost."""
    parts = list(_small(data, ports) if small else _all(device, data, ports))
    factor = ON_CPU if device == "cpu" and not small else 1.0
    return [Part(part.name, part.kind, part.seconds * factor, {**part.settings, "device": device}) for part in parts]


def _all(device: str, data: Path | None, ports: Mapping[str, Path]) -> Iterator[Part]:
    yield _agreement(20, "quick", EQUAL, 90)
    yield _agreement(207, "quick", EQUAL[:3], 90)
    # A CPU trains 207 sensors for a minute an epoch.
    yield _evaluation(20 if device == "cpu" else 207, data, 45, 90)
    yield _workers(207, PRESETS["quick"], 30, 60)
    yield from (_step(*size, "float32") for size in SIZES)
    yield from (_step(*size, "float32, XLA") for size in WITH_XLA_FIRST)
    yield from (_port(name, path, *size) for size in WITH_PORTS_FIRST for name, path in ports.items())
    yield from (_step(*size, "bfloat16") for size in IN_BFLOAT16_FIRST)
    yield _step(207, "full", "bfloat16, XLA")
    yield _step(1000, "quick", "float32, attention in chunks")
    yield _step(207, "full", "float32, not repeatable")
    yield from (_step(*size, "float32, XLA") for size in SIZES if size not in WITH_XLA_FIRST)
    yield from (
        _port(name, path, *size) for size in SIZES if size not in WITH_PORTS_FIRST for name, path in ports.items()
    )
    yield _agreement(20, "full", EQUAL[:1], 120)
    yield from (_step(*size, "bfloat16") for size in SIZES if size not in IN_BFLOAT16_FIRST)


def _small(data: Path | None, ports: Mapping[str, Path]) -> Iterator[Part]:
    """The same code in seconds: tiny shapes, two steps, one epoch of two steps.

    So many sensors are compared that the CPU takes attention in chunks, and the device does not.
    """
    stage, size = SMALL_STAGE, _size(SMALL_SENSORS, SMALL_STAGE, 2)
    equal = {"sensors": CHUNKED_FROM, "windows": 2, "shape": _shape(stage), "grown": [1, 2, 3], "modes": EQUAL[1:3]}
    yield Part(f"agreement N{CHUNKED_FROM}-quick", "agreement", SMALL_SECONDS, equal)
    training = {"data": None if data is None else str(data), "sensors": SMALL_SENSORS, "train_seconds": 30}
    changes = {"L": stage.L, "K": stage.K, "d": stage.d, "max_epochs": 1, "steps_per_epoch": 2}
    yield Part("evaluation quick", "evaluation", SMALL_SECONDS, {**training, "stage": changes})
    name = f"N{SMALL_SENSORS}-quick"
    yield Part(f"two workers {name}", "workers", SMALL_SECONDS, size)
    for variant in ("float32", "float32, XLA", "bfloat16"):
        yield Part(f"step {name} {variant}", "step", SMALL_SECONDS, {**size, "variant": variant})
    for port, path in ports.items():
        yield Part(f"step {name} {port}", "port", SMALL_SECONDS, {**size, "port": port, "directory": str(path)})


def _shape(stage: Stage) -> list[int]:
    return [stage.L, stage.K, stage.d]


def _size(sensors: int, stage: Stage, steps: int) -> dict[str, Any]:
    return {"sensors": sensors, "shape": _shape(stage), "batch": stage.batch_size, "steps": steps}


def _agreement(sensors: int, stage: str, modes: tuple[str, ...], seconds: float) -> Part:
    grown = PRESETS["medium" if stage == "quick" else stage]
    settings = {"sensors": sensors, "windows": 4, "shape": _shape(PRESETS[stage]), "grown": _shape(grown)}
    return Part(f"agreement N{sensors}-{stage}", "agreement", seconds, {**settings, "modes": list(modes)})


def _evaluation(sensors: int, data: Path | None, train_seconds: float, seconds: float) -> Part:
    settings = {"data": None if data is None else str(data), "sensors": sensors, "stage": {}}
    return Part("evaluation quick", "evaluation", seconds, {**settings, "train_seconds": train_seconds})


def _workers(sensors: int, stage: Stage, steps: int, seconds: float) -> Part:
    return Part(f"two workers N{sensors}-{stage.name}", "workers", seconds, _size(sensors, stage, steps))


def _step(sensors: int, stage: str, variant: str) -> Part:
    seconds = {"quick": 60, "medium": 75, "full": 90}[stage] + (60 if "XLA" in variant else 0)
    settings = {**_size(sensors, PRESETS[stage], 30), "variant": variant}
    return Part(f"step N{sensors}-{stage} {variant}", "step", seconds, settings)


def _port(name: str, path: Path, sensors: int, stage: str) -> Part:
    settings = {**_size(sensors, PRESETS[stage], 5), "port": name, "directory": str(path)}
    return Part(f"step N{sensors}-{stage} {name}", "port", 75, settings)
