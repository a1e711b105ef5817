/* Deep Kalman smoother and filter (Krishnan et al. 2015, 2017).
 *
 * Generative: decoder p(x_t|z_t), p(z_t|z_{t-1}, u_{t-1}) a diagonal Gaussian, gated or locally linear.
 * Recognition: q(z_t|z_{t-1}, u_{t-1}, h_t) from a network, with h_t from GRUs over frames and controls both ways in time (DKS) or forward
 * (DKF, --filter). */
#include "model/parts.h"

enum transition_kind { TRANSITION_GATED, TRANSITION_LINEAR };

enum combines { COMBINES_FREE, COMBINES_CORRECT, COMBINES_MIX };

struct dks_settings {
    struct model_settings common;
    int units;                         /* of each GRU */
    struct int_list combiner;          /* hidden layers of q */
    int combines;                      /* enum combines */
    int transition;                    /* enum transition_kind */
    struct transition_settings linear; /* hidden, decay and variance are the gated one's too */
};

#define AT(member) offsetof(struct dks_settings, member)
static const struct option_row dks_options[] = {
    {"gru-units", 0, OPT_INT, AT(units), "64", 1, 4096, NULL, "N", "units of each of the recognition's GRUs"},
    {"combiner-hidden", 0, OPT_SIZES, AT(combiner), "64", 1, 65536, NULL, "N-N",
     "hidden layers from the state before, the control and the GRUs to the belief over a state"},
    {"combiner", 0, OPT_CHOICE, AT(combines), "mix", 0, 0, "free|correct|mix", "KIND",
     "what a network makes the belief's mean of: the mean itself, what is added to the transition's mean, or a gated mix of the "
     "transition's mean and its own"},
    {"transition", 0, OPT_CHOICE, AT(transition), "linear", 0, 0, "gated|linear", "KIND",
     "mean of the transition: a gated mix of a linear and a nonlinear one, or locally linear; options of base matrices are the latter's, "
     "but --base-decay pulls the former's linear map too"},
    TRANSITION_ROWS(AT(linear), "64", "yes", "4", "0.5", "process noise"),
    {0},
};

struct dks {
    int dz, shown, transition; /* shown: so many first dimensions of z the decoder sees */
    int combines;
    struct recognition recognition;
    struct network decoder;
    struct mlp combiner, first;
    struct gated gated; /* one of both */
    struct transition linear;
    struct prior prior;
};

/* A mix begins near the transition's mean: σ(−2) = 0.12. Beginning half way, it measures each state anew, and no velocity is learned. */
enum { GATE_START = -2 };

/* Rows of its output: mean, log variance and, for a mix, the gate. */
static struct mlp combiner_declare(struct model *m, const struct dks_settings *s, int h, uint64_t seed)
{
    int dz = s->common.latent;
    if (s->combines != COMBINES_MIX)
        return gauss_declare(&m->params, "combiner", dz + m->du + h, &s->combiner, dz, s->common.encoder_log_variance, GROUP_PHI, seed);
    struct mlp c = mlp_declare(&m->params, "combiner", dz + h, &s->combiner, 3 * dz, ACT_TANH, ACT_NONE, GROUP_PHI, seed);
    mlp_output_start(&m->params, &c, dz, dz, s->common.encoder_log_variance, 1);
    mlp_output_start(&m->params, &c, 2 * dz, dz, GATE_START, 1);
    return c;
}

static int dks_check(const void *settings, int dx, int du, struct error *e)
{
    const struct dks_settings *s = settings;
    if (s->transition == TRANSITION_GATED && s->linear.positions > 0)
        return error_set(e, DSSM_USAGE, "--positions: expected --transition linear, got gated");
    if (s->transition == TRANSITION_GATED && s->linear.shared_noise)
        return error_set(e, DSSM_USAGE, "--shared-noise: expected --transition linear, got gated");
    int code = transition_check(&s->linear, s->common.latent, du, e);
    return code ? code : recognition_check(settings, dx, du, e);
}

static void dks_declare(struct model *m, uint64_t seed)
{
    const struct dks_settings *s = m->settings;
    struct dks *k = m->parts;
    k->dz = s->common.latent;
    k->transition = s->transition;
    k->combines = s->combines;
    k->recognition = recognition_declare(m, true, !s->common.filter, s->units, seed);
    int h = recognition_rows(&k->recognition);
    k->combiner = combiner_declare(m, s, h, seed);
    k->first = gauss_declare(&m->params, "first", h, &s->combiner, k->dz, s->common.encoder_log_variance, GROUP_PHI, seed);
    recognition_straighten(m, &k->recognition, "combiner", &k->combiner);
    recognition_straighten(m, &k->recognition, "first", &k->first);
    k->shown = s->linear.positions > 0 ? s->linear.positions : k->dz;
    k->decoder = decoder_declare(m, k->shown, seed);
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

/* What a network makes of a step: the belief's variances, and its mean, or what is added to the transition's mean (then *added). The gate
 * of a mix compares h with the transition's mean p in place of the state before: p + g ⊙ (m − p). */
static struct gauss combine(struct tape *t, const struct dks *k, var *before, var *u, var *h, var *expected, bool *added)
{
    *added = k->combines != COMBINES_FREE;
    if (k->combines != COMBINES_MIX)
        return gauss_head(t, mlp_apply(t, &k->combiner, stack_rows(t, u ? 3 : 2, (var *const[]){before, h, u})));
    var *out = mlp_apply(t, &k->combiner, stack_rows(t, 2, (var *const[]){expected, h}));
    struct gauss q = gauss_head(t, rows_of(t, out, 0, 2 * k->dz));
    var *gate = v_sigmoid(t, rows_of(t, out, 2 * k->dz, k->dz));
    return (struct gauss){mul(t, gate, sub(t, q.mean, expected)), q.variance};
}

/* With positions, what is added to a velocity is added to its position too, and so is what it is not known by. */
static void dks_next(void *model, struct tape *t, int step, var *before, struct gauss *p, struct gauss *q)
{
    const struct pass *a = model;
    const struct dks *k = a->k;
    int B = a->b->B;
    bool added;
    var *u = a->u ? step_of(t, a->u, step, B) : NULL, *h = step_of(t, a->h, step, B);
    struct transition_at now = {0};
    if (k->transition == TRANSITION_LINEAR) {
        now = transition_apply(t, &k->linear, before, u);
        *p = (struct gauss){transition_mean(t, &now, before), transition_noise(t, &k->linear, &now)};
    } else {
        *p = gated_apply(t, &k->gated, before, u);
    }
    *q = combine(t, k, before, u, h, p->mean, &added);
    q->variance = transition_spread(t, &k->linear, &now, q->variance);
    if (added)
        q->mean = add(t, p->mean, transition_drag(t, &k->linear, &now, q->mean));
}

static struct path run(struct pass *a, struct tape *t, struct recognition_past past, var *before)
{
    const struct path_steps steps = {a, dks_first, dks_next, .full = a->k->linear.positions > 0};
    a->h = recognition_apply(t, &a->k->recognition, a->b, past);
    a->u = controls_before(t, a->b, past.push);
    return path_run(t, a->b, a->n, &steps, before);
}

static var *decoded(struct tape *t, const struct dks *k, var *z)
{
    return network_apply(t, &k->decoder, rows_of(t, z, 0, k->shown));
}

static struct loss dks_loss(const struct model *m, struct tape *t, const struct batch *b, const struct noise *n)
{
    const struct dks *k = m->parts;
    struct pass a = {.k = k, .b = b, .n = n};
    struct path path = run(&a, t, (struct recognition_past){0}, NULL);
    var *z1 = step_of(t, path.z, 0, b->B), *first = prior_rate(t, &k->prior, path_first(t, &path, b->B), z1, b, n);
    var *distortion = distortion_before(t, m, b, &k->linear, coder_distortion(t, m, b, decoded(t, k, path.z)), z1);
    return (struct loss){distortion, add(t, first, path_rate(t, b, &path))};
}

static bool dks_reaches_back(const struct model *m)
{
    const struct dks *k = m->parts;
    return k->linear.positions > 0;
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
    return (struct inferred){path.q.mean, gauss_cov(t, path.q), NULL};
}

static int dks_carry_rows(const struct model *m)
{
    const struct dks *k = m->parts;
    return recurrent_carry_rows(&k->recognition, k->dz);
}

static struct gauss dks_step(const struct model *m, struct tape *t, struct latent now, var *u, var **memory)
{
    const struct dks *k = m->parts;
    *memory = NULL;
    return k->transition == TRANSITION_GATED ? gated_apply(t, &k->gated, now.z, u) : transition_gauss(t, &k->linear, now.z, u);
}

static var *dks_decode(const struct model *m, struct tape *t, struct latent now)
{
    const struct dks *k = m->parts;
    return decoded(t, k, now.z);
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
    .defaults = recognition_defaults,
    .settings_size = sizeof(struct dks_settings),
    .parts_size = sizeof(struct dks),
    .check = dks_check,
    .declare = dks_declare,
    .loss = dks_loss,
    .reaches_back = dks_reaches_back,
    .infer = dks_infer,
    .carry_rows = dks_carry_rows,
    .step = dks_step,
    .decode = dks_decode,
    .start = dks_start,
};
