# Every target makes .venv by itself, and installs again only when the requirements have changed.

PYTHON ?= python3
BIN := .venv/bin

.PHONY: help demo lint format test-quick test test-all fuzz kill soak docs web

help:  ## show what there is to make
	@sed -n 's/^\([a-z-]*\):.*## /  make \1  /p' $(MAKEFILE_LIST)

demo: .venv/live  ## read the emotions in a sample portrait
	$(BIN)/python test.py docs/grace_hopper.jpg --output demo/grace_hopper.png --force

lint: .venv/developer  ## look for mistakes of style and of types, change nothing
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: .venv/developer  ## put the code into its form
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

test-quick: .venv/developer  ## run what is tested within two minutes
	$(BIN)/python -m pytest -m "not slow" --ignore tests/robustness

test: lint  ## run the linter and every test, in short forms
	$(BIN)/python -m pytest --numprocesses auto --maxprocesses 4 --dist loadfile

test-all: lint  ## run every test in its long form, before a release
	$(BIN)/python -m pytest --long

# Parts of `make test-all`; each prints a line that sums it up.
fuzz: .venv/developer  ## try 10,000 damaged and hostile files on everything that reads files
	$(BIN)/python -m pytest --long tests/robustness/test_fuzz.py

kill: .venv/developer  ## kill preparing, training and recognising thirty times, at random moments
	$(BIN)/python -m pytest --long tests/robustness/test_killed.py tests/robustness/test_killed_recognising.py

soak: .venv/developer  ## read an hour's worth of video, 108,000 frames, and watch the memory
	$(BIN)/python -m pytest --long tests/robustness/test_soak.py

docs: .venv/docs  ## build the pages of docs/ into site/; a broken link fails
	$(BIN)/mkdocs build --strict

.venv/live: requirements-live.txt
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' || { \
	    echo "$(PYTHON) is not Python 3.11, 3.12 or 3.13: install one and name it, as in: make $(MAKECMDGOALS) PYTHON=python3.12" >&2; exit 2; }
	@$(PYTHON) -m venv .venv || { \
	    echo "$(PYTHON) cannot make a virtual environment: on Debian and Ubuntu, apt-get install python3-venv" >&2; exit 2; }
	$(BIN)/pip install --quiet -r requirements-live.txt
	@touch $@

.venv/user: .venv/live requirements.txt
	$(BIN)/pip install --quiet -r requirements.txt
	@$(BIN)/python -c 'from emotion_recognition.cli import program; program.run(program.check_installation)'
	@touch $@

.venv/developer: .venv/user requirements-dev.txt
	$(BIN)/pip install --quiet -r requirements-dev.txt
	@touch $@

web: .venv/live  ## put the page for the browser into web/dist, and serve it on this machine
	$(BIN)/python web/build.py --serve

# The packages are those of the extra "docs".
.venv/docs: pyproject.toml
	@test -e $(BIN)/pip || $(PYTHON) -m venv .venv
	@$(BIN)/python -c 'import tomllib; project = tomllib.load(open("pyproject.toml", "rb"))["project"]; \
	    print(*project["optional-dependencies"]["docs"], sep="\n")' > .venv/docs.txt
	$(BIN)/pip install --quiet -r .venv/docs.txt
	@touch $@
