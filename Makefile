# From nothing but python3 (3.11 or newer), venv, pip and make. `make help` lists the targets.
# Another Python:  make PYTHON=python3.12 report       Arguments:  make report ARGS="--jobs 1"   make test ARGS="-k forest"

PYTHON ?= python3
ARGS ?=
BIN := .venv/bin
READY := .venv/ready

# A user's pip settings (mirror, proxy, certificates) are kept; those that would install something else, or somewhere
# else, are not. -qq leaves errors only: a mirror without every package is no news, the hashes decide.
PIP := env -u PIP_TARGET -u PIP_PREFIX -u PIP_ROOT -u PYTHONPATH -u PYTHONHOME PYTHONNOUSERSITE=1 PIP_USER=0 PIP_REQUIRE_HASHES=0 \
	PIP_CONSTRAINT=/dev/null PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_INPUT=1 $(BIN)/python -m pip

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help report test test-all lint lab bench gallery lock figures-check clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-14s %s\n", $$1, $$2 }' Makefile

report: $(READY) ## run every row of notebooks/plan.csv: figures/ and reports/index.html
	$(BIN)/painsynth report $(ARGS)

test: $(READY) ## the tests, without the slow ones
	$(BIN)/python -m pytest --numprocesses auto --dist loadfile $(ARGS)

test-all: $(READY) ## the tests, with the slow ones
	$(BIN)/python -m pytest --numprocesses auto --dist loadfile -m "slow or not slow" $(ARGS)

lint: $(READY) ## style of code and notebooks
	$(BIN)/python -m ruff check .
	$(BIN)/python -m ruff format --check .
	$(BIN)/python -m pytest --quiet tests/test_house.py tests/test_house_notebooks.py

lab: $(READY) ## JupyterLab on the notebooks
	$(BIN)/python -m jupyterlab $(ARGS) notebooks

bench: $(READY) ## the benchmarks
	$(BIN)/python -m benchmarks $(ARGS)

gallery: $(READY) ## docs/gallery: every picture in one page
	$(BIN)/python tools/gallery.py $(ARGS)

lock: $(READY) ## requirements.lock and environment.yml from pyproject.toml (ARGS=--upgrade for the newest versions)
	$(BIN)/python tools/lock.py $(ARGS)

figures-check: report ## regenerate, then fail if a figure differs from the committed one
	@git diff --stat --exit-code -- figures && test -z "$$(git status --porcelain -- figures)" || \
		{ git status --short -- figures; echo "figures/ is not what the data and the code give: look at the difference, then commit it"; exit 1; }

clean: ## remove what can be made again: .venv, reports/, caches
	rm -rf .venv reports build .pytest_cache .ruff_cache .hypothesis lib/*.egg-info

# The environment: built anew when the lock changed, so that it holds what the lock says and nothing else.
# The stamps are written last, so that an interrupted install leaves none.
.venv/locked: requirements.lock
	@command -v $(PYTHON) >/dev/null || { echo "there is no $(PYTHON) here; painsynth needs Python 3.11 or newer" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "painsynth needs Python 3.11 or newer; $(PYTHON) is $$($(PYTHON) --version 2>&1). Try: make PYTHON=python3.12 ..." >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' || \
		{ echo "$(PYTHON) cannot make environments: install its venv package (Debian, Ubuntu: apt install python3-venv)" >&2; exit 1; }
	@echo "Installing the packages of requirements.lock into .venv; the first time this takes a few minutes"
	@rm -rf .venv
	@env -u PYTHONPATH -u PYTHONHOME $(PYTHON) -m venv .venv
	@$(PIP) install -qq --require-hashes -r requirements.lock
	@touch $@

$(READY): .venv/locked pyproject.toml
	@$(PIP) install -qq --no-deps --no-build-isolation --editable .
	@touch $@
