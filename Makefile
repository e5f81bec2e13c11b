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
# small one for the model and a large one for its teacher, see training/README.md. No text of a set that is measured on is
# learned by either.
SETS := build/sets
TEACHER ?= build/teacher
CORPUS := data/corpus/train.jsonl
LEADS := $(SETS)/ag_world.train.jsonl
GUARDIAN := $(SETS)/guardian_2019.train.jsonl
LEARN = --data $(SETS)/events.jsonl --data $(SETS)/cameo.jsonl --data $(SETS)/aw.jsonl --dev $(SETS)/dev \
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

# Twice the same work: first with the lower half of the large encoder as it is, then with nearly all of it.
teacher: sets
	$(BIN)/detente train --config teacher --start encoder:$(LARGE_ENCODER) $(LEARN) --hold-out $(SETS)/plv.jsonl \
		--data $(CORPUS):2 --data $(LEADS):2 --data $(GUARDIAN) --data $(SETS)/dse.jsonl:0.15 --out build/teacher-first
	$(BIN)/detente train --config teacher-refine --start build/teacher-first $(LEARN) --hold-out $(SETS)/plv.jsonl \
		--data $(CORPUS):3 --data $(LEADS):2 --data $(GUARDIAN):2 --data $(SETS)/dse.jsonl:0.3 --out build/teacher

model: sets
	$(BIN)/detente distil --teacher $(TEACHER) --start encoder:$(ENCODER) $(LEARN) --hold-out $(SETS)/plv.jsonl:2 \
		--data $(CORPUS):2 --data $(LEADS):2 --data $(GUARDIAN):2 --data $(SETS)/dse.jsonl --out build/student
	$(BIN)/detente distil --teacher $(TEACHER) --teacher build/student --student refine --start build/student $(LEARN) \
		--unlabelled $(ARCHIVES)/ag_world.jsonl --unlabelled $(ARCHIVES)/guardian_2019.jsonl --hold-out $(SETS)/plv.jsonl:2 \
		--data $(CORPUS) --data $(LEADS):2 --data $(GUARDIAN) --data $(SETS)/dse.jsonl:0.3 --out build/small

clean:
	rm -rf $(VENV) build *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis
