# make run     a server with a demo project
# make test    the tests
#
# Each needs git, make and Python 3.11 or newer, and sets up all else by itself. `make help` lists the rest.
# PYTHON=/path/to/python chooses the Python, VENV=folder where everything is installed.

VENV ?= .venv
BIN = $(VENV)/bin
INSTALLED = $(VENV)/installed
PYTEST = $(BIN)/python -m pytest
PIP = $(BIN)/python -m pip --disable-pip-version-check --quiet

# PYTHONS prints "3.x PATH" for each candidate that is new enough and really runs: a pyenv shim may not.
CANDIDATES = $(if $(PYTHON),"$(PYTHON)",python3 python3.14 python3.13 python3.12 python3.11 \
	"$${PYENV_ROOT:-$$HOME/.pyenv}"/versions/*/bin/python)
USABLE = "import sys, ensurepip; v = sys.version_info; v < (3, 11) or print(f'{v[0]}.{v[1]}', sys.executable)"
PYTHONS = for python in $(CANDIDATES); do "$$python" -c $(USABLE) 2>/dev/null || true; done

KNOWN_AGENTS = claude codex opencode gemini qwen
AGENTS ?= $(KNOWN_AGENTS)
PACKAGE_claude = @anthropic-ai/claude-code@2.1.197
PACKAGE_codex = @openai/codex@0.169.0
PACKAGE_opencode = opencode-ai@1.18.33
PACKAGE_gemini = @google/gemini-cli@0.61.0
PACKAGE_qwen = @qwen-code/qwen-code@0.15.10

GIT_AS_DEMO = git -c user.name=demo -c user.email=demo@localhost -c commit.gpgsign=false -c core.hooksPath=/dev/null

.DELETE_ON_ERROR:
.PHONY: help install run test test-slow test-agents test-all agents check bench screenshots lock clean

help: ## list what there is
	@sed -n 's/^\([a-z-]*\):[^#]*## /  \1	/p' Makefile | expand -t 14

install: $(INSTALLED) ## put the command at .venv/bin/ennio

run: $(INSTALLED) .demo/repo ## start a server with a demo project
	@printf '%s\n' '' 'Once it runs, type in another terminal:' '' \
		'    $(BIN)/ennio spawn demo -p "Say hello"' \
		'    $(BIN)/ennio status' \
		'    $(BIN)/ennio dashboard' '' 'Ctrl-C ends the server.' ''
	@exec $(BIN)/ennio --config ennio.toml start

test: $(INSTALLED) ## run the tests
	$(PYTEST) -m "not slow and not agents" -n 2 --dist loadfile --max-worker-restart 0

test-slow: $(INSTALLED) ## run the heavy tests
	$(PYTEST) -m "slow and not agents" || test $$? -eq 5 # 5: there is none

test-agents: $(INSTALLED) agents ## run the tests with the real agents; AGENTS="claude codex" chooses
	AGENTS="$(AGENTS)" $(PYTEST) -m agents -n 2 --dist loadfile

test-all: ## run the tests on each Python from 3.11 on that is here
	@$(PYTHONS) | sort -V -u -k 1,1 | { \
		ran= failed=; \
		while read -r version python; do \
			echo "== Python $$version: $$python"; \
			$(MAKE) --no-print-directory test VENV=.venv-$$version PYTHON="$$python" </dev/null \
				|| failed="$$failed $$version"; \
			ran="$$ran $$version"; \
		done; \
		echo "== ran on:$${ran:- nothing}; failed on:$${failed:- nothing}"; \
		test -n "$$ran" -a -z "$$failed"; }

# Saved in .agents/package.json: npm would take away again what it installed and nobody asked for.
agents: ## install the real agents that the tests drive into .agents/: 1.2 GB; AGENTS="claude codex" chooses
	@npm --version >/dev/null 2>&1 || { \
		echo "npm is missing: install Node.js 20 or newer with npm (on Debian: nodejs and npm)." >&2; exit 2; }
	@for agent in $(AGENTS); do case " $(KNOWN_AGENTS) " in *" $$agent "*) ;; \
		*) echo "There is no agent $$agent here: choose of $(KNOWN_AGENTS)." >&2; exit 2;; esac; done
	@mkdir -p .agents && test -f .agents/package.json || echo '{"private": true}' >.agents/package.json
	@echo "Installing into .agents/ (all of them take about 1.2 GB): $(foreach agent,$(AGENTS),$(PACKAGE_$(agent)))"
	@npm install --prefix .agents --no-audit --no-fund --no-package-lock --save-exact --prefer-offline --loglevel=error \
		$(foreach agent,$(AGENTS),$(PACKAGE_$(agent)))

check: $(INSTALLED) .types/ennio ## check style, types, and who imports whom
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy && $(BIN)/mypy -p bench
	$(PYTEST) -q tests/test_layers.py tests/test_files.py

bench: $(INSTALLED) ## measure against the floor; takes about two minutes
	$(BIN)/python -m bench

screenshots: $(INSTALLED) ## make the pictures of the page that the README shows; needs chromium
	$(BIN)/python docs/screenshots.py

lock: $(BIN)/python ## pin what pyproject.toml asks for; UPGRADE=1 takes the newest of everything
	@uv=uv; uv --version >/dev/null 2>&1 || { uv=.venv-lock/bin/uv; \
		$(BIN)/python -m venv .venv-lock && .venv-lock/bin/python -m pip --quiet install uv; } && \
	$$uv pip compile pyproject.toml --extra dev --universal --python-version 3.11 --generate-hashes --quiet \
		--no-emit-index-url --no-emit-find-links --no-header $(if $(UPGRADE),--upgrade) \
		--output-file requirements.txt

clean: ## remove everything that the other targets made
	rm -rf .venv .venv-* .agents .types .demo build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis
	find . -name __pycache__ -prune -exec rm -rf {} +

$(INSTALLED): $(BIN)/python requirements.txt pyproject.toml
	@echo "Installing into $(VENV)"
	@$(PIP) install --require-hashes -r requirements.txt
	@$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@

$(BIN)/python:
	@$(PYTHONS) | head -n 1 | { read -r version python || { \
		echo "No $(or $(PYTHON),Python) here is 3.11 or newer and can make virtual environments." >&2; \
		echo "Install one (on Debian: python3 and python3-venv), or name it: make PYTHON=/path/to/python" >&2; \
		exit 1; }; \
		echo "Making $(VENV) with $$python ($$version)"; \
		"$$python" -m venv --clear $(VENV); }

# A folder that was made with another Python than the one asked for is made anew.
ifdef PYTHON
ifneq ($(shell ("$(PYTHON)" -V; :) 2>&1),$(shell ($(BIN)/python -V; :) 2>&1))
.PHONY: $(BIN)/python
endif
endif

.demo/repo:
	@rm -rf .demo/new && git init -q -b main .demo/new
	@printf '%s\n' '# Demo' '' 'A repository to try ennio with.' >.demo/new/README.md
	@cd .demo/new && git add README.md && $(GIT_AS_DEMO) commit -q -m 'Begin'
	@mv .demo/new .demo/repo

# mypy cannot see through an editable install: it reads the two folders through these links.
.types/ennio:
	@mkdir -p $@ && ln -s ../../supervisor $@/supervisor && ln -s ../../http $@/http
