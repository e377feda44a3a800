"""The rank of each config at one stage after another, with the controls (pure)."""

from dataclasses import dataclass

from gman_search.halving.decide import ranked
from gman_search.halving.table import latest_attempts
from gman_search.record import StudyRecord
from gman_search.report.summaries.agreement import MIN_CONFIGS
from gman_search.report.summaries.headline import ladder_winner

__all__ = ["RankPath", "RankPaths", "RankStep", "rank_paths"]

MAX_PATHS = 40
"""More lines cannot be told apart."""


@dataclass(frozen=True)
class RankStep:
    """Rank of a config among the complete evaluations of a stage; a control's as if it had been one of them."""

    stage: str
    rank: int
    of: int
    control: bool


@dataclass(frozen=True)
class RankPath:
    """A config that has a rank at two stages or more."""

    config_id: int
    is_winner: bool
    steps: tuple[RankStep, ...]

    @property
    def has_control(self) -> bool:
        """Whether one of its steps is a control that was promoted at random."""
        return any(step.control for step in self.steps)


@dataclass(frozen=True)
class RankPaths:
    """All paths, those that came farthest first, `hidden` more of them not kept; `reason` says why there are none."""

    stages: tuple[str, ...]
    paths: tuple[RankPath, ...]
    hidden: int
    reason: str


def rank_paths(record: StudyRecord) -> RankPaths:
    """Ranks at each stage of the configs that were seen at two or more."""
    stages, best = record.ladder.stages, ladder_winner(record)
    rows = latest_attempts(record.evaluations, controls=True)
    steps: dict[int, list[RankStep]] = {}
    for stage in stages:
        here = ranked(row for row in rows if row.stage == stage and not row.control)
        for rank, row in enumerate(here, start=1):
            steps.setdefault(row.config_id, []).append(RankStep(stage, rank, len(here), control=False))
        for row in ranked(row for row in rows if row.stage == stage and row.control == "random"):
            rank = 1 + sum((other.val_mae or 0.0) < (row.val_mae or 0.0) for other in here)
            steps.setdefault(row.config_id, []).append(RankStep(stage, rank, len(here) + 1, control=True))
    paths = [
        RankPath(config_id, best is not None and best.config_id == config_id, tuple(found))
        for config_id, found in steps.items()
        if len(found) > 1
    ]
    paths.sort(key=lambda path: (-len(path.steps), path.steps[-1].rank, path.config_id))
    if len(paths) < MIN_CONFIGS:
        return RankPaths(stages, (), 0, f"{len(paths)} of the {MIN_CONFIGS} configs needed were seen at two stages")
    controls = [path for path in paths if path.has_control][: MAX_PATHS // 2]
    others = [path for path in paths if not path.has_control][: MAX_PATHS - len(controls)]
    kept = tuple(path for path in paths if path in controls or path in others)
    return RankPaths(stages, kept, len(paths) - len(kept), "")
