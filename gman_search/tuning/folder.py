"""The folder of a study: where its files are, found by name; and how the address of its database is shown."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gman_search.data.stored import StoredData
from gman_search.errors import StudyError, UsageError
from gman_search.record import TestResult
from gman_search.record_json import test_from_json

__all__ = ["StudyFolder", "study_folder", "without_password"]


@dataclass(frozen=True)
class StudyFolder:
    """The files of one study."""

    path: Path

    @property
    def storage_url(self) -> str:
        """The embedded database, study.db."""
        return f"sqlite:///{self.path.resolve() / 'study.db'}"

    @property
    def ensemble(self) -> Path:
        """What the search delivers: see `ensemble.store`."""
        return self.path / "ensemble"

    @property
    def interim(self) -> Path:
        """The best ensemble so far of a search that has not ended, tested nowhere."""
        return self.path / "interim"

    @property
    def baselines(self) -> Path:
        """The baselines that the final test fitted."""
        return self.path / "baselines"

    @property
    def winner(self) -> Path:
        """Weights that can predict, and the test result."""
        return self.path / "winner"

    def delivered(self, *, single: bool = False) -> Path | None:
        """The folder of what forecasts: the best ensemble so far, the tested one, or the winner; None: there is none.

        `single`: the winner alone.
        """
        from gman_search.ensemble.store import is_ensemble

        ensembles = () if single else (self.interim, self.ensemble)
        found = next(filter(is_ensemble, ensembles), None)
        return found or (self.winner if (self.winner / "weights.npz").is_file() else None)

    def test_result(self) -> TestResult | None:
        """The stored test result of the present winner."""
        file = self.winner / "test.json"
        return test_from_json(json.loads(file.read_text(encoding="utf-8"))) if file.is_file() else None

    def provenance(self) -> dict[str, Any]:
        """What was written down about how the study was made."""
        file = self.path / "provenance.json"
        return dict(json.loads(file.read_text(encoding="utf-8"))) if file.is_file() else {}

    def stored_data(self) -> StoredData | None:
        """What the study remembers of its readings; None where it was never run."""
        stored = self.provenance().get("readings")
        return None if stored is None else StoredData.model_validate(stored)


def study_folder(name: str, studies: Path) -> StudyFolder:
    """The folder of an existing study.

    Raises:
        UsageError: the name is none.
        StudyError: there is no such study.
    """
    if "/" in name or "\\" in name or ".." in name or not name:
        raise UsageError(f"expected the name of a study, not a path; received {name!r}")
    folder = StudyFolder(studies / name)
    if not (folder.path / "spec.json").is_file():
        known = sorted(file.parent.name for file in studies.glob("*/spec.json")) if studies.is_dir() else []
        hint = f"; there are: {', '.join(known)}" if known else "; there is none yet: see gman-search run --help"
        raise StudyError(f"expected an existing study; there is no {name!r} in {studies}{hint}")
    return folder


def without_password(url: str) -> str:
    """An address without its password."""
    scheme, sign, rest = url.partition("://")
    if not sign:
        return repr(url)
    credentials, at, host = rest.rpartition("@")
    return f"{scheme}://{credentials.partition(':')[0]}:***@{host}" if at and ":" in credentials else url
