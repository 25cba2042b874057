# Two commands do everything on a bare machine: `make run` and `make test`.
PYTHON ?= python3
VENV ?= .venv
NATIVE := CMakeLists.txt pyproject.toml $(wildcard native/*/*.cpp native/*/*.hpp)
RUN_STAMP := $(VENV)/.stamp-run
DEV_STAMP := $(VENV)/.stamp-dev

.PHONY: run test slow lint clean

run: $(RUN_STAMP)
	$(VENV)/bin/scanfuse compare mobilenet_v2

test: $(DEV_STAMP)
	$(VENV)/bin/python -m pytest

slow: $(DEV_STAMP)
	$(VENV)/bin/python -m pytest -m slow

lint: $(DEV_STAMP)
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

$(RUN_STAMP): $(NATIVE) | $(VENV)/bin/python
	$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check -e .
	touch $@

$(DEV_STAMP): $(RUN_STAMP)
	$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check -e '.[dev]'
	touch $@

clean:
	rm -rf $(VENV) build dist
