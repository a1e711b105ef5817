/* Deep Kalman smoother and filter (Krishnan et al. 2015, 2017).
 *
 * Generative: decoder p(x_t|z_t), p(z_t|z_{t-1}, u_{t-1}) a diagonal Gaussian, gated or locally linear.
 * Recognition: q(z_t|z_{t-1}, u_{t-1}, h_t) from a network, with h_t from GRUs over frames and controls both ways in time (DKS) or forward
 * (DKF, --filter). */
#include "model/model.h"

enum transition_kind { TRANSITION_GATED, TRANSITION_LINEAR };

struct dks_settings {
    struct model_settings common;
    int units;                         /* of each GRU */
    struct int_list combiner;          /* hidden layers of q */
    bool corrects;                     /* q's mean is the transition's and what the combiner adds */
    int transition;                    /* enum transition_kind */
    struct transition_settings linear; /* hidden, decay and variance are the gated one's too */
};

#define AT(member) offsetof(struct dks_settings, member)
static const struct option_row dks_options[] = {
    {"gru-units", 0, OPT_INT, AT(units), "64", 1, 4096, NULL, "N", "units of each of the recognition's GRUs"},
    {"combiner-hidden", 0, OPT_SIZES, AT(combiner), "64", 1, 65536, NULL, "N-N",
     "hidden layers from the state before, the control and the GRUs to the belief over a state"},
    {"correct", 0, OPT_FLAG, AT(corrects), "yes", 0, 0, NULL, NULL,
     "the combiner gives what is added to the transition's mean; --no-correct: the mean itself"},
    {"transition", 0, OPT_CHOICE, AT(transition), "gated", 0, 0, "gated|linear", "KIND",
     "mean of the transition: a gated mix of a linear and a nonlinear one, or locally linear"},
    {"transition-hidden", 0, OPT_SIZES, AT(linear.hidden), "64", 1, 65536, NULL, "N-N", "hidden layers of the transition's network"},
    {"bases", 'M', OPT_INT, AT(linear.bases), "16", 1, 4096, NULL, "N", "base matrices of a locally linear transition"},
    {"base-spread", 0, OPT_REAL, AT(linear.base_spread), "0.05", 0, 10, NULL, "S",
     "locally linear: standard deviation of the base matrices' start around identity (F) and 0 (B)"},
    {"base-decay", 0, OPT_REAL, AT(linear.decay), "2", 0, 1000, NULL, "D",
     "pull of the linear map's matrices towards the identity: share lost an update, over the learning rate"},
    {"start-variance", 0, OPT_REAL, AT(linear.variance), "0.01", 1e-8, 1e4, NULL, "V", "process noise at the start of training"},
    {0},
};

struct dks {
    int dz, transition;
    bool corrects;
    struct recognition recognition;
    struct mlp decoder, combiner, first;
    struct gated gated; /* one of both */
    struct transition linear;
    struct prior prior;
};

static int dks_check(const void *settings, int dx, int du, struct error *e)
{
    const struct dks_settings *s = settings;
    (void)dx, (void)du;
    return recognition_check(&s->common, e);
}

static void dks_declare(struct model *m, uint64_t seed)
{
    const struct dks_settings *s = m->settings;
    struct dks *k = m->parts;
    k->dz = s->common.latent;
    k->transition = s->transition;
    k->corrects = s->corrects;
    k->recognition = recognition_declare(m, true, !s->common.filter, s->units, seed);
    int h = recognition_rows(&k->recognition);
    k->combiner = gauss_declare(&m->params, "combiner", k->dz + m->du + h, &s->combiner, k->dz, -4, GROUP_PHI, seed);
    k->first = gauss_declare(&m->params, "first", h, &s->combiner, k->dz, -4, GROUP_PHI, seed);
    k->decoder = decoder_declare(m, k->dz, seed);
    if (s->transition == TRANSITION_GATED)
        k->gated =
            gated_declare(&m->params, k->dz, m->du, &(struct gated_settings){s->linear.hidden, s->linear.decay, s->linear.variance}, seed);
    else
        k->linear = transition_declare(&m->params, k->dz, m->du, &s->linear, seed);
    k->prior = prior_declare(&m->params, &s->common, seed);
}

/* ---- the path of states ---- */

/* A pass over a batch. */
struct pass {
    const struct dks *k;
    const struct batch *b;
    const struct noise *n;
    var *h, *u; /* recognition; controls that act into each step */
};

static var *dks_first(void *model, struct tape *t, struct gauss *q)
{
    const struct pass *a = model;
    *q = gauss_head(t, mlp_apply(t, &a->k->first, step_of(t, a->h, 0, a->b->B)));
    return sample_diag(t, *q, noise_steps(t, a->n, NOISE_STATE, a->b, a->k->dz, 0, 1));
}

static struct gauss transition_gauss(struct tape *t, const struct dks *k, var *z, var *u)
{
    if (k->transition == TRANSITION_GATED)
        return gated_apply(t, &k->gated, z, u);
    struct transition_at at = transition_apply(t, &k->linear, z, u);
    return (struct gauss){transition_mean(t, &at, z), at.Q};
}

static void dks_next(void *model, struct tape *t, int step, var *before, struct gauss *p, struct gauss *q)
{
    const struct pass *a = model;
    int B = a->b->B;
    var *u = a->u ? step_of(t, a->u, step, B) : NULL, *in[3] = {before, step_of(t, a->h, step, B), u};
    *p = transition_gauss(t, a->k, before, u);
    *q = gauss_head(t, mlp_apply(t, &a->k->combiner, stack_rows(t, u ? 3 : 2, in)));
    if (a->k->corrects)
        q->mean = add(t, q->mean, p->mean);
}

static struct path run(struct pass *a, struct tape *t, struct recognition_past past, var *before)
{
    const struct path_steps steps = {a, dks_first, dks_next};
    a->h = recognition_apply(t, &a->k->recognition, a->b, past);
    a->u = controls_before(t, a->b, past.push);
    return path_run(t, a->b, a->n, &steps, before);
}

static struct loss dks_loss(const struct model *m, struct tape *t, const struct batch *b, const struct noise *n)
{
    const struct dks *k = m->parts;
    struct pass a = {.k = k, .b = b, .n = n};
    struct path path = run(&a, t, (struct recognition_past){0}, NULL);
    struct gauss q1 = {step_of(t, path.q.mean, 0, b->B), step_of(t, path.q.variance, 0, b->B)};
    var *rate = prior_rate(t, &k->prior, q1, step_of(t, path.z, 0, b->B), b, n), *later = path_rate(t, b, &path);
    return (struct loss){coder_distortion(t, m, b, mlp_apply(t, &k->decoder, path.z)), later ? add(t, rate, later) : rate};
}

/* ---- use ---- */

static struct inferred dks_infer(const struct model *m, struct tape *t, const struct batch *b, const struct noise *n, enum inference how,
                                 struct carry *carry)
{
    const struct dks *k = m->parts;
    if (how == INFER_FILTERED && !model_settings(m)->filter)
        return filtered_by_prefix(m, t, b, n);
    struct pass a = {.k = k, .b = b, .n = n};
    struct recognition_past past;
    var *before = recurrent_carry_get(t, &k->recognition, k->dz, carry, &past);
    struct path path = run(&a, t, past, before);
    recurrent_carry_put(carry, t, &k->recognition, b, path.z, a.h);
    return (struct inferred){path.q.mean, diag_matrix(t, path.q.variance), NULL};
}

static int dks_carry_rows(const struct model *m)
{
    const struct dks *k = m->parts;
    return recurrent_carry_rows(&k->recognition, k->dz);
}

static struct gauss dks_step(const struct model *m, struct tape *t, struct latent now, var *u, var **memory)
{
    *memory = NULL;
    return transition_gauss(t, m->parts, now.z, u);
}

static var *dks_decode(const struct model *m, struct tape *t, struct latent now)
{
    const struct dks *k = m->parts;
    return mlp_apply(t, &k->decoder, now.z);
}

static struct latent dks_start(const struct model *m, struct tape *t, const struct batch *b, const struct noise *n)
{
    const struct dks *k = m->parts;
    return (struct latent){prior_sample(t, &k->prior, b, n), NULL};
}

const struct model_kind model_dks = {
    .name = "dks",
    .title = "deep Kalman smoother",
    .options = dks_options,
    .settings_size = sizeof(struct dks_settings),
    .parts_size = sizeof(struct dks),
    .check = dks_check,
    .declare = dks_declare,
    .loss = dks_loss,
    .infer = dks_infer,
    .carry_rows = dks_carry_rows,
    .step = dks_step,
    .decode = dks_decode,
    .start = dks_start,
};
