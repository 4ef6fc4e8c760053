# Everything below sets itself up: make and Python 3.11 or newer are all that is needed.
# On a machine whose pip would fetch torch's large CUDA build, name an index of CPU builds in
# PIP_EXTRA_INDEX_URL first; the version asked for is the same.

VENV := .venv
BIN := $(VENV)/bin
OUT := runs/demo
MINUTES ?= 4
PYTHON ?= $(firstword $(foreach name,python3.11 python3.12 python3.13 python3,\
	$(shell $(name) -c 'import ensurepip, sys; sys.exit(sys.version_info < (3, 11))' \
	2>/dev/null && command -v $(name))))
# The newest Python for which a wheel of onnxruntime 1.18.1 exists is 3.12.
O2_RUNTIMES := 1.22.0 1.18.1
RUNTIME_VENVS := $(foreach version,$(O2_RUNTIMES),.venv-ort-$(version)/.installed)
INSTALL = $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help demo test tests lint setup clean

help: ## this list
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /make \1\t/' | expand -t 14

demo: $(VENV)/.demo ## train, judge and export on the sample in data/, in under ten minutes
	demo/run $(BIN) $(OUT) $(MINUTES)

test: lint tests ## all checks and all tests

lint: $(VENV)/.dev ## style, types and directions of imports
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo

tests: $(VENV)/.dev $(RUNTIME_VENVS)
	$(BIN)/python -m pytest

setup: $(VENV)/.dev $(RUNTIME_VENVS) ## only the virtual environments

clean: ## remove the virtual environments
	rm -rf $(VENV) $(addprefix .venv-ort-,$(O2_RUNTIMES))

$(BIN)/python:
	@test -n "$(PYTHON)" || { echo "make: found no Python 3.11 or newer that can make virtual \
	environments (python3-venv on Debian); install one, or name it: make PYTHON=/path/to/python"; \
	exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/.demo: pyproject.toml constraints.txt | $(BIN)/python
	@echo "installing what the demo needs into $(VENV), a few minutes the first time"
	@$(INSTALL) -e '.[train,report]'
	@touch $@

$(VENV)/.dev: pyproject.toml constraints.txt | $(BIN)/python
	@echo "installing everything into $(VENV), a few minutes the first time"
	@$(INSTALL) -e '.[train,mc,report,dev]'
	@touch $@ $(VENV)/.demo

.venv-ort-%/.installed: constraints/ort-%.txt | $(BIN)/python
	@echo "installing onnxruntime $* into .venv-ort-$*"
	@$(BIN)/python -m venv .venv-ort-$*
	@.venv-ort-$*/bin/python -m pip install --quiet --disable-pip-version-check -r $<
	@touch $@
