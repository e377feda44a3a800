"""Is the search worth its time? The demo's winner beside the guide's config trained as long, and trained on itself.

    python benchmarks/without_search.py [--folder DIR] [--stage NAME] [--keep] [--json]
    python benchmarks/without_search.py --summary

One after the other, by the command line, with both cores: the main job (`gman-search run --trials 50`); its winner
trained on; the guide's config at quick, medium and full (or those of `--stage`), cold, for about as long as the main
job takes, on the guide's schedule made as short as its epochs. Every model is then scored on the validation and the
test part, and by weekday. In a DIR where some of it is done, the rest is. ModelConfig an hour.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from markdown_tables import markdown_table
from results_io import RESULTS, described, keep

from gman_search.stages import PRESETS
from gman_search.wording import DAY_NAMES

SPEC = Path(__file__).parents[1] / "studies" / "demo.toml"
EPOCHS = {"quick": 45, "medium": 16, "full": 5}
"""Of the whole demo network's training part: ten to twelve minutes each on two cores."""
SHOWN = ("3", "6", "12")


def command(folder: Path, *words: str) -> dict[str, Any]:
    """What a command prints as JSON, with the seconds it took."""
    began = time.perf_counter()
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}
    done = subprocess.run(
        [sys.executable, "-m", "gman_search", *words, "--json"],
        cwd=folder, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        raise SystemExit(f"gman-search {' '.join(words)} ended with {done.returncode}:\n{done.stderr[-2000:]}")
    return {**json.loads(done.stdout), "wall_seconds": round(time.perf_counter() - began, 1)}


def trained(folder: Path, study: str, stage: str, *words: str) -> dict[str, Any]:
    """One stage by itself, on the guide's schedule made as short as its epochs."""
    epochs, guide = EPOCHS[stage], PRESETS[stage]
    settings = {"budget": "guide", f"stages.{stage}.decay_epoch": guide.decay_epoch * epochs / guide.max_epochs}
    sets = [word for key, value in settings.items() for word in ("--set", f"{key}={value}")]
    told = command(folder, "train", "--study", study, "--stage", stage, "--max-epochs", str(epochs), *sets, *words)
    return {"val": told["val_mae"], "epochs": told["epochs"], "seconds": told["wall_seconds"]}


def scored(folder: Path, run: str) -> dict[str, Any]:
    """MAE of a model and of persistence: on the test part at some steps and their mean, on both parts by weekday."""

    def shown(scores: dict[str, Any]) -> dict[str, float]:
        return {
            **{step: round(scores["steps"][step]["mae"], 4) for step in SHOWN},
            "mean": round(scores["mean"]["mae"], 4),
        }

    def by_day(scores: dict[str, Any]) -> dict[str, float]:
        return {day: round(errors["mae"], 4) for day, errors in scores["days"].items()}

    val, test = (command(folder, "evaluate", run, "--split", part) for part in ("val", "test"))
    days = {"val": by_day(val), "test": by_day(test)}
    naive = test["baselines"]["persistence"]
    return {"test": shown(test), "days": days, "persistence": shown(naive)}


def measured(folder: Path, known: dict[str, dict[str, Any]], stages: list[str]) -> dict[str, dict[str, Any]]:
    """Every row by name; those that are known are not made again."""
    rows = dict(known)

    def add(name: str, run: str, made: dict[str, Any]) -> None:
        rows[name] = {**made, **scored(folder, run)}
        (folder / "rows.json").write_text(json.dumps(rows, indent=2), encoding="utf-8")
        print(name, rows[name], file=sys.stderr, flush=True)

    if (name := "the search's winner") not in rows:
        run = command(folder, "run", "--spec", str(SPEC), "--trials", "50")
        best = run["best"]
        epochs = sum(step["epochs"] for step in best["lineage"])
        seconds = json.loads((folder / "studies" / "demo" / "provenance.json").read_text(encoding="utf-8"))["seconds"]
        add(name, "demo", {"stage": best["stage"], "val": best["val_mae"], "epochs": epochs, "seconds": seconds})
    stage = rows[name]["stage"]
    if (name := "the search's winner, trained on") not in rows:
        made = trained(folder, "demo", stage, "--config-id", "winner", "--init-from", "winner")
        add(name, f"demo/{stage}", {"stage": stage, **made})
    for stage in stages:
        if (name := f"the guide's config at {stage}") not in rows:
            add(name, f"guide/{stage}", {"stage": stage, **trained(folder, "guide", stage, "--spec", str(SPEC))})
    return rows


def table(document: dict[str, Any]) -> str:
    """In Markdown."""
    body = []
    for name, row in document["rows"].items():
        told = [name, f"{row['seconds'] / 60:.1f}", row["epochs"], f"{row['val']:.3f}"]
        body.append([*told, *_mph(row["test"])])
    body.append(["persistence", "-", "-", "-", *_mph(next(iter(document["rows"].values()))["persistence"])])
    return markdown_table(["model", "minutes", "epochs", "validation", "15 min", "30 min", "60 min", "mean"], body)


def days_table(document: dict[str, Any]) -> str:
    """MAE by weekday, validation then test part, in Markdown; a day that a part does not have is "-"."""
    body = []
    for name, row in document["rows"].items():
        for part, days in row["days"].items():
            body.append([name, part, *(f"{days[str(day)]:.2f}" if str(day) in days else "-" for day in range(7))])
    return markdown_table(["model", "part", *(day[:3] for day in DAY_NAMES)], body)


def _mph(scores: dict[str, float]) -> list[str]:
    return [f"{scores[at]:.3f}" for at in (*SHOWN, "mean")]


def main() -> None:
    """Measure, or print what is kept."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()) / "gman-search-without")
    parser.add_argument("--stage", choices=list(PRESETS), action="append", help="of the guide's config; all if none")
    for name in ("keep", "json", "summary"):
        parser.add_argument(f"--{name}", action="store_true")
    chosen = parser.parse_args()
    if chosen.summary:
        kept = json.loads((RESULTS / "without-search.json").read_text(encoding="utf-8"))
        print(table(kept), days_table(kept), sep="\n")
        return
    chosen.folder.mkdir(parents=True, exist_ok=True)
    file = chosen.folder / "rows.json"
    known = json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}
    document = described(
        "without-search", task="demo", rows=measured(chosen.folder, known, chosen.stage or list(PRESETS))
    )
    if chosen.keep:
        keep("without-search", document)
    print(json.dumps(document, indent=2) if chosen.json else f"{table(document)}\n{days_table(document)}")


if __name__ == "__main__":
    main()
