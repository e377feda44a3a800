"""From files to a task and what there is to know of it: one way for `data check`, `run`, `--dry-run`, `train`."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from gman_search.data.checks.facts import Facts, StageNeed
from gman_search.data.checks.finding import Finding
from gman_search.data.checks.registry import find
from gman_search.data.cleaning.clean import to_leave_out
from gman_search.data.estimate import estimate_stages
from gman_search.data.graph import Graph
from gman_search.data.profile import profile_graph, profile_series
from gman_search.data.series import TrafficSeries
from gman_search.data.suspected_codes import suspected_codes
from gman_search.data.task import ForecastDataset, build_task, load_adjacency, load_series
from gman_search.io.memory import machine_gb
from gman_search.model.param_count import best_groups
from gman_search.spec import StudySpec

__all__ = ["Checked", "checked", "facts_of", "load_checked"]

GROUPS_WORTH = 2.0
"""Group attention is another model: it is only advised where a full evaluation gets this many times shorter."""


@dataclass(frozen=True)
class Checked:
    """A task as `load_task` gives it, with what was found in its data."""

    task: ForecastDataset
    facts: Facts
    findings: tuple[Finding, ...]


def load_checked(spec: StudySpec, base: Path) -> Checked:
    """Read the data of `spec` (files relative to `base`), and look at it by every rule of `registry.RULES`.

    Raises:
        DataError: as `load_task`.
    """
    everything = load_series(spec.data, base, blank=np.nan)
    graph = load_adjacency(spec.data, base, everything.sensors)
    return checked(spec, everything, graph, build_task(spec.data, base, everything.with_zeros(), graph))


def checked(spec: StudySpec, everything: TrafficSeries, graph: Graph | None, task: ForecastDataset) -> Checked:
    """`task` with what is found in the readings and the graph of all sensors that it was made of.

    `everything` has NaN for an absent reading, 0 for a 0 in the file.
    """
    sensors, adjacency = spec.data.sensors, None
    if graph is not None:
        columns = everything.columns(len(everything.sensors) if sensors is None else sensors)
        adjacency = graph.matrix[np.ix_(columns, columns)]
    facts = facts_of(spec, everything.take(sensors), task, adjacency, task.graph_notes)
    return Checked(task, facts, find(facts))


def facts_of(
    spec: StudySpec,
    series: TrafficSeries,
    task: ForecastDataset,
    adjacency: np.ndarray | None,
    graph_notes: Sequence[str] = (),
) -> Facts:
    """The facts of a task.

    Args:
        spec: whose data it is.
        series: readings (S, N) of the task's sensors; NaN for an absent one, 0 for a 0 in the file.
        task: made of `series`.
        adjacency: (N, N), None without a graph.
        graph_notes: what was made of its file.
    """
    stages, stride = spec.preset_stages(), spec.data.stride_of(len(task.starts["val"]))
    _, threads = spec.search.share_of(os.cpu_count() or 1)
    machine = machine_gb()
    room = spec.search.room_gb(machine)
    estimates = estimate_stages(stages, task, stride, threads=threads, room_gb=room)
    groups = best_groups(len(series.sensors))
    grouped = estimate_stages(stages[-1:], task, stride, threads=threads, groups=groups, room_gb=room)[0]
    gain = estimates[-1].seconds / grouped.seconds
    return Facts(
        spec=spec,
        series=series,
        profile=profile_series(series),
        codes=suspected_codes(series.values),
        left_out=series.left_out if spec.data.clean else to_leave_out(series, spec.data.unit),
        starts=task.starts,
        days=task.day_of_week,
        seen_days=task.seen_days,
        graph=None if adjacency is None else profile_graph(adjacency, task.series),
        graph_notes=tuple(graph_notes),
        needs=tuple(
            StageNeed(row.stage, row.plan, stage.batch_size) for row, stage in zip(estimates, stages, strict=True)
        ),
        machine_gb=machine,
        advised_groups=groups if task.groups == 0 and gain > GROUPS_WORTH else 0,
        group_gain=gain,
    )
