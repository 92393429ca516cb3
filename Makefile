PYTHON ?= python3
# Python of the virtual environment, which local/bootstrap.py makes on the first call.
PY = @command -v $(PYTHON) >/dev/null || { echo "Python 3.11 or newer is needed." >&2; exit 1; }; exec $(PYTHON) -m local.bootstrap

.DEFAULT_GOAL := help
.PHONY: help run test test-django test-versions test-10 test-11 test-12 lint messages settings lock audit bench migrations-check common-passwords clean

help: ## List these commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-18s%s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: ## Start the site, Directus, a provider and a mail catcher: DIRECTUS_VERSION=10|11|12, PORT, DIRECTUS_PORT, MAIL_PORT, SMTP_PORT, PROVIDER_PORT
	$(PY) -m local.run

test: ## Run all tests, against a real Directus and in a browser: ARGS for pytest
	$(PY) -m local.install
	$(PY) -m local.tests $(ARGS)

test-django: ## Run the unit tests on the newest Django, if there is a Python 3.13: PYTHON_NEXT, ARGS for pytest
	$(PY) -m local.next_django $(ARGS)

test-versions: test-10 test-11 test-12 ## Run the tests that talk to Directus, on 10, 11 and 12: ARGS for pytest

test-10 test-11 test-12: export DIRECTUS_VERSION = $(@:test-%=%)
# Most who run Directus have it on PostgreSQL; `make test` has it on SQLite.
test-12: export DIRECTUS_DATABASE ?= postgresql
test-10 test-11 test-12:
	$(PY) -m local.install
	$(PY) -m pytest -m "versions and (real or browser)" -n 2 --dist loadfile $(ARGS)

lint migrations-check: export DJANGO_SETTINGS_MODULE = tests.settings
lint: ## Check style, types, templates, imports and migrations
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m mypy
	$(PY) -m djlint --lint --check templates
	$(PY) -c "from importlinter.cli import lint_imports_command as main; main()"
	$(PY) manage.py makemigrations --check --dry-run

migrations-check: ## Check that the migrations match the models
	$(PY) manage.py makemigrations --check --dry-run

messages: ## Collect the texts to translate, and compile the catalogues in locale/
	$(PY) -m local.messages

settings: ## Write the tables of docs/settings.md from .env.example
	$(PY) -m local.settings_page

common-passwords: ## Make the list of common passwords again; needs the network
	$(PY) -m local.common_passwords

lock: ## Write the requirements' lock files; UPGRADE=1 takes newer indirect packages
	$(PY) -m local.lock

audit: ## Look up known vulnerabilities of all packages; needs the network
	$(PY) -m local.audit

bench: ## Measure the site beside a bare Django and Directus itself: ARGS names what
	$(PY) -m local.install
	$(PY) -m bench $(ARGS)

clean: ## Delete the data of `make run`; the cache of installed programs stays
	rm -rf .local
