"""How a study and its evaluations were made: what is stored with them, typed (pure)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from gman_search.halving.evaluations import Evaluation

__all__ = ["EvaluationFacts", "NotedFinding", "Provenance"]


@dataclass(frozen=True)
class EvaluationFacts:
    """What the report reads of `Evaluation.facts`; None where it was not noted.

    `began` and `ended` are seconds since 1970. `inherited` is the share of the weights that came from a smaller model,
    `diagnosis` the readings of the learning curve.
    """

    began: float | None = None
    ended: float | None = None
    worker: str = ""
    inherited: float | None = None
    diagnosis: tuple[str, ...] = ()

    @classmethod
    def of(cls, row: Evaluation) -> "EvaluationFacts":
        """The facts of one attempt.

        Example:
            >>> EvaluationFacts.of(Evaluation(7, "quick", facts={"worker": "host-1"})).worker
            'host-1'
        """
        facts = row.facts
        numbers = {name: _number(facts.get(name)) for name in ("began", "ended", "inherited")}
        diagnosis = tuple(str(text) for text in facts.get("diagnosis") or ())
        return cls(**numbers, worker=str(facts.get("worker", "")), diagnosis=diagnosis)


@dataclass(frozen=True)
class NotedFinding:
    """A finding about the data as it was noted when the study began; `severity` is "note" or "warning"."""

    severity: str
    message: str
    advice: str


@dataclass(frozen=True)
class Provenance:
    """What the report reads of a record's provenance; None or empty where it was not noted.

    `cost_units` are the estimated seconds of one evaluation at each stage, `windows` those of each part of the data,
    `persistence_val` and `persistence_test` the MAE of repeating the last reading on two parts of the data.
    """

    created: str | None = None
    command: str | None = None
    fingerprint: str | None = None
    findings: tuple[NotedFinding, ...] | None = None
    cost_units: Mapping[str, float] = field(default_factory=dict)
    sensors: int | None = None
    windows: Mapping[str, int] = field(default_factory=dict)
    persistence_val: float | None = None
    persistence_test: float | None = None

    @classmethod
    def of(cls, stored: Mapping[str, Any]) -> "Provenance":
        """The provenance in its stored form.

        Example:
            >>> Provenance.of({"sensors": 207}).sensors
            207
        """
        findings, windows, naive = stored.get("findings"), stored.get("windows"), stored.get("persistence_mae") or {}
        return cls(
            **{name: stored.get(name) for name in ("created", "command", "fingerprint", "sensors")},
            findings=None
            if findings is None
            else tuple(NotedFinding(row["severity"], row["message"], row["advice"]) for row in findings),
            cost_units={stage: float(seconds) for stage, seconds in (stored.get("cost_units") or {}).items()},
            windows=windows if isinstance(windows, Mapping) else {},
            persistence_val=_number(naive.get("val")),
            persistence_test=_number(naive.get("test")),
        )


def _number(value: Any) -> float | None:
    return None if value is None else float(value)
