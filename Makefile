# make demo   run a team that remembers (needs no key and no server)
# make test   run the tests
# make lint   style, types, and which room may import which
# make docs   build the site of docs/ into site/, by both of its builders, warnings as errors
# make bench  measure what needs no data and no server
# make clean  remove what the others made
#
# Each makes .venv by itself, and installs again only when pyproject.toml changed. PYTHON=python3.12 chooses another Python
# for a new .venv.

PYTHON ?= python3
BIN := .venv/bin
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check --editable

.PHONY: demo test lint docs bench clean

demo: .venv/installed
	@$(BIN)/python examples/support_desk.py --db :memory:

test: .venv/installed-dev
	@$(BIN)/pytest -n auto --maxprocesses 8

lint: .venv/installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

docs: export NO_MKDOCS_2_WARNING = 1
docs: .venv/installed-dev
	$(BIN)/mkdocs build --strict
	$(BIN)/python -m docs.check site
	rm -rf site
	$(BIN)/zensical build --clean --strict
	$(BIN)/python -m docs.check site
	@echo "To look at it: $(BIN)/python -m http.server --directory site"

bench: .venv/installed-dev
	@for name in runs store curation curation_queue secrets; do echo "$$name"; $(BIN)/python -m benchmarks.$$name || exit 1; done

.venv/pyvenv.cfg:
	@$(PYTHON) -c "import sys; sys.exit(sys.version_info < (3, 11))" 2>/dev/null || { \
		echo "$(PYTHON) is not Python 3.11 or newer: say which one is, as in make demo PYTHON=python3.12" >&2; exit 1; }
	@$(PYTHON) -m venv .venv || { rm -rf .venv; \
		echo "$(PYTHON) cannot make a virtual environment. On Debian: apt-get install python3-venv" >&2; exit 1; }

.venv/installed: pyproject.toml | .venv/pyvenv.cfg
	@echo "Installing coterie into .venv ..."
	@$(INSTALL) .
	@touch $@

.venv/installed-dev: pyproject.toml | .venv/pyvenv.cfg
	@echo "Installing coterie and its development tools into .venv ..."
	@$(INSTALL) ".[dev]"
	@touch $@ .venv/installed

clean:
	rm -rf .venv build dist site .cache *.egg-info .coverage .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
