"""What a search took, and what it saved against training every config in full (pure)."""

from dataclasses import dataclass
from statistics import fmean

from gman_search.halving.decide import ranked
from gman_search.halving.table import CONTENDERS, Evaluation, State, counted_once, latest_attempts
from gman_search.record import StudyRecord

__all__ = ["Cost", "cost"]


@dataclass(frozen=True)
class Cost:
    """What the search took: wall-clock seconds of training and epochs over all attempts. Controls measure and do not
    search; theirs are `control_seconds`. The reference and final trainings can win, so they are part of the search:
    `reference_seconds` and `final_seconds` of `seconds` are theirs.

    `saved_share` compares the estimated cost of what was started with training every config at the last stage.
    `full_seconds` is what that would have taken at the measured mean of the last stage's complete evaluations.
    """

    seconds: float
    epochs: int
    configs: int
    saved_share: float | None
    full_seconds: float | None = None
    control_seconds: float = 0.0
    reference_seconds: float = 0.0
    final_seconds: float = 0.0

    @property
    def measured_saved_share(self) -> float | None:
        """The share saved by measured times; none where no evaluation of the last stage is complete."""
        return 1.0 - self.seconds / self.full_seconds if self.full_seconds else None


def cost(record: StudyRecord) -> Cost:
    """Seconds and epochs spent, and the share saved against all configs in full."""
    once = counted_once(record.evaluations)
    ladder = [row for row in once if not row.control]
    outside = {role: [row for row in once if row.control == role] for role in CONTENDERS}
    spent_on = [*ladder, *(row for rows in outside.values() for row in rows)]
    controls = sum(row.seconds for row in once if row.control and row.control not in CONTENDERS)
    started = [row for row in ladder if row.state is not State.WAITING]
    configs = len({row.config_id for row in started})
    units = record.provenance.get("cost_units") or {}
    saved = None
    if configs and all(stage in units for stage in record.ladder.stages):
        everything = configs * float(units[record.ladder.stages[-1]])
        spent = sum(float(units.get(row.stage, 0.0)) for row in started)
        spent += sum(float(units.get(row.stage, 0.0)) * _length(row, ladder) for row in spent_on if row.control)
        saved = 1.0 - spent / everything if everything > 0 else None
    last = [row.seconds for row in ranked(latest_attempts(ladder)) if row.stage == record.ladder.stages[-1]]
    full = configs * fmean(last) if last else None
    reference, final = (float(sum(row.seconds for row in outside[role])) for role in CONTENDERS)
    seconds, epochs = sum(row.seconds for row in spent_on), sum(row.epochs for row in spent_on)
    return Cost(seconds, epochs, configs, saved, full, controls, reference, final)


def _length(row: Evaluation, ladder: list[Evaluation]) -> float:
    """How many evaluations of its stage a training outside the ladder is as long as, by epochs."""
    usual = [other.epochs for other in ranked(ladder) if other.stage == row.stage]
    return row.epochs / fmean(usual) if usual and fmean(usual) > 0 else 1.0
