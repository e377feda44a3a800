"""Data that tests may use, and marks that keep TensorFlow quiet."""

import os
from pathlib import Path

import pytest

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
REPOSITORY = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def repository() -> Path:
    """Root of the checkout."""
    return REPOSITORY


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Folder with the METR-LA week and graph files; the test is skipped where it is absent."""
    folder = Path(os.environ.get("GMAN_SEARCH_DATA", REPOSITORY.parent / "shared" / "data"))
    if not (folder / "metr-la-week").is_dir():
        pytest.skip(f"no real data at {folder}: set GMAN_SEARCH_DATA")
    return folder


@pytest.fixture(scope="session")
def metr_la_week(shared_data: Path) -> Path:
    """Folder of the METR-LA week."""
    return shared_data / "metr-la-week"


@pytest.fixture
def write(tmp_path):
    """write(text or bytes, name) -> path of a file with that content."""

    def written(content, name="file.csv"):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8", "replace"))
        return path

    return written
