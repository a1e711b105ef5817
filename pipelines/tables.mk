# make table-1a, make table-2: trainings of all rows of tables.tsv, judged, beside the published figures. SEEDS=3: from three seeds each (default 1).
# ROWS="vhp-ekvae-co ekvae-co": these alone. TABLE_TRAIN='--updates 5000': further options for every training.
# make tables-measured SEEDS=3: both tables, kept in data/measured.

TABLE_TRAIN ?=
ROWS        ?= %
TABLE_SEEDS = $(call SEED_LIST,1)

table_rows  = $(filter $(ROWS),$(shell awk -F '\t' '$$1 == "$(1)" { print $$2 }' pipelines/tables.tsv))
table_jobs  = $(foreach row,$(call table_rows,$(1)),$(TABLE_SEEDS:%=$(TABLES)/$(row)/%.json))

# A job knows by itself whether there is anything to do.
$(TABLES)/%.json: FORCE | $(PENDULUM_DATA)
	@env BIN=$(BIN) DATA=$(PENDULUM) pipelines/job pipelines/tables.tsv $(TABLES)/$* $(TABLE_TRAIN)

$(TABLES)/%.npz: $(TABLES)/%.json
	@:

table-1a-run: $(call table_jobs,1a)
table-2-run: $(call table_jobs,2)
table-1a-run table-2-run: table-%-run:
	@pipelines/table $* "$(call table_rows,$*)" "$(TABLE_SEEDS)" $(TABLES) tsv >$(TABLES)/table-$*.part && mv $(TABLES)/table-$*.part $(TABLES)/table-$*.tsv
	@pipelines/table $* "$(call table_rows,$*)" "$(TABLE_SEEDS)" $(TABLES) md >$(TABLES)/table-$*.part && mv $(TABLES)/table-$*.part $(TABLES)/table-$*.md
	@cat $(TABLES)/table-$*.md

tables-measured-run: table-1a-run table-2-run
	@mkdir -p data/measured
	@for table in table-1a table-2; do for form in tsv md; do \
	    pipelines/measured $(TABLES)/$$table.$$form "seeds $(TABLE_SEEDS)" $(if $(TABLE_TRAIN),"options $(TABLE_TRAIN)") >data/measured/$$table.$$form || exit 1; done; done
