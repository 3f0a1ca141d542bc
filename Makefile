# Two commands: `make compare` and `make test`. Each sets up all it needs; a second call does none of it again.
SHELL := /bin/sh
PYTHON ?= python3
VENV := .venv
HARNESS := $(VENV)/bin/harness
ARGUMENTS ?= --langs all --rungs published

.PHONY: compare test test-units test-beside test-browser test-podman everywhere reproducible podman debian13 debian-sid oldest mutants abuse fuzz pins lint setup docs clean

compare: setup
	@$(HARNESS) compare $(ARGUMENTS)

test: setup
	@scripts/test-all $(VENV)

test-units: $(VENV)/installed
	@$(VENV)/bin/pytest -q -m "not engine and not browser" --numprocesses auto

test-beside: $(VENV)/installed
	@$(VENV)/bin/pytest -q -m beside

test-browser: $(VENV)/installed
	@scripts/with-browser --if-possible $(VENV)/bin/pytest -q -m browser

test-podman: $(VENV)/installed
	@scripts/on-podman --if-possible $(VENV)/bin/pytest -q -m podman

everywhere: setup
	@EVERY_SIZE=1 $(VENV)/bin/pytest --timeout 0 tests/engine/test_everywhere.py

reproducible: setup
	@EVERY_IMAGE=1 $(VENV)/bin/pytest --timeout 0 tests/engine/test_reproducible.py

podman: $(VENV)/installed
	@scripts/on-podman $(VENV)/bin/pytest -m engine

debian13:
	@scripts/in-debian trixie $(COMMAND)

debian-sid:
	@scripts/in-debian sid $(COMMAND)

# The oldest versions that pyproject.toml allows, in an environment of their own.
oldest:
	@scripts/test-oldest $(PYTHON)

pins:
	@scripts/pin $(PYTHON)

# MODULES: some only, as in `make mutants MODULES='harness.analysis.diff.* harness.analysis.noise.*'`.
mutants: $(VENV)/installed
	@$(VENV)/bin/pip install --quiet --disable-pip-version-check --editable '.[mutants]'
	@nice -n 15 $(VENV)/bin/mutmut run --max-children $(or $(CHILDREN),1) $(MODULES)
	@$(VENV)/bin/python -m tests.mutants

# A million damaged requests, 10,000 slow clients and more, to the web service in Zig on this machine's loopback.
abuse: setup
	@ABUSE=1 $(VENV)/bin/pytest --timeout 0 -rP tests/engine/web/test_abuse.py

# The parser of the web service in Zig under a fuzzer that is guided by coverage, for SECONDS.
fuzz: setup
	@FUZZ_SECONDS=$(or $(SECONDS),1800) $(VENV)/bin/pytest --timeout 0 tests/engine/web/test_fuzz.py

lint: $(VENV)/installed
	@$(VENV)/bin/ruff format --check
	@$(VENV)/bin/ruff check
	@$(VENV)/bin/mypy

setup: $(VENV)/installed
	@$(HARNESS) setup

docs: $(VENV)/installed
	@$(VENV)/bin/python -m tests.documents

$(VENV)/installed: pyproject.toml constraints.txt scripts/make-venv
	@scripts/make-venv $(PYTHON) $(VENV)

clean:
	@if [ -x $(HARNESS) ]; then $(HARNESS) clean --images; fi
	rm -rf $(VENV) mutants .mypy_cache .pytest_cache .ruff_cache
