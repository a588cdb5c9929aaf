# `make drill` tries Rekindle on a practice site; `make test` tests it. Each sets up what it needs.

.DELETE_ON_ERROR:
.PHONY: drill test lint bench screenshots lock clean set-up set-up-tests

venv := .venv/bin

drill: set-up
	@$(venv)/rekindle drill $(ARGS)

test: set-up-tests
	@$(MAKE) --no-print-directory lint
	$(venv)/python -P -m pytest -n 2 --dist worksteal $(ARGS)

lint: set-up-tests
	$(venv)/ruff format --check .
	$(venv)/ruff check .
	$(venv)/mypy

bench: set-up-tests
	$(venv)/python -m tests.bench $(ARGS)

screenshots: set-up-tests
	$(venv)/python -P scripts/screenshots.py $(ARGS)

lock: set-up-tests
	scripts/lock.sh

# Everything that was made here; the site's own files and runs are elsewhere and stay.
clean:
	rm -rf .venv .cache .pytest_cache .mypy_cache .ruff_cache .hypothesis dist
	find config steps tui tests -name __pycache__ -type d -prune -exec rm -rf {} +

set-up:
	@scripts/setup.sh drill

set-up-tests:
	@scripts/setup.sh test
