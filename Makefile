# Two commands do everything on a bare machine: `make run` and `make test`.
PYTHON ?= python3
VENV ?= .venv
PIP := $(VENV)/bin/python -m pip install --quiet --disable-pip-version-check
NATIVE := CMakeLists.txt pyproject.toml $(wildcard native/*/*.cpp native/*/*.hpp)

.PHONY: run test slow lint sanitize clean

run: $(VENV)/.installed
	$(VENV)/bin/scanfuse compare mobilenet_v2

test: $(VENV)/.installed-test
	$(VENV)/bin/python -m pytest

slow: $(VENV)/.installed-test
	$(VENV)/bin/python -m pytest -m slow

lint: $(VENV)/.installed-dev
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy

# The engine's own tests under the address and undefined-behaviour sanitizers, warnings as errors.
sanitize: $(VENV)/.installed-dev
	$(VENV)/bin/cmake -S . -B build/sanitize -DSCANFUSE_SANITIZE=ON -DSCANFUSE_WERROR=ON
	$(VENV)/bin/cmake --build build/sanitize --parallel 2
	$(VENV)/bin/ctest --test-dir build/sanitize --output-on-failure

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: $(NATIVE) | $(VENV)/bin/python
	$(PIP) -e .
	touch $@

$(VENV)/.installed-test: $(VENV)/.installed
	$(PIP) -e '.[test]'
	touch $@

$(VENV)/.installed-dev: $(VENV)/.installed-test
	$(PIP) -e '.[dev]'
	touch $@

clean:
	rm -rf $(VENV) build dist
