"""Data that tests may use, and marks that keep TensorFlow quiet."""

import io
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import hypothesis
import pytest

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # a shell has it so in what it starts in the background
    signal.signal(signal.SIGINT, signal.default_int_handler)
# A loaded machine must not fail a property.
hypothesis.settings.register_profile("untimed", deadline=None)
hypothesis.settings.load_profile("untimed")
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
def made_once(tmp_path_factory):
    """made_once(name, make) -> the folder that make(folder) filled, once for all processes of this run of the tests.

    It is to be read only: who changes something takes a copy.
    """
    from gman_search.tuning.file_lock import file_lock

    own = tmp_path_factory.getbasetemp()
    place = own.parent if "PYTEST_XDIST_WORKER" in os.environ else own

    def folder_of(name, make):
        folder, made = place / name, place / f"{name}.made"
        with file_lock(place / f"{name}.lock"):
            if not made.is_file():
                folder.mkdir(exist_ok=True)
                make(folder)
                made.touch()
        return folder

    return folder_of


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


@pytest.fixture(scope="session")
def command_line():
    """command_line(*arguments, cwd=..., VARIABLE=...) -> what a process would have left.

    In this process: what it imports, TensorFlow above all, is started once for all calls.
    """

    def call(*arguments: object, cwd: Path, **variables: str) -> SimpleNamespace:
        from gman_search.cli.main import main

        out, err, code = io.StringIO(), io.StringIO(), 0
        with pytest.MonkeyPatch.context() as patch, redirect_stdout(out), redirect_stderr(err):
            patch.chdir(cwd)
            patch.setattr(sys, "argv", ["gman-search", *map(str, arguments)])
            for name in [name for name in os.environ if name.startswith("GMAN_SEARCH_")]:
                patch.delenv(name)
            for name, value in variables.items():
                patch.setenv(name, value)
            try:
                main()
            except SystemExit as end:
                code = end.code or 0
        return SimpleNamespace(returncode=code, stdout=out.getvalue(), stderr=err.getvalue())

    return call
