"""The three rings: the pure core imports no TensorFlow, Optuna or drawing; the package starts without TensorFlow."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import gman_search

PACKAGE = Path(gman_search.__file__).parent
CORE = [
    "errors", "stages", "space", "spec", "config", "record", "record_json", "weekdays",
    "halving.table", "halving.ladder", "halving.rungs", "halving.decide", "halving.controls", "halving.cost", "halving.plan",
    "halving.simulator", "halving.retention", "halving.finals", "halving.retries", "halving.preset", "halving.stopping", "halving.members",
    "model.growth", "model.shortcut_weights", "model.parametrisation", "model.counts", "model.original",
    "training.schedule", "training.metrics", "training.diagnosis", "training.job",
    "report.summary", "data.graphs.great_circle", "forecasting.intervals", "forecasting.accuracy",
    "data.window_set", "data.usual", "data.series", "data.holidays",
    "ensemble.select", "ensemble.check",
    "baselines.filled", "baselines.persistence", "baselines.historical_average", "baselines.linear_regression", "baselines.tree_features",
]  # fmt: skip
HEAVY = ("tensorflow", "keras", "optuna", "sqlalchemy", "plotly", "jinja2", "pandas")


def test_the_core_loads_nothing_heavy():
    code = f"import sys\nfor name in {CORE!r}: __import__('gman_search.' + name)\nprint([m for m in {HEAVY!r} if m in sys.modules])"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip()
    assert loaded == "[]"


@pytest.mark.parametrize("name", CORE)
def test_the_core_names_nothing_heavy_even_inside_functions(name):
    tree = ast.parse((PACKAGE / (name.replace(".", "/") + ".py")).read_text())
    imported = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    imported |= {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert not {module.split(".")[0] for module in imported} & set(HEAVY)
    # What it takes from the package is core itself; the report's own modules are loaded in the next test.
    own = {module.removeprefix("gman_search.") for module in imported if module.startswith("gman_search.")}
    assert {module for module in own if not module.startswith("report")} <= set(CORE)


def test_reports_without_figures_load_neither_tensorflow_nor_optuna_nor_plotly():
    pure = [path for part in ("summaries", "checks", "text") for path in (PACKAGE / "report" / part).glob("*.py")]
    names = sorted(".".join(path.relative_to(PACKAGE).with_suffix("").parts) for path in pure)
    code = f"""import sys
for name in {names!r}: __import__('gman_search.' + name)
print([m for m in {HEAVY[:5]!r} if m in sys.modules])"""
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"


@pytest.mark.parametrize("name", CORE)
def test_the_core_does_no_input_or_output(name):
    tree = ast.parse((PACKAGE / (name.replace(".", "/") + ".py")).read_text())
    called = {node.func.id for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)}
    imported = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    assert not called & {"open", "print", "input"}
    assert not imported & {"os", "time", "random", "socket", "sqlite3", "subprocess"}


@pytest.mark.parametrize("arguments", [["-c", "import gman_search, sys; print('tensorflow' in sys.modules)"],
                                       ["-c", "import gman_search.cli.main, sys; print('tensorflow' in sys.modules)"]])  # fmt: skip
def test_the_package_and_its_command_line_start_without_tensorflow(arguments):
    assert subprocess.run([sys.executable, *arguments], capture_output=True, text=True, check=True).stdout == "False\n"


def test_no_module_is_longer_than_it_should_be():
    lengths = {path: len(path.read_text().splitlines()) for path in PACKAGE.rglob("*.py")}
    assert {str(path): count for path, count in lengths.items() if count > 400} == {}
