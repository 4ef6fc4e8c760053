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
# ONNX Runtimes of ALICE O2: the current one, and that of 2024, whose wheels end at Python 3.12.
O2_RUNTIMES = 1.22.0 $(shell test -z "$(PYTHON)" || $(PYTHON) -c 'import sys; print("1.18.1" * (sys.version_info < (3, 13)))')
RUNTIME_VENVS = $(foreach version,$(O2_RUNTIMES),.venv-ort-$(version)/.installed)
# Not compiled: Python does so with what it imports, a part of all.
INSTALL = $(BIN)/python -m pip install -qq --no-compile --disable-pip-version-check -c constraints.txt
# On busy cores, threads that spin while they wait slow a training down more than tenfold.
export OMP_WAIT_POLICY := PASSIVE

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help demo test tests slurm lint docs setup clean

help: ## this list
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /make \1\t/' | expand -t 14

demo: $(VENV)/.demo ## train, export and judge on the sample in data/, in under ten minutes
	rm -rf $(OUT)
	$(BIN)/zdcsim train configs/zdcsim/sdi_gan_regressor.yaml --out $(OUT)/generator \
		--set training.max_minutes=$(MINUTES) --set tracking.uri=$(OUT)/mlruns
	$(BIN)/zdcsim train configs/zdcsim/signal.yaml --out $(OUT)/signal \
		--set training.max_minutes=1 --set tracking.uri=$(OUT)/mlruns
	$(BIN)/zdcsim export $(OUT)/generator --classifier $(OUT)/signal --target o2 --out $(OUT)/bundle
	$(BIN)/zdcsim evaluate --model $(OUT)/bundle --reference data/zn_test.root \
		--json $(OUT)/judgement.json --html $(OUT)/report.html
	@echo "report: $(OUT)/report.html   bundle for O2: $(OUT)/bundle"

test: setup ## all checks and all tests
	@$(MAKE) --jobs 2 --output-sync lint docs
	@$(MAKE) tests

slurm: $(VENV)/.dev ## jobs through a Slurm of this machine (root, slurm-wlm and munge)
	@command -v slurmctld slurmd munged >/dev/null || { echo "make slurm: Slurm is not installed; \
	as root: apt-get install slurm-wlm munge"; exit 1; }
	$(BIN)/python benchmarks/slurm.py --out benchmarks/results

lint: $(VENV)/.dev ## style, types and directions of imports
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo

docs: $(VENV)/.dev ## the documentation site, into site/
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict

tests: export OMP_NUM_THREADS := 1
tests: setup
	$(BIN)/python -m pytest -n auto --maxprocesses 4 --dist loadscope --no-loadscope-reorder \
		--durations 30

setup: ## only the virtual environments
	@$(MAKE) --silent --jobs 3 $(VENV)/.dev $(RUNTIME_VENVS)

clean: ## remove the virtual environments
	rm -rf $(VENV) .venv-ort-*

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
	@$(INSTALL) -e '.[train,mc,report,cluster,search,xrootd,notebooks,docs,dev]'
	@touch $@ $(VENV)/.demo

.venv-ort-%/.installed: constraints/ort-%.txt | $(BIN)/python
	@echo "installing onnxruntime $* into .venv-ort-$*"
	@$(BIN)/python -m venv .venv-ort-$*
	@.venv-ort-$*/bin/python -m pip install -qq --no-compile --disable-pip-version-check -r $<
	@touch $@
