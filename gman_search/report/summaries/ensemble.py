"""The ensemble: who is in it, with which weight at each step, and whether it pays (pure)."""

from dataclasses import dataclass
from statistics import fmean

from gman_search.record import EnsembleCheck, EnsembleMember, StudyRecord

__all__ = ["EnsembleSummary", "MemberShare", "ensemble_summary", "mean_weight", "members_by_weight"]

SHOWN_MEMBERS = 8
"""More colours cannot be told apart; the others are drawn as one."""


@dataclass(frozen=True)
class MemberShare:
    """One member, or all further ones together: its share of the forecast at each step and on average, 1 in all."""

    name: str
    kind: str
    key: str | None
    mean: float
    weights: tuple[float, ...]


@dataclass(frozen=True)
class EnsembleSummary:
    """`members` has everyone, the largest mean weight first, `drawn` what a figure can show."""

    unit: str
    minutes: tuple[int, ...]
    members: tuple[MemberShare, ...]
    drawn: tuple[MemberShare, ...]
    val_mae: float
    check: EnsembleCheck
    forecast_ms: float


def ensemble_summary(record: StudyRecord) -> EnsembleSummary | None:
    """The ensemble, or none where the study has none."""
    found = None if record.test is None else record.test.ensemble
    if found is None or not found.members:
        return None
    members = tuple(
        MemberShare(one.name, one.kind, one.key, mean_weight(one), one.weights)
        for one in members_by_weight(found.members)
    )
    horizon = max(len(one.weights) for one in members)
    return EnsembleSummary(
        unit=record.unit,
        minutes=tuple(step * record.step_minutes for step in range(1, horizon + 1)),
        members=members,
        drawn=_drawn(members, horizon),
        val_mae=found.val_mae,
        check=found.check,
        forecast_ms=found.forecast_ms,
    )


def mean_weight(member: EnsembleMember) -> float:
    """Mean over the steps."""
    return fmean(member.weights) if member.weights else 0.0


def members_by_weight(members: tuple[EnsembleMember, ...]) -> list[EnsembleMember]:
    """The largest mean weight first."""
    return sorted(members, key=lambda member: -mean_weight(member))


def _drawn(members: tuple[MemberShare, ...], horizon: int) -> tuple[MemberShare, ...]:
    if len(members) <= SHOWN_MEMBERS:
        return members
    shown, rest = members[: SHOWN_MEMBERS - 1], members[SHOWN_MEMBERS - 1 :]
    weights = tuple(sum(one.weights[q] for one in rest if q < len(one.weights)) for q in range(horizon))
    together = MemberShare(f"{len(rest)} others", "others", None, sum(one.mean for one in rest), weights)
    return (*shown, together)
