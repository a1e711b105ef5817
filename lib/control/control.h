/* Control: goals that are encoded observations, policies learned by dreaming towards them, plants that run live, and the closed
 * loop of the two (Klushyn et al. 2021, section 6.4).
 *
 * Sizes: Dz latent state, Da what one frame shows of it, Du control, H horizon, L lanes. Uses every room above it. */
#ifndef DSSM_CONTROL_H
#define DSSM_CONTROL_H

#include "model/model.h"
#include "sim/sim.h"
#include "train/train.h"

/* ---- policies (policy.c) ---- */

struct policy_settings {
    struct int_list hidden;
    double u_max; /* bound of every control; 0 in the table: to be chosen by whoever has seen controls */
    double noise; /* standard deviation of what is added before the bound, while learning and where a user asks for it */
};
#define CONTROL_MOST 1e12 /* largest u_max */
extern const struct option_row options_policy[];

/* π_ω(u|z): u = u_max · tanh(net((z − m)/s) + noise · ε), ε standard normal, without ε its mode; m and s bring the states of the data to
 * mean 0 and deviation 1. One for any goal, π_ω(u|z, g), is told the goal's numbers g below z, with m and s of their own. */
struct policy {
    struct policy_settings s;
    int dz, du;
    int dg;                /* Dg, numbers of the goal that it is told; 0: it was learned for one */
    struct params params;  /* ω, a table of its own, with m and s, which no group moves */
    struct mlp net;        /* indices into params */
    int centre, deviation; /* m and s, (dz + dg)×1 each: 0 and 1 at first */
    json_t *goal;          /* what it was learned for (goal_json); owned, may be NULL */
    json_t *model;         /* which model it was learned in: {"kind", "crc32"}; owned */
    json_t *training;      /* what the learner has to say; owned, may be NULL */
    json_t *history;       /* array: what led here; owned */
};
/* A policy for the model's states, told dg numbers of a goal (0: none), start values drawn from the seed; it begins near u = 0. NULL with e
 * (DSSM_USAGE) for a network that is too large, or a model without controls. */
struct policy *policy_new(const struct policy_settings *s, const struct model *m, int dg, uint64_t seed, struct error *e);
void policy_free(struct policy *p);
/* The parameters of another policy of the same model, centre and deviation too; DSSM_USAGE if its network has another shape. */
int policy_copy(struct policy *to, const struct policy *from, struct error *e);
/* u Du×L at states z Dz×L, for goals Dg×L (NULL where Dg is 0); noise Du×L or NULL. first: where ω begins in the parameter table of the
 * tape (0 for policy.params itself). */
var *policy_apply(struct tape *t, const struct policy *p, int first, var *z, var *goal, var *noise);
/* Its two halves: the network's output, Du×L, and the control that comes of it. */
var *policy_wish(struct tape *t, const struct policy *p, int first, var *z, var *goal);
var *policy_bound(struct tape *t, const struct policy *p, var *wish, var *noise);
/* To and from an archive (formats/archive.md): meta {"format":"dssm-policy",…} and one tensor a parameter. Whoever wants to act loads it
 * with the model that it was learned in: another one is DSSM_BAD_INPUT, for z means something else there. NULL: any. */
json_t *policy_meta(const struct policy *p); /* new reference */
int policy_save(const struct policy *p, const char *path, struct error *e);
struct policy *policy_load(const char *path, const struct model *m, struct error *e);
struct policy *policy_from_archive(const struct archive *a, const struct model *m, struct error *e);

/* ---- goals (goal.c) ---- */

enum { GOAL_MOST = 64 }; /* numbers in a goal */

/* Wanted values of z's numbers from..from+n-1. */
struct goal {
    const char *kind; /* "position" or "velocity" */
    int from, n;
    bool any; /* any that start states have, another one in each dream, and the policy is told it; value is not used then */
    double value[GOAL_MOST];
    double spread[GOAL_MOST]; /* unit of each number's distance; 0: as it is */
    double width;             /* w of the reward below; 0: it does not saturate */
};
/* p_g = the mean of q(a|x) over all frames of the data that were observed: pictures of the goal. DSSM_USAGE for a model that does not
 * divide z into what a frame shows and the rest; DSSM_BAD_INPUT for frames that do not fit it, or none that were observed. */
int goal_position(struct goal *g, const struct model *m, const struct dataset *d, const char *name, struct error *e);
/* As goal_position, of each sequence by itself: goals g[0..d->n−1]. Every one needs an observed frame. */
int goal_positions(struct goal *g, const struct model *m, const struct dataset *d, const char *name, struct error *e);
/* Any position: Da numbers, to be told. DSSM_USAGE as above. */
int goal_any_position(struct goal *g, const struct model *m, struct error *e);
/* v_g = the last Dz − Da numbers of the smoothed means, averaged over all steps of the data: sequences that move as they should. Errors as
 * above. */
int goal_velocity(struct goal *g, const struct model *m, const struct dataset *d, const char *name, struct pool *pool, struct error *e);
/* r = −d², d² = Σ_d ((z_d − g_d)/s_d)² with s_d its spread, or 1, of states z Dz×L → 1×L. told: of a goal that is any, those of the
 * lanes, n×L; else NULL. With a width, r = 2w²(exp(−d²/2w²) − 1): the same near the goal, and flat far from it, where it is convex, so
 * that moving is worth more than resting half-way. */
var *goal_reward(struct tape *t, const struct goal *g, var *z, var *told);
/* {"kind", "from", "value", "width"}, with "n" and "any" in the place of "value", and "spread" if it has some; caller decrefs. */
json_t *goal_json(const struct goal *g);

/* ---- start states (begin.c) ---- */

/* Beliefs about states of data, a column each: mean above the lower Cholesky factor of the covariance above the memory. */
struct beginnings {
    int n, dz, memory;
    real *v; /* (Dz + Dz·Dz + memory)×n, owned */
};
/* Beliefs about every step of every sequence: smoothed, or filtered by a filter version. Sequences must fit (model_fits). DSSM_BAD_INPUT
 * names the sequence of which the model's belief is no Gaussian. */
int beginnings_of(struct beginnings *b, const struct model *m, const struct dataset *d, struct pool *pool, struct error *e);
/* Number i of the goal that is wanted by whoever begins with belief k; of any goal, the position of another belief, half the data away. */
double goal_number(const struct goal *g, const struct beginnings *b, int k, int i);
/* How far number i of the mean of belief k is from that, in the goal's units. */
double goal_away(const struct goal *g, const struct beginnings *b, int k, int i);
/* Counts the goal's distances in deviations of its numbers over what is believed: of the means, and around them. Latent scales are free,
 * so a model may have put little into one number and much into another; one that it does not use, all of it noise, still counts little. */
void goal_spread(struct goal *g, const struct beginnings *b);
/* Root mean square distance of the beliefs' means from the goal. */
double goal_distance(const struct goal *g, const struct beginnings *b);
/* Sets the policy's m and s to what brings the means of these beliefs to mean 0 and deviation 1; s is 1 where they do not vary. The goal's
 * numbers, if it is told them, have those of the numbers of z that they are wanted for. */
void policy_centre(struct policy *p, const struct goal *g, const struct beginnings *b);
void beginnings_free(struct beginnings *b);

/* ---- the return and its gradient (return.c) ---- */

/* How policies are learned. */
struct learn_settings {
    int updates, batch; /* batch: start states an update */
    int horizon;        /* H: states of a dream, its first one counted */
    bool means;         /* transitions at their means, else samples */
    bool spread;        /* distances in spreads (goal_spread) */
    double width;       /* of the reward, in root mean square distances of the start states from the goal; 0: it does not saturate */
    double calm;        /* cost of the network's squared output, in squares of the reward's scale */
    double state_clip;  /* bound on the gradient of one dream's state, in mean gradients of a step's reward; 0: none */
    double learning_rate, flat_share, final_share, clip;
    int eval_every, checkpoint_every;
    uint64_t seed;
};
extern const struct option_row options_learn[];

/* Dreams of a chunk: a batch is cut into chunks of this size whatever the number of threads. */
enum { DREAM_CHUNK = 50 };

struct return_result {
    double reward; /* J/(H−1): the mean reward of a step */
    double cost;   /* of the network's outputs, likewise: what is maximised is reward − cost */
    double last;   /* that of the dreams' last quarter */
    double full;   /* share of the controls beyond 0.95 · u_max */
};
struct return_engine;
struct return_engine *return_new(const struct model *m, const struct policy *p, const struct goal *g, const struct beginnings *b,
                                 const struct learn_settings *s, struct pool *pool);
void return_free(struct return_engine *r);
/* J(ω) = Σ_{t=1..H−1} E[r_{t+1}], divided by H−1, over a batch of dreams that start from states drawn from the beginnings. Everything
 * random in it follows from seed, update and the dream's number. */
struct return_result return_forward(struct return_engine *r, int update);
/* The gradient of −J/(H−1) + cost with respect to ω (policy.params.size numbers), each dream's part bounded by state_clip; returns its
 * norm. */
double return_backward(struct return_engine *r, real *gradient);

/* ---- learning (learn.c) ---- */

/* Learns p; resumes from io->checkpoint if it is there. io->snapshots is not used. data_crc32: of what start states and goal came from, for
 * the checkpoint. p->training tells what was done. Errors as train_run. */
int learn_run(struct policy *p, const struct model *m, const struct goal *g, const struct beginnings *b, const struct learn_settings *s,
              const struct train_io *io, uint32_t data_crc32, struct error *e);

/* ---- the closed loop (loop.c; the conversation is specified in formats/plant.md) ---- */

struct loop_settings {
    int steps;                   /* T: observations of an episode, the first one counted */
    double start_patience;       /* seconds that the plant may take for its header, and again for its first observation */
    double patience;             /* seconds that it may take for any other observation, to read a control, or to end */
    bool noise;                  /* controls with the policy's noise, else without */
    bool random;                 /* controls drawn uniformly within the policy's bound, in the place of its own */
    const struct goal *goals;    /* for a policy that is told its goal (if it is to act); borrowed */
    int n_goals;                 /* 1: one for all episodes; else one for each */
    uint64_t seed;               /* of that noise, and of controls that are drawn */
    volatile sig_atomic_t *stop; /* set by a signal: the episode ends there; may be NULL */
};
/* A policy that acts on what a model's filter believes, and the stream of episodes that come of it. */
struct loop;
/* m must go on record by record (model_goes_on), and p be of m. Episodes go to `out` (the caller's) as a stream whose header is made of the
 * first plant's: its fields, u, z and z_cov; history: the policy's, the plant's, and this command. */
struct loop *loop_new(const struct model *m, const struct policy *p, const struct loop_settings *s, const char *program,
                      const char *command, FILE *out);
/* One episode: starts the plant argv, acts on it for T steps or until it ends by itself, ends it, and writes the sequence, with
 * id "episode-NUMBER": x and whatever the plant's header declares, u, z, z_cov. The number addresses the noise. Whatever goes wrong, the
 * child is gone afterwards and the steps before are written: DSSM_FAILURE (it could not start, was silent, ended badly; a signal; the
 * output), DSSM_BAD_INPUT (what it sends breaks a rule), DSSM_CUT_SHORT (its stream broke off), DSSM_DIVERGED (the belief or the control is
 * not finite). */
int loop_episode(struct loop *l, char **argv, uint32_t number, struct error *e);
uint64_t loop_steps(const struct loop *l); /* observations so far, of all episodes */
/* Ends the stream, if it was begun, and frees l. */
int loop_close(struct loop *l, struct error *e);

#endif
