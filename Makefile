# Every target does its own set-up in .venv; nothing is installed anywhere else.
# What is set for other Pythons and other places must not lead out of .venv.
unexport PYTHONHOME PYTHONPATH PIP_PREFIX PIP_ROOT PIP_TARGET
export PIP_USER := 0

PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$p -I -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
BIN := .venv/bin
PLAYER := .venv/.player
DEV := .venv/.dev
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt
ARGS ?=
URL ?=

# A clone that was moved, or a Python that was upgraded away, leaves a .venv whose commands lead
# nowhere: its own files tell where it was made, and with what. It is made anew.
SOUND := $(shell $(BIN)/python -I -c 'import importlib.util as util, pathlib, sys; \
	venv = pathlib.Path(".venv").absolute(); made = str(venv) in (venv / "bin/pip").read_text(); \
	sys.exit(not (made and util.find_spec("pip")))' 2>/dev/null && echo yes)

.PHONY: help play serve test check format soak mutants bench pictures protocol man promises recording docs release clean

help: ## what can be made
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 12

play: $(PLAYER) ## open the game; ARGS="join K7QF2M" passes arguments, URL=wss://… plays on that server
	@$(if $(URL),WEBSOCKET_URL=$(URL)) $(BIN)/noughts-tui $(ARGS)

serve: $(PLAYER) ## run a server in the foreground; ARGS="--host 0.0.0.0" passes arguments
	@$(BIN)/noughts-tui serve $(ARGS)

test: $(DEV) ## run every test
	$(BIN)/python -m pytest --numprocesses 3 --dist worksteal $(ARGS)

check: $(DEV) ## lint, types, import contracts
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

soak: $(DEV) ## the long proofs with their full counts, about half an hour
	NOUGHTS_PROOFS=full $(BIN)/python -m pytest -s tests/proofs tests/e2e tests/backend/local tests/tui/test_chaos.py tests/tui/test_walk.py tests/tui/conformance $(ARGS)

mutants: $(DEV) ## change the rules in thousands of ways and list what no test notices, some hours
	nice $(BIN)/mutmut run $(ARGS)
	@$(BIN)/mutmut results

pictures: $(DEV) ## draw every screen into docs/pictures
	$(BIN)/python -m benchmarks.pictures

protocol: $(DEV) ## write the protocol for machines into docs/protocol
	$(BIN)/python docs/protocol/generate.py

man: $(DEV) ## write the manual page into release
	$(BIN)/python release/manual.py

promises: $(DEV) ## write the list of what the docs promise into docs/promises.md
	$(BIN)/python release/promises.py

recording: $(DEV) ## record a game of two terminals into docs/game.cast
	$(BIN)/python -m benchmarks.recording

bench: $(DEV) ## measure beside what is known, as one table; ARGS=gateway chooses a part
	@$(BIN)/python -m benchmarks $(ARGS)

docs: .venv/.docs ## build the site of the docs into build/site
	$(BIN)/python -m sphinx --fail-on-warning --keep-going --quiet docs build/site

release: .venv/.release ## build wheel and source archive, and try them on every Python; publishes nothing
	$(BIN)/python release/build.py

format: $(DEV) ## format the code and mend what can be mended
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean: ## remove what make made
	rm -rf .venv .hypothesis .*_cache build dist cdk.out mutants snapshot_report.html

.PHONY: FORCE

.venv/.made: $(if $(SOUND),,FORCE)
	@test -n "$(PYTHON)" || { echo "noughts-tui needs Python 3.11 or newer." >&2; exit 1; }
	@rm -rf .venv
	@$(PYTHON) -I -m venv .venv
	@touch $@

$(PLAYER): .venv/.made pyproject.toml constraints.txt
	@echo "Setting up in .venv, once …" >&2
	@$(PIP) --editable .
	@touch $@

$(DEV): .venv/.made pyproject.toml constraints.txt
	@echo "Setting up in .venv for tests, once …" >&2
	@$(PIP) --editable '.[dev]'
	@touch $@ $(PLAYER)

# The backend in one's own AWS account: docs/deploy.md.
AWS := .venv/.aws
CDK := $(BIN)/python -m backend.infra.cdk

.PHONY: deploy bootstrap destroy synth probe

deploy: $(AWS) ## deploy the backend to AWS; ARGS="-c memory=1024" chooses settings
	@$(CDK) deploy $(ARGS)

bootstrap: $(AWS) ## make or update the CDK's toolkit, which all CDK apps of an account share
	@$(CDK) bootstrap $(ARGS)

destroy: $(AWS) ## remove the backend from AWS; ARGS="-c name=mine" says which
	@$(CDK) destroy $(ARGS)

synth: $(AWS) ## show the template that deploy would deploy
	@$(CDK) synth $(ARGS)

probe: $(PLAYER) ## measure what is not known of AWS; URL=wss://… is the deployed endpoint
	@$(BIN)/python -m benchmarks.probe $(URL) $(ARGS)

$(AWS): .venv/.made pyproject.toml constraints.txt
	@echo "Setting up in .venv for AWS, once …" >&2
	@$(PIP) --editable '.[aws]'
	@touch $@

.venv/.docs: .venv/.made pyproject.toml constraints.txt
	@echo "Setting up in .venv for the docs, once …" >&2
	@$(PIP) --editable '.[docs]'
	@touch $@

.venv/.release: .venv/.made pyproject.toml constraints.txt
	@echo "Setting up in .venv for a release, once …" >&2
	@$(PIP) --editable '.[release]'
	@touch $@
