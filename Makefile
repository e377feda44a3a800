# Every target sets up .venv by itself when it is missing or out of date.
PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready

.PHONY: run test coverage check lint types docs dashboard clean

run: $(READY)
	$(BIN)/gman-search run --trials 50 --hours 0.155

# Two processes, each with whole files: tests of one file share their fixtures.
test: $(READY)
	$(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder

# Apart from the tests: tracing every line makes the property tests of the scheduler ten times slower.
coverage: $(READY)
	$(BIN)/python -m pytest tests/halving tests/data tests/training tests/tuning tests/report tests/test_*.py \
		--cov --cov-report=term:skip-covered

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(READY)
	$(BIN)/mypy

check: lint types test

# The documentation site, in site/; it opens from the disk, without a network.
docs: $(READY)
	$(BIN)/python docs/site_builder/build.py

dashboard: $(READY)
	$(BIN)/gman-search dashboard demo

$(READY): pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable ".[dev,docs]"
	touch $(READY)

# Studies are kept: they are results. Remove studies/NAME by hand to start one again.
clean:
	rm -rf .venv build dist site *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis .coverage
