"""The folder that `train` writes to: one for each choice of settings, so that no training destroys other weights."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from gman_search.errors import DataError, UsageError
from gman_search.io.atomic import write_text

__all__ = ["TrainingFolder", "digest_of_weights", "training_folder"]

SETTINGS = "training.json"
MOST = 1000


class TrainingFolder(NamedTuple):
    """Where a training with these `settings` goes: `runs/STAGE`, or `runs/STAGE-2` and so on.

    `taken` are names of folders that hold trainings with other settings. `outcome` is how a training with the same
    settings ended; None where there is none yet, or it was interrupted.
    """

    path: Path
    settings: Mapping[str, Any]
    taken: tuple[str, ...] = ()
    outcome: Mapping[str, Any] | None = None

    @property
    def name(self) -> str:
        """Its own name, such as full-2."""
        return self.path.name

    @property
    def can_resume(self) -> bool:
        """Whether a training with the same settings was interrupted here."""
        return self.outcome is None and _stored(self.path).get("settings") == self.settings

    def write(self, outcome: Mapping[str, Any] | None = None) -> None:
        """Note the settings when the training begins, and again with its outcome when it has ended."""
        self.path.mkdir(parents=True, exist_ok=True)
        text = json.dumps({"settings": self.settings, "outcome": outcome}, indent=2)
        write_text(self.path / SETTINGS, text + "\n")


def training_folder(runs: Path, stage: str, settings: Mapping[str, Any], *, overwrite: bool) -> TrainingFolder:
    """The folder among `runs` for a training of `stage` with `settings`, plain JSON values.

    A folder without weights is free. With `overwrite` it is `runs/STAGE`, whatever is in there.

    Raises:
        UsageError: there are too many.
    """
    settings = json.loads(json.dumps(settings))
    if overwrite:
        return TrainingFolder(runs / stage, settings)
    taken: list[str] = []
    for number in range(1, MOST):
        folder = runs / (stage if number == 1 else f"{stage}-{number}")
        stored = _stored(folder)
        is_ours = stored.get("settings") == settings
        if is_ours or not (folder / "weights.npz").is_file():
            outcome = stored.get("outcome") if is_ours and (folder / "weights.npz").is_file() else None
            return TrainingFolder(folder, settings, tuple(taken), outcome)
        taken.append(folder.name)
    raise UsageError(f"expected fewer than {MOST} trainings in {runs}; remove some, or give --overwrite")


def digest_of_weights(path: Path) -> str:
    """What tells the weights of a file, or of a run's folder, from others.

    Raises:
        DataError: the file cannot be read.
    """
    file = path / "weights.npz" if path.is_dir() else path
    try:
        return hashlib.sha256(file.read_bytes()).hexdigest()
    except OSError as error:
        raise DataError(f"expected weights in {file}; it cannot be read: {error.strerror}") from None


def _stored(folder: Path) -> Mapping[str, Any]:
    try:
        found = json.loads((folder / SETTINGS).read_text(encoding="utf-8"))
    except (OSError, ValueError):  # a training of an older version, or a damaged file: its weights are another's
        return {}
    return found if isinstance(found, dict) else {}
