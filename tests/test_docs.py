"""README and guide say what the program does."""

import json
import re
import shlex
import subprocess
import sys
import tomllib

import pytest

from gman_search.cli.main import app
from gman_search.cli.specification import resolve_spec
from gman_search.space import SearchSpace
from gman_search.spec import StudySpec
from gman_search.stages import PRESETS
from gman_search.training.diagnosis import RULES

COMMANDS = sorted(command.callback.__name__ for command in app.registered_commands)
GROUPS = {
    group.name: sorted(command.callback.__name__ for command in group.typer_instance.registered_commands)
    for group in app.registered_groups
}


PAGES = ("README.md", "docs/guide.md", "docs/own-data.md", "docs/guide.zh-CN.md")


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
    for page in PAGES:
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
    chinese = (repository / "docs" / "guide.zh-CN.md").read_text()

    def stages(*settings):
        command = [sys.executable, "-m", "gman_search", "stages", "--json", *settings]
        return json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)["stages"]

    original = stages("--set", "model.shortcuts=false")
    assert [stage["trainable"] for stage in original] == [30_993, 187_885, 900_801]
    more = [ours["trainable"] - stage["trainable"] for ours, stage in zip(stages(), original, strict=True)]
    assert f"add {more[0]}, {more[1]} and {more[2]}" in text
    for stage in original:
        assert (
            f"| {stage['name']} | {stage['L']} | {stage['K']} | {stage['d']} | {stage['D']} | {stage['trainable']:,} |"
            in text
        )
        sizes = f"{stage['L']} | {stage['K']} | {stage['d']} | {stage['D']} | {stage['trainable']:,} | {stage['batch_size']}"
        assert sizes in chinese
    for name in StudySpec().space.dimensions():
        assert f"`{name}`" in text


def test_the_chinese_guide_has_the_programs_words_and_the_original_guides_stages(repository):
    text = (repository / "docs" / "guide.zh-CN.md").read_text()
    rules = [re.search(rf"`({re.escape(rule.split(':')[0])}[^`]*)`", text) for rule in RULES]
    assert all(found and rule.startswith(found[1]) for found, rule in zip(rules, RULES, strict=True))
    for stage in PRESETS.values():
        row = f"| {stage.batch_size} | {stage.max_epochs} | {stage.learning_rate} | {stage.decay_epoch:g} |"
        assert row in text
        assert f"gman-search train --stage {stage.name}" in text
        assert f"tensorboard --logdir studies/demo/logs/{stage.log_folder}\n" in text
    for command in re.findall(r"`gman-search (\w+)", text):
        assert command in COMMANDS


def test_settings_named_in_the_docs_exist(repository):
    for page in PAGES:
        for key, value in re.findall(r"--set ([\w.]+)=([\w./-]+)", (repository / page).read_text()):
            space, value = key in SearchSpace.model_fields, value.rstrip(".")
            resolve_spec(spec_file=repository / "studies" / "demo.toml", study=None, studies_folder=repository / "studies",
                         flags={}, settings=[f"space.{key}={value}" if space else f"{key}={value}"], environment={})  # fmt: skip


def test_links_lead_somewhere(repository):
    measured = [f"benchmarks/{page.name}" for page in (repository / "benchmarks").glob("*.md")]
    for page in [*PAGES, *measured]:
        for target in re.findall(r"\]\((?!http)([^)#]+)", (repository / page).read_text()):
            assert ((repository / page).parent / target).exists(), f"{page}: {target}"


def test_nothing_names_a_machine(repository):
    listed = subprocess.run(
        ["git", "ls-files"], cwd=repository, capture_output=True, text=True, check=False
    ).stdout.split()
    for name in listed:
        if name.endswith((".py", ".md", ".toml", ".txt", ".j2")) and name != "tests/test_docs.py":
            assert not re.search(r"/(work|root|home)/\w", (repository / name).read_text()), name
