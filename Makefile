# What people and CI run. Every target sets up its own .venv first, from a bare Python 3.11 or later:
#
#   make demo      the whole job on the built-in demo data
#   make test      the tests
#
# PYTHON=python3.12            the Python to build .venv from
# TORCH_INDEX=URL              where to take torch from as well as from the package index, such as
#                              https://download.pytorch.org/whl/cpu   (no GPU: a small download)
#                              https://download.pytorch.org/whl/cu126 (another CUDA version)

PYTHON ?= python3
TORCH_INDEX ?=
PIP_OPTIONS ?=

VENV := .venv
BIN := $(VENV)/bin
# Python compiles what is imported when it is (and must be let to), which spares half a minute of
# set-up in which pip would compile everything.
export PYTHONDONTWRITEBYTECODE :=
INSTALL := $(BIN)/python -m pip install --disable-pip-version-check --quiet --no-compile \
	$(if $(TORCH_INDEX),--extra-index-url $(TORCH_INDEX)) $(PIP_OPTIONS) -c constraints.txt
SOURCES := pyproject.toml constraints.txt

.DEFAULT_GOAL := help
.PHONY: peers help setup setup-dev demo test lint types imports format check bench bench-small clean

help: ## Show what there is to make
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' Makefile

setup: $(VENV)/.runtime ## Set up .venv with what robustft needs to run
setup-dev: $(VENV)/.dev ## Set up .venv with the tools of the checks too

# Built aside the stamp, so that an interrupted installation is taken up again.
$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "make: expected Python 3.11 or later, got $$($(PYTHON) -V); name another with PYTHON=..."; exit 2; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/.runtime: $(SOURCES) | $(BIN)/python
	@echo "Setting up $(VENV) (once) ..."
	$(INSTALL) -e .
	@touch $@

$(VENV)/.dev: $(SOURCES) | $(BIN)/python
	@echo "Setting up $(VENV) with the development tools (once) ..."
	$(INSTALL) -e '.[dev]'
	@touch $(VENV)/.runtime $@

demo: $(VENV)/.runtime ## Train a clean and an augmented model on the demo data and compare them
	$(BIN)/robustft demo

test: $(VENV)/.dev ## Run the tests
	$(BIN)/python -m pytest

PEERS := .peers
PEER_INSTALL := -m pip install --disable-pip-version-check --quiet --no-compile $(PIP_OPTIONS)

$(PEERS)/nlpaug/.done: requirements/nlpaug.txt
	$(PYTHON) -m venv $(@D)
	$(@D)/bin/python $(PEER_INSTALL) -r $<
	@touch $@

# It sees the packages of .venv, so that torch is not installed twice.
$(PEERS)/textattack/.done: requirements/textattack.txt | $(VENV)/.dev
	$(PYTHON) -m venv $(@D)
	@$(BIN)/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))' \
		> "$$($(@D)/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/robustft_venv.pth"
	$(@D)/bin/python $(PEER_INSTALL) --no-deps -r $<
	@touch $@

peers: $(PEERS)/nlpaug/.done $(PEERS)/textattack/.done ## Set up nlpaug and TextAttack for the tests of their adapters

lint: $(VENV)/.dev ## Check formatting and style
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

types: $(VENV)/.dev ## Check the types
	$(BIN)/mypy

imports: $(VENV)/.dev ## Check what imports what
	$(BIN)/lint-imports

format: $(VENV)/.dev ## Format the code and mend what ruff can mend
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

check: lint types imports test ## Everything that CI checks

# IMDB=, SST2=, REPORTS=, MODEL=, SST2_MODEL=, IMDB_MODEL= name data and models (benchmarks/README.md),
# BENCH="transforms startup" some benchmarks alone.
bench: $(VENV)/.dev ## Run the benchmarks and make docs/benchmarks.md of them (long)
	PEERS=$(PEERS) $(BIN)/python benchmarks/run_all.py $(BENCH)

bench-small: $(VENV)/.dev ## Run every benchmark on little data, in minutes
	PEERS=$(PEERS) $(BIN)/python benchmarks/run_all.py --small $(BENCH)

clean: ## Remove .venv, caches and builds; runs/ stays
	rm -rf $(VENV) $(PEERS) .bench build dist .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
