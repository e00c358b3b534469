# One line of help for each: make help
VENV := .venv
PYTHON ?= python3
PORT ?= 8000
export PORT

.PHONY: help demo install test check bench clean

help:      ## list what can be made
	@awk -F ':.*## *' '/^[a-z]+:.*## /{printf "%-8s %s\n", $$1, $$2}' Makefile

demo: $(VENV)/run.done  ## serve a portal with fictional data on 127.0.0.1 (PORT=8000; RESET=1 starts over)
	@$(VENV)/bin/portal demo $(if $(RESET),--reset)

install: $(VENV)/run.done  ## make the environment alone

test: $(VENV)/test.done  ## run every test on SQLite, then on PostgreSQL where one is reachable
	$(VENV)/bin/pytest -n 2 --database sqlite
	$(VENV)/bin/pytest -n 2 --database postgresql

check: $(VENV)/test.done  ## lint, types, import contracts
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy
	$(VENV)/bin/lint-imports --no-cache

bench: $(VENV)/test.done  ## measure, each figure beside its yardstick
	$(VENV)/bin/python -m tests.bench

clean:     ## remove the environment; data under var/ stays
	rm -rf $(VENV)

# The exact, hashed set of packages; uv is quick, pip does the same where uv is not to be had.
$(VENV)/%.done: .requirements/%.txt pyproject.toml
	@test -x $(VENV)/bin/python || { \
	  $(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || \
	    { echo "$(PYTHON) is not Python 3.11 or newer. Name one that is, for example: make PYTHON=python3.12" >&2; exit 1; }; \
	  $(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || \
	    { echo "$(PYTHON) cannot make virtual environments. On Debian and Ubuntu: apt install python3-venv" >&2; exit 1; }; \
	  $(PYTHON) -m venv $(VENV); }
	@$(VENV)/bin/python -m pip install --quiet uv 2>/dev/null || true
	@if $(VENV)/bin/python -c 'import uv' 2>/dev/null; then \
	  $(VENV)/bin/uv pip install --quiet --python $(VENV)/bin/python --require-hashes -r $< && \
	  $(VENV)/bin/uv pip install --quiet --python $(VENV)/bin/python --no-deps --editable . ; \
	else \
	  $(VENV)/bin/pip install --quiet --require-hashes -r $< && $(VENV)/bin/pip install --quiet --no-deps --editable . ; \
	fi
	@touch $@
