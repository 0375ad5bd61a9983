# The one entrance to this project: every task of a developer is a target here.
SHELL := /bin/bash -euo pipefail
.DEFAULT_GOAL := help
.PHONY: help venv lock audit fmt lint test test-slow test-node test-release test-all faults explore mutants bench bench-quick bench-burst bench-parts bench-client bench-budget docs control-plane system-packages images release chart chart-docs demo dev dev-down clean

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
UV_COMPILE = $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header \
  $(if $(filter all,$(UPGRADE)),--upgrade,$(addprefix --upgrade-package ,$(UPGRADE)))
# Tests run what the images ship: what they lock holds here as well, whatever a tool of the tests would like.
AS_SHIPPED := --constraint requirements/operator.txt --constraint requirements/pulser.txt --override requirements/overrides.in
# A system Node or Go of the right age is used as it is; only an older one is replaced by the packaged one.
NODE_LOCK := $(shell node -e 'process.exit(Number(process.versions.node.split(".")[0]) >= 22 ? 0 : 1)' 2>/dev/null || echo requirements/node.txt)
GO_LOCK := $(shell go version 2>/dev/null | grep -Eq 'go1\.(2[6-9]|[3-9][0-9])' || echo requirements/go.txt)

##@ General

help: ## Show this list
	@awk 'BEGIN {FS = ":.*##"; printf "Usage: make \033[36m<target>\033[0m\n"} \
	  /^[a-zA-Z_-]+:.*?##/ { printf "  \033[36m%-14s\033[0m %s\n", $$1, $$2 } \
	  /^##@/ { printf "\n\033[1m%s\033[0m\n", substr($$0, 5) }' $(MAKEFILE_LIST)

##@ Try it

# One shell word each, whatever quotes are in it.
quoted = '$(subst ','\'',$(1))'
PASSED_ON = --emulator-args=$(call quoted,$(EMULATOR_ARGS)) --operator-args=$(call quoted,$(OPERATOR_ARGS))

demo: $(STAMP) ## Run the examples and watch them, on loopback; CLUSTER=current: in your cluster (YES=1: don't ask)
	@$(BIN)/python -m demo --cluster=$(or $(CLUSTER),local) $(if $(YES),--yes) $(PASSED_ON)

dev: $(STAMP) ## Leave it all running on loopback, and print the line to paste; build/dev.env has the addresses
	@$(BIN)/python -m localstack up $(PASSED_ON)

dev-down: $(STAMP) ## End what `make dev` left running
	@$(BIN)/python -m localstack down

##@ Development

venv: $(STAMP) ## Make .venv from the lock files
$(STAMP): requirements/uv.txt requirements/dev.txt pyproject.toml client/pyproject.toml $(NODE_LOCK) $(GO_LOCK)
	@$(PYTHON) -c 'import ensurepip, sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
	  || { echo "Python >= 3.11 with venv is needed (Debian, Ubuntu: apt install python3-venv)"; exit 1; }
	@echo "Installing the locked packages into $(VENV) (under a minute)"
	@test -x $(BIN)/pip || $(PYTHON) -m venv $(VENV)
	@$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements/uv.txt
	@$(BIN)/uv pip sync --quiet --require-hashes requirements/uv.txt requirements/dev.txt $(NODE_LOCK) $(GO_LOCK)
	@$(BIN)/uv pip install --quiet --no-deps --no-build-isolation --editable . --editable client
	@# The processes of programs may write nothing, so what they alone load would be compiled for each of them.
	@$(BIN)/python -m compileall -q -j 0 $(VENV)/lib/python3*/site-packages/{matplotlib,numpy,pulser,pulser_simulation,qutip,scipy}
	@touch $@

lock: ## Renew the hash-pinned lock files in requirements/; UPGRADE="name …": newer versions of these, UPGRADE=all: of all
	$(UV_COMPILE) requirements/uv.in -o requirements/uv.txt
	$(UV_COMPILE) pyproject.toml -o requirements/operator.txt
	$(UV_COMPILE) pyproject.toml --extra emulator -o requirements/emulator.txt
	$(UV_COMPILE) pyproject.toml --extra emulator --extra pulser --constraint requirements/emulator.txt -o requirements/pulser.txt
	$(UV_COMPILE) pyproject.toml --extra emulator --extra pulser --group dev $(AS_SHIPPED) -o requirements/dev.txt
	$(UV_COMPILE) client/pyproject.toml -o requirements/client.txt
	$(UV_COMPILE) --group build -o requirements/build.txt
	$(UV_COMPILE) --group node -o requirements/node.txt
	$(UV_COMPILE) --group go -o requirements/go.txt

audit: venv ## Look up what is locked in a database of advisories; AUDIT_URL=…: another that speaks OSV's protocol
	@$(BIN)/python -m advisories $(if $(AUDIT_URL),--url=$(AUDIT_URL))

fmt: venv ## Format the code
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

# Two files at a time: a test with a cluster waits as long as it works. WORKERS=3 suits more cores than two.
WORKERS ?= 2
PYTEST := $(BIN)/pytest --numprocesses=$(WORKERS) --dist=loadfile

lint: venv ## Check style, types and the direction of imports
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	PYTHONPATH=operator:emulator:client:tests $(BIN)/lint-imports --no-logo

# Built together, control plane and node share most; where no node can run, its programs are not built.
NODE = $(shell test "$$(id -u)" = 0 && command -v containerd >/dev/null && echo --node)

control-plane: venv ## Build or find kube-apiserver, etcd, controller-manager, kubectl, Azurite and helm (once)
	@$(BIN)/python -m devcluster build $(NODE)
	@$(BIN)/python -m chart build
	@$(BIN)/python -m workspace_emulator install

# Where the control planes of the tests leave what the operator asked of them.
AUDIT := $(CURDIR)/build/audit
test test-slow: export DEVCLUSTER_AUDIT_FOLDER := $(AUDIT)

test: lint control-plane ## Check everything that is quick, on the real parts (≤ 10 min)
	@rm -rf $(AUDIT)
	$(PYTEST) -m "not slow and not node and not release"
	@$(BIN)/python -m permissions $(AUDIT)

# Most files have no such test, and reading all of them takes half a minute of each process.
marked = $(shell grep -rl --include='test_*.py' 'pytest\.mark\.$(1)' tests | LC_ALL=C sort)

test-slow: control-plane ## Run only the suites that `test` leaves out; as root, with the chart on a real node
	$(PYTEST) -m "slow and not alone and not node and not release" $(call marked,slow)
	$(BIN)/pytest -m alone $(call marked,alone)

test-node: venv ## Every test on a real node, of which `test-all` runs the first ones; as root, after `make system-packages`
	@$(BIN)/python -m devcluster build $(NODE)
	$(BIN)/pytest -m "not release" tests/node

test-release: venv system-packages ## What takes too long for each change: all of `test-node`, images built twice, a release from a registry, Flux, the benchmarks themselves; as root
	@$(BIN)/python -m devcluster build $(NODE)
	@$(BIN)/python -m workspace_emulator install
	@$(BIN)/python -m flux
	$(BIN)/pytest tests/node
	$(BIN)/pytest -m release tests/images tests/release tests/benchmarks
	CIRCUITS=50 $(BIN)/pytest tests/client/test_random_circuits.py
	$(BIN)/pytest -m release tests/flux

test-all: test test-slow ## Run every test but those of `test-node` and `test-release` (≤ 45 min), and hold the permissions against what was asked
	@$(BIN)/python -m permissions --whole $(AUDIT)

faults: control-plane ## Kill the operator at every boundary and at random, under all faults (~26 min); SEED=…: replay one; SIZE=medium: some minutes
	$(BIN)/python -m faults $(if $(SEED),--seed=$(SEED)) $(if $(SIZE),--size=$(SIZE))

explore: export PYTHONPATH := operator:tests
# Processes that share a scenario number its states alike.
explore: export PYTHONHASHSEED := 0
explore: venv ## Try every schedule with up to 3 disturbances on the real shell (≤ 30 min); DEPTH=2: a minute; REPLAY='…': play one again
	@$(BIN)/python -m explore $(if $(REPLAY),--replay $(call quoted,$(REPLAY))) $(if $(ONLY),--only $(ONLY)) $(if $(DEPTH),--depth $(DEPTH))

mutants: control-plane ## Break each promise on purpose: its test must fail (≤ 10 min); ONLY=…: one; RANDOM=100 SEED=…: the core, at random
	$(BIN)/python -m mutants $(ONLY) $(if $(RANDOM),--random=$(RANDOM) $(if $(SEED),--seed=$(SEED)))

bench: control-plane ## Measure against two peers, up to 10,000 jobs (20 to 30 min); build/bench.json and .png; SIZES="…": others
	$(BIN)/python -m benchmarks $(if $(SIZES),--sizes $(SIZES))

bench-quick: control-plane ## The same with 100 and 300 jobs (under 3 min)
	$(BIN)/python -m benchmarks --plan quick $(if $(SIZES),--sizes $(SIZES))

bench-burst: control-plane ## The burst alone, beside the peer (2 min); JOBS=…: so many; FORMER=…: another checkout's operator, too; PROFILES=…: takes py-spy's stacks
	@$(BIN)/python -m benchmarks.burst $(if $(JOBS),--jobs=$(JOBS)) $(if $(FORMER),--former=$(call quoted,$(FORMER))) $(if $(PROFILES),--profiles=$(call quoted,$(PROFILES)))

bench-parts: venv ## CPU of single steps, beside the least that it could be (half a minute)
	@$(BIN)/python -m benchmarks.parts

bench-client: control-plane ## How fast `kubectl quantum` starts beside kubectl, and the counts of 10,000 jobs; JOBS=…: of so many
	@$(BIN)/python -m benchmarks.client $(if $(JOBS),--jobs=$(JOBS))

bench-budget: control-plane ## What a QuantumBudget costs that counts every job, beside the same without one (10 min); BURST=…: so many at once
	@$(BIN)/python -m benchmarks.budget $(if $(PLAN),--plan $(PLAN)) $(if $(BURST),--burst=$(BURST))

##@ Images and charts

system-packages: ## Install what `images` and the node of the tests need: Debian's packages in requirements/debian.txt (root)
	@missing="$$(grep -v '^#' requirements/debian.txt | while read -r one; do dpkg -s $$one >/dev/null 2>&1 || echo $$one; done)"; \
	  test -z "$$missing" || { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $$missing; }

images: venv ## Build the images with podman, buildah or docker; build/images has archives and SBOMs. ONLY=operator; BASE=…: another base
	@$(BIN)/python -m images $(ONLY) --base=$(call quoted,$(BASE))

release: venv ## Images, charts, install.yaml, client, SBOMs and checksums into build/release; REGISTRY=…: where the images will be; BASE=…
	@$(BIN)/python -m release --registry=$(call quoted,$(REGISTRY)) --base=$(call quoted,$(BASE))

chart: venv ## Package the charts into build/charts
	@$(BIN)/python -m chart package

docs: venv ## Renew docs/reference.md, the commands in docs/client.md and the drawing of the state machine in docs/lifecycle.md
	$(BIN)/python tests/rooms/lifecycle/drawing.py
	$(BIN)/python tests/pages/reference.py
	$(BIN)/python tests/pages/commands.py

chart-docs: venv ## Write the charts' READMEs from the comments in their values
	@$(BIN)/python -m chart docs

##@ Cleaning

clean: ## Remove what builds and tests leave in the tree
	rm -rf build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
