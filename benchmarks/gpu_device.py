"""The device that a part of `gpu.py` measures: prepared as the product does, its peak memory, and what it is."""

import json
import os
import resource
import shutil
import subprocess
import time
from pathlib import Path
from typing import Any

__all__ = ["hardware", "number", "peak_memory", "say", "start"]

GB = 1e9
CPU_SHARE = 0.6
"""Of the free memory, what a part may take where the CPU stands in for the GPU: nobody else's process must die."""
BUILT_FOR = ("cuda_version", "cudnn_version", "cuda_compute_capabilities")
SMI = ("nvidia-smi", "--query-gpu=name,memory.total,driver_version", "--format=csv,noheader")


def say(**facts: Any) -> None:
    """Print facts as a JSON line; what a part has said counts even where it fails later."""
    print(json.dumps(facts, allow_nan=False), flush=True)


def number(value: float, digits: int = 3) -> float | None:
    """`value` with so many significant digits; None where it is no finite number, which JSON cannot hold."""
    return float(f"{value:.{digits}g}") if abs(value) < float("inf") else None


def start(device: str, *, worker: int = 0, repeatable: bool = True, chunk_elements: int | None = None) -> None:
    """Start TensorFlow in this process as a worker of the product does; `repeatable` kernels are its default.

    Attention over sensors takes all slices at once, as the product has it on a GPU, unless `chunk_elements` says how
    many weights are held at once. Where the CPU stands in for the GPU, memory is limited.
    """
    import tensorflow as tf

    from gman_search.gpus import use_one_gpu
    from gman_search.model import attention, chunked_attention
    from gman_search.training.device import prepare_device

    if device == "cpu":
        _limit_memory()
    if chunk_elements is None:
        attention.slices_at_once = lambda *_: None
    else:
        chunked_attention.CHUNK_ELEMENTS = chunk_elements
        attention.slices_at_once = chunked_attention.slices_in_chunk
    if repeatable:
        prepare_device(0, worker)
    else:
        use_one_gpu(worker)
        tf.keras.utils.set_random_seed(0)


def peak_memory(device: str) -> dict[str, float]:
    """GB at most: on the GPU by TensorFlow's allocator, and of the process (`host_gb`); on a CPU they are one."""
    host = round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / GB, 2)
    if device == "cpu":
        return {"peak_gb": host, "host_gb": host}
    import tensorflow as tf

    return {"peak_gb": round(tf.config.experimental.get_memory_info("GPU:0")["peak"] / GB, 3), "host_gb": host}


def hardware(settings: dict[str, Any]) -> None:
    """Say what TensorFlow sees, and what the driver calls it: the first part."""
    began = time.perf_counter()
    import tensorflow as tf

    started = round(time.perf_counter() - began, 1)
    gpus = tf.config.list_physical_devices("GPU")
    build = tf.sysconfig.get_build_info()
    say(
        gpus=[tf.config.experimental.get_device_details(gpu) | {"tensorflow": gpu.name} for gpu in gpus],
        tensorflow=tf.__version__,
        import_s=started,
        built_for={key: str(build[key]) for key in BUILT_FOR if key in build},
        tf32=tf.config.experimental.tensor_float_32_execution_enabled(),
        driver=_driver() if settings["device"] == "gpu" else [],
        cores=os.cpu_count(),
    )


def _driver() -> list[str]:
    if shutil.which(SMI[0]) is None:
        return []
    answer = subprocess.run(SMI, capture_output=True, text=True, check=False, timeout=20)
    return [line.strip() for line in answer.stdout.splitlines() if line.strip()]


def _limit_memory() -> None:
    try:
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
    except OSError:
        return
    free = next(int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable"))
    _, hard = resource.getrlimit(resource.RLIMIT_DATA)
    resource.setrlimit(resource.RLIMIT_DATA, (int(CPU_SHARE * free), hard))
