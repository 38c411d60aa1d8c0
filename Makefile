# Valo's commands. `make help` lists them.
SHELL := /bin/bash
.DEFAULT_GOAL := help

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# the built extension and every tool of the virtual environment are found first
export PATH := $(CURDIR)/$(BIN):$(PATH)
# a demo keeps its state apart from the user's own server
DEMO := VALO_HOME=$(CURDIR)/.make/state

FRONT := $(shell find labextension -path labextension/node_modules -prune -o -path labextension/lib -prune -o -type f -print 2>/dev/null)
PYTEST := $(BIN)/python -m pytest
# tests wait for much of their time: three at once keep two processors busy (tests/parts/workers.py divides them)
WORKERS ?= 3
# .make/front has built it already
INSTALL := HATCH_JUPYTER_BUILDER_SKIP_NPM=1 $(BIN)/python -m pip install --quiet --no-build-isolation --constraint constraints.txt

.PHONY: help
help: ## this list
	@grep -hE '^[a-z-]+:.*?## ' $(MAKEFILE_LIST) | awk -F ':.*?## ' '{printf "  make %-18s %s\n", $$1, $$2}'

# --- set-up -----------------------------------------------------------------

.make/python: pyproject.toml constraints.txt
	@mkdir -p .make
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --constraint constraints.txt \
	  hatchling hatch-jupyter-builder jupyter-builder editables
	@touch $@

.make/front: .make/python $(FRONT)
	rm -rf valo_jupyter/labextension
	cd labextension && npm ci --no-audit --no-fund --loglevel=error && npm run --silent build:prod
	@touch $@

.make/valo: .make/python .make/front
	$(INSTALL) -e ".[demo]"
	@touch $@

.make/test: .make/valo
	$(INSTALL) -e ".[demo,test]"
	.ci/system-packages
	cd .ci/azurite && npm ci --omit=dev --ignore-scripts --no-audit --no-fund --loglevel=error
	@touch $@

.PHONY: setup
setup: .make/valo ## virtual environment, front end, editable install (about 2 min the first time)

# --- the main job ------------------------------------------------------------

.PHONY: run
run: .make/valo ## start the local server, run notebooks/quickstart.ipynb on it, show what came of it
	$(DEMO) $(BIN)/jupyter-valo run notebooks/quickstart.ipynb --tag quickstart

.PHONY: lab
lab: .make/valo ## open JupyterLab with the extension on this folder
	$(DEMO) $(BIN)/python -m jupyterlab --notebook-dir notebooks $(if $(filter 0,$(shell id -u)),--allow-root)

.PHONY: stop
stop: ## stop the server of `make run` and `make lab`
	-$(DEMO) $(BIN)/jupyter-valo stop

# --- tests; each with its budget, 30 minutes in all ---------------------------

.PHONY: test
test: .make/test lint test-front test-python ## everything, as CI runs it (budget 30 min)

.PHONY: lint
lint: .make/test ## ruff, pyright, import layers, eslint, tsc (budget 2 min)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pyright
	$(BIN)/lint-imports
	cd labextension && npm run --silent lint

.PHONY: test-front
test-front: .make/test ## vitest (budget 2 min)
	cd labextension && npm run --silent test

.PHONY: test-python
test-python: .make/test ## unit, contract, integration, chaos, acceptance, browser (budget 16 min)
	$(PYTEST) -q -n $(WORKERS) --durations=15 tests

.PHONY: test-fast
test-fast: .make/test ## what is quick, for the loop while you work (budget 1 min)
	$(PYTEST) -q -x -n 2 -m "not slow" tests/unit tests/contract

.PHONY: test-unit test-integration test-chaos test-acceptance test-browser
test-unit: .make/test ## pure rules and single parts (budget 2 min)
	$(PYTEST) -q -n $(WORKERS) tests/unit tests/contract
test-integration: .make/test ## parts together, with real processes (budget 10 min)
	$(PYTEST) -q -n $(WORKERS) tests/integration
test-chaos: .make/test ## nothing is lost and nothing runs twice, whatever is killed (budget 4 min)
	$(PYTEST) -q tests/chaos
test-acceptance: .make/test ## the real vh, valohai-utils, papermill and pip (budget 5 min)
	$(PYTEST) -q tests/acceptance
test-browser: .make/test ## JupyterLab and Notebook in Chromium (budget 5 min)
	$(PYTEST) -q tests/browser

.PHONY: chaos
chaos: .make/test ## storms of 200 executions on processes, hosts and Slurm, and 2,000 for flatness (about 40 min a round)
	CHAOS_ROUNDS=$${CHAOS_ROUNDS:-1} $(PYTEST) -q -s tests/chaos

.PHONY: bench
bench: .make/test .make/peers ## the table of speeds, as ratios against peers (about 15 min)
	$(BIN)/python -m benchmarks

.make/peers: .make/python
	$(BIN)/python -m pip install --quiet --no-deps --target $@ jupyter-scheduler croniter pytz

.PHONY: screenshots
screenshots: .make/test ## take the pictures of the documentation anew
	$(BIN)/python docs/screenshots.py

.PHONY: clean
clean: stop ## remove everything that was set up
	rm -rf .make $(VENV) labextension/node_modules labextension/lib valo_jupyter/labextension
