"""`data check`: everything about a user's data that decides what a study of it can learn, take and mean."""

import os
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from gman_search.baselines.persistence import persistence_mae
from gman_search.baselines.registry import CHEAP
from gman_search.baselines.scores import baseline_scores
from gman_search.data.estimate import StageEstimate, estimate_stages, ladder_of
from gman_search.data.profile import STUCK_HOURS, GraphProfile, SeriesProfile, profile_graph, profile_series
from gman_search.data.series import TrafficSeries
from gman_search.data.task import ForecastTask, load_adjacency, load_series, task_of
from gman_search.data.windows import SPLIT_RULES
from gman_search.halving.finals import extra_share
from gman_search.halving.plan import SearchPlan, plan_search
from gman_search.model.counts import best_groups
from gman_search.record import Scores
from gman_search.spec import StudySpec
from gman_search.training.metrics import mean_of_steps

__all__ = ["DataCheck", "check_data", "shown_steps"]

GROUPS_WORTH = 2.0
"""Group attention is another model: it is only advised where a full evaluation gets this many times shorter."""
MEMORY_SHARE = 0.8
NIGHT_RATIO = 3.0
FEW = 5
MOSTLY_MISSING = 0.5
SHOWN_STEPS = (3, 6, 12)


@dataclass(frozen=True)
class DataCheck:
    """What was found. `series` has NaN for absent readings; `plan` is the time of all evaluations.

    `persistence_mae` is by part, in the data's unit: where one is easier than another, so are its errors smaller.
    `baselines` has scores of the cheap ones at each step of the validation part, by name.
    """

    series: TrafficSeries
    profile: SeriesProfile
    graph: GraphProfile | None
    task: ForecastTask
    persistence_mae: dict[str, float]
    baselines: dict[str, dict[int, Scores]]
    estimates: tuple[StageEstimate, ...]
    quotas: tuple[int, ...]
    plan: SearchPlan
    memory_gb: float
    advised_groups: int
    warnings: tuple[str, ...]

    def document(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        series, profile, task = self.series, self.profile, self.task
        missing = profile.zeros + profile.nans
        parts = {
            name: {
                "windows": len(starts),
                "from": _when(series, starts[0]),
                "to": _when(series, starts[-1] + span),
                "persistence_mae": self.persistence_mae[name],
            }
            for name, starts in task.starts.items()
            for span in [task.P + task.Q - 1]
        }
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
            "graph": None if self.graph is None else {**asdict(self.graph), "fits_readings": self.graph.fits_readings},
            "embedding": task.embedding_source,
            "split": {"rule": task.split, "text": SPLIT_RULES[task.split], "parts": parts},
            "baselines": {
                name: {
                    "steps": {str(step): score.mae for step, score in steps.items() if step in shown_steps(task.Q)},
                    "mean": mean_of_steps(steps).mae,
                }
                for name, steps in self.baselines.items()
            },
            "stages": [
                {**asdict(row), "configs": quota} for row, quota in zip(self.estimates, self.quotas, strict=True)
            ],
            "study_seconds": self.plan.in_all,
            "wall_seconds": self.plan.wall,
            "machine_memory_gb": self.memory_gb,
            "groups": task.groups,
            "advised_groups": self.advised_groups,
            "warnings": list(self.warnings),
        }


def shown_steps(Q: int) -> tuple[int, ...]:
    """The steps whose errors are shown: 3, 6 and 12, and the last one where there are fewer."""
    return tuple(sorted({min(step, Q) for step in SHOWN_STEPS}))


def _cheap_baselines(task: ForecastTask) -> dict[str, dict[int, Scores]]:
    """Scores at each step of the validation part; never of the test part."""
    windows, found = task.windows("val"), {}
    for kind in CHEAP:
        baseline = kind()
        baseline.fit(task)
        found[baseline.name] = baseline_scores(baseline, windows)
    return found


def check_data(spec: StudySpec, base: Path) -> DataCheck:
    """Read the data of `spec` (files relative to `base`) as a run would, and profile it.

    Raises:
        DataError: a run would refuse it too.
    """
    data = spec.data
    everything = load_series(data, base, blank=np.nan)
    adjacency = load_adjacency(data, base, everything.sensors)
    filled = _with_zeros(everything)
    task = task_of(data, base, filled, adjacency)
    series = everything.take(data.sensors)
    graph = None
    if adjacency is not None:
        columns = everything.columns(len(everything.sensors) if data.sensors is None else data.sensors)
        graph = profile_graph(adjacency[np.ix_(columns, columns)], task.series)
    profile = profile_series(series)
    stages, stride, cores = spec.preset_stages(), data.stride_of(len(task.starts["val"])), os.cpu_count() or 1
    workers, threads = spec.search.share_of(cores)
    estimates = estimate_stages(stages, task, stride, threads=threads)
    quotas = ladder_of(spec, task).quotas()
    groups = best_groups(len(series.sensors))
    grouped = estimate_stages(stages[-1:], task, stride, threads=threads, groups=groups)[0]
    worth = task.groups == 0 and estimates[-1].seconds > GROUPS_WORTH * grouped.seconds
    found = DataCheck(
        series=series,
        profile=profile,
        graph=graph,
        task=task,
        persistence_mae={part: persistence_mae(task.windows(part)) for part in task.starts},
        baselines=_cheap_baselines(task),
        estimates=estimates,
        quotas=tuple(quotas),
        plan=plan_search(
            estimates,
            quotas,
            workers,
            extra_share=extra_share(reference=spec.search.reference, finals=spec.search.finals),
        ),
        memory_gb=os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9,
        advised_groups=groups if worth else 0,
        warnings=(),
    )
    return replace(found, warnings=tuple(_warnings(found, spec, grouped)))


def _warnings(found: DataCheck, spec: StudySpec, grouped: StageEstimate) -> list[str]:
    series, profile, task, graph = found.series, found.profile, found.task, found.graph
    texts = list(task.warnings)
    guess = profile.unit
    if guess not in (task.unit, "unknown"):
        texts.append(f"readings look like {guess}, and errors would be printed in {task.unit}: set data.unit")
    stuck = [name for name, is_stuck in zip(series.sensors, profile.stuck, strict=True) if is_stuck]
    if stuck:
        texts.append(
            f"{_few(stuck)} with one reading for {STUCK_HOURS} h or more: a stuck detector, or missing ones filled in; "
            "such hours are easy to forecast and worth nothing"
        )
    if profile.twins:
        texts.append(f"sensors {profile.twins[0][0]} and {profile.twins[0][1]} have equal readings: is one a copy?")
    if not (profile.zeros.any() or profile.nans.any()):
        texts.append(
            "no reading is missing: if missing ones were filled in before, test errors count the filled ones too"
        )
    if profile.zeros.mean() > 0.01 and profile.night_zeros > NIGHT_RATIO * profile.day_zeros:
        texts.append(
            "zeros are mostly at night: if they are counts of no vehicle, know that a zero always counts as missing"
        )
    if profile.quantiles["100%"] > 2 * profile.quantiles["99%"]:
        texts.append(
            f"the largest reading, {profile.quantiles['100%']:g}, is more than twice the 99 % quantile, "
            f"{profile.quantiles['99%']:g}: is it a code for something?"
        )
    texts += _silent_warnings(found)
    if graph is None:
        texts.append("no graph: the model cannot tell near sensors from far ones; give a graph or coordinates")
    else:
        texts += _graph_warnings(graph, len(series.sensors))
    if found.advised_groups:
        gain = found.estimates[-1].seconds / grouped.seconds
        texts.append(
            f"with so many sensors group attention makes the {grouped.stage} stage {gain:.0f} times shorter: set "
            f'data.groups = "auto" ({found.advised_groups} groups), and compare its errors'
        )
    for row in found.estimates:
        needed = row.memory_gb * spec.search.workers
        if needed > MEMORY_SHARE * found.memory_gb:
            texts.append(
                f"{spec.search.workers} workers at {row.stage} need about {needed:.0f} GB and this machine has "
                f"{found.memory_gb:.0f}: fewer workers, or a smaller stages.{row.stage}.batch_size"
            )
    return texts


def _silent_warnings(found: DataCheck) -> list[str]:
    """Sensors that were built late, died early, or are missing most of the time."""
    task, texts = found.task, []
    means = {
        "train": "the model learns nothing of them but their place",
        "val": "configs are chosen without them",
        "test": "the test errors say nothing of them",
    }
    for part, meaning in means.items():
        starts = task.starts[part]
        seen = (task.targets[starts[0] : starts[-1] + task.P + task.Q] != 0).any(axis=0)
        silent = [name for name, is_seen in zip(task.series.sensors, seen, strict=True) if not is_seen]
        if silent:
            texts.append(f"without a reading in the {part} part: {_few(silent)}; {meaning}")
    missing = found.profile.zeros + found.profile.nans
    mostly = [name for name, share in zip(found.series.sensors, missing, strict=True) if share > MOSTLY_MISSING]
    if mostly:
        texts.append(f"missing more often than not: {_few(mostly)}; consider a study without them (--sensors)")
    return texts


def _graph_warnings(graph: GraphProfile, sensors: int) -> list[str]:
    if not graph.edges:
        return [
            "no two sensors are neighbours in the graph: of distances, those much longer than their standard deviation "
            "get the weight 0 (DCRNN's kernel); give weights (`i j w`) instead"
        ]
    texts = []
    if graph.isolated:
        texts.append(f"without a neighbour in the graph: {_few(list(graph.isolated))}")
    parts = sum(size > 1 for size in graph.components)
    if parts > 1:
        texts.append(f"the graph falls into {parts} parts without a link between them: is that so on the road?")
    if graph.density > 0.5 and sensors > FEW:
        texts.append(f"{graph.density:.0%} of all pairs are neighbours: such a graph says little about who is near")
    if not graph.fits_readings:
        texts.append(
            f"neighbours in the graph are no more alike (correlation {graph.edge_likeness:.2f}) than any two sensors "
            f"({graph.pair_likeness:.2f}): is the graph in the order of the readings' columns?"
        )
    return texts


def _few(names: list[str]) -> str:
    shown = ", ".join(names[:FEW])
    return f"{len(names)} sensor{'s' if len(names) > 1 else ''} ({shown}{', ...' if len(names) > FEW else ''})"


def _when(series: TrafficSeries, row: int) -> str:
    return str(series.times[row]).replace("T", " ")


def _with_zeros(series: TrafficSeries) -> TrafficSeries:
    return replace(series, values=np.nan_to_num(series.values, nan=0.0))
