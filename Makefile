# Everything runs in VENV, which is made when it is missing and refreshed when pyproject.toml changes.
# Beyond make, the one thing needed is the first of PYTHON that is 3.11 or later.

VENV ?= .venv
PYTHON ?= python3.11 python3

# Tests of limits and of children wait for a good part of their time: one process more than there are cores.
WORKERS ?= $(shell n=$$(getconf _NPROCESSORS_ONLN 2>/dev/null || echo 2); [ $$n -lt 4 ] && echo $$((n + 1)) || echo 4)

BIN = $(VENV)/bin
CORE = $(VENV)/.bamlet-core
DEV = $(VENV)/.bamlet-dev
SITE = $(VENV)/.bamlet-site
DIST = $(VENV)/.bamlet-dist

# Pinned: what these servers do is what `make interop` looks at. A version that is new here is installed anew.
AIMOCK = build/interop/aimock-1.43.0
LITELLM = build/interop/litellm-1.106.2
BAML_PY = build/interop/baml-py-0.226.3
RAY = build/interop/ray-alone-2.60.0
ARROW = build/interop/pyarrow
PYRIGHT = build/interop/pyright-1.1.414
NODE_MODULES = build/interop/node-7.0.2
NODE_PACKAGES = typescript@7.0.2 @types/node@20 ai@7.0.173 @ag-ui/core@1.0.0 react@19.3.1 react-dom@19.3.1 @types/react@19.3.3 \
	@types/react-dom@19.3.0 esbuild@0.28.2

# Those that `make clients` looks at, in the order of the time that they take.
CLIENTS = typescript rust go ruby react page

help: ## List these targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1|\2/p' Makefile | awk -F '|' '{ printf "  make %-10s %s\n", $$1, $$2 }'

demo: $(CORE) ## Stream a recorded answer into a typed receipt; no key, no network
	@$(BIN)/bamlet run examples/receipt --replay examples/receipt/receipt.cassette.jsonl

demo-serve: $(CORE) ## Serve the same over HTTP, at PORT=2024; README has the curl that streams it, and the one that calls it
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[serve]'
	@$(BIN)/bamlet serve examples/receipt --replay examples/receipt/served.cassette.jsonl $(if $(PORT),--port $(PORT))

check: $(DEV) ## Format, lint, types (of the tests, too) and layers, in seconds
	@$(BIN)/ruff format --quiet --check .
	@$(BIN)/ruff check --quiet .
	@$(BIN)/mypy --no-error-summary
	@$(BIN)/bamlet fmt --check bamlet/stdlib examples
	@$(BIN)/python -m pytest -q tests/test_layers.py

test: $(DEV) ## Everything that must hold; the corpus once as it is and once with every function async
	@$(BIN)/python -m pytest -q -n $(WORKERS) --dist loadfile
	@$(BIN)/python -m pytest -q --all-async tests/corpus
	@$(BIN)/bamlet test examples --record none --quiet

spec: $(DEV) ## The language alone: the Markdown spec and the .baml corpus
	@$(BIN)/python -m pytest -q tests/spec tests/corpus

snapshots: $(DEV) ## Rewrite the goldens and the spec's rendered blocks; read the diff before committing
	@$(BIN)/python -m pytest -q --update-snapshots

docs: $(SITE) ## Build the site of docs/ into build/site, and fail at a link that leads nowhere
	@NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --strict --config-file website/mkdocs.yml

dist: $(DIST) ## Build the wheels and sources of both packages into dist/, and have twine look at them
	@rm -rf dist
	@$(BIN)/python -m build --outdir dist . >/dev/null
	@$(BIN)/python -m build --outdir dist packages/baml-py >/dev/null
	@$(BIN)/python -m twine check --strict dist/*

bench: $(DEV) ## Measure speed against hand-written Python; one table, a few minutes
	@$(BIN)/python -m benchmarks

bench-record: $(DEV) ## The same, and a line of it in benchmarks/history.jsonl: once a landing
	@$(BIN)/python -m benchmarks --record

bench-compare: $(DEV) ## What has moved between the last two lines of that history
	@$(BIN)/python -m benchmarks --compare

bench-peers: $(DEV) $(BAML_PY)/.installed ## One call of an LLM function beside baml-py, openai and pydantic-ai
	@$(BAML_PY)/bin/python -m pip install --quiet --disable-pip-version-check --editable '.[fast]' \
		aiohttp openai 'pydantic-ai-slim[openai]'
	@$(BAML_PY)/bin/python -m benchmarks peers

bench-serve: $(DEV) ## What `bamlet serve` needs for many readers: memory, and how late events are
	@$(BIN)/python -m benchmarks.serving

yardsticks: $(CORE) ## Count what good code has little of, per 1,000 lines, and the sizes of files and functions
	@$(BIN)/python tests/support/yardsticks.py bamlet

fuzz: $(DEV) ## Many times as many broken and generated programs and answers as `make test`; twenty minutes
	@BAMLET_FUZZ_EXAMPLES=17000 $(BIN)/python -m pytest -q tests/unit/test_fuzz_sources.py
	@BAMLET_FUZZ_ANSWERS=200000 $(BIN)/python -m pytest -q tests/unit/test_fuzz_answers.py tests/unit/test_plain_answers.py
	@BAMLET_TYPED_EXAMPLES=3000 $(BIN)/python -m pytest -q --timeout 900 tests/unit/test_soundness.py
	@BAMLET_TASK_PROGRAMS=1000 $(BIN)/python -m pytest -q --timeout 900 tests/unit/test_futures.py

interop: $(DEV) $(AIMOCK)/.installed $(LITELLM)/.installed $(BAML_PY)/.installed $(PYRIGHT)/.installed ## Servers, the native baml-py and a type checker of others, and our wheels, from npm and PyPI; minutes
	@BAMLET_AIMOCK=$(AIMOCK)/node_modules/.bin/llmock BAMLET_LITELLM=$(LITELLM)/bin/litellm \
		$(BIN)/python -m pytest -q tests/interop/test_third_party.py
	@BAMLET_NATIVE_PYTHON=$(BAML_PY)/bin/python $(BIN)/python -m pytest -q tests/interop/test_native_baml_py.py
	@$(BIN)/python -m pytest -q tests/interop/test_installed.py
	@BAMLET_PYRIGHT=$(PYRIGHT)/node_modules/.bin/pyright $(BIN)/python -m pytest -q tests/interop/test_pyright.py

clients: $(DEV) $(if $(filter typescript react,$(CLIENTS)),node-modules) ## Compile the clients of other languages, and run them over a server; needs node, npm, ruby, go, cargo and chromium
	@BAMLET_NODE_MODULES=$(NODE_MODULES)/node_modules $(BIN)/python -m pytest -q -n auto --maxprocesses 2 --dist loadfile \
		$(CLIENTS:%=tests/interop/test_%.py)

ray: $(RAY)/.installed ## Map on a Ray cluster of this machine, whose actors, limiter and driver are killed; 80 MB from PyPI
	@PYTHONPATH=$(RAY) $(BIN)/python -m pytest -q tests/interop/test_ray.py

ray-there: $(RAY)/.installed

parquet: $(ARROW)/.installed ## Map in and out of Parquet; 45 MB from PyPI
	@PYTHONPATH=$(ARROW) $(BIN)/python -m pytest -q tests/interop/test_parquet.py

nightly: $(DEV) interop clients ray parquet ## What `interop`, `clients`, `ray` and `parquet` do, 100,000 orchestrations under random faults, 10,000 calls that are stopped, 1,000 clients
	@BAMLET_RUNS=100000 $(BIN)/python -m pytest -q tests/unit/test_orchestration_faults.py
	@BAMLET_TEST_BLOCKS=5000 $(BIN)/python -m pytest -q tests/unit/test_random_tests.py
	@BAMLET_EXPLAINED=10000 $(BIN)/python -m pytest -q --timeout 600 tests/unit/test_explain.py
	@BAMLET_EDITS=10000 $(BIN)/python -m pytest -q --timeout 3600 tests/unit/test_checked_before.py
	@BAMLET_CALLS=10000 $(BIN)/python -m pytest -q tests/unit/test_leaks.py
	@BAMLET_AGENT_RUNS=1000 BAMLET_AGENT_MATRIX=all $(BIN)/python -m pytest -q --timeout 600 tests/agents tests/conformance/test_tool_types.py
	@BAMLET_CLIENT_PROGRAMS=1000 $(BIN)/python -m pytest -q tests/unit/test_random_clients.py
	@BAMLET_NODE_MODULES=$(NODE_MODULES)/node_modules $(BIN)/python -m pytest -q -s \
		tests/interop/test_large_program.py tests/interop/test_chaos.py

kills: $(DEV) ## Kill runs over rows at random moments, 30 times for each of five seeds, and 20 times at each place that hurts; compare; a quarter of an hour
	@$(BIN)/python -m tests.batch.crash
	@for seed in 1 2 3 4 5; do $(BIN)/python -m tests.batch.kill --rows 6000 --kills 30 --seed $$seed || exit 1; done

clean: ## Delete caches and build products; the environment is refreshed at the next run
	@rm -rf .mypy_cache .ruff_cache .hypothesis build dist $(CORE) $(DEV) $(SITE) $(DIST)
	@find bamlet tests benchmarks examples -name __pycache__ -type d -prune -exec rm -rf {} +

# An environment made by another tool may have no pip: ensurepip brings one.
$(CORE): pyproject.toml
	@test -x $(BIN)/python || { \
		for python in $(PYTHON); do \
			if $$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
				echo "making $(VENV) with $$($$python --version)"; \
				exec $$python -m venv $(VENV); \
			fi; \
		done; \
		echo "bamlet needs Python 3.11 or later, and none of these is: $(PYTHON). Name one: make PYTHON=/path/to/python" >&2; \
		exit 1; \
	}
	@$(BIN)/python -m pip --version >/dev/null 2>&1 || $(BIN)/python -m ensurepip >/dev/null
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade 'pip>=25.1'
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable .
	@touch $@

$(DEV): $(CORE)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --group dev
	@touch $@

$(DIST): $(CORE)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --group dist
	@touch $@

$(SITE): $(CORE)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --group site
	@touch $@

$(AIMOCK)/.installed:
	@mkdir -p $(AIMOCK)
	@npm install --silent --no-fund --no-audit --prefix $(AIMOCK) @copilotkit/aimock@$(lastword $(subst -, ,$(AIMOCK)))
	@touch $@

$(PYRIGHT)/.installed:
	@mkdir -p $(PYRIGHT)
	@npm install --silent --no-fund --no-audit --prefix $(PYRIGHT) pyright@$(lastword $(subst -, ,$(PYRIGHT)))
	@touch $@

# Folders beside the environment, so that all that others run holds without Ray and Arrow. Of bytecode, what is used.
$(RAY)/.installed: | $(DEV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-compile --upgrade --target $(RAY) \
		'ray==$(lastword $(subst -, ,$(RAY)))'
	@touch $@

$(ARROW)/.installed: pyproject.toml | $(DEV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-compile --upgrade --target $(ARROW) 'pyarrow>=18'
	@touch $@

node-modules: $(NODE_MODULES)/.installed

$(NODE_MODULES)/.installed: Makefile
	@mkdir -p $(NODE_MODULES)
	@npm install --silent --no-fund --no-audit --prefix $(NODE_MODULES) $(NODE_PACKAGES)
	@touch $@

# An environment of its own, since it pins most of what we use too.
$(LITELLM)/.installed: | $(DEV)
	@$(BIN)/python -m venv --clear $(LITELLM)
	@$(LITELLM)/bin/python -m pip install --quiet --disable-pip-version-check 'litellm[proxy]==$(lastword $(subst -, ,$(LITELLM)))'
	@touch $@

# The native package, with bamlet beside it.
$(BAML_PY)/.installed: | $(DEV)
	@$(BIN)/python -m venv --clear $(BAML_PY)
	@$(BAML_PY)/bin/python -m pip install --quiet --disable-pip-version-check --editable . 'baml-py==$(lastword $(subst -, ,$(BAML_PY)))'
	@touch $@

.PHONY: help demo demo-serve check test spec snapshots docs dist bench bench-record bench-compare bench-peers bench-serve yardsticks fuzz interop clients node-modules ray ray-there parquet nightly kills clean
