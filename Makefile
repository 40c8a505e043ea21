# make demo, make test: everything, on real parts; they install what they need (root).
# make play: a shell on the stage of the demo, to try it by hand.
# make check: the fast part for the inner loop. make lab: only prepare the lab.
PYTHON ?= python3
BIN := .venv/bin
STAMP := .venv/.complete
SUDO := $(shell [ "$$(id -u)" = 0 ] || echo sudo)
# What pip and the lab need of the machine; nothing of it is a service.
TOOLS := gcc pkg-config python3-dev python3-venv libvirt-dev

.DEFAULT_GOAL := help
.PHONY: help demo play test check lint bench lab clean

help:
	@sed -n 's/^# //p' Makefile

$(STAMP): pyproject.toml Makefile
	@tests/lab/tools $(TOOLS)
	@echo "installing sharectl and its test tools into .venv"
	@$(PYTHON) -m venv .venv
	@$(BIN)/pip install -q --disable-pip-version-check --config-settings editable_mode=compat -e '.[test]'
	@touch $@

lab: $(STAMP)
	@$(SUDO) $(BIN)/python -m tests.lab setup

demo: lab
	@$(SUDO) $(BIN)/python -m tests.lab run -- $(BIN)/python -m tests.demo

play: lab
	@$(SUDO) $(BIN)/python -m tests.lab run -- $(BIN)/python -m tests.play

test: lab
	@$(SUDO) $(BIN)/python -m tests.side_by_side

check: $(STAMP) lint
	@$(BIN)/pytest -q -m 'not lab'

lint: $(STAMP)
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check -q .
	@$(BIN)/mypy

bench: lab
	@$(SUDO) $(BIN)/python -m tests.lab run -- $(BIN)/python -m tests.bench

clean:
	rm -rf .venv .pytest_cache .mypy_cache .ruff_cache .hypothesis
