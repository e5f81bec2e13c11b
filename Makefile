# Every target is self-contained: it makes the virtual environment if it is missing or older than what it installs from.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/pip install --quiet --disable-pip-version-check --constraint constraints.txt
SAMPLES := data/samples/articles.jsonl

.PHONY: help demo test sets teacher model clean
help:
	@echo "make demo     set up and score the sample archive"
	@echo "make test     set up and run the linter, the type checker and the tests"
	@echo "make teacher  rebuild the teacher of models/small: LABELLED=, ARCHIVES=, LARGE_ENCODER= are folders (training/README.md)"
	@echo "make model    rebuild models/small: LABELLED=, ARCHIVES=, ENCODER= are folders, and TEACHER= if it is not build/teacher"
	@echo "make clean    remove the virtual environment and everything built"

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

# From nothing: public sets as their authors publish them, the archives that our annotations are of, and two encoders, a
# small one for the model and a large one for its teacher, see training/README.md. On two processor cores without bf16
# each takes about 70 minutes. No text of a set that is measured on is learned by either.
SETS := build/sets
TEACHER ?= build/teacher
LEARN = --data $(SETS)/cameo.jsonl --data $(SETS)/aw.jsonl --hold-out $(SETS)/plv.jsonl:2 --dev $(SETS)/dev \
	--keep-out data/challenge --keep-out $(LABELLED)/world_dev.jsonl --keep-out dse:$(LABELLED)/dse_valid.txt

sets: $(VENV)/installed-dev
	mkdir -p $(SETS)/dev
	for set in plv:plv_train.tsv aw:aw_train.tsv cameo:cameo_st.jsonl dse:dse_train.txt; do \
		$(BIN)/detente data convert --from $${set%%:*} $(LABELLED)/$${set#*:} $(SETS)/$${set%%:*}.jsonl || test $$? = 3 || exit 1; done
	for archive in ag_world guardian_2019; do for split in train dev; do \
		$(BIN)/detente data join $$archive $(ARCHIVES)/$$archive.jsonl --split $$split \
			--out $(SETS)/$$archive.$$split.jsonl || exit 1; done; done
	mv $(SETS)/*.dev.jsonl $(SETS)/dev/ && cp data/corpus/dev.jsonl $(SETS)/dev/
	$(BIN)/detente data join plv_aw_cameo $(SETS)/plv.jsonl $(SETS)/aw.jsonl $(SETS)/cameo.jsonl --out $(SETS)/events.jsonl

teacher: sets
	$(BIN)/detente train --config teacher --start encoder:$(LARGE_ENCODER) \
		--data data/corpus/train.jsonl --data $(SETS)/ag_world.train.jsonl --data $(SETS)/guardian_2019.train.jsonl \
		--data $(SETS)/events.jsonl $(LEARN) --data $(SETS)/dse.jsonl:0.35 --out build/teacher

# The student learns from teacher and labels first, then from labels alone.
model: sets
	$(BIN)/detente distil --teacher $(TEACHER) --start encoder:$(ENCODER) \
		--data data/corpus/train.jsonl:2 --data $(SETS)/ag_world.train.jsonl:2 --data $(SETS)/guardian_2019.train.jsonl:2 \
		--data $(SETS)/events.jsonl:2 $(LEARN) --data $(SETS)/dse.jsonl --out build/student
	$(BIN)/detente train --config refine --start build/student \
		--data data/corpus/train.jsonl:2 --data $(SETS)/ag_world.train.jsonl --data $(SETS)/guardian_2019.train.jsonl \
		--data $(SETS)/events.jsonl $(LEARN) --data $(SETS)/dse.jsonl --out build/small

clean:
	rm -rf $(VENV) build *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis
