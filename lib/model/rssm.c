/* The recurrent state-space model (Hafner et al. 2019).
 *
 * Generative: a memory h_t = GRU(h_{t−1}, layer(z_{t−1}, u_{t−1})) that begins at a learned h_1, p(z_t|h_t) a diagonal Gaussian by a
 * network, at t = 1 the learned p(z_1) in its place; decoder p(x_t|h_t, z_t). Recognition: q(z_t|h_t, e_t, g_t) with features e_t of the
 * frame and a GRU's state g_t over the frames from t on; in the filter version, which is Hafner's own, without g_t. Where a frame is
 * missing q = p, but for t = 1. Rate: Σ_t KL(q ‖ p). The memory is h_t: a state is z_t with h_t, and z_t alone is not Markov. */
#include "model/model.h"

#include <math.h>

/* ---- settings and parameters ---- */

enum prior_mean { MEAN_FREE, MEAN_NEAR }; /* what the network gives: the prior's mean, or what it adds to z_{t−1} */

struct rssm_settings {
    struct model_settings common;
    int units;                        /* of h */
    int ahead_units;                  /* of g */
    struct int_list prior, posterior; /* hidden layers */
    int prior_mean;                   /* enum prior_mean */
    double start_variance;            /* of the prior */
    double transition_rate;
};

#define AT(member) offsetof(struct rssm_settings, member)
static const struct option_row rssm_options[] = {
    {"gru-units", 0, OPT_INT, AT(units), "64", 1, 4096, NULL, "N", "units of the GRU that carries the memory h"},
    {"ahead-units", 0, OPT_INT, AT(ahead_units), "64", 1, 4096, NULL, "N", "units of the GRU that looks ahead, for the posterior"},
    {"prior-hidden", 0, OPT_SIZES, AT(prior), "64", 1, 65536, NULL, "N-N", "hidden layers from h to the prior of z"},
    {"posterior-hidden", 0, OPT_SIZES, AT(posterior), "64", 1, 65536, NULL, "N-N",
     "hidden layers from h and what is seen to the posterior of z"},
    {"prior-mean", 0, OPT_CHOICE, AT(prior_mean), "free", 0, 0, "free|near", "KIND",
     "the network gives the mean of the prior itself (as Hafner's does), or what is added to the state before"},
    {"start-variance", 0, OPT_REAL, AT(start_variance), "1", 1e-8, 1e4, NULL, "V", "variance of the prior at the start of training"},
    {"transition-rate", 0, OPT_REAL, AT(transition_rate), "3", 1e-9, 1e4, NULL, "F", "factor on the learning rate of GRU and prior"},
    {0},
};

/* A short start shows by its Lagrangian how round the latent circle is, and costs little (data/measured/rssm-study.md). */
static const struct option_default rssm_defaults[] = {{"updates", "6000"}, {"starts", "5"}, {"start-updates", "500"}, {0}};

struct rssm {
    int dz, du, units;
    int prior_mean;
    struct recognition recognition;
    struct network decoder;
    struct mlp posterior;   /* posterior: h above what recognition gives */
    int first;              /* h_1, units×1 */
    struct mlp input, next; /* layer(z, u), and h to the prior */
    struct gru gru;
    struct prior prior;
};

static int rssm_check(const void *settings, int dx, int du, struct error *e)
{
    const struct rssm_settings *s = settings;
    if (s->posterior.n == 0)
        return error_set(e, DSSM_USAGE, "--posterior-hidden: expected at least one layer, got none");
    if (s->common.encoder.dense.n == 0)
        return error_set(e, DSSM_USAGE, "--encoder: expected at least one layer, got none");
    return recognition_check(settings, dx, du, e);
}

/* The transition's networks learn at a rate of their own. */
static void set_rate(struct params *p, const struct mlp *n, double rate)
{
    for (int i = 0; i < n->layers; i++)
        p->entry[n->weight[i]].rate = p->entry[n->bias[i]].rate = rate;
}

static void rssm_declare(struct model *m, uint64_t seed)
{
    const struct rssm_settings *s = m->settings;
    struct rssm *k = m->parts;
    struct params *p = &m->params;
    k->dz = s->common.latent;
    k->du = m->du;
    k->units = s->units;
    k->prior_mean = s->prior_mean;
    k->recognition = recognition_declare(m, false, !s->common.filter, s->ahead_units, seed);
    k->posterior = gauss_declare(p, "posterior", k->units + recognition_rows(&k->recognition), &s->posterior, k->dz,
                                 s->common.encoder_log_variance, GROUP_PHI, seed);
    k->decoder = decoder_declare(m, k->units + k->dz, seed);
    k->first = params_add(p, "transition.first", k->units, 1, GROUP_PSI, s->transition_rate);
    k->input = mlp_declare(p, "transition.input", k->dz + k->du, &(struct int_list){0}, k->units, ACT_TANH, ACT_TANH, GROUP_PSI, seed);
    k->gru = gru_declare(p, "transition.gru", k->units, k->units, GROUP_PSI, s->transition_rate, seed);
    k->next = gauss_declare(p, "transition.prior", k->units, &s->prior, k->dz, log(s->start_variance), GROUP_PSI, seed);
    set_rate(p, &k->input, s->transition_rate);
    set_rate(p, &k->next, s->transition_rate);
    k->prior = prior_declare(p, &s->common, seed);
}

/* ---- one step ---- */

/* h_{t+1} from h_t, z_t and u_t; u NULL: no control acts, as if it were 0. */
static var *next_memory(struct tape *t, const struct rssm *k, var *h, var *z, var *u)
{
    if (k->du > 0 && !u)
        u = filled(t, k->du, z->lanes, 0);
    var *zu = k->du > 0 ? stack_rows(t, 2, (var *const[]){z, u}) : z;
    return gru_step(t, &k->gru, h, mlp_apply(t, &k->input, zu));
}

/* p(z_t|h_t), given z_{t−1} too. */
static struct gauss prior_of(struct tape *t, const struct rssm *k, var *h, var *before)
{
    struct gauss p = gauss_head(t, mlp_apply(t, &k->next, h));
    if (k->prior_mean == MEAN_NEAR)
        p.mean = add(t, before, p.mean);
    return p;
}

/* The posterior's first layer on all that does not depend on h, for all steps at once. */
static var *posterior_begin(struct tape *t, const struct rssm *k, var *known)
{
    var *W = param(t, k->posterior.weight[0]);
    return dense(t, lanes_of(t, W, k->units, known->rows), param(t, k->posterior.bias[0]), known, ACT_NONE);
}

/* q(z_t|h_t, …), given that layer at step t. */
static struct gauss posterior_of(struct tape *t, const struct rssm *k, var *h, var *begun)
{
    struct mlp rest = k->posterior;
    var *W = lanes_of(t, param(t, rest.weight[0]), 0, k->units);
    var *hidden = v_tanh(t, add(t, matmul(t, W, h), begun));
    rest.layers--;
    for (int i = 0; i < rest.layers; i++) {
        rest.weight[i] = k->posterior.weight[i + 1];
        rest.bias[i] = k->posterior.bias[i + 1];
    }
    return gauss_head(t, mlp_apply(t, &rest, hidden));
}

/* Hafner's decoder sees the memory and the state. */
static var *decode(struct tape *t, const struct rssm *k, var *h, var *z)
{
    return network_apply(t, &k->decoder, stack_rows(t, 2, (var *const[]){h, z}));
}

/* ---- the path of states ---- */

/* A path and the memory along it. */
struct walk {
    const struct rssm *k;
    const struct batch *b;
    var *begun, *u, *noise; /* the posterior's beginnings, controls that act into each step, noise of the first step */
    var **h;                /* of each step, units×B */
    var *before;            /* h of the step before the first, where the path goes on */
};

static var *first_step(void *walk, struct tape *t, struct gauss *q)
{
    struct walk *w = walk;
    w->h[0] = spread(t, param(t, w->k->first), w->b->B);
    *q = posterior_of(t, w->k, w->h[0], step_of(t, w->begun, 0, w->b->B));
    return sample_diag(t, *q, w->noise);
}

static void next_step(void *walk, struct tape *t, int step, var *before, struct gauss *p, struct gauss *q)
{
    struct walk *w = walk;
    int B = w->b->B;
    var *h = step > 0 ? w->h[step - 1] : w->before, *next = next_memory(t, w->k, h, before, w->u ? step_of(t, w->u, step, B) : NULL);
    *p = prior_of(t, w->k, next, before);
    *q = posterior_of(t, w->k, next, step_of(t, w->begun, step, B));
    if (!w->b->all_seen) /* behind a sequence's end the memory stays as it was */
        next = choose(t, step_of(t, batch_value(t, w->b->alive, 1, w->b->T * B), step, B), next, h);
    w->h[step] = next;
}

/* Goes over the batch: the path, and h of all steps side by side. past: what a pass goes on from; NULLs at a beginning. */
struct past {
    var *h, *z, *push;
};
static struct path walk(const struct model *m, struct tape *t, const struct batch *b, const struct noise *n, struct past past, var **h)
{
    const struct rssm *k = m->parts;
    struct walk w = {.k = k, .b = b, .before = past.h, .noise = past.z ? NULL : noise_steps(t, n, NOISE_STATE, b, k->dz, 0, 1)};
    w.begun = posterior_begin(t, k, recognition_apply(t, &k->recognition, b, (struct recognition_past){NULL, past.push}));
    w.u = controls_before(t, b, past.push);
    w.h = tape_alloc(t, sizeof(var *) * (size_t)b->T);
    struct path path = path_run(t, b, n, &(struct path_steps){&w, first_step, next_step, false}, past.z);
    *h = stack_lanes(t, b->T, w.h);
    return path;
}

/* ---- the bound ---- */

static struct loss rssm_loss(const struct model *m, struct tape *t, const struct batch *b, const struct noise *n)
{
    const struct rssm *k = m->parts;
    var *h;
    struct path path = walk(m, t, b, n, (struct past){0}, &h);
    var *first = prior_rate(t, &k->prior, gauss_step(t, path.q, 0, b->B), step_of(t, path.z, 0, b->B), b, n);
    return (struct loss){coder_distortion(t, m, b, decode(t, k, h, path.z)), add(t, first, path_rate(t, b, &path))};
}

/* ---- use ---- */

static struct inferred rssm_infer(const struct model *m, struct tape *t, const struct batch *b, const struct noise *n, enum inference how,
                                  struct carry *carry)
{
    const struct rssm *k = m->parts;
    int last = b->T - 1;
    var *h;
    if (how == INFER_FILTERED && !model_settings(m)->filter)
        return filtered_by_prefix(m, t, b, n);
    struct past past = {0};
    if (carry && carry->steps > 0)
        past = (struct past){carry_get(t, carry, 0, k->units), carry_get(t, carry, k->units, k->dz),
                             carry_get(t, carry, k->units + k->dz, k->du)};
    struct path path = walk(m, t, b, &(struct noise){.off = true}, past, &h); /* the path of means */
    if (carry) {
        int row = carry_put(carry, 0, step_of(t, h, last, b->B));
        carry_end(carry, carry_put(carry, row, step_of(t, path.z, last, b->B)), b);
    }
    return (struct inferred){path.z, diag_matrix(t, path.q.variance), h};
}

static int rssm_memory_rows(const struct model *m)
{
    const struct rssm *k = m->parts;
    return k->units;
}

static int rssm_carry_rows(const struct model *m)
{
    const struct rssm *k = m->parts;
    return model_settings(m)->filter ? k->units + k->dz + k->du : 0;
}

static struct gauss rssm_step(const struct model *m, struct tape *t, struct latent now, var *u, var **memory)
{
    const struct rssm *k = m->parts;
    *memory = next_memory(t, k, now.memory, now.z, u);
    return prior_of(t, k, *memory, now.z);
}

static var *rssm_decode(const struct model *m, struct tape *t, struct latent now)
{
    return decode(t, m->parts, now.memory, now.z);
}

static struct latent rssm_start(const struct model *m, struct tape *t, const struct batch *b, const struct noise *n)
{
    const struct rssm *k = m->parts;
    return (struct latent){prior_sample(t, &k->prior, b, n), spread(t, param(t, k->first), b->B)};
}

const struct model_kind model_rssm = {
    .name = "rssm",
    .title = "recurrent state-space model",
    .options = rssm_options,
    .defaults = rssm_defaults,
    .settings_size = sizeof(struct rssm_settings),
    .parts_size = sizeof(struct rssm),
    .check = rssm_check,
    .declare = rssm_declare,
    .loss = rssm_loss,
    .infer = rssm_infer,
    .memory_rows = rssm_memory_rows,
    .carry_rows = rssm_carry_rows,
    .step = rssm_step,
    .decode = rssm_decode,
    .start = rssm_start,
};
