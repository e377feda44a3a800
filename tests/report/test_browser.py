"""The page in a real browser: every figure is drawn under the content-security policy, and nothing is requested."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from gman_search.report.page import write_report

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
    "--virtual-time-budget=8000",
)

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.skipif(BROWSER is None, reason="no chromium binary was found on the path"),
]


@pytest.mark.parametrize("assets", ["inline", "directory"])
def test_every_figure_is_drawn_and_nothing_is_requested(tmp_path: Path, assets: str) -> None:
    page = write_report(study_record(name="</script> é 名"), tmp_path / "report", assets=assets)
    log = tmp_path / "net.json"
    command = [str(BROWSER), *FLAGS, f"--user-data-dir={tmp_path / 'profile'}", f"--log-net-log={log}", "--dump-dom"]
    run = subprocess.run([*command, page.as_uri()], capture_output=True, text=True, timeout=180, check=True)

    wanted = json.loads(re.search(r'id="figures">(.*?)</script>', page.read_text("utf-8"), re.DOTALL)[1])["figures"]
    assert f'data-drawn="{len(wanted)}"' in run.stdout
    assert run.stdout.count('class="main-svg"') >= len(wanted)
    assert "Content Security Policy" not in run.stderr
    assert "Uncaught" not in run.stderr
    # The browser itself may look for updates; what the page asks for has the page as its initiator.
    requests = re.findall(r'"initiator":"file:[^}]*?"url":"(https?://[^"]+)"', log.read_text("utf-8", errors="replace"))
    assert requests == []
