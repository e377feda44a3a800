"""One thing to know about data before a study, and how it is put in words (pure)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from gman_search.wording import DAY_NAMES

__all__ = ["Finding", "Severity", "days_named", "few", "finding_lines", "one_line"]

FEW = 5
Severity = Literal["note", "warning"]


@dataclass(frozen=True)
class Finding:
    """What was found, and what to do about it; each in one line.

    A "warning" may make the study's result useless or misleading; a "note" may be as it should be. `code` is one of
    `registry.CODES` and stays the same when the words change.
    """

    code: str
    severity: Severity
    message: str
    advice: str

    def __post_init__(self) -> None:
        # Names of sensors come from files, and may hold anything.
        for name in ("message", "advice"):
            object.__setattr__(self, name, one_line(getattr(self, name)))

    @property
    def text(self) -> str:
        """Message and advice in one line."""
        return f"{self.message}; {self.advice}"


def finding_lines(findings: Iterable[Finding]) -> list[str]:
    """Warnings with what to do, notes without; `data check` shows both in full."""
    return [
        f"warning: {finding.text}" if finding.severity == "warning" else f"note: {finding.message}"
        for finding in findings
    ]


def few(names: Sequence[str]) -> str:
    """Such as "7 sensors (a, b, c, d, e, ...)"."""
    shown = ", ".join(names[:FEW])
    return f"{len(names)} sensor{'' if len(names) == 1 else 's'} ({shown}{', ...' if len(names) > FEW else ''})"


def days_named(days: Iterable[int]) -> str:
    """Such as "Saturday, Sunday" of (5, 6)."""
    return ", ".join(DAY_NAMES[day] for day in days)


def one_line(text: str) -> str:
    """`text` without line ends or other control characters."""
    return " ".join("".join(char if char.isprintable() else " " for char in text).split())
