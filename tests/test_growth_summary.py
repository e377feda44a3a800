"""What the growth benchmark concludes from its kept runs, by value."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "benchmarks"))
from growth_summary import epochs_to_reach, lineage, summary  # noqa: E402
from growth_tables import tables  # noqa: E402

PLAIN = {
    "new_blocks": "random",
    "new_block_position": "end",
    "optimizer_state": "fresh",
    "calibration_steps": 0,
    "lr_multiplier": 1.0,
}


def run(name, stage, val, *, config=0, seed=0, parent=None, growth=None, **more):
    first = 0 if parent else 1
    return {
        "run": name, "task": "week", "config": config, "seed": seed, "stage": stage, "parent": parent,
        "growth": {**PLAIN, **(growth or {})}, "warmup_steps": 20, "rate_rule": "preset", "val": val,
        "test": [value + 1 for value in val], "best_val": min(val), "epoch": list(range(first, first + len(val))),
        "seconds": [1.0] * len(val), **more,
    }  # fmt: skip


@pytest.fixture
def kept():
    rows = []
    for seed, shift in ((0, 0.0), (1, 0.2)):
        quick = f"week 0 s{seed} quick"
        rows += [
            run(quick, "quick", [5.0, 4.0], seed=seed),
            run(f"week 0 s{seed} medium", "medium", [6.0, 5.0, 4.0, 3.5 + shift], seed=seed),
            # Reaches the cold run's best in its second epoch of four.
            run(f"week 0 s{seed} medium < {quick}", "medium", [4.0, 4.2, 3.4, 3.3, 3.2], seed=seed, parent=quick),
        ]
    return {row["run"]: row for row in rows}


def test_the_first_epoch_that_is_as_good_counts():
    row = run("x", "medium", [4.0, 3.0, 2.0], parent="y")
    assert [epochs_to_reach(row, target) for target in (4.5, 3.0, 2.5, 1.0)] == [0, 1, 2, None]


def test_grown_against_cold(kept):
    (row,) = summary(kept)["comparisons"]
    assert (row["from"], row["to"], row["configs"], row["seeds"], row["runs"]) == ("quick", "medium", 1, 2, 2)
    assert row["epochs_ratio_by_seed"] == {0: 0.5, 1: 0.5}
    assert row["epochs_ratio_median"] == 0.5 and row["within_half_of_the_epochs"] == 1.0 and row["never_reached"] == 0
    # Three epochs (0, 1, 2) and the parent's two, of the cold run's four.
    assert row["seconds_ratio_median"] == pytest.approx(5 / 4)
    assert (row["final_mae_grown"], row["final_mae_cold"]) == (3.2, 3.6)
    assert row["noise"] == pytest.approx(0.1414, abs=1e-4)  # 3.5 and 3.7


def test_a_grown_run_that_never_gets_there_is_infinite_not_left_out(kept):
    for name in list(kept):
        if "<" in name:
            kept[name] = {**kept[name], "val": [4.0] * 5, "best_val": 4.0}
    (row,) = summary(kept)["comparisons"]
    assert row["never_reached"] == 2 and row["epochs_ratio_median"] is None


def test_a_grown_run_that_diverges_in_its_first_epoch_stands_where_it_began(kept):
    for name in [name for name in kept if "<" in name]:
        kept[name] = {**kept[name], "val": [4.0], "test": [5.0], "epoch": [0], "seconds": [1.0], "best_val": 4.0}
    (row,) = summary(kept)["comparisons"]
    assert row["mae_after_first_epoch_grown"] is None and row["final_mae_grown"] == 4.0


def test_other_rules_are_remedies_and_no_comparison(kept):
    name = "week 0 s0 medium lr_multiplier=0.3 < week 0 s0 quick"
    kept[name] = run(name, "medium", [4.0, 3.0], parent="week 0 s0 quick", growth={"lr_multiplier": 0.3})
    found = summary(kept)
    assert found["comparisons"][0]["runs"] == 2
    rules = {row["rule"]: row for row in found["remedies"]}
    assert set(rules) == {"plain", "rate 0.3"} and rules["rate 0.3"]["best"] == 3.0
    told = rules["rate 0.3"]
    assert (told["runs"], told["cold_best"], told["never_reached"]) == (1, 3.5, 0)
    assert told["default_within_half_of_the_epochs"] == 1
    assert told["val_difference"] == {"mean": -0.2, "standard_error": None, "n": 1}  # 3.0 and 3.2 by the default
    assert told["test_difference"]["mean"] == -0.2 and rules["plain"]["val_difference"]["mean"] == 0.0


def test_models_grown_by_a_faster_rate_of_new_weights_are_compared_apart(kept):
    name = "week 0 s0 medium new_weight_lr_multiplier=3.0 < week 0 s0 quick"
    kept[name] = run(name, "medium", [4.0, 3.4], parent="week 0 s0 quick", growth={"new_weight_lr_multiplier": 3.0})
    mixed = f"week 0 s0 full < {name}"
    kept[mixed] = run(mixed, "full", [3.0], parent=name)
    kept["week 0 s0 full"] = run("week 0 s0 full", "full", [3.5])
    rows = summary(kept)["comparisons"]
    assert [(row["to"], row["rule"], row["runs"]) for row in rows] == [
        ("medium", "plain", 2),
        ("medium", "rate of new 3", 1),
    ], "a full model grown by one rule from a medium model grown by another is neither"


def test_a_grown_model_is_compared_with_its_parent_trained_on(kept):
    quick, growth = "week 0 s0 quick", {"new_weight_lr_multiplier": 3.0}
    kept["grown"] = run("grown", "medium", [4.0, 3.4], parent=quick, growth=growth)
    kept["on"] = run("on", "quick", [4.0, 3.5], parent=quick)
    kept["other"] = run(
        "other", "quick", [4.0, 3.9], seed=1, parent="week 0 s1 quick"
    )  # nothing grew from it by this rule
    (row,) = summary(kept)["sizes"]
    assert (row["from"], row["to"], row["runs"]) == ("quick", "medium", 1)
    assert (row["parent"], row["same_size"], row["grown"]) == (4.0, 3.5, 3.4)
    assert row["val_difference"] == row["test_difference"] == {"mean": -0.1, "standard_error": None, "n": 1}
    assert "| week | quick | medium | 1 | 4.000 | 3.500 | 3.400 | -0.100 | -0.100 |" in tables(summary(kept))
    assert summary(kept)["comparisons"][0]["runs"] == 2, "trained on is not grown"


def test_rates_and_reloads_are_listed(kept):
    kept["week 0 s0 full lr=0.002"] = run("week 0 s0 full lr=0.002", "full", [3.0], params={"learning_rate": 0.002})
    kept["week reload quick medium"] = {"run": "week reload quick medium", "task": "week", "moved": 0, "of": 9}
    found = summary(kept)
    preset, none = sorted(found["rates"], key=lambda row: row["rule"], reverse=True)
    assert (preset["rule"], preset["learning_rate"], preset["mae"]) == ("preset", 0.002, 3.0)
    assert (none["rule"], none["learning_rate"], none["mae"]) == ("none", 0.001, 3.0), "half the rate at full"
    assert found["reload"][0]["moved"] == 0


def test_the_lineage_goes_down_to_where_the_weights_come_from(kept):
    kept["f"] = run("f", "full", [3.0], parent="week 0 s0 medium < week 0 s0 quick")
    assert lineage(kept["f"], kept) == ("full", "medium", "quick")
    assert lineage(kept["week 0 s0 medium"], kept) == ("medium",)


def test_a_rule_is_told_with_the_difference_it_started_with(kept):
    """Parents of one name that were trained twice are not equal; what a rule changed must not be mixed up with that."""
    name = "week 0 s0 medium lr_multiplier=0.3 < week 0 s0 quick"
    kept[name] = run(name, "medium", [4.1, 3.0], parent="week 0 s0 quick", growth={"lr_multiplier": 0.3})
    rules = {row["rule"]: row for row in summary(kept)["remedies"]}
    assert rules["rate 0.3"]["start_difference"]["mean"] == 0.1


def test_the_tables_show_every_comparison_and_every_changed_rule(kept):
    name = "week 0 s0 medium lr_multiplier=0.3 < week 0 s0 quick"
    kept[name] = run(name, "medium", [4.0, 3.0], parent="week 0 s0 quick", growth={"lr_multiplier": 0.3})
    kept["week 0 s0 quick lr=0.002"] = run("week 0 s0 quick lr=0.002", "quick", [3.0], params={"learning_rate": 0.002})
    shown = tables(summary(kept))
    assert (
        "| week | quick | medium | x 1 | 2 | 0.50 | 100 % | 0.50, 0.50 | 0 | 1.25 | 4.000 | 3.200 | 3.600 | 0.141 |"
        in shown
    )
    assert "| week | medium | rate x 0.3 | 1 | -0.200 | -0.200 | 1 (1) | 0 |" in shown
    assert "| stage | rule | 0.002 |" in shown and "| quick | - | 3.00 |" in shown


def test_the_tables_of_the_docs_are_what_the_kept_runs_say(repository):
    from clock import clocked
    from growth import FILE
    from recorder import kept_runs

    text = (repository / "docs" / "growth.md").read_text()
    missing = [line for line in tables(summary(clocked(kept_runs(FILE)))).splitlines() if line and line not in text]
    assert not missing, "write what `python benchmarks/growth.py --summary` prints into docs/growth.md"
