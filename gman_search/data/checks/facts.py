"""What the rules look at (pure)."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from gman_search.data.profile import GraphProfile, SeriesProfile
from gman_search.data.series import LeftOut, TrafficSeries
from gman_search.data.step_plan import StepPlan
from gman_search.spec import StudySpec

__all__ = ["Facts", "StageNeed"]


@dataclass(frozen=True)
class StageNeed:
    """How the steps of a stage, of so many windows, fit into the memory of one worker."""

    stage: str
    plan: StepPlan
    batch_size: int


@dataclass(frozen=True)
class Facts:
    """All that is known of a study's data before it is trained on.

    Args:
        spec: the specification.
        series: readings (S, N) of the study's sensors; NaN for an absent one, 0 for a 0 in the file.
        profile: of `series`.
        codes: values that look like codes.
        left_out: what `[data] clean` leaves out; where it is off, what it would.
        starts: first rows of the windows of each part.
        days: (S,) weekdays, holidays being Sundays.
        seen_days: (7,) weekdays of the training part.
        graph: None without a graph.
        graph_notes: what was made of its file.
        needs: by stage.
        machine_gb: memory of this machine.
        advised_groups: of group attention, where that makes the last stage `group_gain` times shorter; else 0.
        group_gain: see `advised_groups`.
    """

    spec: StudySpec
    series: TrafficSeries
    profile: SeriesProfile
    codes: tuple[float, ...]
    left_out: tuple[LeftOut, ...]
    starts: Mapping[str, np.ndarray]
    days: np.ndarray
    seen_days: np.ndarray
    graph: GraphProfile | None
    graph_notes: tuple[str, ...]
    needs: tuple[StageNeed, ...]
    machine_gb: float
    advised_groups: int
    group_gain: float

    def rows(self, part: str) -> tuple[int, int]:
        """The rows, first and end, that the windows of a part span."""
        starts, data = self.starts[part], self.spec.data
        return int(starts[0]), int(starts[-1]) + data.history + data.horizon

    def target_rows(self, part: str) -> tuple[int, int]:
        """The rows, first and end, that the windows of a part forecast."""
        first, end = self.rows(part)
        return first + self.spec.data.history, end
