"""Data that tests may use, and marks that keep TensorFlow quiet."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
REPOSITORY = Path(__file__).resolve().parent.parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files with slow tests first: two processes take files in this order, and so end at about the same time."""
    slow = {item.path for item in items if item.get_closest_marker("slow") or item.get_closest_marker("real_data")}
    items.sort(key=lambda item: item.path not in slow)


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


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    """A headless Chromium, driven by Playwright; the test is skipped where either is absent."""
    driver = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")
    names = ("chromium", "chromium-browser", "google-chrome")
    binary = next(filter(None, map(shutil.which, names)), None)
    if binary is None:
        pytest.skip(f"no browser on the path: looked for {', '.join(names)}")
    flags = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
    with driver.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=binary, args=flags)
        yield browser
        browser.close()


@pytest.fixture
def small_disk(tmp_path: Path):
    """A file system of 512 KB of its own; the test is skipped where mounting one is not allowed."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = shutil.which("mount")
    command = [str(mount), "-t", "tmpfs", "-o", "size=512k", "tmpfs", str(folder)]
    if mount is None or subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("mounting a tmpfs needs root")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)
