"""The tables of docs/growth.md: Markdown out of the summary of `growth.py` (pure)."""

from collections.abc import Iterable, Mapping
from typing import Any

from growth_summary import FASTER, PLAIN
from markdown_tables import markdown_table

__all__ = ["comparisons", "learning_rates", "other_rules", "sizes", "tables"]

Row = Mapping[str, Any]
NAMES = {
    "moments": "moments carried",
    "moments, one correction for all": "moments carried, one correction (see below)",
    "calibrated, moments, one correction for all": "moments carried, one correction, statistics calibrated",
    "moments, one correction for all, rate 0.3": "moments carried, one correction, rate x 0.3",
    "calibrated": "statistics calibrated",
    "copied blocks": "new blocks are copies",
    "copied blocks, spread": "new blocks are copies, spread",
    "warm-up 80": "80 steps of warm-up",
    "rate 0.3": "rate x 0.3",
    "rate 0.1": "rate x 0.1",
    "rate of new 3": "rate of new weights x 3",
    "rate of new 10": "rate of new weights x 10",
    "mup": "rate by muP",
}
STAGES = ("quick", "medium", "full")


def tables(document: Mapping[str, list[Row]]) -> str:
    """All of them, one below the other."""
    return "\n\n".join(
        (
            comparisons(document["comparisons"]),
            *([sizes(document["sizes"])] if document["sizes"] else []),
            other_rules(document["remedies"]),
            learning_rates(document["rates"], "week"),
        )
    )


def comparisons(rows: Iterable[Row]) -> str:
    """Grown against cold, for every task and pair of stages."""
    head = [
        "task",
        "from",
        "to",
        "new weights",
        "runs",
        "epochs",
        "at most half",
        "by seed",
        "never reached",
        "seconds",
    ]
    body = [
        [
            row["task"], row["from"], row["to"], "x 3" if row["rule"] == FASTER else "x 1", row["runs"],
            _ratio(row["epochs_ratio_median"]),
            f"{100 * row['within_half_of_the_epochs']:.0f} %",
            ", ".join(map(_ratio, row["epochs_ratio_by_seed"].values())), row["never_reached"],
            _ratio(row["seconds_ratio_median"]), *_mph(row, "parent_mae", "final_mae_grown", "final_mae_cold", "noise"),
        ]
        for row in rows
    ]  # fmt: skip
    return markdown_table([*head, "parent", "grown", "cold", "noise"], body)


def sizes(rows: Iterable[Row]) -> str:
    """Grown against trained on at the same size."""
    body = [
        [row["task"], row["from"], row["to"], row["runs"], *_mph(row, "parent", "same_size", "grown"),
         _with_error(row["val_difference"]), _with_error(row["test_difference"])]
        for row in rows
    ]  # fmt: skip
    head = ["task", "from", "to", "runs", "parent", "trained on as it is", "grown", "validation", "test"]
    return markdown_table(head, body)


def other_rules(rows: Iterable[Row]) -> str:
    """Every changed rule against plain growth, the best first."""
    changed = [row for row in rows if row["rule"] != PLAIN]
    changed.sort(key=lambda row: (row["task"] == "demo", STAGES.index(row["stage"]), row["val_difference"]["mean"]))
    body = [
        [
            row["task"], row["stage"], NAMES.get(row["rule"], row["rule"]), row["runs"],
            _with_error(row["val_difference"]), _with_error(row["test_difference"]),
            f"{row['within_half_of_the_epochs']} ({row['default_within_half_of_the_epochs']})", row["never_reached"],
        ]
        for row in changed
    ]  # fmt: skip
    return markdown_table(
        ["task", "stage", "rule", "runs", "validation", "test", "at most half", "never reached"], body
    )


def learning_rates(rows: Iterable[Row], task: str) -> str:
    """Final MAE by stage and rule over the rate; where there is more than one seed, their number is in brackets."""
    cells = {(row["stage"], row["rule"], row["learning_rate"]): row for row in rows if row["task"] == task}
    grid = sorted({rate for stage, rule, rate in cells if (stage, rule) == ("quick", "preset")})
    found = sorted({(stage, rule) for stage, rule, _ in cells}, key=lambda key: (STAGES.index(key[0]), key[1]))
    body = [
        [stage, "-" if stage == "quick" else rule, *(_cell(cells.get((stage, rule, rate))) for rate in grid)]
        for stage, rule in found
        if rule != "none"
    ]
    return markdown_table(["stage", "rule", *(f"{rate:g}" for rate in grid)], body)


def _cell(row: Row | None) -> str:
    return "" if row is None else f"{row['mae']:.2f}" + (f" ({row['n']})" if row["n"] > 1 else "")


def _mph(row: Row, *names: str) -> list[str]:
    return ["" if row[name] is None else f"{row[name]:.3f}" for name in names]


def _ratio(value: float | None) -> str:
    return "never" if value is None else f"{value:.2f}"


def _with_error(difference: Row) -> str:
    if difference["mean"] is None:
        return ""
    error = difference["standard_error"]
    return f"{difference['mean']:+.3f}" + ("" if error is None else f" ± {error:.3f}")
