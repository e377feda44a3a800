"""How many parameters a GMAN has, without building one (pure)."""

from gman_search.model.shortcut_weights import COEFFICIENTS, NUMBERS

__all__ = ["best_groups", "parameter_counts"]


def best_groups(sensors: int) -> int:
    """Groups of group spatial attention with the fewest scores for N sensors: groups of (2N)^(1/3) members."""
    size: float = (2.0 * sensors) ** (1 / 3)
    return max(1, round(sensors / size))


def parameter_counts(
    L: int,
    K: int,
    d: int,
    *,
    E: int = 64,
    T: int = 288,
    C: int = 1,
    grouped: bool = False,
    shortcuts: bool = False,
    P: int = 12,
    Q: int = 12,
) -> tuple[int, int]:
    """(trainable, total with moving BN statistics) for L blocks, K heads of d channels, SE width E, T steps a day.

    C input channels; `grouped` for group spatial attention; `shortcuts` of P inputs and Q steps past the network.
    """
    D = K * d
    # A projection with BN has a bias, gamma and beta an output, and two moving statistics that are not trained.
    pair = 2 * D * D + 4 * D
    block = 12 * D * D + 18 * D + 3 * pair + 2 * D * D + D
    transform = 3 * (D * D + 3 * D) + pair
    embedding = (E * D + D * D + 4 * D) + ((7 + T) * D + D * D + 4 * D)
    if grouped:
        block += 3 * D * D + 9 * D
    ends = (C * D + D * D + 4 * D) + (D * D + 3 * D + D + 1)
    trainable = 2 * L * block + transform + embedding + ends
    if shortcuts:
        trainable += (NUMBERS * D + D) + COEFFICIENTS * Q + P * D
    normalised = 2 * L * (6 + 3 + 3 * grouped) * D + (3 + 1) * D + 2 * D + 2 * D
    return trainable, trainable + 2 * normalised
