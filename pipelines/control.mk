# make figure-6: a pendulum's policies (swing-up, turning both ways) from shown goals, learned in a model's dreams and run on the plant from STARTS=100
# starts; picture, judgement and an animated episode in work/figures/figure-6. make control-measured keeps them in data/measured.
# make figure-7: one policy for any position of the arm, learned in a model of it, sent to STARTS other goals, each shown as one observation.
# FIGURE_6_MODEL: a model of your own in place of the table's. FIGURE_6_SPEED: rad/s. FIGURE_6_LEARN: options of policy-learn.

FIGURE_6_ROW   ?= vhp-ekvae-co
FIGURE_6_MODEL ?= $(TABLES)/$(FIGURE_6_ROW)/1.npz
FIGURE_6_LEARN ?= --width 0.5
FIGURE_6_SPEED ?= 6
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

# ---- the arm ----

# The model's row of the reacher's tables, what it sees (options of gen-reacher and sim-reacher), and what its dreams begin with.
FIGURE_7_ROW     ?= rgb-vhp-ekvae-co
FIGURE_7_MODEL   ?= $(TABLES)/$(FIGURE_7_ROW)/1.npz
FIGURE_7_OBSERVE ?= --observe rgb
FIGURE_7_LEARN   ?= --horizon 40 --spread
FIGURE_7_DATA    ?= $(REACH)/begin.msgpack

REACH := $(FIGURES)/figure-7

$(REACH)/begin.msgpack:
	@mkdir -p $(@D)
	$(BIN)/gen-reacher -n 200 --seed 1 $(FIGURE_7_OBSERVE) -o $@

# one sequence of one step a goal: the arm in a pose, at rest
$(REACH)/goals.msgpack:
	@mkdir -p $(@D)
	$(BIN)/gen-reacher -n $(STARTS) --steps 1 --v0 0 --seed 3 $(FIGURE_7_OBSERVE) -o $@

$(REACH)/reach.npz: $(FIGURE_7_MODEL) $(FIGURE_7_DATA)
	@mkdir -p $(@D)
	rm -f $(REACH)/reach.jsonl
	$(BIN)/policy-learn $< --goal-any-position $(FIGURE_7_LEARN) --metrics $(REACH)/reach.jsonl -o $@ $(FIGURE_7_DATA)

$(REACH)/reach.episodes.msgpack: $(REACH)/reach.npz $(REACH)/goals.msgpack
	$(BIN)/policy-run -n $(STARTS) --steps 60 --seed 1000 --goal-position $(REACH)/goals.msgpack -o $@ $(FIGURE_7_MODEL) $< -- \
	    $(BIN)/sim-reacher $(FIGURE_7_OBSERVE) --seed {seed}

$(REACH)/reach.tsv: $(REACH)/reach.episodes.msgpack $(REACH)/goals.msgpack pipelines/episodes
	pipelines/episodes reach $(REACH)/goals.msgpack <$< >$@.part && mv $@.part $@

$(REACH)/figure-7.md: $(REACH)/reach.tsv
	pipelines/episodes table reach=$< >$@.part && mv $@.part $@

$(REACH)/reach.tracks: $(REACH)/reach.episodes.msgpack $(REACH)/goals.msgpack
	pipelines/episodes tracks 0.04 $(REACH)/goals.msgpack <$< >$@.part && mv $@.part $@

# Whatever the model sees, people see the arm: the same episodes and goals drawn.
$(REACH)/%.drawn.msgpack: $(REACH)/%.msgpack
	$(BIN)/seq-head -n 6 $< | $(BIN)/gen-reacher --from-controls - --observe rgb -o $@

$(REACH)/reach.frames.png: $(REACH)/reach.episodes.drawn.msgpack
	$(BIN)/seq-frames --fields x --sequences 6 --every 5 --scale 1 -o $@ $<

$(REACH)/goals.frames.png: $(REACH)/goals.drawn.msgpack
	$(BIN)/seq-frames --fields x --sequences 6 --scale 1 -o $@ $<

$(REACH)/reach.gif: $(REACH)/reach.episodes.drawn.msgpack $(REACH)/goals.drawn.msgpack pipelines/plot/reaching.gp
	for k in 0 1 2; do pipelines/episodes frames $$k <$(REACH)/goals.drawn.msgpack && pipelines/episodes frames $$k <$< || exit 1; done >$(REACH)/reach.bytes
	gnuplot -e "frames='$(REACH)/reach.bytes'; episodes=3; steps=60; output='$@'" pipelines/plot/reaching.gp

$(FIGURES)/figure-7.png: $(foreach file,reach.frames.png goals.frames.png reach.tracks reach.tsv,$(REACH)/$(file)) pipelines/plot/reach.gp
	gnuplot -e "folder='$(REACH)'; output='$@'" pipelines/plot/reach.gp

figure-7-run: $(FIGURES)/figure-7.png $(REACH)/figure-7.md $(REACH)/reach.gif
	@cat $(REACH)/figure-7.md

# ---- kept ----

# CONTROL_FIGURES="figure-6": this one alone.
CONTROL_FIGURES ?= figure-6 figure-7
KEPT_figure-6 := $(SWING_TASKS:%=$(SWING)/%.tsv) $(FIGURES)/figure-6.png $(SWING)/swing-up.gif
KEPT_figure-7 := $(REACH)/reach.tsv $(FIGURES)/figure-7.png $(REACH)/reach.gif
MODEL_figure-6 = $(FIGURE_6_MODEL)
MODEL_figure-7 = $(FIGURE_7_MODEL)

control-measured-run: $(CONTROL_FIGURES:%=measured-%)
measured-figure-%: figure-%-run
	@mkdir -p data/measured
	@pipelines/measured $(FIGURES)/figure-$*/figure-$*.md "model $(MODEL_figure-$*)" >data/measured/figure-$*.md
	@for file in $(KEPT_figure-$*); do case $$file in \
	    *.tsv) pipelines/measured $$file >data/measured/figure-$*-$$(basename $$file) ;; \
	    *) cp $$file data/measured/ ;; esac || exit 1; done
