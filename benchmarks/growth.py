"""Is a grown start worth it? Grown against cold, growth by other rules, and learning-rate rules between the stages.

    python benchmarks/growth.py [--data DIR] [--task week] [--part compare] [--share 1/2] [--summary] [--json]

`compare` trains configs of the default space at quick, medium and full: medium cold and grown from quick, full cold,
grown from that medium and grown from quick. `remedies` grows quick to medium by one changed rule at a time, `moments`
and `new-weights` by one of them on more configs and seeds. `rates` trains every stage cold over a range of learning
rates by each rule, `rules` grows from stage to stage by another rule of the rate. `longer` trains quick and medium
models on as they are, beside the bigger ones that grow from them: what size is worth and not time.
`reload` counts what Keras's own `load_weights(skip_mismatch=True)` moves from each stage to the next. Every run is
appended to results/growth-runs.jsonl, and one that is there is not trained again: stop it, start it, run shares side by
side (`--share 1/2` and `--share 2/2`). What was cut from a full training is told in `recorder.py`. `--summary` trains
nothing and prints what the kept runs say: the tables of docs/growth.md, or with `--json` one document. Without --data
only the demo can be trained.
"""

import argparse
import json
import os
import sys
import tempfile
import warnings
from collections.abc import Iterator
from itertools import pairwise, product
from pathlib import Path
from typing import Any

from clock import clocked
from growth_summary import summary
from growth_tables import tables
from recorder import PLAIN, Recorder, Run, kept_runs, open_task
from results_io import RESULTS, described

from gman_search.data.task import ForecastDataset
from gman_search.model.growth import GrowthRules
from gman_search.stages import PRESETS

FILE = RESULTS / "growth-runs.jsonl"
CONFIGS, SEEDS = 8, 3


def changed(**rules: Any) -> GrowthRules:
    """Plain growth with some rules changed."""
    return PLAIN.model_copy(update=rules)


REMEDIES = {
    "calibrated": changed(calibration_steps=8),
    "moments": changed(optimizer_state="carry"),
    "calibrated, moments": changed(calibration_steps=8, optimizer_state="carry"),
    "rate 0.3": changed(lr_multiplier=0.3),
    "rate 0.3, moments": changed(lr_multiplier=0.3, optimizer_state="carry"),
    "rate 0.1": changed(lr_multiplier=0.1),
    "copied blocks": changed(new_blocks="copy"),
    "copied blocks, spread": changed(new_blocks="copy", new_block_position="spread"),
}
FASTER, MUCH_FASTER = changed(new_weight_lr_multiplier=3.0), changed(new_weight_lr_multiplier=10.0)
RATES = (5e-4, 1e-3, 2e-3, 4e-3, 8e-3, 1.6e-2)
NEAR_BEST = RATES[3:]
HIGHEST = 3.2e-2
"""Twice the highest rate by rule `preset` is the highest by `none` at the full stage, where the ratio is a half."""


def compare(task: str) -> Iterator[Run]:
    """Grown and cold, for every pair of stages; grown with one rate for all weights, and with a higher one for new."""
    for (seed, number), rules in product(product(range(SEEDS), range(CONFIGS)), (PLAIN, FASTER)):
        quick = Run(task, number, seed, "quick")
        medium = Run(task, number, seed, "medium", parent=quick, growth=rules)
        yield from (quick, medium, Run(task, number, seed, "medium"))
        yield from (Run(task, number, seed, "full", parent=parent, growth=rules) for parent in (medium, quick))
        yield Run(task, number, seed, "full")


def remedies(task: str) -> Iterator[Run]:
    """Quick to medium by other rules."""
    for seed, number in product(range(2), range(4)):
        yield Run(task, number, seed, "medium")
        for rules in (PLAIN, *REMEDIES.values()):
            yield Run(task, number, seed, "medium", parent=Run(task, number, seed, "quick"), growth=rules)
        yield Run(task, number, seed, "medium", parent=Run(task, number, seed, "quick"), warmup_steps=80)


def moments(task: str) -> Iterator[Run]:
    """Quick to medium with Adam's moments carried: the one remedy that may help, on as many pairs as `compare` has."""
    for seed, number in product(range(SEEDS), range(CONFIGS)):
        quick = Run(task, number, seed, "quick")
        yield Run(task, number, seed, "medium", parent=quick)
        yield Run(task, number, seed, "medium", parent=quick, growth=REMEDIES["moments"])


def new_weights(task: str) -> Iterator[Run]:
    """Quick to medium with a higher rate for new weights, whose gradients are small after growth."""
    for seed, number in product(range(SEEDS), range(CONFIGS)):
        quick = Run(task, number, seed, "quick")
        yield Run(task, number, seed, "medium", parent=quick)
        yield Run(task, number, seed, "medium", parent=quick, growth=FASTER)
        if seed == 0:
            yield Run(task, number, seed, "medium", parent=quick, growth=MUCH_FASTER)


def rates(task: str) -> Iterator[Run]:
    """Cold at every stage, over learning rates at quick scale; those near the best again with another seed.

    Rule `none` at one rate is `preset` at another.
    """
    for seed, of_seed in enumerate((RATES, NEAR_BEST)):
        for rate, stage in product(of_seed, ("quick", "medium", "full")):
            for rule in ("preset", "mup") if stage != "quick" else ("preset",):
                yield Run(task, 0, seed, stage, rate_rule=rule, learning_rate=rate)
    yield from (Run(task, 0, 0, stage, learning_rate=HIGHEST) for stage in ("medium", "full"))


def rules(task: str) -> Iterator[Run]:
    """Grown from stage to stage by muP, beside `compare`, which is by the ratio of the guide's rates."""
    for seed, number in product(range(SEEDS), range(CONFIGS)):
        medium = Run(task, number, seed, "medium", parent=Run(task, number, seed, "quick"), rate_rule="mup")
        yield from (medium, Run(task, number, seed, "full", parent=medium, rate_rule="mup"))


def longer(task: str) -> Iterator[Run]:
    """Quick and medium models trained on at their size, and grown; from the same weights."""
    for seed, number in product(range(SEEDS), range(CONFIGS)):
        quick = Run(task, number, seed, "quick")
        medium = Run(task, number, seed, "medium", parent=quick, growth=GrowthRules())
        for parent, above in ((quick, "medium"), (medium, "full")):
            yield Run(task, number, seed, parent.stage, parent=parent)
            yield Run(task, number, seed, above, parent=parent, growth=GrowthRules())


PLANS = {
    "compare": compare,
    "remedies": remedies,
    "moments": moments,
    "new-weights": new_weights,
    "rates": rates,
    "rules": rules,
    "longer": longer,
}


def reloaded(forecast_task: ForecastDataset, task: str, small: str, big: str) -> dict[str, Any]:
    """How many parameters `load_weights(skip_mismatch=True)` moves from stage `small` to `big`."""
    import numpy as np

    from gman_search.model.gman import GMAN
    from gman_search.model.shape import ModelShape

    shapes = [ModelShape(stage.L, stage.K, stage.d) for stage in (PRESETS[small], PRESETS[big])]
    source, target = (GMAN(shape, forecast_task.embedding) for shape in shapes)
    for variable in source.variables:
        variable.assign_add(np.full(variable.shape, 0.25, np.float32))  # nothing may agree by chance
    before = [variable.numpy() for variable in target.variables]
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        source.save_weights(Path(folder) / "small.weights.h5")
        target.load_weights(Path(folder) / "small.weights.h5", skip_mismatch=True)
    changed = [int((old != new.numpy()).sum()) for old, new in zip(before, target.variables, strict=True)]
    moved = {"moved": sum(changed), "of": sum(old.size for old in before)}
    return {"run": f"{task} reload {small} {big}", "task": task, "from": small, "to": big, **moved}


def main() -> None:
    """Train what is not kept yet, or print what the kept runs say."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=os.environ.get("GMAN_SEARCH_DATA"))
    parser.add_argument("--task", choices=["demo", "week"], action="append")
    parser.add_argument("--part", choices=[*PLANS, "reload"], action="append")
    parser.add_argument("--share", default="1/1", help="which of how many shares to train, such as 1/2")
    parser.add_argument("--work", type=Path, default=Path(tempfile.gettempdir()) / "gman-search-growth")
    parser.add_argument("--summary", action="store_true")
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args()
    if chosen.summary:
        document = described("growth", **summary(clocked(kept_runs(FILE))))
        print(json.dumps(document, indent=2) if chosen.json else tables(document))
        return
    part, of = share_of(chosen.share, parser)
    for task in chosen.task or ["week", "demo"]:
        runs = [run for name in chosen.part or PLANS if name in PLANS for run in PLANS[name](task)]
        # A share has whole configs, so that none waits for another's parent; one seed of everything comes first.
        mine = sorted((run for run in runs if run.config % of == part - 1), key=lambda run: run.seed)
        recorder = Recorder(open_task(task, Path(chosen.data) if chosen.data else None), FILE, chosen.work)
        if part == 1 and "reload" in (chosen.part or ["reload"]):
            for small, big in pairwise(PRESETS):
                recorder.keep(reloaded(recorder.task, task, small, big))
        for run in mine:
            row = recorder.record(run)
            print(f"{row['best_val']}  {row['whole_seconds']:6.1f} s  {run.name}", flush=True)


def share_of(text: str, parser: argparse.ArgumentParser) -> tuple[int, int]:
    """Which share, from 1, of how many."""
    part, _, of = text.partition("/")
    if not (part.isdigit() and of.isdigit() and 1 <= int(part) <= int(of)):
        parser.error(f"expected --share like 1/2; received {text!r}")
    return int(part), int(of)


if __name__ == "__main__":
    sys.exit(main())
