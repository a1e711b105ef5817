# make table-1a, table-1b, table-1c, table-2: trainings of all rows of tables.tsv, judged, beside the published figures. SEEDS=3: from three seeds each
# (default 1). ROWS="vhp-ekvae-co ekvae-co": these alone. TABLE_TRAIN='--updates 5000': further options for every training.
# ROWS="vhp-dvbs-co dvbs-co" TABLE_WITH=data/measured: these trained, the other rows as that folder's tables have them.
# make tables-measured SEEDS=3: tables 1a and 2, kept in data/measured. make reacher-measured SEEDS=3: tables 1b and 1c, and figure 3.

TABLE_TRAIN ?=
ROWS        ?= %
TABLE_SEEDS = $(call SEED_LIST,1)

# rows of a table: all, those to be trained, those that it shows; their jobs
all_rows    = $(shell awk -F '\t' '$$1 == "$(1)" { print $$2 }' pipelines/tables.tsv)
table_rows  = $(filter $(ROWS),$(all_rows))
shown_rows  = $(call $(if $(TABLE_WITH),all_rows,table_rows),$(1))
table_jobs  = $(foreach row,$(call table_rows,$(1)),$(TABLE_SEEDS:%=$(TABLES)/$(row)/%.json))

# A job knows by itself whether there is anything to do.
$(TABLES)/%.json: FORCE | $(PENDULUM_DATA)
	@env BIN=$(BIN) DATA=$(PENDULUM) pipelines/job pipelines/tables.tsv $(TABLES)/$* $(TABLE_TRAIN)

# The reacher's: also what its simulator makes of the same beliefs. Where angles are seen, their turns count.
define REACHER_JOB
$(TABLES)/$(1)-%.json: FORCE | $(REACHER)/$(1)/train.msgpack $(REACHER)/$(1)/test.msgpack
	@env BIN=$(BIN) DATA=$(REACHER)/$(1) SIMULATOR='gen-reacher $(call reacher_options,$(1))' FLOOR='--cubic$(if $(findstring angle,$(1)), --unwrapped)' \
	    pipelines/job pipelines/tables.tsv $(TABLES)/$(1)-$$* $(TABLE_TRAIN)
endef
$(foreach set,$(REACHER_SETS),$(eval $(call REACHER_JOB,$(set))))

$(TABLES)/%.npz: $(TABLES)/%.json
	@:

TABLE_NAMES := 1a 1b 1c 2
$(foreach table,$(TABLE_NAMES),$(eval table-$(table)-run: $(call table_jobs,$(table))))
$(TABLE_NAMES:%=table-%-run): table-%-run:
	@part=$(TABLES)/table-$*.$$$$.part; for form in tsv md; do pipelines/table $* "$(call shown_rows,$*)" "$(TABLE_SEEDS)" $(TABLES) $$form $(TABLE_WITH) \
	    >$$part && mv $$part $(TABLES)/table-$*.$$form || exit 1; done
	@cat $(TABLES)/table-$*.md

# What is kept: each file with a line that says how it was made.
define KEEP_TABLES
@mkdir -p data/measured
@for table in $(1); do for form in tsv md; do \
    pipelines/measured $(TABLES)/$$table.$$form "seeds $(TABLE_SEEDS)$(if $(TABLE_WITH), of $(ROWS) (other rows from before))" $(if $(TABLE_TRAIN),"options $(TABLE_TRAIN)") >data/measured/$$table.$$form || exit 1; done; done
endef

tables-measured-run: table-1a-run table-2-run
	$(call KEEP_TABLES,table-1a table-2)

reacher-measured-run: table-1b-run table-1c-run figure-3-run
	$(call KEEP_TABLES,table-1b table-1c)
	@cp $(FIGURE_3_FILES) data/measured
