"""What `import gman_search` offers: light, typed, documented."""

import dataclasses
import inspect
import subprocess
import sys
from pathlib import Path

import pytest

import gman_search
from gman_search import visualization
from gman_search.api.options import Given
from gman_search.api.search import SearchOptions
from gman_search.api.search import search as search_function
from gman_search.api.winner import Winner

CLASSES = [gman_search.Study, gman_search.HalvingPruner, gman_search.Forecaster, Winner]
FUNCTIONS = [
    search_function,
    gman_search.load_study,
    gman_search.load_forecaster,
    *(getattr(visualization, name) for name in visualization.__all__),
]


def members(kind: type):
    """Public methods and properties that a class of ours defines, and how it is made."""
    for name, found in inspect.getmembers(kind):
        home = next((base for base in kind.__mro__ if name in vars(base)), object)
        if home.__module__.startswith("gman_search") and (name == "__init__" or not name.startswith("_")):
            function = found.fget if isinstance(found, property) else found
            if inspect.isfunction(function):
                yield f"{kind.__name__}.{name}", function


PUBLIC = {function.__name__: function for function in FUNCTIONS} | dict(
    pair for kind in CLASSES for pair in members(kind)
)


def test_importing_loads_nothing_heavy_and_offers_everything():
    code = """import sys, gman_search
offered = set(gman_search.__all__) <= set(dir(gman_search))
print([name for name in ("tensorflow", "keras", "optuna", "pandas", "numpy", "plotly") if name in sys.modules], offered)"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[] True\n"
    with pytest.raises(AttributeError, match="nothing"):
        _ = gman_search.nothing


def test_search_is_a_function_and_no_module_has_its_name():
    import gman_search.tuning.storage

    assert gman_search.tuning.storage.open_storage
    assert gman_search.search is search_function
    assert not (Path(gman_search.__file__).parent / "search").is_dir()


@pytest.mark.parametrize("name", PUBLIC)
def test_public_functions_are_typed_without_any(name):
    signature = inspect.signature(PUBLIC[name])
    annotations = {key: one.annotation for key, one in signature.parameters.items() if key != "self"}
    if not name.endswith("__init__"):
        annotations["return"] = signature.return_annotation
    for key, annotation in annotations.items():
        assert annotation is not inspect.Signature.empty, key
        assert "Any" not in str(annotation), key


@pytest.mark.parametrize("name", [name for name in PUBLIC if not name.endswith("__init__")])
def test_public_functions_are_documented(name):
    function = PUBLIC[name]
    told = inspect.getdoc(function) or ""
    assert len(told.splitlines()[0]) > 10
    given = [one for one in inspect.signature(function).parameters if one not in ("self", "study", "studies", "folder")]
    for one in given if len(given) > 1 and "rguments as in `forecast`" not in told else []:
        assert f"{one}:" in told or f"`{one}`" in told, one


def test_functions_have_twelve_parameters_at_most():
    for name, function in PUBLIC.items():
        named = [one for one in inspect.signature(function).parameters.values() if one.kind is not one.VAR_KEYWORD]
        assert len([one for one in named if one.name != "self"]) <= 12, name
    parameters = list(inspect.signature(search_function).parameters)
    assert parameters == [field.name for field in dataclasses.fields(Given)]
    assert all(f"`{name}`" in (SearchOptions.__doc__ or "") for name in SearchOptions.__annotations__)


def test_all_but_the_data_are_given_by_name():
    kinds = {one.name: one.kind for one in inspect.signature(search_function).parameters.values()}
    assert [name for name, kind in kinds.items() if kind is inspect.Parameter.POSITIONAL_OR_KEYWORD] == ["data"]
