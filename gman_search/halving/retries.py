"""Which failures are worth another attempt? One table, read by the reason that is stored with a failed evaluation."""

from dataclasses import dataclass

__all__ = ["BY_HAND", "INTERRUPTED", "LEASE_LOST", "RULES", "Rule", "reason_of", "rule_for"]

INTERRUPTED = "interrupted"
LEASE_LOST = "worker lost: its lease ran out"
BY_HAND = "ended by hand"


@dataclass(frozen=True)
class Rule:
    """What to do about reasons that begin with one of `kinds`.

    `retry`: try again. `counts`: the failed attempt counts towards `search.max_attempts`.
    """

    kinds: tuple[str, ...]
    retry: bool
    why: str
    counts: bool = True


RULES = (
    Rule((INTERRUPTED,), True, "somebody wanted the worker to stop, or its disk was full", counts=False),
    Rule((BY_HAND,), False, "a person decided it"),
    Rule(("worker lost",), True, "a machine went away"),
    Rule(("MemoryError", "ResourceExhaustedError"), True, "others who use the memory now may have left by then"),
    Rule(
        ("UnavailableError", "AbortedError", "InternalError", "CancelledError", "DeadlineExceededError"),
        True,
        "a device or a driver had a moment",
    ),
    Rule(("DataError", "OSError", "ConnectionError", "TimeoutError"), True, "a file or a server may come back"),
    Rule(
        (
            *("ValueError", "TypeError", "KeyError", "IndexError", "AttributeError", "NameError", "AssertionError"),
            *("ArithmeticError", "ZeroDivisionError", "OverflowError", "FloatingPointError", "NotImplementedError"),
            *("ImportError", "ModuleNotFoundError", "RecursionError", "UsageError"),
            *("InvalidArgumentError", "UnimplementedError", "OutOfRangeError", "FailedPreconditionError"),
        ),
        False,
        "the same config, seed and data would end the same way",
    ),
)
# A loss that is not a number is no failure: training ends it as pruned, and it is never tried again.
UNKNOWN = Rule((), True, "nobody knows: it may not happen again")


def reason_of(error: BaseException) -> str:
    """The reason to store for an exception: its kind, then its message in one line of at most 300 characters."""
    text = " ".join(str(error).split())[:300]
    return f"{type(error).__name__}: {text}"


def rule_for(reason: str) -> Rule:
    """The rule that a stored reason falls under."""
    kind = reason.partition(":")[0]
    return next((rule for rule in RULES if kind in rule.kinds), UNKNOWN)
