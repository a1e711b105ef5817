# What tables, figures and the annealing study share: one entry for all their goals, seeds, folders, the data. Included before the others.

# `make table-1a figure-2 …`: packages, programs and data first, then all of these goals in one make, as parallel as the machine is (or as -j says):
# a training that two of them need is done once.
PIPELINES := table-1a table-2 tables-measured annealing-study annealing-jobs annealing-measured figure-1 figure-2 figure-4 figure-5 figure-6 figure-7
PIPELINES += table-1b table-1c figure-3 reacher-measured control-measured
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

# The reacher's sets: a row of tables.tsv that begins with the name of one, and a dash, learns from it. By the first name that fits.
REACHER       := work/reacher
REACHER_SETS  := angle-paper rgb-paper angle rgb
REACHER_TRAIN ?= 2000
REACHER_TEST  ?= 500
# how gen-reacher makes the set
reacher_options = $(if $(findstring rgb,$(1)),--observe rgb )$(if $(findstring paper,$(1)),--preset paper )
$(REACHER_SETS:%=$(REACHER)/%/train.msgpack): $(REACHER)/%/train.msgpack:
	@mkdir -p $(@D)
	$(BIN)/gen-reacher $(call reacher_options,$*)-n $(REACHER_TRAIN) --seed 1 -o $@
$(REACHER_SETS:%=$(REACHER)/%/test.msgpack): $(REACHER)/%/test.msgpack:
	@mkdir -p $(@D)
	$(BIN)/gen-reacher $(call reacher_options,$*)-n $(REACHER_TEST) --seed 2 -o $@

# the set that a row learns from, nothing for the pendulum's; the folder of its data
set_of  = $(firstword $(foreach set,$(REACHER_SETS),$(if $(filter $(set)-%,$(1)),$(set))))
data_of = $(if $(call set_of,$(1)),$(REACHER)/$(call set_of,$(1)),$(PENDULUM))

.PHONY: $(PIPELINES) $(PIPELINES:%=%-run) pipelines-run
