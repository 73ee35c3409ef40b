# What one can do with a checkout. `make` alone prints the list.

PYTHON ?= python3
TORCH ?= torch==2.13.0
PYTEST_ARGS ?= -n auto --dist loadfile

VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --disable-pip-version-check --quiet

# One thread per process: the tests run side by side, and small models gain nothing from more.
test update: export OMP_NUM_THREADS := 1
test update test-slow: export KERAS_BACKEND := torch

.DEFAULT_GOAL := help
.PHONY: help demo test test-slow update lint bench clean

help: ## print this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1\t\2/' | expand -t 19

demo: $(VENV)/.demo ## compile a small model, train it, and show its accuracy (at least 95%)
	$(BIN)/kgen build examples/digits_mlp.kdsl -o train_model.py
	$(BIN)/python -u train_model.py --verbose 2 | tee train_model.log
	@awk '/^test/ && match($$0, /accuracy: [0-9.]+/) { a = substr($$0, RSTART + 10, RLENGTH - 10) } \
	    END { printf "\ntest accuracy %.1f%%, and at least 95%% is expected\n", 100 * a; exit a + 0 < 0.95 }' \
	    train_model.log

test: $(VENV)/.test ## run all tests but the slow ones
	$(BIN)/python -m pytest $(PYTEST_ARGS)

# One model at a time: the largest takes about 6 GB while Keras and the script hold it.
test-slow: $(VENV)/.test ## run the slow tests, about half an hour: all, or a part (make test-slow PART=1/4)
	$(BIN)/python -m pytest --slow $(if $(PART),--part $(PART))

update: $(VENV)/.test ## run all tests and rewrite what they compare with: read the diff afterwards
	$(BIN)/python -m pytest $(PYTEST_ARGS) --update

lint: $(VENV)/.dev ## check style and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check kgen
	$(BIN)/mypy

bench: $(VENV)/.bench ## measure generated scripts against Keras (about an hour)
	$(BIN)/python -m bench

clean: ## remove the virtual environment and what tools leave behind
	rm -rf $(VENV) build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis

# --- The virtual environment. A stamp is written only when its step has succeeded, so an
# --- interrupted step is repeated and a finished one costs nothing.

$(VENV)/.created:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10) and \
	    "kgen needs Python 3.10 or later, and $(PYTHON) is " + sys.version.split()[0] + \
	    ": try make PYTHON=python3.12")'
	$(PYTHON) -m venv --clear $(VENV)
	@touch $@

# Torch comes first and by its exact version: asked for as "torch>=2.4", pip may prefer another
# build, and with it several gigabytes of CUDA libraries.
$(VENV)/.torch: $(VENV)/.created
	$(PIP) "$(TORCH)" numpy
	@touch $@

$(VENV)/.demo: $(VENV)/.torch pyproject.toml
	$(PIP) --editable ".[run]" scikit-learn
	@touch $@

$(VENV)/.test: $(VENV)/.torch pyproject.toml
	$(PIP) --editable ".[test]"
	@touch $@

$(VENV)/.dev: $(VENV)/.created pyproject.toml
	$(PIP) --editable ".[dev]"
	@touch $@

$(VENV)/.bench: $(VENV)/.torch pyproject.toml
	$(PIP) --editable ".[bench]"
	@touch $@
