# Everything goes through the virtual environment, which the first command prepares.
PYTHON ?= python3
BIN := .venv/bin
UV_VERSION := 0.13.9

.DEFAULT_GOAL := help
.PHONY: help demo demo-reset install test check format bench migrate screenshots wheel

help: ## List the commands
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'

demo: install ## Run the whole shop with a demo district (PORT, DATABASE_URL, REDIS_URL, STRIPE_* honoured)
	@$(BIN)/marketplace assets --bundle-only
	@exec $(BIN)/marketplace demo

demo-reset: install ## Delete what the demo kept
	@$(BIN)/marketplace demo --reset

install: .venv/.installed static/vendor/.installed ## Prepare .venv and the front end

test: install ## Run all tests
	@$(BIN)/marketplace assets --bundle-only
	@if [ -n "$$CI" ] || $(BIN)/python -m tests.bed.chromium; then \
		$(BIN)/python -m pytest -n auto --dist worksteal --ignore tests/faults; \
	else \
		$(BIN)/python -m pytest -n auto --dist worksteal --ignore tests/faults -m "not browser"; \
	fi
	@# These stop, kill and freeze servers against the clock: one at a time.
	@$(BIN)/python -m pytest tests/faults

check: install ## Run what must hold before a commit: format, lint, types, layers, schema, templates
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m pytest -q tests/architecture

format: install ## Format the code
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: install ## Measure against yardsticks of the same run; leaves bench/results.json
	@$(BIN)/marketplace assets --bundle-only
	$(BIN)/python -m bench

migrate: install ## Migrate the database of DATABASE_URL, or the demo's
	$(BIN)/marketplace migrate

screenshots: install ## Take the documents' pictures from a running demo (URL=http://127.0.0.1:8000)
	$(BIN)/python -m docs.screenshots.take $(URL)

wheel: install ## Build the wheel into dist/
	@rm -rf dist
	$(BIN)/uv build --quiet --wheel --out-dir dist

.venv/.installed: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Python 3.11 or later is needed: make PYTHON=/path/to/python3"; exit 1; }
	@[ -x $(BIN)/python ] || { echo "Preparing .venv …"; $(PYTHON) -m venv .venv; }
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)
	@# pip knows mirrors that uv does not read of: it is the slower second way.
	@$(BIN)/uv pip sync --quiet --python $(BIN)/python --require-hashes requirements.lock || \
		$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --editable . || \
		$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --editable .
	@touch $@

static/vendor/.installed: .venv/.installed package.json package-lock.json
	@echo "Preparing the front end …"
	@$(BIN)/marketplace assets
	@touch $@
