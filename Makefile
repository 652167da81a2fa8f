# The one door for developers. Needs python3 3.10 or newer, make and a C library; the rest it brings
# itself, Node included (hatch_build.py), into .venv and web/node_modules.

PYTHON ?= python3
ARGS ?=

VENV := .venv
PY := $(VENV)/bin/python
WEB := $(PY) hatch_build.py

export PIP_DISABLE_PIP_VERSION_CHECK := 1
# An older wheel rather than a newer source that wants a compiler of some language or other.
export PIP_PREFER_BINARY := 1

.DEFAULT_GOAL := help
.PHONY: help setup demo test test-long lint fix types docs bench web web-dev build clean

help: ## list these targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1|\2/p' Makefile | awk -F'|' '{ printf "%-18s %s\n", $$1, $$2 }'

setup: $(VENV)/.dev web ## make .venv, install everything, build the web app
	@$(WEB) modules
	@echo "Ready: .venv holds Runwake and the tools, web/node_modules those of the web app."

demo: $(VENV)/.server web ## start a server and train eight real models against it (ARGS=--exit-when-done)
	@echo "Running the demo (runwake demo $(ARGS))"
	@$(PY) -m runwake demo $(ARGS)

test: $(VENV)/.dev web ## run all tests but the long ones (ARGS="-k name")
	@echo "Testing the web app (vitest)"
	@$(WEB) modules
	@$(WEB) exec node node_modules/vitest/vitest.mjs run
	@echo "Testing everything else (pytest; two processes)"
	@$(PY) -m pytest -n 2 --dist loadgroup -m "not long" $(ARGS)

test-long: $(VENV)/.dev web ## run the tests that take minutes: fault loops at full size
	@echo "Running the long tests (pytest -m long)"
	@$(PY) -m pytest -m long $(ARGS)

lint: $(VENV)/.dev ## check style, types, import fences, sizes, docs and drift
	@echo "Checking Python: ruff, mypy, import fences, sizes"
	@$(PY) -m ruff check .
	@$(PY) -m ruff format --check .
	@$(PY) -m mypy
	@$(VENV)/bin/lint-imports --no-cache --no-logo
	@$(VENV)/bin/loq check
	@$(PY) tools/check_sizes.py
	@echo "Checking generated pages: reference docs, OpenAPI document"
	@$(PY) -m runwake.server.openapi | diff -u schemas/openapi.json - || \
	  { echo "schemas/openapi.json is stale: run make types"; exit 1; }
	@$(PY) tools/reference.py --check
	@echo "Checking the web app: Biome, TypeScript"
	@$(WEB) modules
	@$(WEB) exec node node_modules/openapi-typescript/bin/cli.js ../schemas/openapi.json --output src/api/schema.ts
	@$(WEB) exec node node_modules/@biomejs/biome/bin/biome check .
	@$(WEB) exec node node_modules/typescript/bin/tsc --noEmit
	@echo "All checks passed."

fix: $(VENV)/.dev ## mend what ruff and Biome can mend
	@echo "Mending style (ruff, Biome)"
	@$(PY) -m ruff check --fix .
	@$(PY) -m ruff format .
	@$(WEB) modules
	@$(WEB) exec node node_modules/@biomejs/biome/bin/biome check --write .

types: $(VENV)/.dev ## write schemas/openapi.json and the TypeScript types made from it
	@echo "Writing the OpenAPI document and web/src/api/schema.ts"
	@$(PY) -m runwake.server.openapi > schemas/openapi.json.new
	@mv schemas/openapi.json.new schemas/openapi.json
	@$(WEB) modules
	@$(WEB) exec node node_modules/openapi-typescript/bin/cli.js ../schemas/openapi.json --output src/api/schema.ts

docs: $(VENV)/.dev ## write docs/reference from the code
	@echo "Writing docs/reference"
	@$(PY) tools/reference.py

bench: $(VENV)/.dev web ## measure what logging costs a training process (ARGS="--json FILE")
	@echo "Measuring the client (benchmarks/client.py)"
	@$(PY) benchmarks/client.py $(ARGS)

web: $(VENV)/.server
	@$(WEB) build

web-dev: $(VENV)/.server ## serve web/ with hot reload, and a server for it on port 8080
	@echo "Starting a server on port 8080 and Vite; Ctrl-C ends both"
	@$(WEB) modules
	@$(PY) -m runwake server & server=$$!; trap 'kill $$server' EXIT; \
	  $(WEB) exec node node_modules/vite/bin/vite.js

build: $(VENV)/.dev web ## make the sdist and the wheel in dist/, web app included
	@echo "Building dist/"
	@$(PY) -m build

clean: ## remove what was built; .venv and web/node_modules stay
	@echo "Removing dist/, the built web app and caches"
	@rm -rf dist build src/runwake/server/static .mypy_cache .ruff_cache .pytest_cache .import_linter_cache

# --- .venv, in three steps that leave a stamp each --------------------------------------------

$(VENV)/.made:
	@echo "Making .venv"
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10))' || \
	  { echo "Runwake needs Python 3.10 or newer. Name one: make PYTHON=python3.12"; exit 1; }
	@$(PYTHON) -m venv $(VENV) || \
	  { rm -rf $(VENV); echo "Debian and Ubuntu: apt-get install python3-venv"; exit 1; }
	@# The pip that comes with Python 3.10 cannot install dependency groups.
	@$(PY) -m pip install --quiet --upgrade 'pip>=25.1'
	@touch $@

$(VENV)/.server: $(VENV)/.made pyproject.toml
	@echo "Installing Runwake with its server into .venv"
	@# The web app is built by the target `web`, in place and with Node from .venv.
	@RUNWAKE_WEB=skip $(PY) -m pip install --quiet -e '.[server]' hatchling
	@touch $@

$(VENV)/.dev: $(VENV)/.server
	@echo "Installing the development tools into .venv"
	@$(PY) -m pip install --quiet --group dev
	@touch $@
