.DEFAULT_GOAL := help
PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.installed
TESTS ?= tests
WORKERS ?= 2

help: ## Show this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

$(READY): pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet uv
	$(BIN)/uv pip install --quiet --compile-bytecode --python $(BIN)/python -c constraints.txt -e '.[bench,dev,postgres]'
	@touch $(READY)

install: $(READY) ## Make .venv with everything in it (.venv/bin/cloudwright)

demo: $(READY) ## Set up, then open the assistant on the embedded cluster
	@$(BIN)/cloudwright demo

test: $(READY) servers ## Set up, then check and test everything; large corpora as a fixed-seed slice
	@$(MAKE) --no-print-directory check
	$(BIN)/coverage erase
	$(BIN)/coverage run -m pytest -n $(WORKERS) --dist worksteal -m 'not full' $(TESTS)
	@$(BIN)/coverage combine --quiet && $(BIN)/coverage report --format=total | sed 's/^/coverage: /;s/$$/ %/'

test-full: $(READY) servers ## The same with all of every large corpus
	$(BIN)/python -m pytest -n $(WORKERS) --dist worksteal $(TESTS)

check: $(READY) ## Lint, types, import contracts, duplication
	$(BIN)/ruff check .
	$(BIN)/ruff format --check --quiet .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache --config pyproject.toml | tail -n 14
	$(BIN)/pylint --disable=all --enable=duplicate-code --min-similarity-lines=12 --ignore-imports=y --ignore-docstrings=y --ignore-signatures=y --score=n cloudwright

servers: ## Install the servers that tests start, where this machine lets us
	@sh scripts/install-test-servers

bench: $(READY) ## Figures of speed and size, with ratios against peers
	$(BIN)/python -m benchmarks

bench-iam: $(READY) ## IAM figures; DATA=folder with cloudfix/ and quacky/
	$(BIN)/python benchmarks/iam.py --data $(DATA)

bench-cob: $(READY) ## Diagnosis figures; DATA=folder in the cloudopsbench format
	$(BIN)/python benchmarks/cob.py --data $(DATA)

.PHONY: help install demo test test-full check servers bench bench-iam bench-cob
