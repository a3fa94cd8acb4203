# Everything a developer does, on any machine with Python >= 3.11 and make. `make` alone lists it.

PYTHON ?= python3
HOST ?= 127.0.0.1
PORT ?= 8000
WORKERS ?= auto

VENV := .venv
BIN := $(VENV)/bin
BENCH_VENV := var/bench-venv
NEXT_VENV := var/next-venv
COLLECTED := $(or $(VAR_DIR),var)/.static-collected

# Wheels only: nothing is ever compiled here, and what can't be installed says so at once. Python compiles what is
# imported when it is, and keeps that: to do it for all that is installed would take as long as the rest.
# The locks name everything, so pip looks for nothing by itself: where a package asks for another with an extra
# (`coverage[toml]`), it would take the newest, find no hash for it, and stop as soon as there is a newer one than ours.
INSTALL = -m pip install --disable-pip-version-check --require-hashes --no-deps --only-binary :all: --no-compile
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

.PHONY: help
help: ## list what there is
	@awk 'BEGIN { FS = ":.*## " } /^[a-z0-9-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

# Running

.PHONY: run
run: export DEMO := on
run: export QA_TOOLS := on
run: export NOW := $(NOW)
run: export PYTHONUNBUFFERED := 1
run: export SITE_URL := http://$(patsubst 0.0.0.0,localhost,$(HOST)):$(PORT)
run: $(VENV)/.runtime ## serve the demo on http://127.0.0.1:8000; PORT=, HOST= and NOW= change where and when
	@$(BIN)/python manage.py migrate --verbosity 0
	@# A database that was removed, or a journal: in the demo either begins anew.
	@$(BIN)/python manage.py replay_journal --anew --verbosity 0
	@$(BIN)/python manage.py seed_demo
	@$(BIN)/python manage.py seed_personas
	@$(BIN)/python manage.py seed_runs
	@$(MAKE) --silent $(COLLECTED)
	@$(BIN)/python manage.py demo_guide http://$(patsubst 0.0.0.0,localhost,$(HOST)):$(PORT)/
	@# One process, since the demo's cache is its memory; mails to the console come out here.
	@exec $(BIN)/gunicorn consent_site.wsgi --bind $(HOST):$(PORT) --workers 1 --threads 8 --no-control-socket

$(COLLECTED): $(VENV)/.runtime consent_site/settings.py $(shell find static qa/static -type f)
	@echo "Collecting and compressing static files (about 10 seconds, only when they change) ..."
	@$(BIN)/python manage.py collectstatic --noinput --verbosity 0
	@touch $@

# Checking

.PHONY: test
test: $(VENV)/.dev ## run the tests; ARGS="-k gate" passes on what pytest understands
	@$(BIN)/pytest --numprocesses $(WORKERS) --maxprocesses 8 --dist worksteal $(ARGS)

.PHONY: coverage
coverage: $(VENV)/.dev ## run the tests but browser and histories, and say what of privacy, conversations and training they don't take
	@$(BIN)/pytest --numprocesses $(WORKERS) --maxprocesses 8 --dist worksteal -m "not browser and not histories" --cov $(ARGS)

.PHONY: a11y
a11y: export WHOLE_MATRIX := 1
a11y: $(VENV)/.dev ## look for violations of WCAG 2.2 AA on every screen in every way it can be seen (tests: pairwise)
	@$(BIN)/pytest --numprocesses $(WORKERS) --maxprocesses 8 --dist worksteal -m accessibility $(ARGS)

.PHONY: next
next: $(NEXT_VENV)/.installed ## run the tests but the browser's on the next Django; PYTHON= names a Python >= 3.12
	@$(NEXT_VENV)/bin/python -m pytest --numprocesses $(WORKERS) --maxprocesses 8 --dist worksteal -p no:cacheprovider \
		-m "not browser" $(ARGS)

.PHONY: lint
lint: export DEMO := on
lint: $(VENV)/.dev ## check style, types, templates and that no migration is missing
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/djlint --lint --quiet templates
	$(BIN)/python manage.py makemigrations --check --dry-run
	$(BIN)/mypy .

.PHONY: format
format: $(VENV)/.dev ## format the Python files and mend what ruff can mend
	$(BIN)/ruff check --fix-only .
	$(BIN)/ruff format .

.PHONY: bench
bench: $(BENCH_VENV)/.installed ## measure everything in three minutes; SCALE=full takes the full sizes, and about an hour
	@# Most of it is about PostgreSQL: the one DATABASE_URL names, or one that is thrown away, where there is pg_virtualenv.
	@if [ -n "$$DATABASE_URL" ] || ! command -v pg_virtualenv >/dev/null; then exec $(BENCH_VENV)/bin/python -m benchmarks; fi; \
	pg_virtualenv -t -o max_connections=200 -o shared_buffers=1GB -o log_min_messages=fatal bash -c \
		'DATABASE_URL=postgres://$$PGUSER:$$PGPASSWORD@$$PGHOST:$$PGPORT/postgres exec $(BENCH_VENV)/bin/python -m benchmarks'

# Making

CATALOG := locale/zh_Hans/LC_MESSAGES/django.po

.PHONY: messages
messages: export DEMO := on
messages: $(VENV)/.dev ## take up new texts into locale/ and compile the translations; needs gettext
	@command -v msgfmt >/dev/null || { echo "Install gettext first: it brings xgettext, msgmerge and msgfmt." >&2; exit 1; }
	@# English has no catalog: the texts are written in it. No line numbers and no dates, so that a second run
	@# changes nothing.
	$(BIN)/python manage.py makemessages --locale zh_Hans --no-location --no-wrap --no-obsolete \
		--ignore .venv --ignore var --ignore tests --ignore benchmarks
	@sed -i.before '/^"POT-Creation-Date: /d' $(CATALOG) && rm $(CATALOG).before
	$(BIN)/python manage.py compilemessages --locale zh_Hans --ignore .venv --ignore var

.PHONY: lock
lock: $(VENV)/.dev ## pin the requirements again, with hashes; ARGS=--upgrade takes the newest
	$(foreach name,base anthropic dev,$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
		--no-emit-index-url --no-emit-find-links --no-header --no-annotate $(ARGS) \
		requirements/$(name).in --output-file requirements/$(name).txt &&) true
	@# The next Django is put over what dev.txt has installed.
	$(BIN)/uv pip compile --quiet --universal --python-version 3.12 --generate-hashes --no-deps \
		--no-emit-index-url --no-emit-find-links --no-header --no-annotate $(ARGS) \
		requirements/next.in --output-file requirements/next.txt

.PHONY: clean
clean: ## remove what was installed and cached; the demo's data in var/ stays
	rm -rf $(VENV) $(BENCH_VENV) $(NEXT_VENV) .mypy_cache .pytest_cache .ruff_cache .hypothesis

.PHONY: screenshots
screenshots: $(VENV)/.dev ## take the pictures of README and docs/; ARGS=--all takes every screen in every look
	@$(BIN)/python -m tests.browser $(ARGS)

# Installing: a stamp beside what it says is installed, as new as the lock it was installed from.

$(BIN)/pip:
	@command -v $(PYTHON) >/dev/null || { echo "There is no $(PYTHON) here. Install Python 3.11 or newer, or name one: make PYTHON=/path/to/python" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "$$($(PYTHON) --version) is too old: Python 3.11 or newer is needed. Name one: make PYTHON=python3.12" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
		echo "$(PYTHON) can't make virtual environments: it has no ensurepip. On Debian or Ubuntu: apt install python3-venv" >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV)

$(VENV)/.runtime: requirements/base.txt | $(BIN)/pip
	@echo "Installing what the site needs into $(VENV) (about half a minute, only when the lock changes) ..."
	@$(BIN)/python $(INSTALL) -r requirements/base.txt
	@touch $@

$(VENV)/.dev: requirements/dev.txt | $(BIN)/pip
	@echo "Installing what the tests need into $(VENV) (about a minute, only when the lock changes) ..."
	@$(BIN)/python $(INSTALL) -r requirements/dev.txt
	@$(BIN)/python -m pip check --disable-pip-version-check
	@touch $@

$(BENCH_VENV)/.installed: requirements/base.txt benchmarks/requirements.txt | $(BIN)/pip
	@echo "Installing what the benchmark needs into $(BENCH_VENV) (about half a minute, only when a lock changes) ..."
	@$(BIN)/python -m venv $(BENCH_VENV)
	@$(BENCH_VENV)/bin/python $(INSTALL) -r requirements/base.txt -r benchmarks/requirements.txt
	@touch $@

# The same lock but for Django itself. By uv, which takes seconds where pip takes a minute.
$(NEXT_VENV)/.installed: requirements/dev.txt requirements/next.txt | $(VENV)/.dev
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 12))' || { \
		echo "The next Django needs Python 3.12 or newer. Name one: make next PYTHON=python3.12" >&2; exit 1; }
	@rm -rf $(NEXT_VENV)
	@$(PYTHON) -m venv --without-pip $(NEXT_VENV)
	@for lock in dev next; do $(BIN)/uv pip install --quiet --system-certs --python $(NEXT_VENV)/bin/python \
		--require-hashes --no-deps --no-build --requirements requirements/$$lock.txt || exit; done
	@$(BIN)/uv pip check --quiet --python $(NEXT_VENV)/bin/python
	@$(NEXT_VENV)/bin/python -m django --version
	@touch $@
