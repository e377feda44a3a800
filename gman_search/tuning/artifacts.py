"""Weights that travel between workers: a folder, S3 or Google Cloud Storage, through Optuna's artifact backends.

Weights never go through the database; it only records which artifacts an evaluation left. Optuna writes that record
before the bytes, so a crash in between leaves a record without a file. No result refers to such a record: the names of
an evaluation's artifacts are stored together with its result, after the bytes.
"""

import os
import shutil
import tempfile
import warnings
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import optuna
from optuna.artifacts import Backoff, FileSystemArtifactStore
from optuna.artifacts.exceptions import ArtifactNotFound

from gman_search.errors import DataError, StudyError, UsageError
from gman_search.io.arrays import read_arrays
from gman_search.io.atomic import atomic_path
from gman_search.tuning.trial_store import StoredTrial, TrialStore

__all__ = ["INHERITED", "RESUMED", "WEIGHTS", "Artifacts", "MissingArtifact", "open_store"]

# What a bigger model is grown from, and what a stopped evaluation goes on from.
WEIGHTS = "weights.npz"
INHERITED = (WEIGHTS, "moments.npz")
RESUMED = (*INHERITED, "checkpoint.npz")
TRIES = 5


class FolderStore(FileSystemArtifactStore):
    """A folder that all workers share; on the same file system a file is linked, not copied, and never half there."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.folder = folder

    def write(self, artifact_id: str, content_body: BinaryIO) -> None:
        """Keep the content of an open file."""
        if Path(artifact_id).name != artifact_id:
            raise ValueError(f"expected an artifact id; received {artifact_id!r}")
        self.folder.mkdir(parents=True, exist_ok=True)
        target = self.folder / artifact_id
        with suppress(OSError, AttributeError, TypeError):  # another file system, or no file at all
            os.link(content_body.name, target)
            return
        with atomic_path(target) as partial:
            super().write(partial.name, content_body)


class _Patient(Backoff):
    """Optuna's retries; its `remove` would go on after success (5.0)."""

    def __init__(self, store: Any, max_retries: int) -> None:
        super().__init__(store, max_retries=max_retries)
        self._store = store

    def remove(self, artifact_id: str) -> None:
        self._store.remove(artifact_id)


class _Prefixed:
    """A store below a prefix of its bucket."""

    def __init__(self, store: Any, prefix: str) -> None:
        self._store, self._prefix = store, prefix

    def open_reader(self, artifact_id: str) -> BinaryIO:
        reader: BinaryIO = self._store.open_reader(self._prefix + artifact_id)
        return reader

    def write(self, artifact_id: str, content_body: BinaryIO) -> None:
        self._store.write(self._prefix + artifact_id, content_body)

    def remove(self, artifact_id: str) -> None:
        self._store.remove(self._prefix + artifact_id)


def open_store(location: str | None, folder: Path) -> Any:
    """The artifact store at `location`; None: `artifacts` in the study's `folder`.

    Credentials, region and endpoint of a bucket come from where its own tools look for them (for S3 the `AWS_*`
    variables and ~/.aws).

    Raises:
        UsageError: a location of another kind.
        StudyError: its client is not installed.
    """
    if location is None:
        return FolderStore(folder / "artifacts")
    scheme, sign, rest = location.partition("://")
    if not sign or scheme == "file":
        return FolderStore(Path(rest if sign else location).absolute())
    bucket, _, prefix = rest.partition("/")
    if scheme not in ("s3", "gs") or not bucket:
        raise UsageError(
            f"expected search.artifacts to be a folder, s3://BUCKET/PREFIX or gs://BUCKET/PREFIX; received {location!r}"
        )
    try:
        store = _s3(bucket) if scheme == "s3" else _gcs(bucket)
    except ImportError:
        extra = "s3" if scheme == "s3" else "gcs"
        raise StudyError(f"no client for {location}: pip install 'gman-search[{extra}]'") from None
    prefix = prefix.strip("/")
    return _Patient(_Prefixed(store, f"{prefix}/" if prefix else ""), max_retries=TRIES)


def _s3(bucket: str) -> Any:
    import boto3
    from optuna.artifacts import Boto3ArtifactStore

    return Boto3ArtifactStore(bucket, boto3.client("s3"))


def _gcs(bucket: str) -> Any:
    import google.cloud.storage
    from optuna.artifacts import GCSArtifactStore

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        return GCSArtifactStore(bucket, google.cloud.storage.Client())


class MissingArtifact(NamedTuple):
    """A record without a file. `is_referenced`: a result refers to it, so a file is lost; else a worker was killed."""

    trial: int
    artifact_id: str
    is_referenced: bool


class Artifacts:
    """The files that evaluations leave to others.

    Args:
        store: see `open_store`.
        trials: for the records.
    """

    def __init__(self, store: Any, trials: TrialStore) -> None:
        self.store, self._trials = store, trials
        self.is_elsewhere = not isinstance(store, FolderStore)  # a folder is shared, and so are evaluations' own

    def keep(self, trial_id: int, folder: Path, names: Iterable[str]) -> dict[str, str]:
        """Put the files of `names` that are in `folder` into the store; returns artifact ids by name.

        To be called while the trial runs: a finished one takes no more records.
        """
        return {
            name: self._trials.upload_artifact(trial_id, folder / name, self.store)
            for name in names
            if (folder / name).is_file()
        }

    def fetch(self, folder: Path, kept: Mapping[str, str]) -> None:
        """Bring the files of `kept`, artifact ids by name, into `folder`, unless they are there and whole.

        Raises:
            DataError: a file is neither in the folder nor in the store, or damaged in both.
        """
        for name, artifact_id in kept.items():
            if _is_whole(folder / name):
                continue
            folder.mkdir(parents=True, exist_ok=True)
            try:
                with atomic_path(folder / name) as partial:
                    with self.store.open_reader(artifact_id) as reader, partial.open("wb") as stream:
                        while piece := reader.read(2**20):
                            stream.write(piece)
                    read_arrays(partial)
            except ArtifactNotFound:
                raise DataError(
                    f"expected {folder / name}, recorded as artifact {artifact_id}; it is neither there nor in the "
                    f"store: has search.artifacts been changed?"
                ) from None

    def forget(self, kept: Iterable[Mapping[str, str]]) -> None:
        """Remove artifacts, given as ids by name, from the store; those that are gone already are passed over."""
        for ids in kept:
            for artifact_id in ids.values():
                with suppress(ArtifactNotFound):
                    self.store.remove(artifact_id)

    def missing(self, trials: Iterable[StoredTrial]) -> list[MissingArtifact]:
        """Records of `trials` whose bytes are not in the store, or damaged there."""
        return [
            MissingArtifact(trial.number, artifact_id, artifact_id in trial.user_attrs.get("artifacts", {}).values())
            for trial in trials
            for artifact_id in trial.artifact_ids
            if not self._has_whole(artifact_id)
        ]

    def _has_whole(self, artifact_id: str) -> bool:
        try:
            with self.store.open_reader(artifact_id) as reader, tempfile.NamedTemporaryFile() as copy:
                shutil.copyfileobj(reader, copy)
                copy.flush()
                return _is_whole(Path(copy.name))
        except ArtifactNotFound:
            return False


def _is_whole(path: Path) -> bool:
    try:
        read_arrays(path)
    except DataError:
        return False
    return True
