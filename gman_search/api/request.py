"""What is asked of a search: the door that Python and the command line share."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gman_search.spec import StudySpec
from gman_search.tuning.commands import Place

if TYPE_CHECKING:
    from gman_search.api.study import Study

__all__ = ["SearchRequest"]


@dataclass(frozen=True)
class SearchRequest:
    """One call of a search, its settings resolved.

    Args:
        spec: the study, whose `trials` are not looked at with `fit`.
        place: where study, report and database lie, and who works on it.
        hours: stop after so long; None: when the study has its trials.
        fit: try as many configs as `hours` allow, planned when the study begins.
        measure: with `fit`, time a few steps of every stage here instead of estimating them.
        like: earlier studies, by name or folder, whose best configs are tried first and which inform the sampler.
        report: write the report at the end.
        progress: True draws on the terminal or in the notebook, False is silent, a function is called with the study.
        command: what to type for the same again; kept in the study's provenance.
        since: when the hours began, by `time.monotonic()`; None: now.
    """

    spec: StudySpec
    place: Place
    hours: float | None = None
    fit: bool = False
    measure: bool = False
    like: tuple[str, ...] = ()
    report: bool = True
    progress: "bool | Callable[[Study], None]" = True
    command: tuple[str, ...] = ()
    since: float | None = None
