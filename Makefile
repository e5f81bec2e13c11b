# Every target is self-contained: it makes the virtual environment if it is missing or older than what it installs from.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/pip install --quiet --disable-pip-version-check --constraint constraints.txt
SAMPLES := data/samples/articles.jsonl

.PHONY: help demo test clean
help:
	@echo "make demo   set up and score the sample archive"
	@echo "make test   set up and run the linter, the type checker and the tests"
	@echo "make clean  remove the virtual environment and everything built"

$(VENV)/installed: pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(PIP) torch==2.13.0
	$(PIP) --editable .
	touch $@

$(VENV)/installed-dev: $(VENV)/installed
	$(PIP) --editable ".[train,ray,dev]"
	touch $@

demo: $(VENV)/installed
	$(BIN)/detente score $(SAMPLES) --out build/demo --overwrite

# mypy needs a folder that is named like the package: the link stands for the clone, whatever that is called.
test: $(VENV)/installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	mkdir -p build/types && ln -sfn "$(CURDIR)" build/types/detente
	MYPYPATH=build/types $(BIN)/mypy -p detente.data -p detente.models -p detente.training -p detente.inference \
		-m detente.cli -m detente.cli_data -m detente.cli_score -m detente.cli_train -m detente.cli_training
	MYPYPATH=build/types $(BIN)/mypy tests
	$(BIN)/pytest

clean:
	rm -rf $(VENV) build *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis
