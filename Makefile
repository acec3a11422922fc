# Camphora: `make` alone lists what can be done.
.DEFAULT_GOAL := help
PY := .venv/bin/python
RUN := .venv/bin/

.PHONY: help setup browser nginx demo test mutation check bench conformance docs notice wheel clean

help: ## list these targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' Makefile

setup: ## make the virtual environment with the locked dependencies
	@sh tools/setup.sh

browser: setup ## install Chromium and CJK fonts through apt, where that may be done
	@sh tools/browser.sh

nginx: ## install nginx through apt, where that may be done, for the tests of TLS
	@sh tools/nginx.sh

demo: setup ## set up everything and open a living system on this machine
	@$(RUN)camphora demo $(ARGS)

test: setup browser nginx ## set up everything and run all tests (ARGS="-k name" for some)
	@$(PY) -m pytest -n 2 --dist loadgroup $(ARGS)

mutation: setup ## take each predicate of the planner away alone: an attack must notice (CHOSEN=name for some)
	@cd tests && PYTHONPATH=../src:. ../$(PY) -m leak.mutation $(CHOSEN)

check: setup ## format, lint, types, room rules, translations, system folders, notices, known weaknesses
	@$(RUN)ruff format --check .
	@$(RUN)ruff check .
	@$(RUN)mypy
	@$(RUN)lint-imports --no-cache
	@$(PY) tools/check.py
	@$(PY) tools/audit_dependencies.py

bench: setup ## print each figure as a JSON line (ONLY=name for one; ONLY=records takes ARGS="--minutes 10")
	@$(PY) tools/bench.py $(if $(ONLY),--only $(ONLY)) $(ARGS)

conformance: setup ## run the published suites that the project holds itself to
	@$(PY) tools/run_conformance.py $(ARGS)

docs: setup ## write the reference from the code and build the manual into site/
	@sh tools/setup.sh docs
	@$(PY) tools/reference.py
	@NO_MKDOCS_2_WARNING=1 $(RUN)mkdocs build --strict --quiet
	@echo "site/index.html"

notice: setup ## join NOTICE.d into NOTICE and write the bill of materials
	@$(PY) tools/check.py --write-notice
	@$(PY) tools/bill.py

wheel: setup ## build the wheel and the sdist into dist/
	@$(PY) -m build --installer uv

clean: ## remove what the targets made
	@rm -rf .venv dist build site .mypy_cache .ruff_cache .pytest_cache .hypothesis
