/* Plants into streams: what the programs that simulate share. The options of plants, what a header says of one, sequences that
 * are drawn or replayed into records, and the run of a whole gen- program, written once for every plant of lib/sim.
 * Uses base, cli, stream, sim.
 *
 * Sizes as in sim/sim.h: T steps, S numbers in a state, U in a control, X in an observation. */
#ifndef DSSM_GEN_H
#define DSSM_GEN_H

#include "cli/cli.h"
#include "sim/sim.h"
#include "stream/stream.h"

/* ---- records (record.c) ---- */

/* Describes the plant's x, u and s in a stream's header: type, shape, meaning, units, kinds, names; of an image its height, width
 * and channels. Fields that are there already are described anew. */
void gen_describe(json_t *header, const struct plant *p);
/* Refuses (DSSM_USAGE) a sequence of so many steps if its record would be larger than any reader takes. */
int gen_check_size(const struct plant *p, int steps, struct error *e);
/* What is seen of the states s (steps×S) at steps first..first+steps-1 of the sequence, with the protocol's noise: [steps, X], |u1 for an
 * image (value·255, rounded), else <f4. Caller frees data. */
struct array gen_observed(const struct plant *p, const struct protocol *how, uint32_t sequence, int first, int steps, const double *s);
/* Rolls the plant from `start` (S numbers) through u (T×U) and puts what is seen, with the protocol's noise, and the true states into
 * the record: x [T,X], |u1 for an image (value·255, rounded) and <f4 otherwise; s [T,S], <f8. The sequence's number addresses the
 * noise. DSSM_DIVERGED if a state is not finite. */
int gen_simulate(const struct plant *p, const struct protocol *how, uint32_t sequence, const double *start, const float *u, int steps,
                 struct record *rec, struct error *e);
/* Are the plant's states s (steps×S) finite? Else DSSM_DIVERGED with e, which names the step, counted from `first`. */
int gen_check_states(const struct plant *p, int first, int steps, const double *s, struct error *e);

/* ---- controls of another stream (replay.c) ---- */

/* Every record of `in`, with x and s of this plant under the record's own u: from the first state in its field `from`, which it must
 * have; if that is NULL from its first true state s, or, if it has none, from the one that the protocol draws for this number of record.
 * u may be of any type, becomes <f4 [T,U], and its last control may be missing. The record's other values stay as they are. `name` is the
 * stream's, for messages. DSSM_BAD_INPUT with the record's number if u or the state do not fit the plant or are not finite; DSSM_USAGE if a
 * record would become too large; DSSM_DIVERGED as gen_simulate. */
int gen_replay(const struct plant *p, const struct protocol *how, struct reader *in, const char *name, const char *from, struct writer *w,
               struct error *e);

/* ---- options of the plants (plants.c) ---- */

extern const struct option_row options_pendulum[];      /* into a struct pendulum */
extern const struct option_row options_pendulum_view[]; /* what is seen of it; into the same */

/* What a user says of a reacher. */
struct reacher_told {
    int preset;           /* of presets_reacher */
    struct reacher arm;   /* limit, pose and target are filled from what follows by reacher_plant */
    double limit_degrees; /* of the wrist */
    const char *start;    /* "uniform", or "S,W" in degrees */
    const char *target;   /* "X,Y" in metres, "random" or "none" */
};
extern const struct option_preset presets_reacher[];     /* a program with these has the options --preset, --substeps, --v0, --burn-in */
extern const struct option_row options_reacher_preset[]; /* into a struct reacher_told */
extern const struct option_row options_reacher[];        /* into a struct reacher_told */
extern const struct option_row options_reacher_view[];   /* what is seen of it; into the same */
/* The plant that was told; it borrows told->arm. DSSM_USAGE for a start or a target that is none of these, or a target that nobody would
 * see. */
int reacher_plant(struct reacher_told *told, struct plant *p, struct error *e);

/* ---- the program (program.c) ---- */

/* What every gen- program is told. */
struct generation {
    struct protocol protocol; /* seed and actions are filled from `common` and `actions` by gen_run */
    int sequences, steps;
    const char *actions;       /* as actions_parse takes them */
    const char *from_controls; /* a stream to replay, or NULL */
    const char *start_from;    /* its field that sequences start from, or NULL */
    const char *output;        /* NULL: standard output */
    struct common common;
};
extern const struct option_row options_generation[]; /* into a struct generation; without output and common, which have tables */

/* Writes the stream: header with this command in its history, the sequences, trailer. The same bytes for any number of threads.
 * The output appears whole or not at all. operands: of the command line, to refuse (DSSM_USAGE) what has no effect with --from-controls. */
int gen_run(const struct program *program, const struct plant *p, const struct generation *g, const struct operands *operands,
            const char *command, struct error *e);

/* ---- a live plant (live.c; formats/plant.md) ---- */

/* How a plant runs live. */
struct live {
    struct protocol protocol; /* seed, noise, burn-in and its actions; no others are drawn */
    int sequence;             /* it starts where this sequence of a gen- program starts, with that one's noise */
    int steps;                /* it ends by itself after so many observations; 0: it does not */
    bool truth;               /* tells its true state */
};
extern const struct option_row options_live[]; /* into a struct live; not the seed */
/* Writes header and first observation to `out`, then for each control that comes from `in` (for messages: `name`) the observation after it,
 * flushed at once, until the controls end. Controls are held within ±control_max, as by a motor that gives no more. DSSM_BAD_INPUT for
 * controls that break a rule, DSSM_CUT_SHORT if they break off, DSSM_DIVERGED if the state does; then the observations have no trailer. */
int gen_live(const struct plant *p, const struct live *how, const char *program, const char *command, FILE *in, const char *name, FILE *out,
             struct error *e);

#endif
