# Every verb of this repository. `make` alone lists them. Nothing is fetched but Python packages, through pip.

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
SHELL := /bin/sh

VENV := .venv
PY := $(VENV)/bin/python
STAMPS := $(VENV)/.stamps
# Modules are compiled when they are first imported: most of them never are, and take 100 MB. What is compiled is kept,
# also where the environment says otherwise: the tests start hundreds of processes.
unexport PYTHONDONTWRITEBYTECODE
# A changed dependency, constraint or place of the clone installs again; the same ones never do.
KEY := $(shell (pwd; cat pyproject.toml constraints.txt) | cksum | cut -d' ' -f1)
PIP := PYTHONWARNINGS=ignore PYTHONUNBUFFERED=1 $(PY) -m pip install --disable-pip-version-check --no-compile \
  --progress-bar off --constraint constraints.txt
export PIP_ROOT_USER_ACTION := ignore
# setuptools warns that folders beside an editable installation may shadow it: here they are the installation.

# A comma in an argument of `call`.
COMMA := ,
# Says what pip fetches and installs, a line each: minutes without one look like a halt. The pipe would lose pip's exit
# code; a file keeps it.
pip_install = { $(PIP) $(1); echo $$? > $(STAMPS)/pip-code; } | \
  awk '/^ *Downloading .*\(/ {sub(/^.*\//, "", $$2); print "  fetching " $$2, $$3, $$4; fflush()} \
  /^Installing collected packages/ {print "  installing " NF - 3 " packages"; fflush()}'; \
  code=$$(cat $(STAMPS)/pip-code); rm -f $(STAMPS)/pip-code; exit $$code

# First what is quick and points at the cause, then what starts and kills whole stacks; both two files at a time (three
# take as long on two cores). tests/benchmarks has verbs of its own.
QUICK := $(wildcard tests/unit tests/test_*.py tests/conformance)
WHOLE := $(wildcard tests/integration tests/acceptance tests/faults)

TWO_FILES := $(PY) -m pytest --durations=15 --numprocesses=2 --dist=loadfile

# What computes: engines, families, vocoders. Each library is told which instructions it may use; ONNX Runtime cannot be.
COMPUTING := $(PY) -m pytest --numprocesses=2 --dist=loadfile tests/unit/pipelines/engines \
  tests/unit/pipelines/families tests/unit/pipelines/vocoders tests/unit/pipelines/speaker_embeddings \
  tests/conformance/test_family_suite.py tests/conformance/test_neural_speech_suite.py \
  tests/conformance/test_speaker_suite.py
OLDER_AMD := CT2_USE_MKL=0 CT2_FORCE_CPU_ISA=AVX2 ONEDNN_MAX_CPU_ISA=AVX2 ATEN_CPU_CAPABILITY=avx2 \
  MKL_ENABLE_INSTRUCTIONS=AVX2
OLDEST := CT2_FORCE_CPU_ISA=GENERIC ONEDNN_MAX_CPU_ISA=SSE41 ATEN_CPU_CAPABILITY=default \
  MKL_ENABLE_INSTRUCTIONS=SSE4_2

# What `make test` needs beside the base: every optional part that runs on a CPU.
TESTED := worker,espeak,text,torch,beam,speakers,denoise,evaluate,test

# -- verbs ----------------------------------------------------------------------------------------------------------
.PHONY: help demo up test test-isa lint types mutations accept soak bench bench-stt bench-tts bench-engines clean

help:  ## Show this list
	@awk 'BEGIN {FS = ":.*## "} /^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' Makefile

demo: $(STAMPS)/demo-$(KEY)  ## Start the whole stack, make an audiobook and a transcript, show them, stop
	$(PY) demo/run.py

up: $(STAMPS)/demo-$(KEY)  ## Start the whole stack on this machine and stay until Ctrl-C
	$(VENV)/bin/voicemill up

test: $(STAMPS)/test-$(KEY)  ## Run everything that needs no GPU (TESTS=path narrows it; COVERAGE=1 measures, with a floor)
ifdef TESTS
	$(PY) -m pytest --durations=15 $(TESTS)
else
	@failed=0; \
	$(TWO_FILES) $(if $(COVERAGE),--cov --cov-report=term) $(QUICK) || failed=1; \
	$(TWO_FILES) $(WHOLE) || failed=1; \
	exit $$failed
endif

test-isa: $(STAMPS)/test-$(KEY)  ## Run what computes once more with the instructions of older processors
	@failed=0; \
	echo "== AVX2 and oneDNN, as on AMD before Zen 4"; $(OLDER_AMD) $(COMPUTING) || failed=1; \
	echo "== SSE4 and, on Intel, MKL"; $(OLDEST) $(COMPUTING) || failed=1; \
	exit $$failed

lint: $(STAMPS)/lint-$(KEY) types  ## Check style, format, import rules and types
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/lint-imports

types: $(STAMPS)/lint-$(KEY)  ## Check types alone
	$(PY) -m mypy

mutations: $(STAMPS)/test-$(KEY)  ## Remove each guard in turn; the test that watches it must go red
	$(PY) tests/faults/mutations/run.py

accept: $(STAMPS)/test-$(KEY)  ## Run the acceptance tests with every recogniser and an hour of every voice (an hour)
	VOICEMILL_ACCEPT=1 $(PY) -m pytest --timeout=0 --durations=15 tests/acceptance

soak: $(STAMPS)/test-$(KEY)  ## Run the long versions of the fault tests
	$(PY) -m pytest -m soak --timeout=0 --durations=15 tests

bench: $(STAMPS)/test-$(KEY)  ## Measure the platform, write its page in docs/measurements (BENCH=name runs one, prints)
	$(PY) -m tests.benchmarks $(or $(BENCH),--write)

bench-stt: $(STAMPS)/test-$(KEY)  ## Measure the recognisers, write their page (BENCH=name runs one, prints)
	$(PY) -m tests.benchmarks.stt $(or $(BENCH),--write)

bench-tts: $(STAMPS)/test-$(KEY)  ## Measure the neural voices, write their page (BENCH=name runs one, prints)
	$(PY) -m tests.benchmarks.tts $(or $(BENCH),--write)

bench-engines: $(STAMPS)/test-$(KEY)  ## Measure what runs Whisper on CPUs, write its page (MODEL=folder)
	$(PY) -m tests.benchmarks.engines --write $(MODEL)

clean:  ## Remove the virtual environment, caches and what the demo wrote
	rm -rf $(VENV) build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis demo/out
	rm -f .coverage .coverage.*
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# -- installation: each stamp names what was installed and from which files -------------------------------------------
$(STAMPS)/venv:
	@set -e; for python in python3.11 python3.12 python3; do \
	  $$python -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 12))' 2>/dev/null && found=$$python && break; \
	done; \
	if [ -z "$$found" ]; then echo "Voicemill needs Python 3.11 or 3.12 on the PATH; none was found." >&2; exit 1; fi; \
	if ! $$found -c 'import ensurepip, venv' 2>/dev/null; then \
	  echo "$$found has no venv module. On Debian and Ubuntu: apt install python3-venv (or $$($$found -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])'))" >&2; exit 1; fi; \
	if ! $(PY) -c 'import pip, sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 12))' 2>/dev/null; then \
	  echo "Making $(VENV) with $$found"; $$found -m venv --clear $(VENV); fi
	@mkdir -p $(STAMPS) && touch $@

$(STAMPS)/demo-$(KEY): | $(STAMPS)/venv
	@echo "Installing .[worker,espeak,text,demo] (once per change of the dependencies)"
	@$(call pip_install,--editable '.[worker$(COMMA)espeak$(COMMA)text$(COMMA)demo]')
	@touch $@

$(STAMPS)/test-$(KEY): | $(STAMPS)/demo-$(KEY)
	@echo "Installing .[$(TESTED)] (once per change of the dependencies)"
	@$(call pip_install,--editable '.[$(TESTED)]')
# Their own dependencies need a compiler or the network, and nothing here uses those.
	@$(call pip_install,--no-deps resemblyzer==0.1.4 speechmos==0.0.1.1)
	@touch $@

$(STAMPS)/lint-$(KEY): | $(STAMPS)/demo-$(KEY)
	@echo "Installing .[worker,espeak,text,dev] (once per change of the dependencies)"
	@$(call pip_install,--editable '.[worker$(COMMA)espeak$(COMMA)text$(COMMA)dev]')
	@touch $@
