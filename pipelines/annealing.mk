# make annealing-study SEEDS=25: schedules of annealing against constrained optimisation, a number of seeds each (default 3): a table and a box plot in
# work/annealing-study. Settings: study.tsv; STUDY_TRAIN='--updates 100' adds options to every training.
# make annealing-jobs SEEDS=25: only the list of jobs, work/annealing-study/jobs.txt, one shell command a line, for study-parallel or study-slurm; when
# they are done, make annealing-study finds all trainings made.
# make annealing-measured SEEDS=25: the study, kept in data/measured. In parts: SEEDS=12 first, then SEEDS="13 25" (the thirteenth to the twenty-fifth)
# STUDY_WITH=data/measured/annealing-study.tsv, a file of runs that this part is added to.

STUDY_TRAIN ?=
STUDY_SEEDS  = $(call SEED_LIST,3)
STUDY_ROWS   = $(shell awk -F '\t' '$$1 == "study" { print $$2 }' pipelines/study.tsv)
STUDY_RUNS   = $(foreach seed,$(STUDY_SEEDS),$(STUDY_ROWS:%=%/$(seed)))
study_job    = env BIN=$(BIN) DATA=$(PENDULUM) pipelines/job pipelines/study.tsv $(STUDY)/$(1)$(if $(STUDY_TRAIN), $(STUDY_TRAIN))

$(STUDY)/%.json: FORCE | $(PENDULUM_DATA)
	@$(call study_job,$*)

$(STUDY)/jobs.txt: FORCE | $(PENDULUM_DATA)
	@mkdir -p $(@D)
	@printf '%s\n' $(foreach run,$(STUDY_RUNS),'$(call study_job,$(run))') >$@.part && mv $@.part $@

annealing-jobs-run: $(STUDY)/jobs.txt
	@echo "$$(wc -l <$<) jobs in $<; for example: pipelines/study-parallel $<, or pipelines/study-slurm $<"

annealing-study-run: $(STUDY)/jobs.txt $(STUDY_RUNS:%=$(STUDY)/%.json)
	@pipelines/study-table runs "$(STUDY_ROWS)" "$(STUDY_SEEDS)" $(STUDY) >$(STUDY)/runs.part && mv $(STUDY)/runs.part $(STUDY)/runs.tsv
	@pipelines/study-table join $(STUDY_WITH) $(STUDY)/runs.tsv >$(STUDY)/study.part && mv $(STUDY)/study.part $(STUDY)/study.tsv
	@pipelines/study-table summary $(STUDY)/study.tsv >$(STUDY)/study.part && mv $(STUDY)/study.part $(STUDY)/study.md
	gnuplot -e "input='$(STUDY)/study.tsv'; output='$(STUDY)/study.png'" pipelines/plot/study.gp
	@cat $(STUDY)/study.md

annealing-measured-run: annealing-study-run
	@mkdir -p data/measured
	@for form in tsv md; do pipelines/measured $(STUDY)/study.$$form "seeds $(STUDY_SEEDS)" $(if $(STUDY_TRAIN),"options $(STUDY_TRAIN)") \
	    $(if $(STUDY_WITH),"and with runs $$(sed -n '1s/^# //p' $(STUDY_WITH))") >$(STUDY)/measured.$$form || exit 1; done
	@for form in tsv md; do cp $(STUDY)/measured.$$form data/measured/annealing-study.$$form || exit 1; done
	@cp $(STUDY)/study.png data/measured/annealing-study.png
