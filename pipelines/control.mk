# make figure-6: a pendulum's policies (swing-up, turning both ways) from shown goals, learned in a model's dreams and run on the plant from STARTS=100
# starts; picture, judgement and an animated episode in work/figures/figure-6. make control-measured keeps them in data/measured.
# FIGURE_6_MODEL: a model of your own in place of the table's. FIGURE_6_SPEED: rad/s. FIGURE_6_LEARN: options of policy-learn.

FIGURE_6_ROW   ?= vhp-ekvae-co
FIGURE_6_MODEL ?= $(TABLES)/$(FIGURE_6_ROW)/1.npz
FIGURE_6_LEARN ?= --width 0.5 --horizon 100
FIGURE_6_SPEED ?= 5
STARTS         ?= 100

SWING       := $(FIGURES)/figure-6
SWING_TASKS := swing-up clockwise anticlockwise

# ---- goals: a picture of the upright pendulum; films of steady turning, which no gravity disturbs ----

$(SWING)/swing-up.goal.msgpack:
	@mkdir -p $(@D)
	$(BIN)/gen-pendulum -n 1 --steps 1 --start upright -o $@

$(SWING)/clockwise.goal.msgpack: TURN = $(FIGURE_6_SPEED)
$(SWING)/anticlockwise.goal.msgpack: TURN = -$(FIGURE_6_SPEED)
$(SWING)/%wise.goal.msgpack:
	@mkdir -p $(@D)
	pipelines/turning $(TURN) | $(BIN)/seq-convert --from jsonl | $(BIN)/gen-pendulum --from-controls - --gravity 0 --friction 0 -o $@

# ---- policies, episodes, judgement ----

$(SWING)/swing-up.npz: GOAL = position
$(SWING)/%.npz: GOAL = velocity
$(SWING)/%.npz: $(SWING)/%.goal.msgpack $(FIGURE_6_MODEL) $(PENDULUM)/train.msgpack
	rm -f $(SWING)/$*.jsonl
	$(BIN)/policy-learn $(FIGURE_6_MODEL) --goal-$(GOAL) $< $(FIGURE_6_LEARN) --metrics $(SWING)/$*.jsonl -o $@ $(PENDULUM)/train.msgpack

$(SWING)/%.episodes.msgpack: $(SWING)/%.npz
	$(BIN)/policy-run -n $(STARTS) --steps 160 --seed 1000 -o $@ $(FIGURE_6_MODEL) $< -- $(BIN)/sim-pendulum --u-max 5 --seed {seed}

$(SWING)/swing-up.tsv: JUDGE = upright
$(SWING)/clockwise.tsv: JUDGE = turning $(FIGURE_6_SPEED)
$(SWING)/anticlockwise.tsv: JUDGE = turning -$(FIGURE_6_SPEED)
$(SWING)/%.tsv: $(SWING)/%.episodes.msgpack pipelines/episodes
	pipelines/episodes $(JUDGE) <$< >$@.part && mv $@.part $@

$(SWING)/figure-6.md: $(SWING_TASKS:%=$(SWING)/%.tsv)
	pipelines/episodes table $(foreach task,$(SWING_TASKS),$(task)=$(SWING)/$(task).tsv) >$@.part && mv $@.part $@

# ---- pictures ----

$(SWING)/%.tracks: $(SWING)/%.episodes.msgpack
	pipelines/episodes tracks 0.05 <$< >$@.part && mv $@.part $@

$(SWING)/%.frames.png: $(SWING)/%.episodes.msgpack
	$(BIN)/seq-frames --fields x --sequences 1 --every 5 --scale 2 -o $@ $<

$(SWING)/%.gif: $(SWING)/%.episodes.msgpack $(SWING)/%.tracks pipelines/plot/episode.gp
	pipelines/episodes frames 0 <$< >$(SWING)/$*.bytes
	gnuplot -e "frames='$(SWING)/$*.bytes'; size=16; tracks='$(SWING)/$*.tracks'; output='$@'" pipelines/plot/episode.gp

$(FIGURES)/figure-6.png: $(foreach task,$(SWING_TASKS),$(SWING)/$(task).frames.png $(SWING)/$(task).tracks $(SWING)/$(task).tsv) pipelines/plot/swing.gp
	gnuplot -e "folder='$(SWING)'; tasks='$(SWING_TASKS)'; speed=$(FIGURE_6_SPEED); output='$@'" pipelines/plot/swing.gp

figure-6-run: $(FIGURES)/figure-6.png $(SWING)/figure-6.md $(SWING)/swing-up.gif
	@cat $(SWING)/figure-6.md

control-measured-run: figure-6-run
	@mkdir -p data/measured
	@pipelines/measured $(SWING)/figure-6.md "model $(FIGURE_6_MODEL)" >data/measured/figure-6.md
	@for task in $(SWING_TASKS); do pipelines/measured $(SWING)/$$task.tsv >data/measured/figure-6-$$task.tsv || exit 1; done
	@cp $(FIGURES)/figure-6.png data/measured/figure-6.png
	@cp $(SWING)/swing-up.gif data/measured/swing-up.gif
