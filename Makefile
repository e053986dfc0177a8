# `make` tells what there is. PYTHON=python3.12 chooses another Python; ARGS reach the command.
PYTHON ?= python3
ARGS ?=
BIN := .venv/bin
# One stamp per Python: asking for another one makes the environment anew.
RUN := .venv/.run-$(notdir $(PYTHON))
DEV := .venv/.dev-$(notdir $(PYTHON))
SPARK := .venv/.spark-$(notdir $(PYTHON))
.DEFAULT_GOAL := help
.PHONY: help demo test test-containers test-faults test-spark test-kubernetes check bench bench-peers lock clean

help: ## this text
	@echo "Penstock: a project folder in, a secured query API out. On a machine with Python 3.11 and make:"
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1|\2/p' Makefile | awk -F'|' '{ printf "%-18s %s\n", $$1, $$2 }'

demo: $(RUN) ## deploy the flights project on two nodes and ask it three things (ARGS=--once: then stop)
	@$(BIN)/penstock demo $(ARGS)

# What starts and stops container engines; the drivers' contract starts one too, and stays where it is.
CONTAINERS := tests/deploy/drivers/test_docker.py tests/deploy/drivers/test_swarm.py \
    tests/deploy/artifact/test_container.py tests/e2e/test_container.py

test: $(DEV) ## run the suite (ARGS='tests/sql -k filter' for a part)
	@$(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder --ignore=tests/spark --ignore=tests/kubernetes_lab \
	    --ignore=tests/e2e/faults --ignore=tests/e2e/test_compose.py $(CONTAINERS:%=--ignore=%) $(ARGS)

test-containers: $(DEV) ## run what needs container engines that it starts and stops itself: root, Docker
	@$(BIN)/python -m pytest -n 2 --dist loadfile $(CONTAINERS) $(ARGS)

test-faults: $(DEV) ## kill and cut what serves while callers ask, and run all of it by compose: 15 minutes
	@$(BIN)/python -m pytest tests/e2e/faults tests/e2e/test_compose.py $(ARGS)

test-spark: $(SPARK) ## run what needs a cluster of Spark's: Java, 400 MB of packages, a minute
	@$(BIN)/python -m pytest tests/spark $(ARGS)

test-kubernetes: $(DEV) ## run what needs a Kubernetes: it is built from Debian's sources once, ten minutes
	@./scripts/kubernetes-lab
	@$(BIN)/python -m pytest tests/kubernetes_lab $(ARGS)

check: $(DEV) ## lint, format, types, import contracts
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(DEV) ## measure ourselves: docs/performance.md
	@$(BIN)/python -m benchmarks $(ARGS)

bench-peers: $(DEV) ## measure others beside us
	@$(BIN)/python -m benchmarks.peers $(ARGS)

lock: ## choose the versions of every package anew
	@PYTHON='$(PYTHON)' ./scripts/lock

clean: ## forget the environment and the caches (never .penstock, which holds keys)
	rm -rf .venv build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis

# A stamp is newer than what it was made from: nothing is installed twice.
$(RUN): requirements.lock requirements-build.lock pyproject.toml
	@PYTHON='$(PYTHON)' ./scripts/install requirements.lock requirements-build.lock
	@touch $@

$(DEV): requirements-dev.lock pyproject.toml
	@PYTHON='$(PYTHON)' ./scripts/install requirements-dev.lock
	@touch $@

$(SPARK): requirements-spark.lock pyproject.toml
	@PYTHON='$(PYTHON)' ./scripts/install requirements-spark.lock
	@touch $@
