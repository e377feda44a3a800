"""What `data check` found as plain values, for JSON (pure)."""

from dataclasses import asdict
from typing import Any

from gman_search.data.checks.check import DataCheck, shown_steps
from gman_search.data.series import TrafficSeries
from gman_search.data.windows import SPLIT_RULES
from gman_search.metrics import mean_of_steps

__all__ = ["check_document", "parts_document"]


def check_document(found: DataCheck) -> dict[str, Any]:
    """`data check --json`."""
    series, profile, task = found.series, found.profile, found.task
    missing = profile.zeros + profile.nans
    return {
        "sensors": len(series.sensors),
        "steps": len(series.values),
        "step_minutes": series.step_minutes,
        "span": [_when(series, 0), _when(series, -1)],
        "P": task.P,
        "Q": task.Q,
        "T": task.T,
        "unit": task.unit,
        "unit_guess": profile.unit,
        "quantiles": profile.quantiles,
        "gaps": {"count": profile.gaps, "steps": profile.gap_steps, "longest": profile.longest_gap},
        "missing_share": float(missing.mean()),
        "by_sensor": {
            name: {"zeros": float(z), "nan": float(n), "longest_repeat": int(r), "stuck": bool(s)}
            for name, z, n, r, s in zip(
                series.sensors, profile.zeros, profile.nans, profile.longest_repeat, profile.stuck, strict=True
            )
        },
        "clean": found.facts.spec.data.clean,
        "left_out": [
            {
                "sensor": period.sensor,
                "from": _time(period.first),
                "to": _time(period.last),
                "rule": period.rule,
                "readings": period.readings,
            }
            for period in found.facts.left_out
        ],
        "graph": None if found.graph is None else {**asdict(found.graph), "fits_readings": found.graph.fits_readings},
        "embedding": task.embedding_source,
        "split": {"rule": task.split, "text": SPLIT_RULES[task.split], "parts": parts_document(found)},
        "baselines": {
            name: {
                "steps": {str(step): score.mae for step, score in steps.items() if step in shown_steps(task.Q)},
                "mean": mean_of_steps(steps).mae,
            }
            for name, steps in found.baselines.items()
        },
        "stages": [
            {**asdict(row), "memory_gb": row.memory_gb, "configs": quota}
            for row, quota in zip(found.estimates, found.quotas, strict=True)
        ],
        "study_seconds": found.plan.in_all,
        "wall_seconds": found.plan.wall,
        "machine_memory_gb": found.facts.machine_gb,
        "groups": task.groups,
        "advised_groups": found.facts.advised_groups,
        "findings": [asdict(finding) for finding in found.findings],
    }


def parts_document(found: DataCheck) -> dict[str, Any]:
    """Windows, span and persistence's error of each part."""
    series, task = found.series, found.task
    return {
        name: {
            "windows": len(starts),
            "from": _when(series, starts[0]),
            "to": _when(series, starts[-1] + task.P + task.Q - 1),
            "persistence_mae": found.persistence_mae[name],
        }
        for name, starts in task.starts.items()
    }


def _when(series: TrafficSeries, row: int) -> str:
    return _time(series.times[row])


def _time(time: Any) -> str:
    return str(time).replace("T", " ")
