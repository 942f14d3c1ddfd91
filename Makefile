# `make` says what there is. Everything runs inside .venv; nothing outside this folder is installed.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --quiet --disable-pip-version-check

.DEFAULT_GOAL := help
.PHONY: help install install-dev demo test lint bench e2e docs lock clean

help: ## say what there is
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "error: Python 3.11 or newer is needed, this is $$($(PYTHON) --version)"; echo "hint: run make PYTHON=/path/to/python3.11"; exit 1; }
	@$(PYTHON) -m venv $(VENV) \
	  || { rm -rf $(VENV); echo "error: $(PYTHON) cannot make a virtual environment"; echo "hint: on Debian or Ubuntu, install the package python3-venv"; exit 1; }

# One marker for each lock file: a changed lock installs anew, an unchanged one costs nothing.
$(VENV)/.runtime: $(VENV)/bin/python requirements.txt pyproject.toml
	@echo "installing what understudy needs into $(VENV)"
	@$(PIP) install --require-hashes -r requirements.txt
	@$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.dev: $(VENV)/.runtime requirements-dev.txt
	@echo "installing what the tests need into $(VENV)"
	@$(PIP) install --require-hashes -r requirements-dev.txt
	@touch $@

install: $(VENV)/.runtime ## make .venv with understudy in it

install-dev: $(VENV)/.dev ## the same, with what tests and linters need

demo: install ## the whole story on the embedded server: production, clone, proofs, report
	@$(BIN)/understudy demo

test: install-dev ## the whole suite, with branch coverage
	@$(BIN)/python -m pytest -n auto --dist loadgroup --cov --cov-report=term:skip-covered

lint: install-dev ## ruff, mypy --strict, import-linter
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

bench: install-dev ## every figure the README quotes
	@$(BIN)/python -m benchmarks

e2e: install-dev ## the stacks on a real Docker with a real Pulumi
	@$(BIN)/python -m pytest -m pulumi --no-cov -v tests/acceptance tests/infra

docs: install-dev ## write the generated parts of docs/: each command's help, the errors
	@$(BIN)/python -m understudy.cli.docs

lock: ## resolve the dependencies anew (needs uv)
	@uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	  --custom-compile-command "make lock" --extra build pyproject.toml -o requirements.txt
	@uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	  --custom-compile-command "make lock" --extra dev -c requirements.txt pyproject.toml -o requirements-dev.txt

clean: ## remove what make install and make test left behind
	@rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis .coverage* htmlcov build *.egg-info
