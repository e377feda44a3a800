"""Every error a user can meet, as one small tree; each class carries the exit code of the command line.

GmanSearchError                 1
├── UsageError                  2   a flag, a TOML key or a study specification is wrong
├── DataError                   3   a data file is missing, malformed or does not fit the others
├── StudyError                  4   the named study is missing or has nothing to show yet
├── TooManyFailures             5   the search ended, but too many evaluations failed
├── Drifted                     6   evaluate --fail-on-drift: the model is not as good as when it was tested
└── Interrupted               130   stopped by the user; running again goes on
    └── DiskFull              130   stopped for want of room; the same, once there is some

A message says what was expected, what was received and what to do about it.
"""

__all__ = [
    "DataError",
    "DiskFull",
    "Drifted",
    "GmanSearchError",
    "Interrupted",
    "StudyError",
    "TooManyFailures",
    "UsageError",
]


class GmanSearchError(Exception):
    """Base of all errors this package raises on purpose."""

    exit_code = 1


class UsageError(GmanSearchError):
    """A flag, an environment variable, a TOML key or a specification is wrong."""

    exit_code = 2


class DataError(GmanSearchError):
    """A data file is missing, malformed, or does not fit the other files."""

    exit_code = 3


class StudyError(GmanSearchError):
    """The named study does not exist, is empty, or belongs to other data."""

    exit_code = 4


class TooManyFailures(GmanSearchError):
    """The search ended, but more evaluations failed than the study allows."""

    exit_code = 5


class Drifted(GmanSearchError):
    """A model in use is not as good as when it was tested."""

    exit_code = 6


class Interrupted(GmanSearchError):
    """The user stopped the search; nothing finished is lost and running again goes on."""

    exit_code = 130


class DiskFull(Interrupted):
    """There is no room for a file; nothing finished is lost and running again goes on."""
