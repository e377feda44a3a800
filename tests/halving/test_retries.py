"""The table of what is worth another attempt."""

import pytest

from gman_search.errors import DataError
from gman_search.halving.retries import BY_HAND, INTERRUPTED, LEASE_LOST, RULES, reason_of, rule_for


@pytest.mark.parametrize(
    ("reason", "retry", "counts"),
    [
        (INTERRUPTED, True, False),
        (f"{INTERRUPTED}: expected room for checkpoint.npz", True, False),
        (LEASE_LOST, True, True),
        (f"{BY_HAND}: failed", False, True),
        (reason_of(MemoryError("no room")), True, True),
        ("ResourceExhaustedError: OOM when allocating tensor", True, True),
        (reason_of(DataError("expected saved weights")), True, True),
        (reason_of(ValueError("shapes (3,) and (4,)")), False, True),
        ("InvalidArgumentError: Incompatible shapes", False, True),
        (reason_of(FloatingPointError("NaN")), False, True),
        ("SomethingNew: happened", True, True),
        ("", True, True),
    ],
)
def test_what_is_tried_again(reason, retry, counts):
    rule = rule_for(reason)
    assert (rule.retry, rule.counts) == (retry, counts)


def test_no_kind_is_in_two_rules():
    kinds = [kind for rule in RULES for kind in rule.kinds]
    assert len(kinds) == len(set(kinds))
    assert all(rule.why for rule in RULES)


def test_a_reason_is_one_short_line():
    assert reason_of(MemoryError("no room for\nactivations")) == "MemoryError: no room for activations"
    assert len(reason_of(ValueError("x" * 5000))) < 320
