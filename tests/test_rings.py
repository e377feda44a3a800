"""The three rings: the pure core imports no TensorFlow, Optuna or drawing; the package starts without TensorFlow."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import gman_search

PACKAGE = Path(gman_search.__file__).parent
CORE = [
    "errors", "wording", "api.stage_status", "stages", "space", "spec", "data_spec", "config", "record", "record_json", "provenance",
    "halving.evaluations", "halving.halving_schedule", "halving.rungs", "halving.promotion", "halving.ablations", "halving.cost", "halving.plan",
    "halving.simulator", "halving.retention", "halving.finals", "halving.finals_due", "halving.retries", "halving.reference_config", "halving.stopping", "halving.members", "halving.refit",
    "tuning.trial_store", "tuning.trial_cache", "tuning.evaluation_rows",
    "model.growth", "model.channel_layout", "model.initial_weights", "model.shape", "model.shortcut_weights", "model.mup", "model.param_count", "model.original",
    "training.schedule", "metrics", "missing", "training.diagnosis", "training.job",
    "report.view", "report.registry", "data.graphs.great_circle", "forecasting.intervals", "forecasting.accuracy", "forecasting.drift", "forecasting.day_changes", "forecasting.refit_facts", "forecasting.numpy_network", "forecasting.numpy_attention",
    "reading_options", "data.fill", "data.window_set", "data.usual", "data.series", "data.holidays",
    "data.profile", "data.column_blocks", "data.step_plan", "data.suspected_codes", "data.fingerprint", "data.cleaning.limits", "data.cleaning.rules", "data.cleaning.clean",
    "data.checks.finding", "data.checks.facts", "data.checks.notes", "data.checks.values", "data.checks.span",
    "data.checks.graph", "data.checks.implausible", "data.checks.cost", "data.checks.registry",
    "ensemble.select", "ensemble.check",
    "baselines.naive", "baselines.linear_regression", "baselines.vector_autoregression", "baselines.tree_features",
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


def test_reports_compute_without_tensorflow_optuna_or_plotly():
    drawing = {"html.py", "page.py"}
    pure = [path for path in (PACKAGE / "report").rglob("*.py") if path.name not in drawing]
    names = sorted(".".join(path.relative_to(PACKAGE).with_suffix("").parts) for path in pure)
    code = f"""import sys
for name in {names!r}: __import__('gman_search.' + name)
from gman_search.report.registry import STUDY, figures_of
from gman_search.report.view import StudyView
from tests.report.study_record import delivered_record
view = StudyView(delivered_record())
for figure in figures_of(STUDY):
    if figure.name == 'param_importances': continue  # asks Optuna
    for data in figure.panels(view): figure.caption(data), figure.table(data)
print([m for m in {HEAVY[:5]!r} if m in sys.modules])"""
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=PACKAGE.parent)
    assert found.stdout == "[]\n"


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


def imported_by(path: Path) -> set[str]:
    """Modules of the package that a file imports, inside functions, too."""
    tree = ast.parse(path.read_text())
    found = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.module}
    found |= {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    return {name for name in found if name.startswith("gman_search.")}


def test_nothing_but_the_command_line_knows_the_command_line():
    outside = [path for path in PACKAGE.rglob("*.py") if path.parent.name != "cli" and path.name != "__main__.py"]
    assert {
        str(path) for path in outside if any(name.startswith("gman_search.cli") for name in imported_by(path))
    } == set()


def test_what_is_below_the_api_does_not_know_it():
    above = {
        PACKAGE / "__init__.py",
        *(path for part in ("api", "cli", "visualization") for path in (PACKAGE / part).glob("*.py")),
    }
    below = set(PACKAGE.rglob("*.py")) - above
    doors = ("gman_search.api", "gman_search.visualization")
    assert {str(path) for path in below if any(name.startswith(doors) for name in imported_by(path))} == set()


def test_the_command_line_searches_through_the_api_alone():
    for name in ("run", "dry_run"):
        assert not imported_by(PACKAGE / "cli" / f"{name}.py") & {
            "gman_search.tuning.run",
            "gman_search.tuning.supervise",
        }
    assert "gman_search.api.run" in imported_by(PACKAGE / "cli" / "run.py")


def test_no_module_is_longer_than_it_should_be():
    lengths = {path: len(path.read_text().splitlines()) for path in PACKAGE.rglob("*.py")}
    assert {str(path): count for path, count in lengths.items() if count > 400} == {}
