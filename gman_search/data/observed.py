"""How much of a file was measured, where the file says so: PeMS fills what its detectors missed (pure)."""

from dataclasses import dataclass

__all__ = ["Observed"]


@dataclass(frozen=True)
class Observed:
    """Of `readings`, how many were imputed `wholly` (0 % observed) or `partly`, and `dropped` below `at_least` %."""

    readings: int
    wholly: int
    partly: int
    dropped: int
    at_least: float

    def __add__(self, other: "Observed") -> "Observed":
        """Of two files that were read by the same rule."""
        return Observed(
            self.readings + other.readings,
            self.wholly + other.wholly,
            self.partly + other.partly,
            self.dropped + other.dropped,
            self.at_least,
        )

    @property
    def note(self) -> str | None:
        """What a user should know of it; None where all was measured."""
        if self.at_least:
            return (
                f"{self._share(self.dropped)} of the readings were less than {self.at_least:g} % observed and count as "
                "missing (data.min_observed)"
            )
        if not self.wholly + self.partly:
            return None
        return (
            f"PeMS imputed {self._share(self.wholly)} of the readings wholly and {self._share(self.partly)} in part, "
            "and they count as measured: with data.min_observed = 50 those below 50 % observed are missing"
        )

    def _share(self, count: int) -> str:
        return f"{count / max(self.readings, 1):.1%}"
