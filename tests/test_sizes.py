"""One idea a module: none is long, no function takes many arguments, and the report stays a house of few rooms."""

import ast
from pathlib import Path

import gman_search

PACKAGE = Path(gman_search.__file__).parent
MODULES = sorted(PACKAGE.rglob("*.py"))
MOST_LINES, MOST_ARGUMENTS = 260, 12
MOST_REPORT_FILES = 22
"""Besides the figures: one more figure is one more file."""


def test_no_module_is_long():
    sizes = {path.relative_to(PACKAGE): len(path.read_text(encoding="utf-8").splitlines()) for path in MODULES}
    assert {str(path): size for path, size in sizes.items() if size > MOST_LINES} == {}


def test_no_function_takes_many_arguments():
    """`**options` of a public function is a typed dictionary of its own."""
    found = {}
    for path in MODULES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef):
                arguments = node.args
                count = len(arguments.posonlyargs + arguments.args + arguments.kwonlyargs)
                if count > MOST_ARGUMENTS:
                    found[f"{path.relative_to(PACKAGE)}: {node.name}"] = count
    assert found == {}


def test_the_report_has_few_modules():
    report = PACKAGE / "report"
    assert len([path for path in report.rglob("*.py") if path.parent != report / "figures"]) <= MOST_REPORT_FILES
