# make run   sets up and runs the main job: compile, verify, train and measure BFS, with a report
# make test  sets up and runs the fast checks: style, types, import order, tests
# make selftest  the controls of the measures, about a minute
# make slow  the tests that take minutes;  make bench  speed and memory;  make format  tidies the sources
# make docs  writes docs/tasks: a page for every task, measured and drawn

PYTHON ?= python3
VENV ?= .venv
WORKERS ?= 2
RUN ?= bfs
BIN := $(VENV)/bin
FILES := pyproject.toml constraints.txt

# Tests run in several processes: one thread of arithmetic each.
ONE_THREAD := OMP_NUM_THREADS=1 MKL_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1

.PHONY: run test check selftest slow bench docs format clean

run: $(VENV)/.core
	$(BIN)/mechgap run $(RUN)

test: check
	$(ONE_THREAD) $(BIN)/python -m pytest -m "not slow" -n $(WORKERS) --dist worksteal

check: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

selftest: $(VENV)/.core
	$(ONE_THREAD) $(BIN)/mechgap selftest

slow: $(VENV)/.dev
	$(ONE_THREAD) $(BIN)/python -m pytest -m slow -n $(WORKERS) --dist worksteal

bench: $(VENV)/.core
	$(BIN)/python -m benchmarks

docs: $(VENV)/.core
	$(ONE_THREAD) $(BIN)/python -m mechgap.report.task_pages docs/tasks

format: $(VENV)/.dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean:
	rm -rf $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

# A stamp is as new as the last installation; it is made again when a listed version changes.
$(VENV)/.python:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "mechgap needs Python 3.11 or newer; try: make PYTHON=python3.12 …")'
	$(PYTHON) -m venv $(VENV)
	touch $@

$(VENV)/.core: $(VENV)/.python $(FILES)
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable .
	touch $@

$(VENV)/.dev: $(VENV)/.core
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[dev]'
	touch $@
