"""Which evaluations an ensemble may be made of (pure)."""

from collections.abc import Iterable

from gman_search.halving.evaluations import Evaluation, contenders
from gman_search.halving.halving_schedule import HalvingSchedule
from gman_search.halving.promotion import TIE, best_evaluation, ranked

__all__ = ["MOST_EVALUATIONS", "ensemble_evaluations"]

MOST_EVALUATIONS = 12
"""More bring little, and each of them has to forecast the validation part."""


def ensemble_evaluations(
    evaluations: Iterable[Evaluation], schedule: HalvingSchedule, most: int = MOST_EVALUATIONS
) -> list[Evaluation]:
    """The winner, the reference and final trainings, and the best of the others: `most` in all, best first.

    Of two evaluations of one config with equal errors only one is there: a model that learned nothing since it was
    grown forecasts as the smaller one does.
    """
    rows = list(evaluations)
    winner = best_evaluation(rows, schedule)
    if winner is None:
        return []
    distinct = [winner]
    for row in ranked(contenders(rows)):
        if not any(_equal(row, other) for other in distinct):
            distinct.append(row)
    set_apart = [row for row in distinct if row is winner or row.control]
    others = [row for row in distinct if row not in set_apart]
    return ranked([*set_apart, *others][:most])


def _equal(row: Evaluation, other: Evaluation) -> bool:
    if row.config_id != other.config_id or row.val_mae is None or other.val_mae is None:
        return False
    return row.key == other.key or abs(row.val_mae - other.val_mae) <= TIE * abs(other.val_mae)
