"""The page in a real browser: every figure is drawn under the content-security policy, and nothing is requested."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from gman_search.report.page import Assets, write_report

from .study_record import study_record

BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--enable-logging=stderr",
    "--host-resolver-rules=MAP * ~NOTFOUND",
    "--virtual-time-budget=8000",
)

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.skipif(BROWSER is None, reason="no chromium binary was found on the path"),
]


def visit(page: Path, folder: Path) -> tuple[str, str, list[str]]:
    """The document after its scripts ran, the browser's log, and the addresses the page asked for."""
    log = folder / "net.json"
    command = [str(BROWSER), *FLAGS, f"--user-data-dir={folder / 'profile'}", f"--log-net-log={log}", "--dump-dom"]
    run = subprocess.run([*command, page.as_uri()], capture_output=True, text=True, timeout=180, check=True)
    # The browser looks for its own updates; what a page from a file asks for has the initiator "null".
    lines = log.read_text("utf-8", errors="replace").splitlines()
    found = [re.search(r'"url":"(https?://[^"]+)"', line) for line in lines if '"initiator":"null"' in line]
    return run.stdout, run.stderr, [match[1] for match in found if match]


def test_the_log_would_show_a_request(tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    page.write_text('<img src="http://pixel.invalid/x.png">', "utf-8")
    assert visit(page, tmp_path)[2] == ["http://pixel.invalid/x.png"]


@pytest.mark.parametrize("assets", ["inline", "directory"])
def test_every_figure_is_drawn_and_nothing_is_requested(tmp_path: Path, assets: Assets) -> None:
    page = write_report(study_record(name="</script> é 名"), tmp_path / "report", assets=assets)
    document, log, requests = visit(page, tmp_path)
    wanted = json.loads(re.search(r'id="figures">(.*?)</script>', page.read_text("utf-8"), re.DOTALL)[1])["figures"]
    assert f'data-drawn="{len(wanted)}"' in document
    assert document.count('class="main-svg"') >= len(wanted)
    assert "Content Security Policy" not in log
    assert "Uncaught" not in log
    assert requests == []
