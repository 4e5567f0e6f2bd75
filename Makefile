# make help lists what there is.
.DEFAULT_GOAL := help
SHELL := /bin/sh

PYTHON ?= $(shell for v in python3.13 python3.12 python3.11 python3; do \
	command -v $$v >/dev/null 2>&1 && $$v -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
	&& { echo $$v; break; }; done)
VENV := .venv
BIN := $(VENV)/bin
SERVE ?= 1
PORT ?= 8000
DEMO_DIR := $(CURDIR)/var/demo
DEMO := PAIRWELL_DEBUG=True PAIRWELL_SAMPLE_SHOP=True PAIRWELL_VAR_DIR=$(DEMO_DIR) PAIRWELL_BASE_URL=http://127.0.0.1:$(PORT) \
	DATABASE_URL=sqlite:///$(DEMO_DIR)/pairwell.sqlite3 PAIRWELL_TRANSPORT=preview
PACKAGES := config demo dashboard privacy triggers campaigns experiments recommendations audience shop delivery
JOBS ?= 2
KILLS ?= 200

.PHONY: help setup setup-dev demo serve test chaos check bench lock messages clean

help: ## What there is
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

$(VENV)/python.ok:
	@test -n "$(PYTHON)" || { echo "Pairwell needs Python 3.11 or newer; none was found on the PATH." >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { echo "Python's venv is missing; on Debian: apt install python3-venv" >&2; exit 1; }
	@touch $@

$(VENV)/base.ok: $(VENV)/python.ok requirements/base.txt
	$(BIN)/python -m pip install --disable-pip-version-check --quiet --require-hashes -r requirements/base.txt
	@touch $@

$(VENV)/dev.ok: $(VENV)/base.ok requirements/dev.txt
	$(BIN)/python -m pip install --disable-pip-version-check --quiet --require-hashes -r requirements/dev.txt
	@touch $@

setup: $(VENV)/base.ok ## The environment alone, in .venv

setup-dev: $(VENV)/dev.ok

demo: setup ## The sample shop's last days, then the dashboard (SERVE=0 stops after the summary, PORT=8000)
	@mkdir -p $(DEMO_DIR)
	@rm -f $(DEMO_DIR)/pairwell.sqlite3*
	@$(DEMO) $(BIN)/python manage.py migrate --verbosity 0
	@$(DEMO) $(BIN)/python manage.py demo
	@if [ "$(SERVE)" != 0 ]; then $(MAKE) --no-print-directory serve; fi

serve: setup ## The dashboard of the demo again, with its engine
	@echo "The dashboard: http://127.0.0.1:$(PORT)/  login: demo  password: demo  (Ctrl+C stops it)"
	@$(DEMO) $(BIN)/python manage.py run_engine --poll 5 & engine=$$!; trap 'kill $$engine 2>/dev/null' EXIT INT TERM; \
	$(DEMO) $(BIN)/python manage.py runserver --noreload --insecure 127.0.0.1:$(PORT)

test: setup-dev ## The whole suite on SQLite, then on PostgreSQL what touches a database
	@$(BIN)/python -m tests.run -n $(JOBS) $(ARGS)

chaos: setup-dev ## 200 kills on real servers, then every email counted (KILLS=200, SEED=number)
	@$(BIN)/python -m tests.chaos --kills $(KILLS) $(if $(SEED),--seed $(SEED))

check: setup-dev ## Lint, types, layers, migrations, templates
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports
	$(BIN)/python manage.py check
	$(BIN)/python manage.py makemigrations --check --dry-run
	$(BIN)/python manage.py check_email templates/emails/*/body.mjml
	$(BIN)/mypy $(PACKAGES) tests benchmarks

bench: setup-dev ## Every benchmark in its short form
	@for name in $$(ls benchmarks/*.py | xargs -n1 basename -s .py | grep -v '^_'); do \
	$(BIN)/python -m benchmarks.$$name --short || exit 1; done

messages: setup ## Compiles the translations of the dashboard and the customer pages
	$(BIN)/pybabel compile --domain django --directory locale
	$(BIN)/pybabel compile --domain django --directory audience/locale

lock: ## Writes requirements/*.txt again from pyproject.toml (needs uv)
	sh requirements/lock.sh

clean: ## Removes the environment and the demo's data
	rm -rf $(VENV) var staticfiles
