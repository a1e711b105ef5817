/* What the files of lib/model share among themselves; nobody else includes this. */
#ifndef DSSM_MODEL_PARTS_H
#define DSSM_MODEL_PARTS_H

#include "model/model.h"

/* Beliefs about the states of a batch, made from the B records; with a carry (filtered only) they go on from it. Begins the tape
 * (beliefs.c). */
void beliefs_of_batch(const struct model *m, struct tape *t, const struct batch *b, const struct record *records, enum inference how,
                      struct carry *carry, const struct beliefs_settings *s, struct beliefs *out);

/* Does a record begin a sequence? With the id of the record before (NULL: none) it goes on with that one's (S17), and would be learned
 * from, or judged, as a whole one: DSSM_BAD_INPUT (block.c). */
int begins_sequence(const struct record *r, const char *before, struct error *e);

/* How velocities, all of z without positions, are moved at given states: v' = F z + push; and what displaces positions: path z + path_push.
 */
struct moving {
    var *F, *push;         /* ((dz−K)·dz)×L, (dz−K)×L; push NULL: nothing */
    var *path, *path_push; /* like them; path NULL: the new velocities */
};
/* positions.c: C at its start, → its index; and the whole transition but for its noise, given how the velocities move. */
int positions_declare(struct params *p, const struct transition *tr);
struct transition_at positions_move(struct tape *t, const struct transition *tr, var *z, struct moving v);
/* Positions p, K×L, after displacements d, (dz−K)×L of motors. */
var *positions_displaced(struct tape *t, const struct transition *tr, var *p, var *d);
/* 𝒟 (1×B) with that of the frames before sub-sequences (b->before; NULL: unchanged), which first states z1 explain: decoded from
 * transition_before(). For kinds whose decoder sees the positions alone. */
var *distortion_before(struct tape *t, const struct model *m, const struct batch *b, const struct transition *tr, var *distortion, var *z1);

/* Motors (motors.c) of n velocities. What they do to the velocities of states z, dz×L, of which u, n×L, are the controls. */
struct motors motors_declare(struct params *p, int n, const struct transition_settings *s, uint64_t seed);
struct moving motors_apply(struct tape *t, const struct transition *tr, var *z, var *u);

/* Stops (stops.c) of so many coordinates, at ±where at the start (0: none). What they do to coordinates q that would have velocities v,
 * lines×L each: the share that is taken of a velocity (ρ g), and what is given for it (ρ g times the fastest that q may have). */
struct stops stops_declare(struct params *p, int lines, double where, double gain);
struct stopped {
    var *taken, *given;
};
struct stopped stops_apply(struct tape *t, const struct stops *s, var *q, var *v);

/* The map between coders' numbers and auxiliary variables of which some are on circles (chart.c): D×L → D×L, D = 2·circles + lines, and
 * back. Without circles, or lines, it is none. */
struct chart {
    int circles, lines;
    struct mlp net;
};
struct chart chart_declare(struct params *p, int circles, int lines, uint64_t seed);
var *chart_apply(struct tape *t, const struct chart *c, var *b);
var *chart_undo(struct tape *t, const struct chart *c, var *a);
/* The derivative of chart_apply() at the point that goes to a, D×L → (D·D)×L. There are circles. */
var *chart_slope(struct tape *t, const struct chart *c, var *a);

/* Noises for beliefs that are made from means (calibration.c): logarithms of what R (da×1), Q (dz×1) and the variance before the first
 * frame (dz×1) are multiplied by, and what that belief's mean is moved by (dz×1). */
struct calibration {
    int log_R, log_Q, first_mean, first_log_var;
};
struct calibration calibration_declare(struct params *p, int dz, int da);
/* Variances and the belief before the first frame (any number of lanes), calibrated; c NULL: as they are, for beliefs made from samples. */
var *calibrated_R(struct tape *t, const struct calibration *c, var *R);
var *calibrated_Q(struct tape *t, const struct calibration *c, var *Q);
struct gauss calibrated_first(struct tape *t, const struct calibration *c, struct gauss first);
/* A kind's surprise, of predicted beliefs over all T·B lanes and means a; C (da·dz)×(T·B), R da×1 or (da·da)×(T·B). */
struct loss surprise_of_batch(struct tape *t, const struct batch *b, struct belief predicted, var *a, var *C, var *R);

/* Option rows of a locally linear transition (transition.c) whose settings are at offset `at` of the kind's, with the defaults in which
 * kinds differ; noise: what begins with --start-variance. A macro, since a table is a constant. */
/* clang-format off */
#define TRANSITION_ROWS(at, layers, centre, gain, pull, noise)                                                                             \
    {"bases", 'M', OPT_INT, (at) + offsetof(struct transition_settings, bases), "16", 1, 4096, NULL, "N",                                  \
     "base matrices of the locally linear transition"},                                                                                    \
    {"transition-hidden", 0, OPT_SIZES, (at) + offsetof(struct transition_settings, hidden), layers, 1, 65536, NULL, "N-N",                \
     "hidden layers of the transition's network, which mixes them"},                                                                       \
    {"base-spread", 0, OPT_REAL, (at) + offsetof(struct transition_settings, base_spread), "0.05", 0, 10, NULL, "S",                       \
     "standard deviation of the base matrices' start around identity (F) and 0 (B)"},                                                      \
    {"centred-bases", 0, OPT_FLAG, (at) + offsetof(struct transition_settings, centred), centre, 0, 0, NULL, NULL,                         \
     "the base matrices' mean is the identity (F) and 0 (B) at the start; --no-centred-bases: it is as drawn"},                            \
    {"mixing-gain", 0, OPT_REAL, (at) + offsetof(struct transition_settings, mixing_gain), gain, 0, 1000, NULL, "G",                       \
     "factor on the start of the mixing network's last weights: how much the mixture depends on the state"},                               \
    {"base-decay", 0, OPT_REAL, (at) + offsetof(struct transition_settings, decay), pull, 0, 1000, NULL, "D",                              \
     "pull of F's base matrices towards the identity: share lost an update, over the learning rate"},                                      \
    {"start-variance", 0, OPT_REAL, (at) + offsetof(struct transition_settings, variance), "0.01", 1e-8, 1e4, NULL, "V",                   \
     noise " at the start of training"},                                                                                                   \
    {"positions", 0, OPT_INT, (at) + offsetof(struct transition_settings, positions), "0", 0, 63, NULL, "K",                               \
     "the first K dimensions of z are positions: nothing moves them but the others' new values, by a constant linear map, as velocities "  \
     "do; 0: no such tie"},                                                                                                                \
    {"shared-noise", 0, OPT_FLAG, (at) + offsetof(struct transition_settings, shared_noise), "no", 0, 0, NULL, NULL,                       \
     "the process noise is the same in all states"}
/* clang-format on */

/* The picture that an observation is, of which the header's description of x tells the shape; or one pixel of dx channels (coder.c). */
struct image picture_of(const struct model *m);
/* Can encoder and decoder have the layers that the settings name, for dx observations so described? */
int coder_check(const struct model_settings *s, int dx, const json_t *x_field, struct error *e);

#endif
