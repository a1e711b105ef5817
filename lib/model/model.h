/* What models share, and the one face that everything outside lib/model sees.
 *
 * A model is a kind (a constant record in the registry), settings, and parameters. Trainers, evaluation,
 * rollouts and policies are written once, against struct model_kind. Sizes: T steps, B sequences (lanes),
 * Dx observation, Du control, Dz state, Da auxiliary variable; a value of all steps is rows×(T·B), lane t·B+b.
 * Uses base, cli, stream, grad, prob, net. Equations: Klushyn et al. 2021. */
#ifndef DSSM_MODEL_H
#define DSSM_MODEL_H

#include "base/base.h"
#include "cli/cli.h"
#include "grad/grad.h"
#include "net/net.h"
#include "prob/prob.h"
#include "stream/stream.h"

/* ---- data (dataset.c, piece.c, batch.c) ---- */

/* Sequences as they came: images stay |u1 until a batch needs them, in memory or in the stream's file. */
/* Sums over the finite numbers of a field. */
struct moments {
    double n, sum, square;
};
struct dataset {
    json_t *header; /* of the stream; owned */
    int n, dx, du;
    size_t longest;  /* steps of the longest sequence */
    double observed; /* steps that were observed, of all sequences */
    struct record
        *record;   /* each has x, u if du > 0, mask and s where the stream has them; owned. With a backing x has no data: dataset_piece */
    uint32_t hash; /* CRC-32 over ids, shapes and values of x, u and mask, in order */
    struct moments x_moments, u_moments; /* of numbers that are not bytes */
    struct backing *backing;             /* the file that x stays in, or NULL; owned */
    uint32_t *x_crc; /* CRC-32 of each x's data, which tells whether the file has changed; owned, may be NULL without a backing */
};
/* Where x is kept: a value of options_data. */
enum data_place { DATA_AUTO, DATA_MEMORY, DATA_FILE };
extern const struct option_row options_data[]; /* --data-in alone; into an int */
/* Reads the whole stream at path (as for input_open). du is 0 if it has no u. Checks what training needs: x is there, sizes are equal, u is
 * finite. place (enum data_place) is where x is kept. DSSM_USAGE for x in a file that is none. */
int dataset_open(struct dataset *d, const char *path, int place, struct error *e);
void dataset_free(struct dataset *d);
/* A sentence for the user where x was left in the file though nobody had asked for it, else NULL. Caller frees. */
char *dataset_remark(const struct dataset *d, int place);
/* A warning for whoever wants to learn from the data: numbers of x or u far from unit size, or no sequence that goes anywhere; else NULL.
 * Caller frees. */
char *dataset_doubt(const struct dataset *d);

/* Steps first..first+steps-1 of sequence i (as many as there are, at least one), as a record that borrows d's memory; x is read if it is in
 * a file. DSSM_CUT_SHORT or DSSM_BAD_INPUT for a file that has changed since: "name: record 17: field x: …"; DSSM_FAILURE if it cannot be
 * read. May be called by several threads at once. */
int dataset_piece(const struct dataset *d, int i, size_t first, size_t steps, struct record *out, struct error *e);
/* Sequences from..from+n-1 as a whole, likewise; all or, with an error, none. */
int dataset_pieces(const struct dataset *d, int from, int n, struct record *out, struct error *e);
void dataset_pieces_free(const struct dataset *d, struct record *pieces, int n);
/* Steps of the longest of sequences pick[0..n-1]. */
int dataset_longest(const struct dataset *d, const int *pick, int n);
/* Tells the system that sequences pick[0..n-1] will be wanted soon. */
void dataset_expect(const struct dataset *d, const int *pick, int n);

/* Sequences side by side as the engine wants them. Where a step is unobserved (x has a NaN, mask is 0, or the sequence is over) x is 0. */
struct batch {
    int T, B, dx, du;
    real *x;                    /* dx×(T·B) */
    size_t room;                /* numbers that x has memory for */
    real *u;                    /* du×(T·B); NULL if du is 0. u of step t acts from t to t+1 */
    real *seen;                 /* 1×(T·B): 1 where x was observed */
    real *alive;                /* 1×(T·B): 1 up to a sequence's last step */
    bool all_seen;              /* every entry of seen is 1 */
    uint32_t *sequence;         /* B numbers that the noise depends on */
    int first_step;             /* of the sequences: 0, or more in online use; the noise depends on it */
    const struct batch *before; /* of sub-sequences the frames before them, one step, seen where there is one; NULL: of no use */
};
/* Builds the batch of records[pick[0..B-1]] over steps from..from+T-1. `sequence` numbers are pick[] itself. */
void batch_fill(struct batch *b, const struct record *records, const int *pick, int B, int dx, int du, int from, int T);
/* The same in a batch that was filled before, or is {0}: the memory of x is used again if it is enough. */
void batch_refill(struct batch *b, const struct record *records, const int *pick, int B, int dx, int du, int from, int T);
/* Where many records go through a model, they are taken in chunks of this size, side by side on one tape, whatever the number of threads.
 */
enum { MODEL_CHUNK = 25 };
struct model;
/* How many steps of a record were observed: mask is not 0, and no number of x is NaN or infinite. */
size_t record_seen(const struct record *r);
/* Builds the batch of chunk number `chunk` of the records, over all their steps, or at most the first `steps` if that is not 0. `sequence`
 * numbers are first + place among the records. */
void batch_chunk(struct batch *b, const struct model *m, const struct record *records, int count, uint32_t first, int chunk, int steps);
void batch_free(struct batch *b);
/* Back to one sequence: steps 0..steps-1 of lane b of a value of all steps (rows×(T·B), rows `wide` numbers apart) as an array
 * [steps, rows] of <f4. Caller frees data. */
struct array unbatch(const real *values, int rows, size_t wide, int B, int b, int steps);

/* An array of a batch as a constant. The memory stays the batch's, which must live until tape_begin. */
var *batch_value(struct tape *t, const real *values, int rows, int lanes);

/* Where noise comes from; off: every sample is its mean. */
struct noise {
    uint64_t seed;
    uint32_t update;
    bool off;
};
enum noise_purpose { NOISE_AUX = 1, NOISE_STATE, NOISE_PRIOR, NOISE_ROLLOUT, NOISE_START, NOISE_CONTROL };
/* rows×(steps·B) standard normal numbers, a constant; NULL if noise is off. Step s of them counts as step from+s of the sequence. */
var *noise_steps(struct tape *t, const struct noise *n, enum noise_purpose purpose, const struct batch *b, int rows, int from, int steps);

/* ---- settings that every model has (settings.c) ---- */

enum prior_kind { PRIOR_NORMAL, PRIOR_VHP };
enum output_kind { OUTPUT_AUTO, OUTPUT_SIGMOID, OUTPUT_LINEAR };

struct model_settings {
    int latent;                  /* Dz */
    double sigma_x2;             /* σ_x² of the decoder */
    double encoder_log_variance; /* of the recognition's Gaussians at the start */
    int output;                  /* enum output_kind; auto: sigmoid for |u1 images */
    struct layer_list encoder, decoder;
    int prior;      /* enum prior_kind */
    int vhp_latent; /* Dζ */
    struct int_list vhp_hidden;
    bool filter; /* filter version: beliefs know the steps so far alone */
};
extern const struct option_row options_model[];

/* ---- a model ---- */

struct model_kind;

struct model {
    const struct model_kind *kind;
    void *settings; /* the kind's struct, which begins with a struct model_settings; owned */
    void *parts;    /* the kind's struct of parameter indices; owned */
    int dx, du;
    struct params params;
    json_t *x_field;  /* how the training stream's header described x (images: their shape); owned, may be NULL */
    json_t *history;  /* array: what led here; owned */
    json_t *training; /* what the trainer has to say of it; owned, may be NULL */
};
static inline const struct model_settings *model_settings(const struct model *m)
{
    return m->settings;
}

struct loss {
    var *distortion; /* 1×B, nats a sequence: 𝒟 */
    var *rate;       /* 1×B, nats a sequence: ℛ */
};

/* Beliefs over z at every step, and what a recurrent model carries besides. */
struct inferred {
    var *mean;   /* Dz×(T·B) */
    var *cov;    /* (Dz·Dz)×(T·B) */
    var *memory; /* memory_rows×(T·B), or NULL for a Markov model */
};

/* What a filter must know from the steps before, a column a lane; steps 0: nothing yet. */
struct carry {
    int rows, lanes, steps;
    real *v; /* rows×lanes, owned by the caller (carry_new) */
};

/* A state to roll on from. */
struct latent {
    var *z;      /* Dz×L */
    var *memory; /* memory_rows×L or NULL */
};

enum inference { INFER_SMOOTHED, INFER_FILTERED };

/* What a batch costs: two terms, a number a lane. */
typedef struct loss model_loss(const struct model *m, struct tape *t, const struct batch *b, const struct noise *n);

struct model_kind {
    const char *name;                 /* "ekvae" */
    const char *title;                /* "extended Kalman VAE" */
    const struct option_row *options; /* of the kind's own settings */
    /* Where this kind wants other defaults in options_model, and in the trainer's options_train and options_objective; NULL: nowhere. */
    const struct option_default *defaults;
    size_t settings_size, parts_size;
    /* Are the settings possible with these sizes? */
    int (*check)(const void *settings, int dx, int du, struct error *e);
    /* Adds the parameters, with their start values drawn from the seed, and fills parts. */
    void (*declare)(struct model *m, uint64_t seed);
    /* One evidence bound. */
    model_loss *loss;
    /* −ln p of what frames show, q's means, by the filter's innovations: half their squares as distortion, their volume as rate; noise
     * is not used. Of kinds with a Kalman filter whose noises for means dssm-calibrate fits (calibration.c). NULL for any other. */
    model_loss *surprise;
    /* Does the loss of sub-sequences use the frames before them (b->before)? NULL: no. */
    bool (*reaches_back)(const struct model *m);
    /* Beliefs given the batch; behind a sequence's end they stay as at its last step, the memory too. With carry (filtered only) the pass
     * goes on from it and leaves it after the last step. */
    struct inferred (*infer)(const struct model *m, struct tape *t, const struct batch *b, const struct noise *n, enum inference how,
                             struct carry *carry);
    int (*memory_rows)(const struct model *m); /* NULL: 0 */
    int (*carry_rows)(const struct model *m);  /* 0: it looks ahead, and cannot go on online */
    /* Mean and variance (or full covariance) of z_{t+1}, and the memory that goes with them (of which no sample is taken). u may be NULL.
     */
    struct gauss (*step)(const struct model *m, struct tape *t, struct latent now, var *u, var **memory);
    /* What single frames show: the mean of q(a|x), Da×L, of x Dx×L, of a model whose z is a above what moves it (12). NULL for any other.
     */
    var *(*encode)(const struct model *m, struct tape *t, var *x);
    /* Mean of x given a state: Dx×L. */
    var *(*decode)(const struct model *m, struct tape *t, struct latent now);
    /* z_1 from the learned prior, for lanes given by the batch's B and sequence numbers. */
    struct latent (*start)(const struct model *m, struct tape *t, const struct batch *b, const struct noise *n);
};

/* ---- registry (registry.c): one line a kind ---- */
extern const struct model_kind *const model_kinds[]; /* ends with NULL */
const struct model_kind *model_kind_find(const char *name);

/* ---- life of a model (model.c) ---- */
/* Fills settings (kind->settings_size bytes) with what the kind's models have when nobody says otherwise: options_model with the kind's
 * defaults, and its own options. */
void model_defaults(const struct model_kind *kind, void *settings);
/* Most weights of one network: beyond is a slip of the finger or a broken file, not a model for this machine. */
enum { MODEL_MOST_WEIGHTS = 100000000 };

/* Makes a model with start values from the seed; settings and x_field (how a stream's header describes x; may be NULL) are
 * copied. NULL with e if the settings don't fit. */
struct model *model_new(const struct model_kind *kind, const void *settings, int dx, int du, const json_t *x_field, uint64_t seed,
                        struct error *e);
/* Gives the parameters fresh start values, those of model_new with this seed. */
void model_restart(struct model *m, uint64_t seed);
void model_free(struct model *m);
/* To and from an archive (formats/archive.md): meta {"format":"dssm-model",…} and one tensor a parameter. */
int model_save(const struct model *m, const char *path, struct error *e);
struct model *model_load(const char *path, struct error *e);
struct model *model_from_archive(const struct archive *a, struct error *e);
/* What a meta.json must say: this format in version 1; a whole number from low on, in *out. DSSM_BAD_INPUT tells what it says instead. */
int meta_check(const json_t *meta, const char *format, struct error *e);
int meta_size(const json_t *meta, const char *key, int low, int *out, struct error *e);
uint32_t params_crc32(const struct params *p); /* by which a policy knows its model */
json_t *model_meta(const struct model *m);     /* new reference */
/* The description of observations that the model made: as x is described (NULL: it is not), but numbers. New reference. */
json_t *model_made_x(const struct model *m, const json_t *x, const char *meaning);
/* A vector that is laid out as the parameters (they themselves, a moment of Adam), as tensors PREFIX + parameter name, and back. */
void params_to_archive(const struct params *p, const real *values, const char *prefix, struct archive *a);
int params_from_archive(const struct params *p, real *values, const char *prefix, const struct archive *a, struct error *e);
/* Does a data stream fit? Compares dx and du. */
int model_fits(const struct model *m, const struct dataset *d, const char *name, struct error *e);
/* Does a record fit? x [T, …] with dx numbers a step, u [T, …] with du and finite but for the last (if the model has controls),
 * mask [T] if there is one. The error's place is "field …". (block.c) */
int model_fits_record(const struct model *m, const struct record *r, struct error *e);

/* carry.c */
/* Can the model go on record by record? Not one that looks ahead: it has nothing to carry. */
int model_goes_on(const struct model *m, struct error *e);
/* For a model that can. */
struct carry carry_new(const struct model *m, int lanes);
void carry_free(struct carry *c);
/* Rows from..from+n-1 as a constant; NULL if n is 0. */
var *carry_get(struct tape *t, const struct carry *c, int from, int n);
/* Copies a value (rows×lanes; NULL: nothing) to the rows from `from` on, and returns the row behind them. */
int carry_put(struct carry *c, int from, const var *a);
/* Ends a pass over a batch: its last control goes to the rows from `from` on, the last ones, and its steps are counted. */
void carry_end(struct carry *c, int from, const struct batch *b);

/* ---- shared pieces (coder.c, transition.c, prior.c) ---- */

/* Encoder of frames to n numbers' Gaussian, and decoder to the mean of x. */
struct coder {
    struct network encoder, decoder;
};
struct coder coder_declare(struct model *m, int encoded, int decoded,
                           uint64_t seed); /* encoder out: Gaussian over `encoded`; decoder in: `decoded` */
/* The decoder alone, from `decoded` numbers. */
struct network decoder_declare(struct model *m, int decoded, uint64_t seed);
struct gauss coder_encode(struct tape *t, const struct coder *c, var *x);
var *coder_decode(struct tape *t, const struct coder *c, var *a);
/* 𝒟 of all frames, unobserved ones left out: x from the batch, mean Dx×(T·B) → 1×B */
var *coder_distortion(struct tape *t, const struct model *m, const struct batch *b, var *mean);

/* Locally linear transition (9, 10): F, B, Q mixed from M base matrices by softmax(g(z, u)). */
struct transition_settings {
    int bases;              /* M */
    struct int_list hidden; /* of g */
    double base_spread;     /* F⁽ᵐ⁾ = I + spread·randn, B⁽ᵐ⁾ = spread·randn */
    bool centred;           /* the mean of the F⁽ᵐ⁾ is I and that of the B⁽ᵐ⁾ 0, at the start */
    double mixing_gain;     /* factor on the start of g's last weights */
    double decay;           /* pull of F⁽ᵐ⁾ towards I, see struct param */
    double variance;        /* start of Q⁽ᵐ⁾ and R */
    int positions;          /* K: so many first dimensions of z are moved by the others; below dz */
    int circles;            /* so many first pairs of the positions are points on circles; the others are on lines */
    double motors;          /* what motors move at the start for a control of 1, in place of F and B (motors.c); 0: none */
    int substeps;           /* of motors between two frames */
    double stops;           /* where those of motors' coordinates on lines stand at the start, ±; 0: there are none */
    bool shared_noise;      /* one Q for all states, not M that are mixed */
};
struct stops {                                       /* of motors' coordinates on lines (stops.c) */
    int lines;                                       /* how many; 0: no stops */
    int at;                                          /* the upper ones, then the lower ones: (2·lines)×1 */
    int log_rate, logit_share, log_width, log_speed; /* lines×1 each */
};
struct motors {
    int n, substeps;         /* n velocities, controls, and displacements; 0: no motors */
    int root_A, f, E, log_D; /* (n·n)×M, n×M, n×1, n×M */
    struct stops stops;
};
/* With K positions z = (p, v): v' = F_v z + B_v u as mixed, p moves by C v' with a constant C (positions.c), so that, without motors, v is
 * linear in how p has moved last. */
struct transition {
    int dz, du, positions, circles;
    bool shared_noise;
    struct mlp g;         /* of z and u; with motors of p */
    int F, B, log_Q;      /* F − I ((dz−K)·dz)×M, ((dz−K)·du)×M (-1 without controls), dz×M or, shared, dz×1 */
    struct motors motors; /* in place of F and B, which are -1 then */
    int C;                /* (displacements·(dz−K))×1, with motors its diagonal; -1 if K is 0 */
};
struct transition_at { /* the transition at given states, L lanes */
    var *F;            /* (dz·dz)×L */
    var *push;         /* what is added to F z, dz×L: B u, or what motors do; with circles what makes F z + push the mean. NULL: nothing */
    var *Q;            /* dz×L, variances; with positions those of (p, v') before v' moves p, and before J */
    var *C;            /* ∂p' by the velocities that move them, (K·(dz−K))×L; NULL without positions */
    var *J;            /* ∂p' by what the positions' noise moves, (K·K)×L; NULL: themselves */
};
/* A start from which a control acts on a dimension of z everywhere alike. */
struct push_settings {
    double strength; /* what a control of 1 adds a step */
    double variance; /* the dimension's process noise */
};
/* Adds the push to the start values of B and sets log Q's: of control j (from 0) on dimension i. There are no positions. */
void transition_push(struct params *p, const struct transition *tr, int j, int i, const struct push_settings *s);
/* The start of a dimension's process noise. */
void transition_quiet(struct params *p, const struct transition *tr, int i, double variance);
/* Can states of size dz with du controls have such positions, circles and motors? */
int transition_check(const struct transition_settings *s, int dz, int du, struct error *e);
struct transition transition_declare(struct params *p, int dz, int du, const struct transition_settings *s, uint64_t seed);
/* At states z dz×L with controls u du×L; u NULL: no control acts, as if it were 0. */
struct transition_at transition_apply(struct tape *t, const struct transition *tr, var *z, var *u);
/* The process noise: Q, dz×L; with positions, which it moves by way of the velocities, L diag(Q) Lᵀ, (dz·dz)×L, where L = [J C; 0 I]. */
var *transition_noise(struct tape *t, const struct transition *tr, const struct transition_at *at);
/* Likewise with other variances (dz×L) in the place of Q. */
var *transition_spread(struct tape *t, const struct transition *tr, const struct transition_at *at, var *variance);
/* Where positions move with what is added to the velocities: p + C v of d = (p, v), dz×L; d itself without positions. */
var *transition_drag(struct tape *t, const struct transition *tr, const struct transition_at *at, var *d);
/* Where the positions were a step before: p moved by −C v, of states z = (p, v), dz×L → K×L. K is not 0, and motors have one substep. */
var *transition_before(struct tape *t, const struct transition *tr, var *z);
/* p(z_{t+1}|z_t, u_t): mean F z + push and the process noise, full with positions */
struct gauss transition_gauss(struct tape *t, const struct transition *tr, var *z, var *u);
/* F z + push: the mean; with circles at those states alone that `at` was made for */
var *transition_mean(struct tape *t, const struct transition_at *at, var *z);

/* The deep Markov model's transition (Krishnan et al. 2017, with controls): g = σ(net(z, u)), h = net(z, u),
 * mean (1 − g) ⊙ (W z + V u + b) + g ⊙ h, variance exp(net(z, u)). W is kept as W − I. */
struct gated_settings {
    struct int_list hidden; /* of the network that gives g, h and the variance */
    double decay;           /* pull of W towards I, see struct param */
    double variance;        /* at the start */
};
struct gated {
    int dz, du;
    struct mlp net; /* rows: gate, h, log variance */
    int W, V, b;    /* W − I dz×dz; dz×du (-1 without controls); dz×1 */
};
struct gated gated_declare(struct params *p, int dz, int du, const struct gated_settings *s, uint64_t seed);
/* At states z dz×L with controls u du×L; u NULL: no control acts, as if it were 0. */
struct gauss gated_apply(struct tape *t, const struct gated *g, var *z, var *u);

/* Initial distribution: standard normal, or the hierarchical prior (VHP, 6). */
struct prior {
    int kind; /* enum prior_kind */
    int dz, dzeta;
    struct mlp up, down; /* q(ζ|z_1), p(z_1|ζ) */
};
struct prior prior_declare(struct params *p, const struct model_settings *s, uint64_t seed);
/* F_VHP(z) = E_q[ln p(z|ζ)] − KL(q(ζ|z) ‖ N(0,I)), a lower bound on ln p(z); with a normal prior ln N(z; 0, I) itself → 1×B */
var *prior_log_density(struct tape *t, const struct prior *pr, var *z, const struct batch *b, const struct noise *n);
/* E[ln q(z_1)] − ln p(z_1) of a diagonal q and its sample z: closed form with a normal prior, else −entropy − F_VHP(z) → 1×B */
var *prior_rate(struct tape *t, const struct prior *pr, struct gauss q, var *z, const struct batch *b, const struct noise *n);
/* ζ ~ N(0,I), z ~ p(z|ζ) → Dz×B */
var *prior_sample(struct tape *t, const struct prior *pr, const struct batch *b, const struct noise *n);

/* Recurrent recognition (recognition.c): features e_t of each frame by the encoder's hidden layers, and GRUs over (e_t, u_{t−1}), forward,
 * backward or both ways in time. An unobserved step has e_t = 0 and leaves the GRUs' states as they are. Filters look back only. */
struct recognition {
    int features, units, du; /* sizes of e_t and of each GRU */
    struct network encoder;
    struct gru back, ahead; /* over the steps before, over those behind */
    bool looks_back, looks_ahead;
    bool raw; /* no encoder: the frames are their own features */
};
/* How kinds whose beliefs rest on recurrent recognition alone (DKS, DVBS) train best, where it differs from the shared tables. */
extern const struct option_default recognition_defaults[];
/* A kind's check: the encoder must have a layer, whose output is the features. */
int recognition_check(const void *settings, int dx, int du, struct error *e);
struct recognition recognition_declare(struct model *m, bool looks_back, bool looks_ahead, int units, uint64_t seed);
int recognition_rows(const struct recognition *r);
/* Without an encoder a network that reads h gets a linear map beside it, so that what x says arrives as exactly as x says it. */
void recognition_straighten(struct model *m, const struct recognition *r, const char *name, struct mlp *head);
/* What a pass that goes on needs of the steps before: the forward GRU's state (units×B) and the control that acts into the first step
 * (du×B), each NULL at a beginning. */
struct recognition_past {
    var *state, *push;
};
/* h_t of all steps: forward state, backward state (where there are such) and e_t; without an encoder, if it looks ahead, also e_{t+1} −
 * e_t, 1 where that is known, and u_t; one above the other → recognition_rows×(T·B). */
var *recognition_apply(struct tape *t, const struct recognition *r, const struct batch *b, struct recognition_past past);
/* Controls that act into each step, u_{t−1}: du×(T·B), those of the first step `push` or 0 → NULL without controls. */
var *controls_before(struct tape *t, const struct batch *b, var *push);

/* One beside the other by lane: `one` where weight (1×L) is 1, `other` where it is 0, to the bit. */
var *choose(struct tape *t, var *weight, var *one, var *other);

/* A filter's carry: state of the path, forward GRU's state, last control; 0 rows where recognition looks ahead. */
int recurrent_carry_rows(const struct recognition *r, int dz);
/* The state that a pass goes on from and what recognition needs besides; NULLs at a beginning (carry NULL or of no steps). */
var *recurrent_carry_get(struct tape *t, const struct recognition *r, int dz, const struct carry *c, struct recognition_past *past);
/* Leaves the last step's state z and recognition h in the carry (NULL: nothing). */
void recurrent_carry_put(struct carry *c, struct tape *t, const struct recognition *r, const struct batch *b, var *z, var *h);

/* Step `step` of a Gaussian over the states of all steps, as a view of it. */
struct gauss gauss_step(struct tape *t, struct gauss all, int step, int lanes);
struct gauss gauss_lanes(struct tape *t, struct gauss all, int first, int lanes); /* lanes first..first+lanes-1 */

/* A path of states z_1..z_T drawn step by step, each from its belief given the state before (path.c); means where noise is off. */
struct path {
    var *z;         /* Dz×(T·B) */
    struct gauss q; /* beliefs of all steps, likewise; variances, or covariances where the steps have such */
    struct gauss p; /* the transition's; step 1's are q's own */
};
/* What a model gives to a path: the belief over z_1 and z_1 itself, and for step s > 0 (or 0, where the path goes on) the transition's p
 * from z of the step before, and the belief q that knows more. */
struct path_steps {
    void *model; /* for the two functions */
    var *(*first)(void *model, struct tape *t, struct gauss *q);
    void (*next)(void *model, struct tape *t, int step, var *before, struct gauss *p, struct gauss *q);
    bool full; /* those of `next` have full covariances; the first belief is diagonal */
};
/* Unobserved steps have q = p; behind a sequence's end nothing moves. before: the state that the path goes on from, or NULL. */
struct path path_run(struct tape *t, const struct batch *b, const struct noise *n, const struct path_steps *steps, var *before);
/* The belief over z_1, diagonal. */
struct gauss path_first(struct tape *t, const struct path *path, int B);
/* Σ_t KL(q ‖ p) over the observed steps 2..T → 1×B */
var *path_rate(struct tape *t, const struct batch *b, const struct path *path);

/* Filtered beliefs of a model whose recognition looks ahead (prefix.c): those of step t are the last ones of `infer` over the steps up to
 * t, each prefix on a tape of its own. */
struct inferred filtered_by_prefix(const struct model *m, struct tape *t, const struct batch *b, const struct noise *n);

/* ---- for models that have a Kalman filter (smooth.c) ---- */

/* Has a sequence ended before this step? */
bool some_ended(const struct batch *b, int step);
/* 1×B: 1 where the step exists */
var *alive_at(struct tape *t, const struct batch *b, int step);
/* The belief at a step, of those of T·B lanes. */
struct belief belief_step(struct tape *t, struct belief z, int step, int B);
/* Smoothed beliefs of all T steps, n×(T·B) and (n·n)×(T·B), from the filtered ones of these and the predicted ones of steps 2..T, with
 * F and Q by which those were predicted (lane (t−2)·B + b). At the last step of a sequence, and behind it, the filtered ones. */
struct belief smooth_batch(struct tape *t, struct belief filtered, struct belief predicted, var *F, var *Q, const struct batch *b);

/* How many numbers a frame shows to a model whose kind has a surprise: Da. (calibration.c) */
int model_measured(const struct model *m);

/* ---- the bound over a data set (bound.c) ---- */
struct bound {
    double distortion, rate; /* means, nats a sequence */
};
/* 𝒟 and ℛ of n records (noise depends on a record's place among them); also for each record where distortion and rate are not NULL.
 * For tests: what dataset_bound must give. */
struct bound model_bound(const struct model *m, const struct record *records, int n, const struct noise *noise, struct pool *pool,
                         double *distortion, double *rate);
/* The same of a data set, whose sequences are in memory a few at a time if they stand in a file. */
int dataset_bound(const struct model *m, const struct dataset *d, const struct noise *noise, struct pool *pool, struct bound *out,
                  struct error *e);
/* Likewise the surprise of a kind that has one. */
int dataset_surprise(const struct model *m, const struct dataset *d, struct pool *pool, struct bound *out, struct error *e);

/* ---- rollouts (rollout.c), for any kind ---- */
/* Rolls from `now` over `steps` further steps with controls u (du×(steps·L), that of step s acts into step s+1 of the result; NULL: none):
 * fills x_out (Dx×((steps+1)·L)) and z_out (may be NULL). sample: transitions are sampled with noise of NOISE_ROLLOUT, else means. What is
 * on the tape may be gone after it: a long rollout begins it anew. */
void rollout_run(const struct model *m, struct tape *t, struct latent now, const struct batch *b, const real *u, int steps,
                 const struct noise *n, bool sample, real *x_out, real *z_out);

/* ---- sequences through a model, for any kind: the same bits for any number of threads ---- */

/* Records of a stream, some at a time, so that none has to be in memory as a whole (block.c). */
struct block {
    int n, room;           /* records that are there, and most */
    struct record *record; /* room of them, owned; a caller may change them, not their ids */
    uint64_t first;        /* records of the stream before these */
    char *last_id;         /* of the record before these, or NULL */
};
struct block block_new(int threads); /* room for whole chunks, one or more a thread */
/* Reads the next records and checks that they fit the model (NULL: unchecked), and that each begins a sequence. Returns their number, 0 at
 * the end, -1 on error with e: "name: record 17: field x: …". */
int block_read(struct block *b, struct reader *r, const char *name, const struct model *m, struct error *e);
void block_free(struct block *b);

/* Beliefs about the states of one sequence (beliefs.c), auxiliary variables at their means. The arrays' data are the caller's. */
struct beliefs {
    struct array mean;   /* [T, Dz] <f4 */
    struct array cov;    /* [T, Dz, Dz] <f4 */
    struct array sample; /* [T, N, Dz] <f4: N draws from the belief of each step; no data if N is 0 */
    struct array x;      /* [T, Dx] <f4: the mean of x at the mean of each step; no data if it is not wanted */
};
/* What is wanted besides mean and covariance. */
struct beliefs_settings {
    int draws;
    struct noise noise; /* of the draws; depends on a sequence's number */
    bool decode;
};
/* s: NULL for mean and covariance alone. A sequence's number is first + place among the records. out: one a record. */
void beliefs_infer(const struct model *m, const struct record *records, int count, uint32_t first, enum inference how,
                   const struct beliefs_settings *s, struct pool *pool, struct beliefs *out);
void beliefs_free(struct beliefs *b);

/* A filter that goes on record by record, in constant memory (online.c), for a model that can (model_goes_on). */
struct online;
struct online *online_new(const struct model *m, const struct beliefs_settings *s); /* as for beliefs_infer; copied */
/* Beliefs after each step of the record, which must fit the model: the next steps of the sequence at hand, or the first of a new one. The
 * record's last control acts into the next step, if that comes. Any cutting of a sequence gives what beliefs_infer gives for the whole. */
void online_next(struct online *o, const struct record *r, bool goes_on, struct beliefs *out);
/* The control (Du numbers) that acts into the next step, in the place of the last record's: for whoever chooses it by what came out. */
void online_act(struct online *o, const real *u);
void online_free(struct online *o);

/* Predictions (predict.c): a state given the first K steps, then the transition alone. */
struct predict_settings {
    int context;       /* K: steps that are looked at, fewer where a sequence is shorter */
    bool from_last;    /* roll from the filtered z_K (of a shorter sequence: from its last); else from the smoothed z_1 */
    bool sample_start; /* auxiliary variables and start state are samples, else means */
    bool sample_steps; /* transitions are sampled, else means */
    bool no_controls;  /* every control is 0, whatever the records say */
    int horizon;       /* steps beyond a sequence's end; controls there are 0, the record's last one excepted */
};
struct prediction {
    struct array x; /* [T+horizon, Dx] <f4; NaN before the step that is rolled from */
    struct array z; /* [T+horizon, Dz] <f4; likewise */
};
/* The step, from 0 on, that a sequence of so many steps is rolled from. */
int predict_first(const struct predict_settings *s, int steps);
void predict_run(const struct model *m, const struct record *records, int count, uint32_t first, const struct predict_settings *s,
                 const struct noise *n, struct pool *pool, struct prediction *out);
/* Sequences from the learned prior: z_1 from p(z_1), then `steps` steps in all, transitions sampled or means. u: count arrays [T, Du],
 * whose T takes the place of steps; NULL: no control acts. */
void generate_run(const struct model *m, const struct array *u, int count, int steps, uint32_t first, bool sample_steps,
                  const struct noise *n, struct pool *pool, struct prediction *out);
void prediction_free(struct prediction *p);

/* Room for what was never observed (horizon.c): every field that the header declares gets `more` steps behind its last, u zeros (and its
 * last step too, where it is not finite), other fields NaN, or 0 if they are integers; a mask says 0 there, and is added if there is none.
 */
void record_extend(struct record *r, const json_t *header, size_t more);

#endif
