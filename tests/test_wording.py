"""One rule for the decimals of readings and errors, on every face."""

import math
from dataclasses import replace

import pytest

from gman_search.cli.summary import print_best
from gman_search.report.formats import error, signed
from gman_search.report.verdict import defeat_sentences
from gman_search.wording import decimals, fixed, number

from .report.study_record import delivered_record


@pytest.mark.parametrize("value, shown", [
    (3.1234, "3.123"), (31.5, "31.500"), (0.4321, "0.432"), (0.021345, "0.0213"), (0.0021345, "0.00213"),
    (0.00004999, "0.0000500"), (0.0, "0.000"), (-0.0021345, "-0.00213"), (1e-30, "0.000000000"),
])  # fmt: skip
def test_three_digits_are_seen_at_every_scale(value, shown):
    assert fixed(value) == number(value) == shown
    assert error(value) == shown.replace("-", "−")


def test_least_is_for_numbers_of_ordinary_size():
    assert [decimals(value, least=2) for value in (55.0, 1.0, 0.5, 0.002)] == [2, 2, 3, 5]
    assert [decimals(value) for value in (None, math.nan, math.inf, 0.0)] == [3] * 4
    assert number(None) == number(math.nan) == "-" and number(2.5, 0) == "2"


def test_a_difference_takes_the_decimals_of_what_differs():
    assert signed(0.00012, decimals(0.0021)) == "+0.00012"
    assert signed(1e-8, decimals(3.1)) == "0.000"


def small(record, factor=0.0007):
    """`record` with all errors as of occupancies."""

    def scores(found):
        return replace(found, mae=found.mae * factor, rmse=found.rmse * factor)

    def scored(row):
        return replace(row, steps={step: scores(each) for step, each in row.steps.items()}, mean=scores(row.mean))

    def shrunk(row):
        return row if row.val_mae is None else replace(row, val_mae=row.val_mae * factor)

    test = replace(scored(record.test), ensemble=shrunk(scored(record.test.ensemble)), beside=None)
    test = replace(test, leaderboard=tuple(shrunk(scored(row)) for row in test.leaderboard))
    evaluations = tuple(shrunk(row) for row in record.evaluations)
    return replace(record, evaluations=evaluations, test=test, unit="share")


def test_errors_of_occupancies_differ_in_the_leaderboard_and_in_the_first_line(capsys):
    record = small(delivered_record())
    print_best(record)
    lines = capsys.readouterr().out.splitlines()
    start = next(number for number, line in enumerate(lines) if line.startswith("leaderboard"))
    table = "\n".join(lines[start + 3 : start + 8])
    means = [fixed(row.mean.mae) for row in record.test.leaderboard]
    assert len(set(means)) == 4 and all(mean in table and len(mean) == 7 for mean in means)


def test_a_loss_by_little_shows_both_numbers_apart():
    from gman_search.report.baseline_comparison import Defeat, LostStep

    lost = LostStep(step=3, minutes=15, ours=0.00213, theirs=0.00212)
    defeat = Defeat(other="boosted trees", loser="winner", role="baseline", lost=(lost,), compared=12, mean=None)
    assert "(0.00212 against 0.00213 share at 15 minutes)" in defeat_sentences([defeat], "share")[0]
