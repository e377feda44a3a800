"""README, reference and notebook: their Python runs, and every name is there."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

import gman_search
from gman_search import visualization
from gman_search.api.search import SearchOptions
from gman_search.api.search import search as search_function

from .conftest import BUDGET, cut_searches

NOTEBOOK = "docs/notebooks/from-csv-to-forecast.ipynb"


def blocks(page: str) -> list[str]:
    return re.findall(r"```python\n(.*?)```", page, re.S)


def test_the_reference_has_every_name(repository):
    page = (repository / "docs" / "api.md").read_text()
    told = set(re.findall(r"[A-Za-z_]+", " ".join(re.findall(r"`([^`]*)`", page))))
    named = {*gman_search.__all__, *visualization.__all__, *SearchOptions.__annotations__} - {"__version__"}
    named |= {name for name in vars(gman_search.Study) if not name.startswith("_")}
    named |= set(search_function.__annotations__) - {"return", "options"}
    assert named <= told
    assert {name for name in told if name.startswith("plot_")} == set(visualization.__all__)
    assert "docs/api.md" in (repository / "README.md").read_text()


def test_the_pruner_in_the_reference_runs(repository):
    (block,) = [block for block in blocks((repository / "docs" / "api.md").read_text()) if "HalvingPruner" in block]
    exec(compile(block, "docs/api.md", "exec"), {})


def test_the_notebook_is_clean_and_needs_no_file(repository):
    notebook = json.loads((repository / NOTEBOOK).read_text())
    assert notebook["nbformat"] == 4
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code":
            assert cell["outputs"] == [] and cell["execution_count"] is None


def cut() -> dict[str, str]:
    kept = {key: value for key, value in os.environ.items() if not key.startswith("GMAN_SEARCH_")}
    return {**kept, **BUDGET}


@pytest.mark.slow
def test_the_readmes_python_runs_as_a_script(repository, tmp_path):
    (block,) = blocks((repository / "README.md").read_text())
    assert len([line for line in block.splitlines() if line.strip()]) <= 6
    (tmp_path / "script.py").write_text(block)  # without `if __name__ == "__main__":`
    (tmp_path / "recent.csv").write_text(_recent())
    small = {"GMAN_SEARCH_TRIALS": "2", "GMAN_SEARCH_DATA__HISTORY": "4", "GMAN_SEARCH_DATA__HORIZON": "2"}
    done = subprocess.run(
        [sys.executable, "script.py"], cwd=tmp_path, env={**cut(), **small}, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert "persistence" in done.stdout and "2 of 2" in done.stdout
    assert done.stderr.count("study demo: 2 configs") == 1  # workers do not run the script again


def _recent() -> str:
    """The last readings of the demo."""
    from gman_search.data.task import load_series
    from gman_search.data_spec import DataSpec

    series = load_series(DataSpec(), Path.cwd())
    times = pd.Index(series.times[-24:], name="time")
    return pd.DataFrame(series.values[-24:], index=times, columns=series.sensors).to_csv()


@pytest.mark.slow
def test_the_notebook_runs(repository, tmp_path):
    """By Jupyter's own means where they are installed, or cell by cell in a process of its own."""
    check = "print(len(forecast), figure.data[1].name, study)"
    try:
        import nbclient
        import nbformat
    except ImportError:
        program = f"""
import json
cells = json.load(open({str(repository / NOTEBOOK)!r}))["cells"]
scope = {{"__name__": "__main__"}}
for cell in cells:
    if cell["cell_type"] == "code":
        exec("".join(cell["source"]), scope)
exec({check!r}, scope)
"""
        command = [sys.executable, "-c", program]
        done = subprocess.run(command, cwd=tmp_path, env=cut(), capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        printed = done.stdout
    else:
        notebook = nbformat.read(repository / NOTEBOOK, as_version=4)
        notebook.cells.append(nbformat.v4.new_code_cell(check))
        place = {"metadata": {"path": str(tmp_path)}}
        with pytest.MonkeyPatch.context() as patch:
            cut_searches(patch)
            nbclient.NotebookClient(notebook, resources=place).execute()
        printed = "".join(output.get("text", "") for output in notebook.cells[-1].outputs)
    assert printed.startswith("12 forecast <Study 'speed': 4 of 4 configs evaluated")
