/* Training: objectives, Adam, the trainer with its checkpoints, guards and metrics.
 *
 * Nothing here knows which model it trains: a model gives distortion 𝒟 and rate ℛ for a batch (nats a sequence), an
 * objective turns them into weights for the two gradients and says which parameter groups move, Adam moves them.
 * Uses base, cli, stream, grad, model. */
#ifndef DSSM_TRAIN_H
#define DSSM_TRAIN_H

#include "cli/cli.h"
#include "model/model.h"
#include <signal.h>

/* ---- settings (settings.c) ---- */

struct objective_settings {
    int kind;                     /* index into objective_kinds */
    const char *d0;               /* "auto", "excess:40", "rmse:0.005", "nats:-9500" */
    double nu, tau1, tau2, alpha; /* of Algorithm 1 */
    double lambda0;               /* λ⁰ */
    double lambda_bound;          /* on |ln λⁱ − ln λⁱ⁻¹| */
    int anneal_after;             /* β is 0 for so many updates … */
    int anneal_updates;           /* … and goes 0 → 1 over so many */
    int initial;                  /* enum initial_moves */
};

/* What moves in Algorithm 1's initial phase: the coders alone, as published, or everything. */
enum initial_moves { INITIAL_CODERS, INITIAL_ALL };

struct train_settings {
    struct objective_settings objective;
    int updates, batch;
    double learning_rate, flat_share, final_share, clip;
    int starts, start_updates;
    int prior_after;   /* updates before the hierarchical prior moves */
    int crop_every;    /* every so manieth update is on sub-sequences; 0: none */
    int crop_shortest; /* steps of the shortest of them */
    int eval_every, checkpoint_every;
    uint64_t seed;
};
extern const struct option_row options_objective[]; /* into a struct objective_settings */
extern const struct option_row options_train[];     /* into a struct train_settings, the objective's excepted */
/* What the tables' ranges cannot say: DSSM_USAGE for crops in each update, which would leave none to watch the bound by. */
int train_check(const struct train_settings *s, struct error *e);

/* ---- objectives (objective.c) ---- */

struct objective_state {
    double d0;         /* 𝒟₀, nats a sequence */
    double lambda;     /* λ, or 1/β in annealing */
    double distortion; /* 𝒟̂, the running mean */
    double main_phase; /* 0 or 1 */
    double main_since; /* update at which the main phase began, -1 before */
    double lowest;     /* lowest 𝒟̂ so far */
    double started;    /* 0 before the first update */
};
enum { OBJECTIVE_STATE_SIZE = sizeof(struct objective_state) / sizeof(double) };

struct objective_weights {
    double distortion, rate; /* factors of the two gradients */
};

struct objective_kind {
    const char *name;
    void (*start)(const struct objective_settings *s, struct objective_state *o);
    /* Update number i (from 0) has given the batch's mean distortion: advances the state, returns the weights. */
    struct objective_weights (*advance)(const struct objective_settings *s, struct objective_state *o, int update, double distortion);
    /* The weights of the state as it is, in update number i: for a batch that may not advance it. */
    struct objective_weights (*weights)(const struct objective_settings *s, const struct objective_state *o, int update);
};
extern const struct objective_kind *const objective_kinds[]; /* ends with NULL; the order is that of the option's choices */
/* Groups that move in the state's phase. */
unsigned objective_moving(const struct objective_settings *s, const struct objective_state *o);

/* 𝒟₀ in nats a sequence from its text, for data with `numbers` observed numbers a sequence (T·Dx in the mean) and decoder
 * variance σ_x²; *automatic is set for "auto" (then *d0 is not). */
int objective_d0(const char *text, double numbers, double sigma_x2, double *d0, bool *automatic, struct error *e);
/* The distortion of a perfect reconstruction: numbers·½ ln 2πσ_x². */
double distortion_constant(double numbers, double sigma_x2);

/* ---- Adam (adam.c; Kingma and Ba 2015) ---- */

struct adam {
    real *m, *v;                /* first and second moments, laid out as the parameters; owned */
    double steps[PARAM_GROUPS]; /* updates that each group has had, in the order of enum param_group */
};
struct adam adam_new(const struct params *p);
void adam_free(struct adam *a);
double adam_updates(const struct adam *a); /* that any group has had: 0 if all were skipped */
/* One step of the groups in `moving`, with rate · the entry's factor. β₁ 0.9, β₂ 0.999, ε 1e-8. */
void adam_step(struct adam *a, struct params *p, const real *gradient, unsigned moving, double rate);
/* Constant for flat_share of all updates, then a cosine down to final_share of the rate. */
double learning_rate_at(const struct train_settings *s, int update, int updates);

/* ---- the gradient of a batch (gradient.c) ---- */

/* Sequences of a chunk: a batch is cut into chunks of this size whatever the number of threads, and what they give is
 * added in their order, so that the sum has the same bits for any number of threads. */
enum { CHUNK = 25 };

struct batch_result {
    double distortion, rate; /* means over the batch's sequences, nats a sequence */
};
struct gradient_engine;
struct gradient_engine *gradient_new(const struct model *m, const struct dataset *d, int batch, struct pool *pool);
/* From here on the gradient is this loss's, not the bound's. */
void gradient_set_loss(struct gradient_engine *g, model_loss *loss);
void gradient_free(struct gradient_engine *g);
/* Values of the bound for records pick[0..n-1]; keeps the tapes for gradient_backward, to which pick, from and noise must live too.
 * Of sequence i it takes the T steps from from[i] on (from NULL: from 0 on), or as many as it has from there, at least one; both terms and
 * their gradients count steps-of-the-sequence / steps-taken times, so that they are on the scale of whole sequences. The noise of a step
 * depends on its place among those that are taken. Fails only where sequences are read from a file, as dataset_piece does. */
int gradient_forward(struct gradient_engine *g, const int *pick, int n, const int *from, int T, unsigned moving, const struct noise *noise,
                     struct batch_result *out, struct error *e);
/* gradient (params.size numbers) of w.distortion·𝒟 + w.rate·ℛ, means over the batch. Returns its norm over the moving groups. */
double gradient_backward(struct gradient_engine *g, struct objective_weights w, unsigned moving, real *gradient);

/* The sum of n vectors laid out as the parameters, in their order, over the moving groups. Returns its norm. */
double gradient_sum(const struct params *p, unsigned moving, int n, real *const *part, real *gradient);
/* Shortens a gradient (n numbers) of that norm to `most`, if it is longer. */
void gradient_shorten(real *gradient, size_t n, double norm, double most);

/* ---- noises for beliefs made from means (calibrate.c) ---- */

struct calibrate_settings {
    int updates, batch;
    double learning_rate;
    uint64_t seed;
};
extern const struct option_row options_calibrate[]; /* into a struct calibrate_settings, the seed excepted */
/* How far what frames show is from what the filter expected, in the mean over a data set. */
struct surprise_told {
    double nats;   /* −ln p of a step's frame, of q's means */
    double square; /* νᵀS⁻¹ν of its innovation, per number: 1 where the noises are right */
};
struct calibration_told {
    struct surprise_told before, after;
};
/* Fits what beliefs made from means change (GROUP_BELIEF) to the data, so that their likelihood by the filter's innovations is largest;
 * nothing else of the model, whose kind has a surprise, moves, and nothing at all where nothing is left to fit. m->training says so.
 * DSSM_DIVERGED, with the update, where the likelihood is not finite, or is clearly worse in the end. */
int calibrate_run(struct model *m, const struct dataset *d, const struct calibrate_settings *s, struct progress *progress,
                  struct pool *pool, struct calibration_told *told, struct error *e);

/* ---- what all learning programs share: trainers, and policies (resume.c, lines.c, ready.c) ---- */

/* A gradient of this length is no direction, and so many updates in a row without one are the end of a run (DSSM_DIVERGED). */
#define GRADIENT_WILD 1e12
enum { UPDATES_TOO_MANY_SKIPPED = 50 };

/* Pieces of a checkpoint: n numbers, and parameters with Adam's moments as PREFIX.value/, PREFIX.adam_m/, PREFIX.adam_v/. */
void resume_numbers_put(struct archive *a, const char *name, const double *numbers, size_t n);
int resume_numbers_get(const struct archive *a, const char *name, double *numbers, size_t n, struct error *e);
void resume_vectors_put(struct archive *a, const struct params *p, const char *prefix, const real *value, const struct adam *adam);
int resume_vectors_get(const struct archive *a, const struct params *p, const char *prefix, real *value, struct adam *adam,
                       struct error *e);
/* Writes the archive to path, whole or not at all. Its meta is what must be equal for a run to go on from it. */
int resume_write(const char *path, const struct archive *a, struct error *e);
/* Reads it into *a (made here; archive_clear it in any case) and compares its meta with `identity`: DSSM_BAD_INPUT names the first key that
 * differs. *found is false, and the archive empty, if path is NULL or names nothing. */
int resume_read(const char *path, const json_t *identity, struct archive *a, bool *found, struct error *e);

/* A file of JSON lines. */
struct lines {
    FILE *file; /* NULL: nobody asked for them */
    const char *path;
    bool goes_on; /* it has its first lines from a run before */
};
/* path NULL: none, "-": standard output. bytes > 0: goes on behind so many, and cuts off what is behind; fewer are DSSM_BAD_INPUT. */
int lines_open(struct lines *l, const char *path, double bytes, struct error *e);
int lines_put(struct lines *l, json_t *line, struct error *e); /* takes the reference; flushed */
double lines_bytes(const struct lines *l);                     /* length so far, for the checkpoint; 0 if there is no file */
void lines_close(struct lines *l);
json_t *metrics_number(double value); /* null if not finite */

/* From here on SIGINT and SIGTERM only set the number that this returns; called again, it is the same number. */
volatile sig_atomic_t *ready_to_stop(void);
/* A folder that cannot be written to, or a folder where a file should be, shows before a run, not after it. NULL and "-" are no file. */
int ready_to_write(const char *path, struct error *e);
/* Settings of n groups as one JSON object: what metrics, checkpoint and archive keep. Caller decrefs. */
json_t *options_of_groups(const struct option_group *groups, int n);

/* ---- the trainer (trainer.c) ---- */

struct train_io {
    const char *program;    /* for messages on standard error */
    const char *checkpoint; /* path, or NULL */
    const char *metrics;    /* path of the JSON lines, or NULL */
    const char *snapshots;  /* folder for models of the training in progress, or NULL */
    int snapshot_every;     /* updates between two of them */
    bool quiet;
    const real *from; /* parameters that every start begins with, laid out as the model's; NULL: as drawn */
    struct pool *pool;
    const json_t *provenance;    /* settings as the command line gave them: into metrics, checkpoint and model */
    volatile sig_atomic_t *stop; /* set by a signal: save a checkpoint and return; may be NULL */
};

/* Trains m (with start values from the seed) on d; evaluates validation (may be NULL) as it goes. Resumes from the checkpoint if it
 * is there. m->training tells what was done. Returns DSSM_DIVERGED with update and term, DSSM_FAILURE if stopped by a
 * signal ("stopped at update N") or if a file can't be written, DSSM_BAD_INPUT for a checkpoint of other settings or data. */
int train_run(struct model *m, const struct dataset *d, const struct dataset *validation, const struct train_settings *s,
              const struct train_io *io, struct error *e);

/* ---- the program (program.c) ---- */

/* The whole of a trainer's main: stream in, model of this kind out. */
int train_main(const char *kind, int argc, char **argv);

#endif
