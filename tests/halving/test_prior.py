"""What an earlier search hands on."""

import pytest

from gman_search.halving.evaluations import Evaluation, State
from gman_search.halving.prior import TRIED_FIRST, PriorConfig, merged, prior_configs, tried_first


def row(config, error, stage="quick", state=State.COMPLETE, **more):
    return Evaluation(config, stage, state=state, val_mae=error, params={"rate": config / 100, "fixed": 1}, **more)


def test_errors_count_as_shares_of_the_reference_configs():
    rows = [
        row(0, 4.0), row(1, 3.0), row(2, 5.0), row(3, 3.5, state=State.PRUNED), row(4, float("inf")),
        row(5, None, state=State.FAILED), row(1, 1.0, stage="medium"), row(2, 0.5, control="cold"),
    ]  # fmt: skip
    known = prior_configs("demo", rows, "quick")
    assert [(one.source, one.ratio) for one in known] == [
        ("demo/quick/1", 0.75),
        ("demo/quick/0", 1.0),
        ("demo/quick/2", 1.25),
    ]
    assert known[0].params == {"rate": 0.01, "fixed": 1}
    assert prior_configs("demo", rows[1:], "quick") == []  # nothing to compare with


def test_of_many_the_better_half_is_whole_and_the_rest_is_thinned_out_evenly():
    configs = [PriorConfig(f"a/quick/{n}", {}, n / 100) for n in range(99, -1, -1)]
    kept = [round(100 * one.ratio) for one in merged(configs, most=20)]
    assert kept[:10] == list(range(10)) and kept[10:] == list(range(10, 100, 9))
    assert len(merged(configs)) == 100


@pytest.mark.parametrize("trials, expected", [(1, 0), (2, 1), (3, 2), (50, TRIED_FIRST)])
def test_the_best_that_differ_are_tried_first_where_there_is_place(trials, expected):
    rates = (0.3, 0.1, 0.1, 0.2, 0.4, 0.5)
    configs = [PriorConfig(f"a/quick/{n}", {"rate": rate, "other": n}, 0.5 + n) for n, rate in enumerate(rates)]
    chosen = tried_first(configs, ["rate"], {"rate": 0.3}, trials)
    assert [one.params["rate"] for one in chosen] == [0.1, 0.2, 0.4][:expected]
