# One entry for everything. It needs python3 (3.11 or later), make and the package registries; nothing else, and no root.
# What is installed is what lock/ says, by hash: run-time packages for `run`, the rest too once a target has asked for it.

PYTHON ?= python3
BIN := .venv/bin
UV := $(BIN)/uv
INTO := --quiet --python $(BIN)/python
LOCKING := --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url
APART := mcp netsuite powerplatform-dataverse-client pyodata pysnow python-odata simple-salesforce tryton

# A machine that keeps Python from writing bytecode has every process of ours compile all of it again, and the tests
# start many. What is written here is what `make clean` takes away.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help run setup test test-real conformance chaos mutate lint types openapi docs bench lock clean

help: ## say what there is
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' Makefile

run: .venv/.run ## start everything on embedded defaults and play the scenario
	@exec $(BIN)/tiergate run

setup: .venv/.run ## install the run-time packages into .venv

test: lint types ## all that must hold, but for what needs foreign programs
	$(BIN)/tiergate openapi --check
	$(BIN)/python docs/build.py --check
	$(BIN)/pytest -m "not real" --numprocesses auto

test-real: .venv/.dev ## the tests that need a browser or take long; what is missing is said
	$(BIN)/pytest -m "real and not alone" --numprocesses auto
	$(BIN)/pytest -m "real and alone"

conformance: .venv/.dev ## ask the running gateway what the RFCs demand, row by row; write docs/reference/conformance.md
	@$(BIN)/python -m tests.conformance

chaos: .venv/.dev ## win deals while executors are killed and vendors fail: RUNS=40 SEED=7 DATABASE=sqlite|postgres
	@$(BIN)/python -m tests.chaos --runs $(or $(RUNS),40) --seed $(or $(SEED),7) --database $(or $(DATABASE),sqlite)

mutate: .venv/.mutate ## spoil the code, change by change, and see whether a test notices: SAMPLE=400 SEED=7 ONLY='process_apis.*'
	@$(BIN)/python -m tests.mutation --sample $(or $(SAMPLE),400) --seed $(or $(SEED),7) --only '$(or $(ONLY),*)'

lint: .venv/.dev ## style, and the layers
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/lint-imports --no-cache

types: .venv/.dev ## mypy, strict
	$(BIN)/mypy

openapi: .venv/.run ## write the published contracts anew
	$(BIN)/tiergate openapi

docs: .venv/.run ## write the reference pages anew
	$(BIN)/python docs/build.py

bench: .venv/.dev ## measure; one file in bench/ is one result in bench/results/
	@for file in bench/[a-z]*.py; do echo "$$file"; $(BIN)/python -m "bench.$$(basename "$$file" .py)" || exit 1; done

lock: .venv/.dev ## bring lock/ up to what pyproject.toml asks for
	$(UV) pip compile $(LOCKING) pyproject.toml -o lock/run.txt
	$(UV) pip compile $(LOCKING) -c lock/run.txt pyproject.toml --group dev -o lock/dev.txt
	$(UV) pip compile $(LOCKING) -c lock/dev.txt --group pyproject.toml:mutate -o lock/mutate.txt
	@for name in $(APART); do $(UV) pip compile $(LOCKING) --group pyproject.toml:$$name -o lock/$$name.txt || exit 1; done

clean: ## forget what was played, and all caches; .venv stays
	rm -rf .tiergate .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .grimp_cache .hypothesis mutants
	find . -name __pycache__ -not -path './.venv/*' -prune -exec rm -rf {} +

# ── what is installed ──────────────────────────────────────────────────────────────────────────
# A stamp is newer than the lock it was installed from, so a second call costs nothing. htmx.txt is apart because only
# the script inside that package is wanted, not what the package asks for.

.venv/.uv: lock/uv.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo \
	  "Tiergate needs Python 3.11 or later, and $(PYTHON) is not. Name another: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; }
	@echo "Building .venv (once)"
	@$(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r lock/uv.txt
	@touch $@

.venv/.run: .venv/.uv lock/run.txt lock/htmx.txt pyproject.toml
	@$(UV) pip sync $(INTO) --compile-bytecode --require-hashes lock/$(if $(wildcard .venv/.dev),dev,run).txt lock/htmx.txt
	@$(UV) pip install $(INTO) --no-deps --editable .
	@touch $@

.venv/.dev: .venv/.run lock/dev.txt
	@$(UV) pip sync $(INTO) --compile-bytecode --require-hashes lock/dev.txt lock/htmx.txt
	@$(UV) pip install $(INTO) --no-deps --editable .
	@touch $@

.venv/.mutate: .venv/.dev lock/mutate.txt
	@$(UV) pip install $(INTO) --require-hashes -r lock/mutate.txt
	@touch $@
