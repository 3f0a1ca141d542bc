# Two commands: `make compare` and `make test`. Each sets up all it needs; a second call does none of it again.
SHELL := /bin/sh
PYTHON ?= python3
VENV := .venv
HARNESS := $(VENV)/bin/harness
ARGUMENTS ?= --langs all --rungs published

.PHONY: compare test everywhere reproducible mutants lint setup docs clean

compare: setup
	@$(HARNESS) compare $(ARGUMENTS)

test: setup lint
	@$(VENV)/bin/pytest

everywhere: setup
	@EVERY_SIZE=1 $(VENV)/bin/pytest tests/engine/test_everywhere.py

reproducible: setup
	@EVERY_IMAGE=1 $(VENV)/bin/pytest tests/engine/test_reproducible.py

# MODULES: some only, as in `make mutants MODULES='harness.diff.* harness.noise.*'`.
mutants: $(VENV)/installed
	@$(VENV)/bin/pip install --quiet --disable-pip-version-check --editable '.[mutants]'
	@nice -n 15 $(VENV)/bin/mutmut run --max-children $(or $(CHILDREN),1) $(MODULES)
	@$(VENV)/bin/python -m tests.mutants

lint: $(VENV)/installed
	@$(VENV)/bin/ruff format --check
	@$(VENV)/bin/ruff check
	@$(VENV)/bin/mypy

setup: $(VENV)/installed
	@$(HARNESS) setup

docs: $(VENV)/installed
	@$(VENV)/bin/python -m tests.documents

$(VENV)/installed: pyproject.toml scripts/make-venv
	@scripts/make-venv $(PYTHON) $(VENV)

clean:
	@if [ -x $(HARNESS) ]; then $(HARNESS) clean --images; fi
	rm -rf $(VENV) mutants .mypy_cache .pytest_cache .ruff_cache
