# Python >= 3.11 with venv, and make: everything else is installed into .venv from the locks.
#
#   make serve    set up, prepare the demo city on first run, serve http://127.0.0.1:8000
#   make test     set up, run the tests; says what it skipped for want of a browser or data
#   make setup    only the set-up that both begin with
#   make check    format, lint, types, layers, docstrings, docs
#   make coverage the tests with branch coverage, compiled loops included; takes ten minutes
#   make bench    benchmarks: a JSON line a figure, and the table in docs/benchmarks.md
#   make lock     resolve the locks anew
#   make clean    remove what the tools made (not .venv, not data)
#
# PORT=8123 HOST=0.0.0.0 make serve   DATA=nanjing make serve   PYTHON=/path/to/python make setup

SHELL := /bin/sh
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help setup setup-check serve test check bench lock clean distclean docs format coverage

HOST ?= 127.0.0.1
PORT ?= 8000
WORKERS ?= 1
DATA ?=
ARGS ?=

VENV := .venv
BIN := $(VENV)/bin
# Registry settings (a mirror, a certificate) come from the user's pip configuration.
PIP := $(BIN)/python -m pip --disable-pip-version-check --no-input
UV_LOCK := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-emit-find-links --no-annotate --no-header

help:
	@sed -n '2,/^$$/s/^# \{0,1\}//p' Makefile

# --- set-up: stamps make a second call instant -------------------------------------------------

setup: $(VENV)/.installed
	@:

setup-check: $(VENV)/.installed-check
	@:

$(VENV)/.created:
	@python="$(PYTHON)"; \
	if [ -z "$$python" ]; then \
	  for candidate in python3 python3.13 python3.12 python3.11 python; do \
	    if "$$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; \
	    then python="$$candidate"; break; fi; \
	  done; \
	fi; \
	if [ -z "$$python" ]; then \
	  echo "This needs Python 3.11 or newer; found: $$(python3 --version 2>/dev/null || echo none)." \
	       "Install one, or name it: make setup PYTHON=/path/to/python3.11" >&2; exit 1; \
	fi; \
	if ! "$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
	  echo "This needs Python 3.11 or newer; $$python is" \
	       "$$("$$python" --version 2>&1 || echo not a Python)." \
	       "Name a newer one: make setup PYTHON=/path/to/python3.11" >&2; exit 1; \
	fi; \
	echo "Creating $(VENV) with $$("$$python" --version 2>&1)"; \
	if ! "$$python" -m venv $(VENV); then \
	  echo "Python's venv module is missing or broken; on Debian and Ubuntu: apt install python3-venv" >&2; \
	  exit 1; \
	fi
	@touch $@

$(VENV)/.installed: $(VENV)/.created requirements.lock pyproject.toml
	@echo "Installing the locked run and test dependencies (once; about two minutes)"
	@$(PIP) install --quiet --require-hashes -r requirements.lock
	@$(PIP) install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.installed-check: $(VENV)/.installed requirements-check.lock
	@echo "Installing the locked check tools"
	@$(PIP) install --quiet --require-hashes -r requirements-check.lock
	@touch $@

# --- use ---------------------------------------------------------------------------------------

serve: setup
	@$(BIN)/locator serve --host "$(HOST)" --port "$(PORT)" --workers "$(WORKERS)" \
	  $(if $(DATA),--data "$(DATA)")

test: setup
	@$(BIN)/python -m pytest $(ARGS)

# The second run counts the compiled loops, which leave no trace when compiled.
coverage: setup
	@$(BIN)/python -m pytest --cov --cov-report= --cov-fail-under=0 $(ARGS)
	@NUMBA_DISABLE_JIT=1 $(BIN)/python -m pytest -q --cov --cov-append --cov-report=term \
	  tests/test_kernels.py tests/test_toy_towns.py tests/test_demand.py tests/test_outlines.py

# Every check runs, even after one has failed: all offences are seen at once.
check: setup-check
	@failed=""; \
	step() { name="$$1"; echo "== $$name"; shift; "$$@" || failed="$$failed $$name"; }; \
	step "format" $(BIN)/ruff format --check . ; \
	step "lint" $(BIN)/ruff check . ; \
	step "types" $(BIN)/mypy ; \
	step "layers" $(BIN)/lint-imports --no-cache ; \
	step "docstrings" $(BIN)/numpydoc lint $$(find geodata locator web -name '*.py') ; \
	step "docs" env NO_MKDOCS_2_WARNING=true $(BIN)/python -m mkdocs build --quiet --strict --site-dir build/site ; \
	if [ -n "$$failed" ]; then echo "make check: failed:$$failed" >&2; exit 1; fi; \
	echo "make check: all is well"

docs: setup-check
	@$(BIN)/python -m mkdocs build --strict --site-dir build/site

format: setup-check
	@$(BIN)/ruff check --fix . ; $(BIN)/ruff format .

bench: setup
	@$(BIN)/python -m benchmarks.run $(ARGS)

# --- upkeep ------------------------------------------------------------------------------------

lock: setup-check
	@$(UV_LOCK) $(ARGS) pyproject.toml --extra demo --group test --group build -o requirements.lock
	@$(UV_LOCK) $(ARGS) --group check -c requirements.lock -o requirements-check.lock

clean:
	@rm -rf build dist site .pytest_cache .mypy_cache .ruff_cache .import_linter_cache \
	  .hypothesis .benchmarks .coverage tests/data/bad *.egg-info
	@find geodata locator web tests benchmarks -name __pycache__ -type d -prune -exec rm -rf {} +

distclean: clean
	@rm -rf $(VENV)
