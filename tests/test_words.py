"""Plain words in the documentation: those on the left are not used."""

import ast
import re
import subprocess

import pytest

WORDS = {
    r"told|tells?|telling": "reports, says, shows",
    r"beside": "compared with, next to",
    r"foretells?|foretold": "predicts",
    r"dear(er|est)?": "expensive",
    r"reckon(s|ed|ing)?": "estimate",
    r"anew|afresh": "again",
    r"by heart": "overfit",
    r"nought": "0",
    r"whatever": "any, whichever",
    r"alike": "equal, similar, in the same way",
    r"befall|hitherto|thereof|whereof|heretofore": "a common word",
    r"coped with": "handled",
    r"sittings?": "session",
    r"is there": "exists",
    r"the guide('s)?": "the documentation, or the three-stage guide",
    r"mended": "fixed",
    r"sought": "searched",
    r"ladder('s)?": "stages",
    r"stands? beside": "is next to",
    r"go(es|ing)? on|went on": "continue, resume",
    r"promotions? hangs?": "depend",
}
ALLOWED = {
    "docs/own-data.md": ["`unlike-neighbours`"],  # the program's own words, compared by tests/data/test_checks.py
}
# Cells of tables on pages of measurements are compared with what the scripts print.
MEASURED = ("benchmarks/", "docs/growth.md", "docs/decisions/")


def pages(repository):
    listed = subprocess.run(["git", "ls-files", "*.md"], cwd=repository, capture_output=True, text=True, check=True)
    return [name for name in listed.stdout.split() if (repository / name).exists()]


def prose(name: str, text: str):
    """Numbered lines without code, links' targets, names of files, and tables of measurements."""
    code = False
    for number, line in enumerate(text.splitlines(), 1):
        if line.lstrip().startswith("```"):
            code = not code
            continue
        if code or (line.startswith("|") and name.startswith(MEASURED)):
            continue
        if any(part in line for part in ALLOWED.get(name, [])):
            continue
        yield number, re.sub(r"`[^`]*`|\]\([^)]*\)", " ", line)


@pytest.mark.parametrize("words", WORDS)
def test_a_word_is_not_used(repository, words):
    pattern = re.compile(rf"(?<![\w-])({words})(?![\w-])", re.IGNORECASE)
    found = [
        f"{name}:{number}: {match[0]}: {line.strip()[:80]}"
        for name in pages(repository)
        for number, line in prose(name, (repository / name).read_text())
        for match in pattern.finditer(line)
        if not (words.startswith("the guide") and line[match.end() :].startswith(" of "))
    ]
    assert not found, f"use: {WORDS[words]}\n" + "\n".join(found)


def test_our_manual_is_the_documentation(repository):
    """The upstream guide is "the three-stage guide", with a link on the pages that explain it."""
    for name in ("README.md", "docs/index.md", "docs/one-stage.md", "docs/report.md"):
        text = (repository / name).read_text()
        assert "[three-stage guide](https://github.com/szw0407/GMAN-METR-LA-tf2ed)" in text, name


IDENTIFIERS = frozenset(
    """
    Ladder ladder Rehearsal Hopeless hopeless
    by_hand presence tidy timed_steps SearchStudies History Workplace Crew patiently take_away Dangling engines
    held_out TestBench settle Outcome epoch_log calendar_errors
    Knobs parting remember parametrisation
    cautions guards identify task_of ForecastTask made_embedding twins likeness
    About trials_that_fit
    versus Rival fate wobble ColdTwin agreement 
    sought chaos replay_world replay_luck
    missing_inputs renew_after max_failures startup_trials new_rate
    """.split()  # noqa: SIM905 - a list of words is easier to read
)
"""Words that no module, class, function, argument or attribute of the package may be named by any more.

`clip_norm` stays: TPE draws parameters in the order of their names, and another name would change every seeded search.
"""


def test_no_name_of_the_code_is_a_word_that_was_given_up(repository):
    found = []
    for path in [*(repository / "gman_search").rglob("*.py"), *(repository / "benchmarks").rglob("*.py")]:
        names = {path.stem}
        if path.is_relative_to(repository / "gman_search"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.ClassDef | ast.FunctionDef):
                    names.add(node.name)
                elif isinstance(node, ast.arg):
                    names.add(node.arg)
                elif isinstance(node, ast.Attribute):
                    names.add(node.attr)
                elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
                    names.add(node.target.id)
        found += [f"{path.relative_to(repository)}: {name}" for name in sorted(names & IDENTIFIERS)]
    assert not found
