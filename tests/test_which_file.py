"""The tables "Which of these is your file?": every row's command is typed, on a file of its layout."""

import gzip
import re
import shlex
import subprocess
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from gman_search.cli.main import app
from gman_search.data.checks.check import check_data
from gman_search.data.read import read_series
from gman_search.data.task import load_adjacency
from gman_search.errors import DataError
from tests.which_file import PEMS, READINGS, text
from tests.which_graph import GRAPHS, META

PAGES = {"own-data.md": "## Which of these is your file?", "guide.zh-CN.md": "## 你的文件是哪一种？"}
FOLDER = Path(__file__).resolve().parent.parent / "docs"


def rows_of(page: str) -> list[tuple[str, str, list[str]]]:
    """How a file begins, what is read, and the words of its command behind `gman-search`; of every row."""
    section = (FOLDER / page).read_text(encoding="utf-8").partition(PAGES[page] + "\n")[2].partition("\n## ")[0]
    lines = [line.strip("| ").split(" | ") for line in section.splitlines() if "`gman-search data check" in line]
    assert all(len(cells) == 3 for cells in lines)
    commands = [shlex.split(cells[2].strip("`")) for cells in lines]
    assert all(command[:3] == ["gman-search", "data", "check"] for command in commands)
    return [(cells[0], cells[1], command[1:]) for cells, command in zip(lines, commands, strict=True)]


def files_of(command: list[str]) -> list[str]:
    settings = [index for index, word in enumerate(command) if word.startswith("--")]
    return command[2 : min(settings, default=len(command))]


ROWS = {files_of(row[2])[-1]: row for row in rows_of("own-data.md")}
CASES = [
    pytest.param(name, made, id=f"{name}-{number}")
    for layouts in (READINGS, GRAPHS)
    for name, all_made in layouts.items()
    for number, made in enumerate(all_made)
]


def typed(*command: str) -> None:
    done = CliRunner().invoke(app, list(command))
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    assert done.exit_code == 0, done.output


def same(series, table, *, blank: bool) -> bool:
    values = table.to_numpy()
    return (
        series.sensors == tuple(table.columns)
        and series.values.shape == values.shape
        and bool((series.times == table.index.to_numpy().astype("datetime64[m]")).all())
        and np.allclose(series.values, np.nan_to_num(values) if blank else values, rtol=1e-6, equal_nan=True)
    )


def begins(name: str) -> list[str]:
    """The first two lines of a file, or of the first one that a pattern means."""
    raw = sorted(Path().glob(name))[0].read_bytes()
    whole = (gzip.decompress(raw) if name.endswith(".gz") else raw).decode()
    return [line.replace("\t", " ").strip() for line in whole.splitlines()[:2]]


def test_every_row_has_a_file_and_every_file_a_row():
    assert list(ROWS) == [*READINGS, *GRAPHS] and len(ROWS) == len(rows_of("own-data.md"))


@pytest.mark.parametrize("name, made", CASES)
def test_a_row_of_the_tables(tmp_path, monkeypatch, name, made):
    beginning, told, command = ROWS[name]
    monkeypatch.chdir(tmp_path)
    Path("speed.csv").write_text(text())
    made.write(made.name or name)
    shown = re.search("`([^`]+)`", beginning)
    if shown is not None and shown[1] != name and made is {**READINGS, **GRAPHS}[name][0]:
        assert any(line.startswith(shown[1]) for line in begins(name)), begins(name)

    command = [made.name if word == name and made.name else word for word in command]
    specs, found = [], []

    def checked(spec, base):
        specs.append(spec.data)
        found.append(check_data(spec, base))
        return found[-1]

    monkeypatch.setattr("gman_search.data.checks.check.check_data", checked)
    typed(*command)
    assert same(found[0].series, made.table, blank=False), found[0].series
    graph = load_adjacency(specs[0], tmp_path, tuple(made.table.columns))
    if made.adjacency is not None:
        np.testing.assert_allclose(graph.matrix, made.adjacency, rtol=1e-4, atol=1e-6)
    if made.embedding is not None:
        np.testing.assert_allclose(found[0].task.embedding, made.embedding, rtol=1e-6)
    if "with a note" in told:
        assert found[0].series.notes

    files = files_of(command)
    settings = command[2 + len(files) :]
    if len(files) == 1:
        typed("data", "convert", files[0], "converted.npz", *settings)
        assert same(read_series(Path("converted.npz")), made.table, blank=True)
    if settings:  # they are needed: without them the file is refused, or read otherwise
        try:
            typed("data", "check", *files)
        except DataError:
            return
        assert "refused" not in told and not same(found[-1].series, made.table, blank=False)


def test_the_chinese_guide_has_the_same_rows():
    english, chinese = rows_of("own-data.md"), rows_of("guide.zh-CN.md")
    assert [command for _, _, command in chinese] == [command for _, _, command in english]
    spans = [[re.findall("`([^`]+)`", row[0])[:1] for row in rows] for rows in (english, chinese)]
    assert spans[0] == spans[1]


def test_a_graph_that_is_counted_from_1_is_refused_as_the_page_says(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("speed.csv").write_text(text())
    Path("adj.txt").write_text("1 2 0.5\n2 3 0.5\n3 4 0.5\n")
    with pytest.raises(DataError, match="the ids look like counted from 1"):
        typed("data", "check", "speed.csv", "adj.txt")


def test_pems_step_by_step(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    READINGS["pems/*.txt.gz"][0].write("pems/*.txt.gz")
    roads = {"400001": "101\tN", "400017": "101\tN", "400020": "101\tS", "400031": "101\tN", "400040": "280\tN"}
    Path("meta.txt").write_text(META + "".join(
        f"{name}\t{road}\t4\t1\t\t.1\t{mile}\t37.{mile}\t-122.1\t.4\tML\t3\tMAIN ST\n"
        for mile, (name, road) in enumerate(roads.items())
    ))  # fmt: skip
    page = (FOLDER / "own-data.md").read_text().partition("## Caltrans PeMS, step by step\n")[2].partition("\n## ")[0]
    chosen, check, train = re.findall(r"```sh\n(.*?)```", page, re.S)
    listed = subprocess.run(
        ["bash", "-euc", chosen + 'printf %s "$stations"'], capture_output=True, text=True, check=True
    ).stdout
    assert listed == "400001,400017,400031"
    commands = [shlex.split(line.replace("$stations", listed))[1:] for line in (check + train).strip().splitlines()]
    found = []
    monkeypatch.setattr(
        "gman_search.data.checks.check.check_data", lambda *given: found.append(check_data(*given)) or found[0]
    )
    typed(*commands[0])
    assert same(found[0].series, PEMS[listed.split(",")], blank=False) and found[0].graph.edges == 4
    typed(*commands[1], "--dry-run")
    assert commands[2][:3] == ["predict", "us101", "pems/*.txt.gz"]
