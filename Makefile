# The verbs of this repository; CI calls only these. `make` alone lists them.
.DEFAULT_GOAL := help
SHELL := bash
PYTEST := .venv/bin/python -m pytest
# Processes that run tests side by side, a file in one of them; each takes about 2 GB.
WORKERS := 2
# What could not be looked at, upstream's bases where GitHub is out of reach say, is named before the tests and once
# more after them; STRICT=--strict makes it an error, as the hook and the workflow `ci` do.
STRICT :=
SAID := out/validate.txt
NO_KUSTOMIZE := NOT LOOKED AT: the overlays, and all that is checked in them: neither kustomize nor kubectl is on PATH
NO_BROWSER := NOT LOOKED AT: the page in a browser: no chromium or google-chrome is on PATH (Debian: apt-get install chromium)
define BROWSER
if ! command -v chromium chromium-browser google-chrome google-chrome-stable >/dev/null; then \
echo "$(NO_BROWSER)" | tee -a $(SAID); test -z "$(CI)"; fi
endef
define VALIDATE
set -o pipefail; mkdir -p $(dir $(SAID)); \
if command -v kustomize kubectl >/dev/null; then .venv/bin/preflight validate $(STRICT) | tee $(SAID); \
else echo "$(NO_KUSTOMIZE)" | tee $(SAID); test -z "$(CI)"; fi
endef

.PHONY: help
help: ## this list
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | sort | column -t -s "$$(printf '\t')"

.PHONY: environments
environments: ## make .venv (training, pipelines, tests) and .venv-serve from the lock files
	@./environments.sh dev serve

.PHONY: doctor
doctor: environments ## what is present, what is missing and what for
	@.venv/bin/pylib doctor

.PHONY: lint
lint: environments ## ruff, mypy, import contract, shellcheck, yamllint, zizmor
	.venv/bin/ruff format --check .
	.venv/bin/ruff check .
	.venv/bin/mypy
	.venv/bin/lint-imports
	.venv/bin/shellcheck $$(git ls-files '*.sh') .ci/run
	.venv/bin/yamllint --strict .
	.venv/bin/zizmor --quiet --offline --min-severity medium .github

.PHONY: validate
validate: environments ## what a push would bring to each cluster, checked without a cluster
	@.venv/bin/preflight validate $(STRICT)

.PHONY: test
test: lint ## everything: lint, the cluster's check, the fast tests, then those that train models and start servers
	@$(VALIDATE)
	@$(BROWSER)
	$(PYTEST) -n $(WORKERS) --dist loadfile -m "not slow"
	$(PYTEST) -n $(WORKERS) --dist loadfile -m slow
	@sed -n 's/^not \(checked\|judged\)/NOT LOOKED AT: &/p; /^NOT LOOKED AT/p' $(SAID) | sort -u

.PHONY: test-cluster
test-cluster: environments ## what a cluster shows, on one to throw away (tests/on_cluster/README.md)
	$(PYTEST) tests/on_cluster -m cluster -o timeout=1500 --durations=15

.PHONY: up
up: ## the platform on this machine: kind, Argo CD, everything; waits until it is healthy
	@./cluster.sh tools
	@$(MAKE) --no-print-directory environments
	@./cluster.sh up

.PHONY: down
down: ## remove that kind cluster and all that is in it
	@./cluster.sh down

.PHONY: e2e
e2e: ## from images to an answered REST request, into ./out
	./run_e2e.sh

.PHONY: smoke
smoke: environments ## the smallest pipeline, on a built-in table: store, steps, tracking and gate work here
	.venv/bin/pylib run tabular

.PHONY: golden
golden: ## write down the sample's model again, where its bits are meant to change (tests/golden, README)
	./run_e2e.sh --output out/golden
	./run_e2e.sh --task classification --output out/golden-classification
	.venv/bin/python -m tests.golden.sample out/golden out/golden-classification

.PHONY: compile
compile: environments ## write pipelines/compiled/ again
	.venv/bin/pylib compile

.PHONY: bench
bench: environments ## the measured comparisons that the README's figures come from
	@for file in benchmarks/*.py; do echo "== $$file"; .venv/bin/python "$$file" || exit 1; done

.PHONY: lock
lock: environments ## resolve every dependency again and write locks/
	.venv/bin/uv pip compile -q --universal --generate-hashes --custom-compile-command "make lock" \
	  pyproject.toml --extra train --extra pipelines --extra web --extra editable -o locks/train.txt
	.venv/bin/uv pip compile -q --universal --generate-hashes --custom-compile-command "make lock" \
	  pyproject.toml --extra train --extra pipelines --extra web --extra preflight --extra editable --extra dev \
	  -c locks/train.txt -o locks/dev.txt
	.venv/bin/uv pip compile -q --universal --generate-hashes --custom-compile-command "make lock" \
	  pyproject.toml --extra preflight --extra editable -c locks/dev.txt -o locks/preflight.txt
	.venv/bin/uv pip compile -q --universal --generate-hashes --custom-compile-command "make lock" \
	  --python-version 3.11 locks/serve.in -o locks/serve.txt
	.venv/bin/uv pip compile -q --universal --generate-hashes --custom-compile-command "make lock" \
	  --python-version 3.11 locks/bootstrap.in -o locks/bootstrap.txt
	.venv/bin/uv pip compile -q --universal --generate-hashes --custom-compile-command "make lock" \
	  --python-version 3.11 locks/mlflow.in -o locks/mlflow.txt
	.venv/bin/uv pip compile -q --universal --generate-hashes --custom-compile-command "make lock" \
	  --python-version 3.11 locks/notebook.in -c locks/train.txt -o locks/notebook.txt
	.venv/bin/uv pip compile -q --universal --generate-hashes --custom-compile-command "make lock" \
	  --python-version 3.11 locks/web.in -c locks/train.txt -o locks/web.txt
