"""Who did what when: every attempt as a bar on its worker's line (pure)."""

from dataclasses import dataclass, replace

from gman_search.halving.table import State
from gman_search.record import StudyRecord

__all__ = ["Pause", "Span", "Timeline", "timeline"]

LONGEST_IDLE = 0.05
"""Idle time of all workers together that is longer than this share of the working time is cut out: a search may rest
for a night."""


@dataclass(frozen=True)
class Span:
    """One attempt on one worker (counted from 0), in seconds of working time since the first attempt began."""

    key: str
    config_id: int
    stage: str
    attempt: int
    worker: int
    start: float
    end: float
    state: State
    control: str


@dataclass(frozen=True)
class Pause:
    """All workers rested for `seconds`; drawn as a line at `at` seconds of working time."""

    at: float
    seconds: float


@dataclass(frozen=True)
class Timeline:
    """All attempts whose times are known; `busy` is the share of the workers' time that was spent training."""

    stages: tuple[str, ...]
    workers: int
    spans: tuple[Span, ...]
    pauses: tuple[Pause, ...]
    seconds: float
    busy: float


def timeline(record: StudyRecord) -> Timeline | None:
    """The workers' time; none where no attempt has its times noted."""
    known = sorted(
        (row for row in record.evaluations if "began" in row.facts and row.state.is_finished),
        key=lambda row: (float(row.facts["began"]), row.key, row.attempt),
    )
    if not known:
        return None
    begins = [float(row.facts["began"]) for row in known]
    ends = [
        max(begin, float(row.facts.get("ended", begin + row.seconds))) for begin, row in zip(begins, known, strict=True)
    ]
    names = list(dict.fromkeys(str(row.facts.get("worker", "")) for row in known))
    allowed = LONGEST_IDLE * sum(end - begin for begin, end in zip(begins, ends, strict=True)) / len(names)
    spans, pauses, latest, cut = [], [], begins[0], begins[0]
    for row, begin, end in zip(known, begins, ends, strict=True):
        if begin - latest > max(allowed, 60.0):
            pauses.append(Pause(latest - cut, begin - latest))
            cut += begin - latest
        latest = max(latest, end)
        worker = names.index(str(row.facts.get("worker", "")))
        spans.append(
            Span(row.key, row.config_id, row.stage, row.attempt, worker, begin - cut, end - cut, row.state, row.control)
        )
    lanes = _lanes(spans, len(names))
    workers, total = max(lanes) + 1, latest - cut
    busy = sum(span.end - span.start for span in spans) / (total * workers) if total > 0 else 1.0
    moved = tuple(replace(span, worker=lanes[span.worker]) for span in spans)
    return Timeline(record.ladder.stages, workers, moved, tuple(pauses), total, min(1.0, busy))


def _lanes(spans: list[Span], workers: int) -> list[int]:
    """A worker that came after another had left takes over its line: a resumed search starts new processes."""
    first = [min((s.start for s in spans if s.worker == w), default=0.0) for w in range(workers)]
    last = [max((s.end for s in spans if s.worker == w), default=0.0) for w in range(workers)]
    free_at: list[float] = []
    lanes = []
    for worker in range(workers):
        place = next((lane for lane, end in enumerate(free_at) if end <= first[worker]), len(free_at))
        if place == len(free_at):
            free_at.append(last[worker])
        else:
            free_at[place] = last[worker]
        lanes.append(place)
    return lanes
