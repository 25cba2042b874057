# Two commands do everything on a bare machine: `make run` and `make test`.
PYTHON ?= python3
VENV ?= .venv
PIP := $(VENV)/bin/python -m pip install --quiet --disable-pip-version-check
NATIVE := CMakeLists.txt pyproject.toml $(wildcard native/*/*.cpp native/*/*.hpp)

.PHONY: run test slow docs lint sanitize sanitize-threads fuzz clean

run: $(VENV)/.installed
	$(VENV)/bin/scanfuse compare mobilenet_v2

test: $(VENV)/.installed-test
	$(VENV)/bin/python -m pytest

slow: $(VENV)/.installed-test
	$(VENV)/bin/python -m pytest -m slow

# The pages under docs/ as a site, in build/docs; a warning (a dead link, a page left out) is an error.
docs: $(VENV)/.installed-test
	$(VENV)/bin/python -m sphinx --quiet --fresh-env --fail-on-warning --keep-going docs build/docs

lint: $(VENV)/.installed-dev
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy

# The engine's own tests under the address and undefined-behaviour sanitizers, or that of threads; warnings as errors.
sanitize: SANITIZERS = ON
sanitize-threads: SANITIZERS = thread
sanitize sanitize-threads: $(VENV)/.installed-dev
	$(VENV)/bin/cmake -S . -B build/$@ -DSCANFUSE_SANITIZE=$(SANITIZERS) -DSCANFUSE_WERROR=ON
	$(VENV)/bin/cmake --build build/$@ --parallel 2
	$(VENV)/bin/ctest --test-dir build/$@ --output-on-failure

# Fuzzing guided by coverage, so many seconds for each target: the engine, the line parser and the settings of
# DRAMSim2's interface under the sanitizers (needs clang), the Python readers with Atheris. What was found to
# reach new paths is kept under build/fuzz/corpus.
FUZZ_SECONDS ?= 60
FUZZ_READERS ?= ini csv mase.gz ramulator-cpu npz parquet
FUZZ_OPTIONS := -max_total_time=$(FUZZ_SECONDS) -timeout=60 -artifact_prefix=build/fuzz/

fuzz: $(VENV)/.installed-dev
	$(PIP) atheris
	$(VENV)/bin/cmake -S . -B build/fuzz -DSCANFUSE_FUZZ=ON -DSCANFUSE_WERROR=ON -DCMAKE_CXX_COMPILER=clang++
	$(VENV)/bin/cmake --build build/fuzz --parallel 2
	mkdir -p build/fuzz/corpus/memory build/fuzz/corpus/lines build/fuzz/corpus/settings
	{ printf '\1\13'; cat src/scanfuse/dram/parts/DDR3_micron_32M_8B_x8_sg15.ini; printf '\0'; \
	    cat src/scanfuse/dram/systems/default.ini; } > build/fuzz/corpus/settings/part
	build/fuzz/fuzz_memory $(FUZZ_OPTIONS) build/fuzz/corpus/memory
	build/fuzz/fuzz_lines $(FUZZ_OPTIONS) build/fuzz/corpus/lines
	build/fuzz/fuzz_settings $(FUZZ_OPTIONS) -dict=native/fuzz/settings.dict build/fuzz/corpus/settings
	for target in $(FUZZ_READERS); do \
	    $(VENV)/bin/python tests/hostile/fuzz_readers.py $$target build/fuzz/corpus $(FUZZ_OPTIONS) || exit 1; \
	done

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
