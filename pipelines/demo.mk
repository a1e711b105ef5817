# make demo: from nothing to a model of the pendulum, judged on sequences that it never saw, with pictures.
# make demo-seeds SEEDS=5: the same training from several seeds; rows and median go to data/measured/.
# Everything goes to work/demo.

DEMO       := work/demo
DEMO_SEED  ?= 1
DEMO_TRAIN ?=
SEEDS      ?= 5
DEMO_PLOTS := $(DEMO)/latent.png $(DEMO)/training.png $(DEMO)/predicted.png $(DEMO)/generated.png

demo: setup-demo
	@$(SUBMAKE) all
	@$(MAKE) --no-print-directory demo-run

demo-run: $(DEMO)/table.tsv $(DEMO_PLOTS)
	@pipelines/show-table $(DEMO)/table.tsv
	@printf '\nPictures:\n'; printf '  %s\n' $(DEMO_PLOTS)

# ---- data: seed 1 to learn from, seed 2 to judge by, seed 3 to watch while learning ----

$(DEMO)/train.msgpack: PENDULUM_SEED = 1
$(DEMO)/test.msgpack: PENDULUM_SEED = 2
$(DEMO)/validation.msgpack: PENDULUM_SEED = 3
$(DEMO)/%.msgpack: | $(DEMO)
	$(BIN)/gen-pendulum -n 500 --seed $(PENDULUM_SEED) -o $@

$(DEMO):
	@mkdir -p $@

# ---- training ----

# Other settings are another training: what the old ones left is taken away.
$(DEMO)/settings: FORCE | $(DEMO)
	@echo '$(DEMO_SEED) $(DEMO_TRAIN)' | cmp -s - $@ || { rm -f $(DEMO)/checkpoint.npz; echo '$(DEMO_SEED) $(DEMO_TRAIN)' >$@; }

$(DEMO)/seeds/settings: FORCE | $(DEMO)
	@mkdir -p $(@D)
	@echo '$(DEMO_TRAIN)' | cmp -s - $@ || { rm -f $(@D)/*.ck.npz; echo '$(DEMO_TRAIN)' >$@; }

$(DEMO)/model.npz: $(DEMO)/train.msgpack $(DEMO)/validation.msgpack $(DEMO)/settings
	$(BIN)/ekvae-train --seed $(DEMO_SEED) $(DEMO_TRAIN) --validation $(DEMO)/validation.msgpack --metrics $(DEMO)/metrics.jsonl --checkpoint $(DEMO)/checkpoint.npz -o $@ $<

# ---- judgement ----

$(DEMO)/eval.json: $(DEMO)/model.npz $(DEMO)/test.msgpack
	$(BIN)/dssm-eval $^ >$@.part && mv $@.part $@

$(DEMO)/table.tsv: $(DEMO)/eval.json data/published.tsv
	pipelines/compare vhp-ekvae co pendulum-image $(DEMO)/eval.json >$@.part && mv $@.part $@

# ---- pictures ----

$(DEMO)/states.tsv: $(DEMO)/model.npz $(DEMO)/test.msgpack
	$(BIN)/dssm-infer --drop x,u $^ | $(BIN)/seq-convert --to tsv | sed '1s/z\.0/z1/; 1s/z\.1/z2/; 1s/z\.2/z3/; 1s/s\.0/angle/; 1s/s\.1/velocity/' >$@.part && mv $@.part $@

$(DEMO)/latent.png: $(DEMO)/states.tsv pipelines/plot/latent.gp
	gnuplot -e "input='$<'; output='$@'" pipelines/plot/latent.gp

$(DEMO)/training.tsv: $(DEMO)/model.npz
	pipelines/metrics-table $(DEMO)/metrics.jsonl >$@.part && mv $@.part $@

$(DEMO)/training.png: $(DEMO)/training.tsv pipelines/plot/training.gp
	gnuplot -e "input='$<'; output='$@'" pipelines/plot/training.gp

$(DEMO)/predicted.png: $(DEMO)/model.npz $(DEMO)/test.msgpack
	$(BIN)/seq-head -n 6 $(DEMO)/test.msgpack | $(BIN)/rollout $(DEMO)/model.npz - | $(BIN)/seq-frames --fields x,x_pred --sequences 6 --scale 4 -o $@

$(DEMO)/generated.png: $(DEMO)/model.npz
	$(BIN)/rollout $< --generate 8 --steps 15 | $(BIN)/seq-frames --fields x --sequences 8 --scale 4 -o $@

# ---- several seeds ----

demo-seeds: setup-demo
	@$(SUBMAKE) all
	@$(MAKE) --no-print-directory demo-seeds-run

DEMO_SEEDS = $(shell seq $(SEEDS))
demo-seeds-run: $(foreach s,$(DEMO_SEEDS),$(DEMO)/seeds/$(s).json)
	@mkdir -p data/measured
	pipelines/seeds-table vhp-ekvae co pendulum-image $(DEMO)/seeds >$(DEMO)/seeds.part && mv $(DEMO)/seeds.part data/measured/demo-seeds.tsv
	@pipelines/show-table data/measured/demo-seeds.tsv

$(DEMO)/seeds/%.json: $(DEMO)/train.msgpack $(DEMO)/test.msgpack $(DEMO)/seeds/settings
	$(BIN)/ekvae-train --seed $* $(DEMO_TRAIN) --metrics $(@D)/$*.jsonl --checkpoint $(@D)/$*.ck.npz -o $(@D)/$*.npz $<
	$(BIN)/dssm-eval $(@D)/$*.npz $(DEMO)/test.msgpack >$@.part && mv $@.part $@

.PHONY: demo demo-run demo-seeds demo-seeds-run FORCE
