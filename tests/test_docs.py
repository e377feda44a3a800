"""README and guide say what the program does."""

import json
import re
import shlex
import subprocess
import sys
import tomllib

import pytest

from gman_search.cli.main import app
from gman_search.spec import StudySpec

COMMANDS = sorted(command.callback.__name__ for command in app.registered_commands)
GROUPS = {
    group.name: sorted(command.callback.__name__ for command in group.typer_instance.registered_commands)
    for group in app.registered_groups
}


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_is_in_the_readme_and_has_help_with_an_example(repository, name):
    assert f"gman-search {name}" in (repository / "README.md").read_text()
    shown = subprocess.run(
        [sys.executable, "-m", "gman_search", name, "--help"], capture_output=True, text=True, check=True
    )
    assert f"Example: gman-search {name}" in " ".join(shown.stdout.split())


@pytest.mark.parametrize("group, name", [(group, name) for group, names in GROUPS.items() for name in names])
def test_every_command_of_a_group_is_in_the_readme_and_has_help_with_an_example(repository, group, name):
    assert f"gman-search {group} {name}" in (repository / "README.md").read_text()
    shown = subprocess.run(
        [sys.executable, "-m", "gman_search", group, name, "--help"], capture_output=True, text=True, check=True
    )
    assert f"Example: gman-search {group} {name}" in " ".join(shown.stdout.split())


def test_every_flag_in_the_docs_exists(repository):
    for page in ("README.md", "docs/guide.md"):
        for block in re.findall(r"```bash\n(.*?)```", (repository / page).read_text(), re.S):
            for line in block.splitlines():
                words = shlex.split(line, comments=True)
                if words[:1] != ["gman-search"]:
                    continue
                shown = subprocess.run(
                    [sys.executable, "-m", "gman_search", *words[1 : 3 if words[1] in GROUPS else 2], "--help"],
                    capture_output=True,
                    text=True,
                    check=True,
                ).stdout
                assert {word for word in words if word.startswith("--")} <= set(re.findall(r"--[\w-]+", shown)), line


def test_make_run_and_make_test_are_the_readmes_first_commands(repository):
    block = re.search(r"```bash\n(.*?)```", (repository / "README.md").read_text(), re.S).group(1)
    assert [line.split("#")[0].strip() for line in block.strip().splitlines()] == ["make run", "make test"]


def test_toml_in_the_guide_is_valid(repository):
    blocks = re.findall(r"```toml\n(.*?)```", (repository / "docs" / "guide.md").read_text(), re.S)
    assert blocks
    for block in blocks:
        StudySpec.model_validate(tomllib.loads(block))


def test_defaults_in_the_guide_are_the_programs(repository):
    text = (repository / "docs" / "guide.md").read_text()
    stages = json.loads(
        subprocess.run(
            [sys.executable, "-m", "gman_search", "stages", "--json"], capture_output=True, text=True, check=True
        ).stdout
    )["stages"]
    for stage in stages:
        assert (
            f"| {stage['name']} | {stage['L']} | {stage['K']} | {stage['d']} | {stage['D']} | {stage['trainable']:,} |"
            in text
        )
    for name in StudySpec().space.dimensions():
        assert f"`{name}`" in text


def test_nothing_names_a_machine(repository):
    listed = subprocess.run(
        ["git", "ls-files"], cwd=repository, capture_output=True, text=True, check=False
    ).stdout.split()
    for name in listed:
        if name.endswith((".py", ".md", ".toml", ".txt", ".j2")) and name != "tests/test_docs.py":
            assert not re.search(r"/(work|root|home)/\w", (repository / name).read_text()), name
