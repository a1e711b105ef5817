# make figure-2, figure-4, figure-5: pictures from the models of tables.tsv, seed 1, in work/figures; what is not trained yet is trained first.
# make figure-1: a training of its own, of the same settings and seed, that keeps models on the way.
# make figure-3: the state space of a reacher's model, and what it predicts (work/figures/figure-3-frames.png; of a row that sees pictures).
# FIGURE_1_ROW, FIGURE_3_ROW, FIGURE_2_ROWS="vhp-dks-co dks-co dks-annealing", FIGURE_4_ROW, FIGURE_5_ROWS: other rows than these.

FIGURE_1_ROW  ?= vhp-dks-co
FIGURE_2_ROWS ?= vhp-ekvae-co ekvae-co ekvae-annealing
FIGURE_3_ROW  ?= rgb-vhp-ekvae-co
FIGURE_4_ROW  ?= vhp-kvae-co
FIGURE_5_ROWS ?= vhp-ekvae-co vhp-dvbs-co
FIGURE_TEST   := $(PENDULUM)/test.msgpack

figure-1-run: $(FIGURES)/figure-1.png
figure-2-run: $(FIGURES)/figure-2.png
FIGURE_3_FILES = $(FIGURES)/figure-3.png $(if $(filter rgb-%,$(FIGURE_3_ROW)),$(FIGURES)/figure-3-frames.png)
figure-3-run: $(FIGURE_3_FILES)
figure-4-run: $(FIGURES)/figure-4.png
figure-5-run: $(FIGURES)/figure-5.png
figure-%-run:
	@printf '%s\n' $^

# ---- what models say, row by row ----

# z_1 as the prior draws it, and as the belief about a test sequence does; states of all steps beside the true ones
$(FIGURES)/%/prior.tsv: $(TABLES)/%/1.npz
	@mkdir -p $(@D)
	$(BIN)/rollout --generate 500 --steps 1 $< | $(BIN)/seq-convert --to tsv | pipelines/columns z1=z.0 z2=z.1 >$@.part && mv $@.part $@

$(FIGURES)/%/posterior.tsv: $(TABLES)/%/1.npz $(FIGURE_TEST)
	@mkdir -p $(@D)
	$(BIN)/dssm-infer --samples 1 --drop x,u $^ | $(BIN)/seq-convert --to tsv | awk -F '\t' 'NR == 1 || $$2 == 1' | \
	    pipelines/columns z1=z_sample.0 z2=z_sample.1 >$@.part && mv $@.part $@

$(FIGURES)/%/states.tsv: $(TABLES)/%/1.npz $(FIGURE_TEST)
	@mkdir -p $(@D)
	$(BIN)/dssm-infer --drop x,u $^ | $(BIN)/seq-convert --to tsv | pipelines/columns z1=z.0 z2=z.1 z3=z.2 angle=s.0 velocity=s.1 >$@.part && mv $@.part $@

$(FIGURES)/%/generated.png: $(TABLES)/%/1.npz
	@mkdir -p $(@D)
	$(BIN)/rollout --generate 6 --steps 15 $< | $(BIN)/seq-frames --fields x --sequences 6 --scale 3 -o $@

# predictions of six test sequences, below what happened, and the error at each step over all of them
define FIGURE_PREDICTED
$(FIGURES)/%/$(1).png: $(TABLES)/%/1.npz $(FIGURE_TEST)
	@mkdir -p $$(@D)
	$(BIN)/seq-head -n 6 $(FIGURE_TEST) | $(BIN)/rollout --quiet --from $(1) $$< - | $(BIN)/seq-frames --fields x,x_pred --sequences 6 --scale 3 -o $$@
endef
$(foreach from,smoothed filtered,$(eval $(call FIGURE_PREDICTED,$(from))))

$(FIGURES)/%/errors.tsv: $(TABLES)/%/1.npz $(FIGURE_TEST)
	@mkdir -p $(@D)
	for from in smoothed filtered; do $(BIN)/rollout --quiet --from $$from $^ | $(BIN)/seq-mse --quiet --per-step || exit 1; done | \
	    jq -rs '["step", "smoothed", "filtered"], (map(.per_step) | transpose | to_entries[] | [.key + 1] + (.value | map(. // "nan"))) | @tsv' \
	    >$@.part && mv $@.part $@

# ---- the reacher: all numbers of z, and all true states; four predicted sequences below what happened, every other step ----

FIGURE_3_TEST = $(call data_of,$(FIGURE_3_ROW))/test.msgpack

$(FIGURES)/reacher/%/states.tsv: $(TABLES)/%/1.npz $(FIGURE_3_TEST)
	@mkdir -p $(@D)
	$(BIN)/dssm-infer --drop x,u $^ | $(BIN)/seq-convert --to tsv | \
	    pipelines/columns $$($(BIN)/dssm-info --json $< | jq -r '[range(.settings.latent)] | map("z\(. + 1)=z.\(.)") | join(" ")') \
	    angle1=s.0 angle2=s.1 velocity1=s.2 velocity2=s.3 >$@.part && mv $@.part $@

$(FIGURES)/figure-3-frames.png: $(TABLES)/$(FIGURE_3_ROW)/1.npz $(FIGURE_3_TEST)
	@mkdir -p $(@D)
	$(BIN)/seq-head -n 4 $(FIGURE_3_TEST) | $(BIN)/rollout --quiet $< - | \
	    $(BIN)/seq-frames --fields x,x_pred --sequences 4 --every 2 --scale 1 -o $@

# ---- a training that keeps models on the way ----

LEARNING := $(FIGURES)/learning/$(FIGURE_1_ROW)

$(LEARNING)/1.json: FORCE | $(PENDULUM_DATA)
	@env BIN=$(BIN) DATA=$(PENDULUM) SNAPSHOT_EVERY=100 pipelines/job pipelines/tables.tsv $(LEARNING)/1 $(TABLE_TRAIN) --eval-every 50

$(LEARNING)/training.tsv: $(LEARNING)/1.json
	pipelines/metrics-table $(LEARNING)/1.jsonl >$@.part && mv $@.part $@

$(LEARNING)/snapshots.tsv: $(LEARNING)/1.json $(FIGURE_TEST)
	BIN=$(BIN) pipelines/snapshots $(LEARNING)/1 $(FIGURE_TEST) 6 >$@.part && mv $@.part $@

# ---- pictures ----

$(FIGURES)/figure-1.png: $(LEARNING)/training.tsv $(LEARNING)/snapshots.tsv pipelines/plot/learning.gp
	gnuplot -e "folder='$(LEARNING)'; row='$(FIGURE_1_ROW)'; output='$@'" pipelines/plot/learning.gp

FIGURE_2_FILES = $(foreach row,$(FIGURE_2_ROWS),$(foreach file,prior.tsv posterior.tsv generated.png,$(FIGURES)/$(row)/$(file)))
$(FIGURES)/figure-2.png: $(FIGURE_2_FILES) pipelines/plot/generated.gp
	gnuplot -e "folder='$(FIGURES)'; rows='$(FIGURE_2_ROWS)'; output='$@'" pipelines/plot/generated.gp

$(FIGURES)/figure-3.png: $(FIGURES)/reacher/$(FIGURE_3_ROW)/states.tsv pipelines/plot/reacher.gp
	gnuplot -e "input='$<'; title='$(FIGURE_3_ROW)'; output='$@'; \
	    positions=$$($(BIN)/dssm-info --json $(TABLES)/$(FIGURE_3_ROW)/1.npz | jq .settings.aux)" pipelines/plot/reacher.gp

$(FIGURES)/figure-4.png: $(foreach file,smoothed.png filtered.png errors.tsv,$(FIGURES)/$(FIGURE_4_ROW)/$(file)) pipelines/plot/predicted.gp
	gnuplot -e "folder='$(FIGURES)/$(FIGURE_4_ROW)'; row='$(FIGURE_4_ROW)'; output='$@'" pipelines/plot/predicted.gp

$(FIGURES)/figure-5.png: $(FIGURE_5_ROWS:%=$(FIGURES)/%/states.tsv) pipelines/plot/disentangled.gp
	gnuplot -e "folder='$(FIGURES)'; rows='$(FIGURE_5_ROWS)'; output='$@'" pipelines/plot/disentangled.gp
