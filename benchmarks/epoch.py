"""What an epoch costs beyond its steps: shuffling, feeding, the learning-rate schedule, checkpoints, validation.

    python benchmarks/epoch.py [--data DIR] [--stage quick] [--sensors 20] [--epochs 6] [--json] [--keep]

The trainer runs real epochs (one pass over all windows); the same number of bare steps, on a model of the same
trace, is timed between the epochs. Medians over the epochs, and ratios to the bare steps. The bar is 1.1 for training
with its checkpoint. Validation is real work of its own, and is shown apart.
"""

import argparse
import json
import os
import statistics
import tempfile
import time
from collections import defaultdict
from pathlib import Path
from typing import Any

from results_io import described, keep


def measure(data: Path | None, stage_name: str, sensors: int, epochs: int) -> dict[str, Any]:
    """Median seconds of the parts of an epoch."""
    import numpy as np
    from step_cases import week

    from gman_search.config import at_stage
    from gman_search.space import SearchSpace
    from gman_search.stages import PRESETS
    from gman_search.training.job import Job
    from gman_search.training.loop import GmanTrainer
    from gman_search.training.step import StepValues

    task = week(data, sensors)
    trainer = GmanTrainer(task)
    settings = at_stage(SearchSpace().preset(), PRESETS[stage_name].model_copy(update={"max_epochs": epochs}))
    steps = -(-len(task.starts["train"]) // settings.batch_size)
    seconds: dict[str, list[float]] = defaultdict(list)

    def timed(name: str, method: Any) -> Any:
        def call(*arguments: Any) -> Any:
            began = time.perf_counter()
            result = method(*arguments)
            seconds[name].append(time.perf_counter() - began)
            return result

        return call

    for name in ("_one_epoch", "_validate", "_keep_best"):
        setattr(trainer, name, timed(name, getattr(trainer, name)))
    model = trainer.compiled(settings.shape, stage_name)
    random = np.random.default_rng(0)

    def bare_steps() -> None:
        """The same work without the loop; its own copying of the state is taken out of the checkpoint's time."""
        entered = time.perf_counter()
        kept = model.state.parameters.numpy(), model.state.statistics.numpy(), model.state.moments()
        batches = [random.choice(task.starts["train"], settings.batch_size) for _ in range(steps)]
        began = time.perf_counter()
        for batch in batches:
            error, _ = model.train_step(batch, StepValues(1e-4, 0.0, 0.0, 0.1, 0.9, True, 1, 1))
        float(error)
        seconds["bare"].append(time.perf_counter() - began)
        model.state.parameters.assign(kept[0])
        model.state.statistics.assign(kept[1])
        model.state.load_moments(kept[2])
        seconds["callback"].append(time.perf_counter() - entered)

    with tempfile.TemporaryDirectory() as folder:
        job = Job(0, stage_name, settings, 0, Path(folder))
        trainer.train(job, lambda epoch: bare_steps())
    # The callback is called while the checkpoint is kept.
    checkpoint = [both - callback for both, callback in zip(seconds["_keep_best"], seconds["callback"], strict=True)]
    medians = {name: statistics.median(values[1:]) for name, values in {**seconds, "checkpoint": checkpoint}.items()}
    bare = medians["bare"]
    return {
        "stage": stage_name,
        "sensors": sensors,
        "steps": steps,
        "bare_s": round(bare, 3),
        "train_s": round(medians["_one_epoch"], 3),
        "checkpoint_s": round(medians["checkpoint"], 3),
        "validation_s": round(medians["_validate"], 3),
        "validation_windows": len(task.starts["val"]),
        "train_ratio": round(medians["_one_epoch"] / bare, 3),
        "train_and_checkpoint_ratio": round((medians["_one_epoch"] + medians["checkpoint"]) / bare, 3),
        "whole_epoch_ratio": round((medians["_one_epoch"] + medians["checkpoint"] + medians["_validate"]) / bare, 3),
    }


def main() -> None:
    """Measure, print and keep."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=os.environ.get("GMAN_SEARCH_DATA"))
    parser.add_argument("--stage", choices=["quick", "medium", "full"], action="append")
    parser.add_argument("--sensors", type=int, default=20)
    parser.add_argument("--epochs", type=int, default=6)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--keep", action="store_true")
    chosen = parser.parse_args()
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    data = Path(chosen.data) if chosen.data else None
    rows = [
        measure(data, stage, chosen.sensors, chosen.epochs) for stage in chosen.stage or ["quick", "medium", "full"]
    ]
    document = described("epoch", stages=rows)
    print(json.dumps(document if chosen.json else rows, indent=2))
    if chosen.keep:
        keep("epoch", document)


if __name__ == "__main__":
    main()
