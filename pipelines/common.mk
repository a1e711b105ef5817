# What tables, figures and the annealing study share: one entry for all their goals, seeds, folders, the data. Included before the others.

# `make table-1a figure-2 …`: packages, programs and data first, then all of these goals in one make, as parallel as the machine is (or as -j says):
# a training that two of them need is done once.
PIPELINES := table-1a table-2 tables-measured annealing-study annealing-jobs annealing-measured figure-1 figure-2 figure-4 figure-5 figure-6 control-measured
PIPELINE_GOALS = $(filter $(PIPELINES),$(MAKECMDGOALS))

PIPELINES_BEGAN := $(if $(PIPELINE_GOALS),$(shell date +%s))

MARKS_pipelines := build plot

$(PIPELINES): pipelines-run
	@:

pipelines-run: setup-pipelines
	+@$(SUBMAKE) all
	+@$(SUBMAKE) $(PIPELINE_GOALS:%=%-run)
	@printf '\n%s: %d seconds, from setting up to here\n' '$(PIPELINE_GOALS)' $$(($$(date +%s) - $(PIPELINES_BEGAN)))

# How many seeds; what a row or figure needs when nothing is said is one.
SEED_LIST = $(shell seq $(if $(filter file undefined,$(origin SEEDS)),$(1),$(SEEDS)))

TABLES  := work/tables
FIGURES := work/figures
STUDY   := work/annealing-study

# ---- data: seed 1 to learn from, seed 2 to judge by ----

PENDULUM := work/pendulum
$(PENDULUM)/train.msgpack: PENDULUM_SEED = 1
$(PENDULUM)/test.msgpack: PENDULUM_SEED = 2
$(PENDULUM)/%.msgpack:
	@mkdir -p $(@D)
	$(BIN)/gen-pendulum -n 500 --seed $(PENDULUM_SEED) -o $@
PENDULUM_DATA := $(PENDULUM)/train.msgpack $(PENDULUM)/test.msgpack

.PHONY: $(PIPELINES) $(PIPELINES:%=%-run) pipelines-run
