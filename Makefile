# One command an intent. `make demo` and `make test` need nothing before them.
PORT ?= 8000
PY := .venv/bin/python
SHELL := /bin/sh

.PHONY: help demo critic scaling test test-unit test-browser test-services coverage lint format lock docs clean

help:
	@echo "make demo          run the whole study on this machine (PORT=8000; SMALL=1: without the 93 MB of the critic english)"
	@echo "make test          run every test: unit, browser, services"
	@echo "make test-unit     only those that need no browser and no services"
	@echo "make coverage      what of the code the unit tests run (about twice their time)"
	@echo "make critic        train the critics that ship from nothing (hours; DEVICE=cuda: a quarter of one)"
	@echo "make scaling       train five sizes of addition critic and draw what size changes (half an hour)"
	@echo "make test-remote   the remote engine against llama.cpp's server (downloads its wheel)"
	@echo "make test-versions the engine on the oldest and newest transformers claimed (downloads)"
	@echo "make lint          style, types, import contracts, templates, migrations, settings"
	@echo "make format        let ruff put the code in shape"
	@echo "make lock          resolve requirements/ again from pyproject.toml"
	@echo "make docs          redraw the pages of docs/ that are made from the code"
	@echo "make clean         throw away the demo's data in var/ and the caches (asks first)"

demo:
	@scripts/install demo
ifndef SMALL
	@scripts/base-model || true
endif
	@exec $(PY) manage.py demo --port "$(PORT)" $(if $(SMALL),--small) --stop-with-parent

critic:
	@scripts/install dev
	@scripts/critic

scaling:
	@scripts/install dev
	@scripts/scaling

test:
	@scripts/install dev
	@scripts/test unit browser services

test-unit test-browser test-services:
	@scripts/install dev
	@scripts/test $(@:test-%=%)

coverage:
	@scripts/install dev
	@OMP_NUM_THREADS=1 $(PY) -m pytest -n 2 --cov -m "not browser and not services"

test-remote test-versions:
	@scripts/install dev
	@scripts/$@

lint:
	@scripts/install dev
	@scripts/lint

format:
	@scripts/install dev
	$(PY) -m ruff check --fix .
	$(PY) -m ruff format .

lock:
	@scripts/install dev
	@scripts/lock

docs:
	@scripts/install dev
	$(PY) manage.py draw_assignment_states --write
	$(PY) scripts/notices.py

clean:
	@printf 'This deletes var/ with the demo database and its accounts. Type yes to go on: '; \
	read answer; [ "$$answer" = yes ]
	rm -rf var .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
