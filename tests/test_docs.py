"""README and documentation say what the program does."""

import json
import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import typer

from gman_search.cli.main import app
from gman_search.data_spec import DataSpec
from gman_search.model.growth import GrowthRules
from gman_search.space import SearchSpace
from gman_search.spec import HalvingSpec, ModelSpec, SearchSpec, StudySpec
from gman_search.specification import resolve_spec
from gman_search.stages import PRESETS, StageOverrides
from gman_search.training.diagnosis import RULES

COMMANDS = sorted(command.callback.__name__ for command in app.registered_commands)
GROUPS = {
    group.name: sorted(command.callback.__name__ for command in group.typer_instance.registered_commands)
    for group in app.registered_groups
}


ROOT = Path(__file__).resolve().parents[1]
# Decisions and measurements are dated: their commands and settings are those of their day.
DATED = {"docs/growth.md", "docs/original-weights.md"}
PAGES = ["README.md", *(f"docs/{page.name}" for page in sorted((ROOT / "docs").glob("*.md")))]
PAGES = [page for page in PAGES if page not in DATED]


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


def flags_of(words):
    """Flags of the command that a line of a page types."""
    command = typer.main.get_command(app).commands[words[1]]
    if words[1] in GROUPS:
        command = command.commands[words[2]]
    return {flag for option in command.params for flag in option.opts} | {"--help"}


def test_every_flag_in_the_docs_exists(repository):
    for page in PAGES:
        text = (repository / page).read_text()
        typed = [line for block in re.findall(r"```(?:bash|sh)\n(.*?)```", text, re.S) for line in block.splitlines()]
        typed += re.findall(r"`(gman-search [a-z][^`]*)`", text)
        for line in typed:
            words = shlex.split(line.strip(), comments=True)
            if words[:1] == ["gman-search"] and len(words) > 1:
                assert {word for word in words if word.startswith("--")} <= flags_of(words), f"{page}: {line}"


def test_make_run_and_make_test_are_the_readmes_first_commands(repository):
    block = re.search(r"```bash\n(.*?)```", (repository / "README.md").read_text(), re.S).group(1)
    assert [line.split("#")[0].strip() for line in block.strip().splitlines()] == ["make run", "make test"]


def test_toml_in_the_documentation_is_valid(repository):
    text = "".join((repository / page).read_text() for page in PAGES)
    blocks = re.findall(r"```toml\n(.*?)```", text, re.S)
    assert len(blocks) > 5
    for block in blocks:
        StudySpec.model_validate(tomllib.loads(block))


def test_defaults_in_the_documentation_are_the_programs(repository):
    text = (repository / "docs" / "how-it-works.md").read_text()
    space = (repository / "docs" / "settings.md").read_text()
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
        assert f"`{name}`" in space


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
        assert command in (*COMMANDS, *GROUPS)


def test_settings_named_in_the_docs_exist(repository):
    for page in PAGES:
        for key, value in re.findall(r"--set ([\w.]+)=([\w.,/-]+)", (repository / page).read_text()):
            space, value = key in SearchSpace.model_fields, value.rstrip(".,") or value
            resolve_spec(spec_file=repository / "studies" / "demo.toml", study=None, studies_folder=repository / "studies",
                         flags={}, settings=[f"space.{key}={value}" if space else f"{key}={value}"], environment={})  # fmt: skip


def test_links_lead_somewhere(repository):
    listed = subprocess.run(["git", "ls-files", "*.md"], cwd=repository, capture_output=True, text=True, check=True)
    for page in listed.stdout.split():
        for target in re.findall(r"\]\((?!http)([^)#]+)", (repository / page).read_text()):
            assert ((repository / page).parent / target).exists(), f"{page}: {target}"


def test_the_reference_has_every_key_with_its_default(repository):
    text = (repository / "docs" / "reference.md").read_text()

    def rows(heading):
        section = text.split(f"### {heading}\n")[1].split("\n### ")[0].split("\n## ")[0]
        return [re.findall(r"`([^`]+)`", line) for line in section.splitlines() if line.startswith("| `")]

    tables = {"`[data]`": DataSpec, "`[model]`": ModelSpec, "`[halving]`": HalvingSpec, "`[search]`": SearchSpec,
              "`[halving.growth]`": GrowthRules}  # fmt: skip
    for heading, kind in tables.items():
        shown = {cells[0]: cells[1] for cells in rows(heading)}
        fields = {name: field for name, field in kind.model_fields.items() if name != "growth"}
        assert shown.keys() == fields.keys(), heading
        for name, field in fields.items():
            default = field.default
            words = "None" if default is None else json.dumps(list(default) if isinstance(default, tuple) else default)
            assert shown[name] in (words, repr(default)), f"{heading} {name}: {shown[name]}"
    top = {cells[0] for cells in rows("Top level")}
    assert top == {
        name for name in StudySpec.model_fields if name not in ("data", "model", "stages", "space", "halving", "search")
    }
    stages = {name for line in rows("`[stages.quick]`, `[stages.medium]`, `[stages.full]`") for name in line}
    assert set(StageOverrides.model_fields) <= stages
    assert all(f"`{name}`" in text for name in SearchSpace.model_fields)


def test_the_reference_has_every_flag(repository):
    text = (repository / "docs" / "reference.md").read_text()
    root = typer.main.get_command(app)
    commands = [*root.commands.values(), *root.commands["data"].commands.values()]
    flags = {flag for command in commands for option in command.params for flag in option.opts if flag.startswith("--")}
    told = set(re.findall(r"--[a-z][a-z0-9-]*", text))
    assert flags <= told, flags - told
    assert told - flags <= {"--help"}, told - flags


def test_the_summary_of_the_benchmarks_fits_one_screen(repository):
    assert len((repository / "benchmarks" / "README.md").read_text().splitlines()) <= 50


def test_nothing_names_a_machine(repository):
    listed = subprocess.run(
        ["git", "ls-files"], cwd=repository, capture_output=True, text=True, check=False
    ).stdout.split()
    for name in listed:
        if name.endswith((".py", ".md", ".toml", ".txt", ".j2")) and name != "tests/test_docs.py":
            assert not re.search(r"/(work|root|home)/\w", (repository / name).read_text()), name


@pytest.mark.parametrize("page", ["CONTRIBUTING.md", "docs/architecture.md"])
def test_every_file_that_contributors_are_sent_to_exists(repository, page):
    named = re.findall(r"`([\w./]+(?:\.py|/))`", (repository / page).read_text())
    places = [repository, repository / "gman_search"]
    missing = [name for name in named if "NAME" not in name and not any((place / name).exists() for place in places)]
    assert len(named) > 15 and missing == ["site/"] * missing.count("site/")
