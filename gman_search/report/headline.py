"""The first thing a reader wants to know: which config won, how good it is, and what finding it took (pure)."""

from dataclasses import dataclass
from statistics import fmean
from typing import Any

from gman_search.halving.evaluations import CONTENDERS, Evaluation, State, counted_once
from gman_search.halving.promotion import ranked
from gman_search.report.baseline_comparison import Defeat, defeats
from gman_search.report.view import StudyView, marked_steps

__all__ = ["Cost", "Delivery", "Headline", "StepScore", "cost", "delivery", "headline"]


@dataclass(frozen=True)
class Cost:
    """What the search took: wall-clock seconds of training and epochs over all attempts.

    Controls do not count; they took `control_seconds`. The reference and final trainings can win, so they count:
    `reference_seconds` and `final_seconds` of `seconds`.

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
        """The share saved by measured times; None where no evaluation of the last stage is complete."""
        return 1.0 - self.seconds / self.full_seconds if self.full_seconds else None


@dataclass(frozen=True)
class StepScore:
    """MAE of one forecast step alone, in the data's unit."""

    step: int
    minutes: int
    mae: float


@dataclass(frozen=True)
class Delivery:
    """What `predict` uses: an ensemble of `members` forecasters, or with 0 members the winner alone.

    `only` names the member of an ensemble of one: no ensemble was better where that was `checked`. Test MAE in the
    data's unit. `refitted`: baselines were trained on the validation part, too, before they were tested.
    """

    config_id: int
    members: int
    only: str
    steps: tuple[StepScore, ...]
    mean: float
    checked: bool = True
    refitted: bool = False


@dataclass(frozen=True)
class Headline:
    """What is delivered, the winner and the price of finding it. `val_mae` is in `unit`.

    `role` is "reference" or "final" where the winner was trained outside the stages. `defeats` are where the delivered
    forecast or the winner loses; the page reports them first. `overtaken_by` is the config that has a lower error since
    the winner was tested, and has no test of its own yet.
    """

    name: str
    unit: str
    finished: bool
    config_id: int | None
    stage: str | None
    val_mae: float | None
    params: tuple[tuple[str, Any], ...]
    steps: tuple[StepScore, ...]
    mean_test_mae: float | None
    overtaken_by: int | None
    cost: Cost
    role: str = ""
    delivery: Delivery | None = None
    defeats: tuple[Defeat, ...] = ()


def headline(view: StudyView) -> Headline:
    """What the top of the report shows."""
    best, first, test = view.winner, view.leader, view.winner_test
    steps: tuple[StepScore, ...] = ()
    if test is not None:
        steps = tuple(StepScore(q, q * view.step_minutes, test.steps[q].mae) for q in marked_steps(test))
    return Headline(
        name=view.name,
        unit=view.unit,
        finished=view.is_finished,
        config_id=None if best is None else best.config_id,
        stage=None if best is None else best.stage,
        val_mae=None if best is None else best.val_mae,
        params=() if best is None else tuple(best.params.items()),
        steps=steps,
        mean_test_mae=None if test is None else test.mean.mae,
        overtaken_by=None if best is None or first is None or first.key == best.key else first.config_id,
        cost=view.of(cost),
        role="" if best is None else best.control,
        delivery=delivery(view),
        defeats=defeats(test, view.step_minutes),
    )


def delivery(view: StudyView) -> Delivery | None:
    """What is delivered; None before the test."""
    test = view.winner_test
    if test is None:
        return None
    found = test.ensemble or test
    members = () if test.ensemble is None else test.ensemble.members
    steps = tuple(
        StepScore(q, q * view.step_minutes, found.steps[q].mae) for q in marked_steps(test) if q in found.steps
    )
    only = members[0].name if len(members) == 1 else ""
    checked = test.ensemble is not None and test.ensemble.check.was_done
    return Delivery(test.config_id, len(members), only, steps, found.mean.mae, checked, bool(test.refitted))


def cost(view: StudyView) -> Cost:
    """Seconds and epochs spent, and the share saved against all configs in full."""
    once = counted_once(view.record.evaluations)
    of_stages = [row for row in once if not row.control]
    outside = {role: [row for row in once if row.control == role] for role in CONTENDERS}
    spent_on = [*of_stages, *(row for rows in outside.values() for row in rows)]
    controls = sum(row.seconds for row in once if row.control and row.control not in CONTENDERS)
    started = [row for row in of_stages if row.state is not State.WAITING]
    configs = len({row.config_id for row in started})
    units = view.provenance.cost_units
    saved = None
    if configs and all(stage in units for stage in view.stages):
        everything = configs * units[view.stages[-1]]
        spent = sum(units.get(row.stage, 0.0) for row in started)
        spent += sum(units.get(row.stage, 0.0) * _length(row, of_stages) for row in spent_on if row.control)
        saved = 1.0 - spent / everything if everything > 0 else None
    last = [row.seconds for row in view.ranked(view.stages[-1])]
    full = configs * fmean(last) if last else None
    reference, final = (float(sum(row.seconds for row in outside[role])) for role in CONTENDERS)
    seconds, epochs = sum(row.seconds for row in spent_on), sum(row.epochs for row in spent_on)
    return Cost(seconds, epochs, configs, saved, full, controls, reference, final)


def _length(row: Evaluation, of_stages: list[Evaluation]) -> float:
    """Length of a training outside the stages, in evaluations of its stage, by epochs."""
    usual = [other.epochs for other in ranked(of_stages) if other.stage == row.stage]
    return row.epochs / fmean(usual) if usual and fmean(usual) > 0 else 1.0
