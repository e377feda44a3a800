"""Every example in a docstring of the public API runs, as it stands."""

import doctest

import pytest

import gman_search

from .test_surface import CLASSES, FUNCTIONS

pytestmark = pytest.mark.slow


def examples() -> dict[str, doctest.DocTest]:
    """Those that have any, by name."""
    whole, alone = doctest.DocTestFinder(), doctest.DocTestFinder(recurse=False)
    found = [test for one in CLASSES for test in whole.find(one, module=False, globs={})]
    for one in (*FUNCTIONS, gman_search.visualization):
        found += alone.find(one, module=False, globs={})
    return {test.name: test for test in found if test.examples}


EXAMPLES = examples()


def test_what_is_called_first_has_examples():
    assert {"search", "load_study", "HalvingPruner", "Study", "Study.best", "Study.forecaster"} <= EXAMPLES.keys()
    methods = {
        f"Study.{name}"
        for name in vars(gman_search.Study)
        if callable(vars(gman_search.Study)[name]) and name[0] != "_"
    }
    assert methods <= EXAMPLES.keys()


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_runs_as_it_stands(name, here):
    test = EXAMPLES[name]
    test.globs = {"gman_search": gman_search}
    if name.startswith("plot_"):
        test.globs["study"] = gman_search.load_study("speed")
    told: list[str] = []
    result = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS).run(test, out=told.append)
    assert result.failed == 0, "".join(told)
