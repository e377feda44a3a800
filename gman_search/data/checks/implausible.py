"""Readings that no road has: what `[data] clean` leaves out, or would (pure)."""

from collections.abc import Iterator

import numpy as np

from gman_search.data.checks.facts import Facts
from gman_search.data.checks.finding import Finding, few
from gman_search.data.cleaning.clean import left_out_in, left_out_text
from gman_search.data.cleaning.rules import RULES

__all__ = ["implausible", "left_out"]

CODES = {"limit": "impossible-readings", "jump": "impossible-jumps", "stuck": "stuck-sensors", "line": "straight-lines"}
WHY = {
    "limit": "they count in every error, and one outweighs thousands",
    "jump": "they count in every error, and no model can forecast them",
    "stuck": "such hours are easy to forecast and worth nothing",
    "line": "whoever filled them in knew what came after: such hours are easy to forecast and worth nothing",
}


def implausible(facts: Facts) -> Iterator[Finding]:
    """One finding for each rule of `clean` that holds somewhere, where `clean` is off."""
    if facts.spec.data.clean:
        return
    for rule, meaning in RULES.items():
        found = [period for period in facts.left_out if period.rule == rule]
        if not found:
            continue
        readings = sum(period.readings for period in found)
        sensors = list(dict.fromkeys(period.sensor for period in found))
        yield Finding(
            CODES[rule],
            "warning",
            f"{readings} reading{'' if readings == 1 else 's'} of {few(sensors)}: {meaning}",
            f"{WHY[rule]}: data.clean = true leaves them out",
        )


def left_out(facts: Facts) -> Finding | None:
    """How many readings `clean` has left out, and how many of them the test would have counted."""
    if not facts.spec.data.clean or not facts.left_out:
        return None
    first, end = facts.target_rows("test")
    lost = left_out_in(facts.series, first, end)
    kept = int(np.count_nonzero(np.nan_to_num(facts.series.values[first:end])))
    return Finding(
        "left-out",
        "note",
        f"clean leaves out {left_out_text(facts.left_out)}, {lost} of them in the test part "
        f"({lost / (lost + kept):.2%} of its readings)",
        "test errors do not count them: compare them only with errors on the same readings",
    )
