"""The order of the packages: a module imports from its own package and from lower ones only."""

import ast
from pathlib import Path

import pytest

import gman_search

PACKAGE = Path(gman_search.__file__).parent
LAYERS = """
    errors wording stages gpus tf_logging
    io missing
    space config
    halving
    record record_json provenance metrics
    model reading_options
    data_spec
    spec stored_spec specification
    data
    baselines
    data.checks
    forecasting
    training
    ensemble
    report
    backends
    tuning
    testing
    dashboard
    api
    visualization
    cli
    __init__ __main__
"""
"""Lowest first. Units of one line may import each other where that makes no circle (see the last test)."""
RANK = {unit: rank for rank, line in enumerate(LAYERS.strip().splitlines()) for unit in line.split()}


def module_of(path: Path) -> str:
    """Dotted name below gman_search; a package's own file has the package's name, that of gman_search `__init__`."""
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" and len(parts) > 1 else parts)


def unit_of(module: str) -> str:
    """The longest unit that a module is in or is."""
    return max((unit for unit in RANK if f"{module}.".startswith(f"{unit}.")), key=len)


MODULES = {module_of(path): path for path in sorted(PACKAGE.rglob("*.py"))}


def imports_of(path: Path) -> set[str]:
    """Modules of gman_search that a file imports, inside functions and for types, too."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    names = {name.removeprefix("gman_search.") for name in found if name.startswith("gman_search.")}
    return {name for name in names if name in MODULES}


def test_every_folder_and_module_has_its_place():
    units = {module.partition(".")[0] for module in MODULES}
    assert {unit for unit in RANK if "." not in unit} == units
    assert all(unit in MODULES for unit in RANK)


@pytest.mark.parametrize("unit", RANK)
def test_nothing_is_imported_from_above(unit):
    upward = [
        f"{module} imports {name}"
        for module, path in MODULES.items()
        if unit_of(module) == unit
        for name in sorted(imports_of(path))
        if RANK[unit_of(name)] > RANK[unit]
    ]
    assert upward == []


def test_no_two_units_import_each_other():
    pairs = {(unit_of(module), unit_of(name)) for module, path in MODULES.items() for name in imports_of(path)}
    assert {(one, other) for one, other in pairs if one != other and (other, one) in pairs} == set()
