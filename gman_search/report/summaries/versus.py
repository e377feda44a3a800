"""The winner's test error compared with all that it has to beat: the reference and the baselines (pure)."""

from collections.abc import Mapping
from dataclasses import dataclass

from gman_search.record import Scores, StudyRecord
from gman_search.report.summaries.headline import improvement, marked_steps, winner_test
from gman_search.report.summaries.rivals import REFERENCE_NAME, reference_row

__all__ = ["Rival", "Versus", "versus"]


@dataclass(frozen=True)
class Rival:
    """Test MAE of one forecaster, in the data's unit, at the marked steps alone and on the mean of all steps.

    `lead` is the percent by which the winner's mean is below it; none for the winner itself, and for `is_peer`: the
    winner's own smaller model, which is there for the preset's sake.
    """

    name: str
    stage: str | None
    steps: tuple[float | None, ...]
    mean: float
    lead: float | None
    is_peer: bool = False


@dataclass(frozen=True)
class Versus:
    """The winner first, then the reference by the three-stage guide, the reference config as the search trained it with
    the winner's model of its size, and the baselines.

    `steps` are (step, minutes ahead) of the columns. `preset_gain` is the percent by which the winner's config is below
    the preset where both have models of one size; none without a preset.
    """

    unit: str
    steps: tuple[tuple[int, int], ...]
    horizon: int
    rows: tuple[Rival, ...]
    preset_stage: str | None
    preset_gain: float | None

    @property
    def is_same_stage(self) -> bool:
        """Whether the preset got as far as the winner."""
        return self.preset_stage is not None and self.preset_stage == self.rows[0].stage


def versus(record: StudyRecord) -> Versus | None:
    """The comparison, or none where the winner has not been tested."""
    test = winner_test(record)
    if test is None:
        return None
    marked = marked_steps(test)

    def row(name: str, stage: str | None, steps: Mapping[int, Scores], mean: Scores, *, is_peer: bool = False) -> Rival:
        at_steps = tuple(steps[step].mae if step in steps else None for step in marked)
        lead = improvement(mean.mae, test.mean.mae)
        return Rival(name, stage, at_steps, mean.mae, None if is_peer else lead, is_peer)

    name = REFERENCE_NAME if test.control == "reference" else f"config {test.config_id}"
    own = Rival(name, test.stage, tuple(test.steps[q].mae for q in marked), test.mean.mae, None)
    rows, stage, gain = [own], None, None
    reference = reference_row(test)
    if reference is not None:
        rows.append(row(REFERENCE_NAME, None, reference.steps, reference.mean))
    if test.beside is not None:
        preset, peer = test.beside.preset, test.beside.peer
        stage = preset.stage
        rows.append(row("reference config, in the search", stage, preset.steps, preset.mean))
        if peer is not None:
            rows.append(row(f"config {peer.config_id}", peer.stage, peer.steps, peer.mean, is_peer=True))
            gain = improvement(preset.mean.mae, peer.mean.mae)
        elif stage == test.stage:
            gain = improvement(preset.mean.mae, test.mean.mae)
    rows += [row(name, None, scores["steps"], scores["mean"]) for name, scores in test.baselines.items()]
    return Versus(
        unit=record.unit,
        steps=tuple((q, q * record.step_minutes) for q in marked),
        horizon=max(test.steps, default=0),
        rows=tuple(rows),
        preset_stage=stage,
        preset_gain=gain,
    )
