"""What earlier studies know, for `run --like`."""

from collections.abc import Sequence
from pathlib import Path

from gman_search.errors import StudyError, UsageError
from gman_search.halving.prior import PriorConfig, merged, prior_configs
from gman_search.tuning.study_loader import begun_spec, open_record

__all__ = ["earlier_configs"]


def earlier_configs(like: Sequence[str], name: str, studies: Path, storage: str | None) -> list[PriorConfig]:
    """Configs of the studies `like`, best first; none for a study that has begun.

    Args:
        like: names of studies in `studies`, or folders of studies anywhere.
        name: of the study that begins.
        studies: folder of studies.
        storage: database in which those that are named lie; None: each in its own folder.

    Raises:
        UsageError: a study is to be like itself.
        StudyError: there is no such study, or its reference config has not ended yet.
    """
    found: list[PriorConfig] = []
    if like and begun_spec(name, studies, storage) is not None:
        return found  # it has them since it began, and the earlier study may be gone
    for one in like:
        path = Path(one)
        folder, database = (path.parent, None) if path.name != one else (studies, storage)
        if path.name == name and folder.resolve() == studies.resolve():
            raise UsageError(f"expected another study after --like than {name} itself: run it again to go on with it")
        record, _ = open_record(path.name, folder, database)
        known = prior_configs(path.name, record.evaluations, record.schedule.stages[0])
        if not known:
            raise StudyError(
                f"expected a study after --like whose reference config is trained; that of {one} is not: run it again, "
                "or leave --like out"
            )
        found += known
    return merged(found)
