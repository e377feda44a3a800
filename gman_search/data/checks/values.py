"""What the readings themselves look like (pure)."""

from gman_search.data.checks.facts import Facts
from gman_search.data.checks.finding import Finding, few

__all__ = [
    "equal_sensors",
    "largest_reading",
    "mostly_missing",
    "night_zeros",
    "nothing_missing",
    "poor_sensors",
    "suspected",
    "unit",
]

NIGHT_RATIO, ZEROS = 3.0, 0.01
POOR, MOSTLY = 0.3, 0.5


def suspected(facts: Facts) -> Finding | None:
    """Values that look like codes, not readings."""
    if not facts.codes:
        return None
    listed = ", ".join(f"{code:g}" for code in facts.codes)
    counts = [(facts.series.values == code).sum() for code in facts.codes]
    return Finding(
        "suspected-code",
        "warning",
        f"{listed} may be a code for no reading, not a reading (in {sum(counts)} cells)",
        f"if so, set data.missing_codes = [{listed}]",
    )


def largest_reading(facts: Facts) -> Finding | None:
    """A largest reading far from all others that is no suspected code."""
    marks = facts.profile.quantiles
    if facts.codes or not marks["100%"] > 2 * marks["99%"]:
        return None
    return Finding(
        "far-maximum",
        "warning",
        f"the largest reading, {marks['100%']:g}, is more than twice the 99 % quantile, {marks['99%']:g}",
        "is it a code for something? Leave it blank in the file if it is wrong",
    )


def unit(facts: Facts) -> Finding | None:
    """Readings that look like those of another unit."""
    guess = facts.profile.unit
    if guess in (facts.spec.data.unit, "unknown"):
        return None
    return Finding(
        "other-unit",
        "warning",
        f"readings look like {guess}, and errors would be printed in {facts.spec.data.unit}",
        "set data.unit",
    )


def equal_sensors(facts: Facts) -> Finding | None:
    """Sensors of equal readings."""
    duplicates = facts.profile.duplicate_sensors
    if not duplicates:
        return None
    more = f", and {len(duplicates) - 1} more pairs" if len(duplicates) > 1 else ""
    return Finding(
        "equal-sensors",
        "warning",
        f"sensors {duplicates[0][0]} and {duplicates[0][1]} have equal readings{more}",
        "is one a copy? Leave it out (--sensors)",
    )


def nothing_missing(facts: Facts) -> Finding | None:
    """No gap at all, as after filling in."""
    if facts.profile.zeros.any() or facts.profile.nans.any():
        return None
    return Finding(
        "nothing-missing",
        "note",
        "no reading is missing",
        "if missing ones were filled in before, test errors count the filled ones too",
    )


def night_zeros(facts: Facts) -> Finding | None:
    """Zeros that may be counts."""
    profile = facts.profile
    if not (profile.zeros.mean() > ZEROS and profile.night_zeros > NIGHT_RATIO * profile.day_zeros):
        return None
    return Finding(
        "night-zeros",
        "warning",
        "zeros are mostly at night",
        "if they are counts of no vehicle, know that a zero always counts as missing",
    )


def poor_sensors(facts: Facts) -> Finding | None:
    """Sensors that miss a good part of their readings, but not most."""
    missing = facts.profile.zeros + facts.profile.nans
    poor = [name for name, share in zip(facts.series.sensors, missing, strict=True) if POOR < share <= MOSTLY]
    if not poor:
        return None
    return Finding(
        "poor-sensors",
        "warning",
        f"missing more than {100 * POOR:.0f} % of their readings: {few(poor)}",
        "expect larger errors there",
    )


def mostly_missing(facts: Facts) -> Finding | None:
    """Sensors that are missing more often than not."""
    missing = facts.profile.zeros + facts.profile.nans
    mostly = [name for name, share in zip(facts.series.sensors, missing, strict=True) if share > MOSTLY]
    if not mostly:
        return None
    return Finding(
        "mostly-missing",
        "warning",
        f"missing more often than not: {few(mostly)}",
        "consider a study without them (--sensors)",
    )
