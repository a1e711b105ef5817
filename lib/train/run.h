/* The state of a training in progress: private to lib/train. */
#ifndef DSSM_TRAIN_RUN_H
#define DSSM_TRAIN_RUN_H

#include "train/train.h"

/* All that an update changes: what a checkpoint keeps, and what the best of several starts is kept as. */
struct position {
    real *value; /* the parameters; params.size numbers, owned */
    struct adam adam;
    struct objective_state objective;
    double start;  /* which start this is */
    double update; /* updates done */
    double score;  /* Lagrangian of the last fifth of its short training */
};
enum { POSITION_NUMBERS = OBJECTIVE_STATE_SIZE + 3 + PARAM_GROUPS };

struct run {
    struct model *model;
    const struct dataset *data, *validation;
    const struct train_settings *s;
    const struct train_io *io;
    const struct objective_kind *objective;
    struct gradient_engine *engine;
    real *gradient;
    struct position now, best; /* now.value is the model's own vector */
    double *score;             /* of each start, in order; NAN if not yet known */
    double score_lambda;       /* λ in these Lagrangians */
    int starts_done;           /* short trainings finished; = s->starts when the chosen one goes on */
    double skipped, skipped_in_row;
    double sum_distortion, sum_rate, sum_n; /* since the last line of metrics */
    double end_distortion, end_rate, end_n; /* over the last fifth of the short training at hand */
    double metrics_bytes;                   /* length of the metrics file at the last checkpoint */
    double numbers;                         /* observed numbers a sequence, mean over the data */
    bool warned;
    int *order, epoch; /* this epoch's order of the sequences */
    int *from;         /* where the sub-sequences of a cropped batch begin */
    double began;      /* seconds_now() at the start of this process */
    struct lines metrics;
    struct progress *progress;
};

/* starts.c */
void position_init(struct position *p, const struct params *params);
void position_free(struct position *p);
void position_copy(struct position *to, const struct position *from, size_t size);
void position_numbers(const struct position *p, double out[POSITION_NUMBERS]);
void position_from_numbers(struct position *p, const double in[POSITION_NUMBERS]);
uint64_t start_seed(const struct run *r);   /* the seed of the start at hand */
void start_begin(struct run *r, int start); /* fresh start values from start_seed */
/* Takes note of the batch of whole sequences that r->now.update has just been made from, if it belongs to the end of a short training. */
void start_count(struct run *r, double distortion, double rate);
/* Scores the short training at hand (lost: as the worst) and moves on; false if all of them are lost. */
bool start_finish(struct run *r, bool lost);

/* crop.c */
/* Is update number i (from 0) on sub-sequences? */
bool crop_due(const struct train_settings *s, int update);
/* Their length in this update: uniform between s->crop_shortest and the longest sequence's steps; the latter if that is less. */
int crop_length(const struct train_settings *s, uint64_t seed, int update, int longest);
/* Where that of a sequence (its number among the data) begins: uniform over what leaves it `length` steps; 0 for a sequence that is not
 * longer. */
int crop_start(uint64_t seed, int update, int sequence, int steps, int length);

/* trainer.c */
/* The bound of the update's batch, on whole sequences; fails as gradient_forward does. */
int run_forward(struct run *r, unsigned moving, struct batch_result *out, struct error *e);
bool run_stop_asked(const struct run *r);
json_t *run_summary(const struct run *r); /* what the model's file says of its training; caller decrefs */

/* from.c: the model at path, if it has m's kind and parameters, laid out as m's; NULL for path NULL. The caller frees it, after an error
 * (DSSM_BAD_INPUT for another kind or other layers) too. */
int from_load(const char *path, const struct model *m, struct model **from, struct error *e);

/* probe.c: sets now.objective.d0 from a short training of the coders alone */
int probe_d0(struct run *r, struct error *e);

/* checkpoint.c */
int checkpoint_save(struct run *r, struct error *e);
int checkpoint_load(struct run *r, bool *found, struct error *e);

/* snapshot.c: writes the model as it is into io->snapshots, if the update is due for that */
int snapshot_save(struct run *r, struct error *e);

/* program.c: train_main of a kind that need not be in the registry */
int train_program(const struct model_kind *kind, int argc, char **argv);

/* metrics.c */
int metrics_open(struct run *r, struct error *e);
int metrics_evaluation(struct run *r, struct error *e);

#endif
