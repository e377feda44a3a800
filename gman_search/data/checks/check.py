"""`data check`: everything about a user's data that decides what a study of it can learn, take and mean."""

import os
from dataclasses import dataclass
from pathlib import Path

from gman_search.baselines.base import baseline_scores
from gman_search.baselines.naive import persistence_mae
from gman_search.baselines.registry import CHEAP
from gman_search.data.checks.facts import Facts
from gman_search.data.checks.finding import Finding
from gman_search.data.checks.gather import load_checked
from gman_search.data.estimate import StageEstimate, estimate_stages, schedule_of
from gman_search.data.profile import GraphProfile, SeriesProfile
from gman_search.data.series import TrafficSeries
from gman_search.data.task import ForecastDataset
from gman_search.halving.finals import extra_share
from gman_search.halving.plan import SearchPlan, plan_search
from gman_search.record import Scores
from gman_search.spec import StudySpec

__all__ = ["DataCheck", "check_data", "shown_steps"]

SHOWN_STEPS = (3, 6, 12)


@dataclass(frozen=True)
class DataCheck:
    """What was found: `findings` are those that `run` shows, too. `plan` is the time of all evaluations.

    `persistence_mae` is by part, in the data's unit: where one is easier than another, so are its errors smaller.
    `baselines` has scores of the cheap ones at each step of the validation part, by name.
    """

    facts: Facts
    task: ForecastDataset
    persistence_mae: dict[str, float]
    baselines: dict[str, dict[int, Scores]]
    estimates: tuple[StageEstimate, ...]
    quotas: tuple[int, ...]
    plan: SearchPlan
    findings: tuple[Finding, ...]

    @property
    def series(self) -> TrafficSeries:
        """Readings (S, N); NaN for absent ones."""
        return self.facts.series

    @property
    def profile(self) -> SeriesProfile:
        """Of the readings."""
        return self.facts.profile

    @property
    def graph(self) -> GraphProfile | None:
        """Of the graph, if there is one."""
        return self.facts.graph


def shown_steps(Q: int) -> tuple[int, ...]:
    """The steps whose errors are shown: 3, 6 and 12, and the last one where there are fewer."""
    return tuple(sorted({min(step, Q) for step in SHOWN_STEPS}))


def check_data(spec: StudySpec, base: Path) -> DataCheck:
    """Read the data of `spec` (files relative to `base`) as a run would, profile it and score cheap baselines.

    Raises:
        DataError: a run would refuse it too.
    """
    checked = load_checked(spec, base)
    task = checked.task
    stages, stride = spec.preset_stages(), spec.data.stride_of(len(task.starts["val"]))
    workers, threads = spec.search.share_of(os.cpu_count() or 1)
    room = spec.search.room_gb(checked.facts.machine_gb)
    estimates = estimate_stages(stages, task, stride, threads=threads, room_gb=room)
    quotas = schedule_of(spec, task).rung_sizes()
    share = extra_share(reference=spec.search.reference, finals=spec.search.most_finals)
    return DataCheck(
        facts=checked.facts,
        task=task,
        persistence_mae={part: persistence_mae(task.windows(part)) for part in task.starts},
        baselines=_cheap_baselines(task),
        estimates=estimates,
        quotas=tuple(quotas),
        plan=plan_search(estimates, quotas, workers, extra_share=share),
        findings=checked.findings,
    )


def _cheap_baselines(task: ForecastDataset) -> dict[str, dict[int, Scores]]:
    """Scores at each step of the validation part; never of the test part."""
    windows, found = task.windows("val"), {}
    for kind in CHEAP:
        baseline = kind()
        baseline.fit(task)
        found[baseline.name] = baseline_scores(baseline, windows)
    return found
