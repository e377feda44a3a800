"""The rows of `gpu.py` as a table (pure)."""

from collections.abc import Iterable, Mapping
from typing import Any

from markdown_tables import markdown_table

__all__ = ["shown", "table"]

NO_TIME = "no time left"


def table(rows: Iterable[Mapping[str, Any]]) -> str:
    """One line a part: name, how it ended, its seconds, and what it found."""
    lines = [[row["part"], row["status"], f"{row['seconds']:g}", shown(row["kind"], row["result"])] for row in rows]
    return markdown_table(["part", "ended", "s", "found"], lines)


def shown(kind: str, result: Mapping[str, Any]) -> str:
    """What a part found, in a few words; what it had found when it failed, too."""
    words = {"agreement": _agreement, "evaluation": _evaluation, "workers": _workers, "step": _step, "port": _step}
    return words[kind](result) if result else ""


def _agreement(result: Mapping[str, Any]) -> str:
    """The largest error of each way to compute, of those for which something is expected."""
    worst = {
        mode: max(
            (row["error"] if row["error"] is not None else float("inf"))
            for row in rows.values()
            if row["tolerance"] is not None
        )
        for mode, rows in result.items()
    }
    return "largest relative error: " + ", ".join(f"{mode} {error:.1e}" for mode, error in worst.items())


def _evaluation(result: Mapping[str, Any]) -> str:
    words = [f"{result['network']}, {result['sensors']} sensors" if "network" in result else ""]
    if "epochs" in result:
        words.append(f"{result['epochs']} epochs, validation MAE {result['val_mae']}")
    if "test_mae" in result:
        words.append(f"test MAE {result['test_mae']['mean']}, persistence {result['persistence']['mean']}")
        words.append(f"{result['epoch_s']} s an epoch ({result['stopped']})")
    return ", ".join(word for word in words if word)


def _workers(result: Mapping[str, Any]) -> str:
    if "gain" not in result:
        return ""
    alone, together = result["alone_ms"], result["ms_per_step_of_either"]
    peaks = " and ".join(f"{peak:g}" for peak in result["peak_gb"])
    return f"{alone:g} ms a step alone, {together:g} together ({result['gain']:g} times as many), {peaks} GB"


def _step(result: Mapping[str, Any]) -> str:
    words = [f"{result['ms']:g} ms" if "ms" in result else ""]
    words.append(f"{result['ms_in_a_row']:g} ms in a row" if "ms_in_a_row" in result else "")
    words.append(f"{result['peak_gb']:g} GB" if "peak_gb" in result else "")
    words.append(f"first {result['first_step_s']:g} s" if "first_step_s" in result else "")
    words.append(f"other batch {result['other_batch_s']:g} s" if "other_batch_s" in result else "")
    return ", ".join(word for word in words if word)
