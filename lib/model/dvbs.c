/* Deep variational Bayes smoother and filter (Karl et al. 2017a, b).
 *
 * Generative: decoder p(x_t|z_t), locally linear transition (Klushyn et al. 2021, eqs. 9 and 10).
 * Recognition: q(z_t|z_{t−1}, ·) ∝ q_meas(z_t|h_t) · p(z_t|z_{t−1}, u_{t−1}), with h_t from a backward GRU (DVBS) or a forward one (DVBF,
 * --filter). First state: q(z_1|h_1) with the hierarchical prior; without it Karl's own, z_1 = f(ζ), ζ ~ q(ζ|h_1), p(ζ) = N(0, I). */
#include "model/parts.h"

#include <math.h>

struct dvbs_settings {
    struct model_settings common;
    int units;              /* of the GRU */
    struct int_list fusion; /* hidden layers of q_meas and of the first state's q */
    double fusion_variance; /* of q_meas at the start */
    struct int_list start;  /* hidden layers of f */
    struct transition_settings transition;
};

#define AT(member) offsetof(struct dvbs_settings, member)
static const struct option_row dvbs_options[] = {
    {"gru-units", 0, OPT_INT, AT(units), "64", 1, 4096, NULL, "N", "units of the recognition's GRU"},
    {"fusion-hidden", 0, OPT_SIZES, AT(fusion), "64", 1, 65536, NULL, "N-N",
     "hidden layers from the GRU to what is fused with the transition, and to the first state"},
    {"fusion-variance", 0, OPT_REAL, AT(fusion_variance), "20", 1e-8, 1e8, NULL, "V",
     "variance of what is fused with the transition at the start of training: large, so that the path begins as the transition's own"},
    {"start-hidden", 0, OPT_SIZES, AT(start), "64", 1, 65536, NULL, "N-N",
     "without the hierarchical prior: hidden layers of f in z_1 = f(zeta)"},
    TRANSITION_ROWS(AT(transition), "8", "yes", "8", "0.5", "process noise"),
    {0},
};

struct dvbs {
    int dz, shown; /* shown: so many first dimensions of z the decoder sees */
    struct recognition recognition;
    struct network decoder;
    struct mlp fusion, first, f; /* f without the hierarchical prior alone */
    struct transition transition;
    struct prior prior;
};

static int dvbs_check(const void *settings, int dx, int du, struct error *e)
{
    const struct dvbs_settings *s = settings;
    int code = transition_check(&s->transition, s->common.latent, du, e);
    return code ? code : recognition_check(settings, dx, du, e);
}

static void dvbs_declare(struct model *m, uint64_t seed)
{
    const struct dvbs_settings *s = m->settings;
    struct dvbs *k = m->parts;
    bool filter = s->common.filter;
    k->dz = s->common.latent;
    k->recognition = recognition_declare(m, filter, !filter, s->units, seed);
    int h = recognition_rows(&k->recognition);
    k->fusion = gauss_declare(&m->params, "fusion", h, &s->fusion, k->dz, log(s->fusion_variance), GROUP_PHI, seed);
    k->first = gauss_declare(&m->params, "first", h, &s->fusion, k->dz, s->common.encoder_log_variance, GROUP_PHI, seed);
    recognition_straighten(m, &k->recognition, "fusion", &k->fusion);
    recognition_straighten(m, &k->recognition, "first", &k->first);
    k->shown = s->transition.positions > 0 ? s->transition.positions : k->dz;
    k->decoder = decoder_declare(m, k->shown, seed);
    k->transition = transition_declare(&m->params, k->dz, m->du, &s->transition, seed);
    if (s->common.prior == PRIOR_NORMAL) {
        k->f = mlp_declare(&m->params, "first.f", k->dz, &s->start, k->dz, ACT_TANH, ACT_NONE, GROUP_PSI0, seed);
        mlp_output_start(&m->params, &k->f, 0, k->dz, 0, 0.1);
    }
    k->prior = prior_declare(&m->params, &s->common, seed);
}

/* ---- the path of states ---- */

/* A pass over a batch. */
struct pass {
    const struct dvbs *k;
    const struct batch *b;
    const struct noise *n;
    var *h, *u;         /* recognition; controls that act into each step */
    struct gauss meas;  /* q_meas of all steps */
    struct gauss start; /* Karl's q(zeta|h_1); no values with the hierarchical prior */
};

/* Karl's z_1 = f(ζ), f near the identity at the start: ζ + net(ζ). */
static var *start_from(struct tape *t, const struct dvbs *k, var *zeta)
{
    return add(t, zeta, mlp_apply(t, &k->f, zeta));
}

/* How a belief over ζ spreads through f: Σ_i ¼ (f(ζ + σ_i e_i) − f(ζ − σ_i e_i))², the central differences that linearise f. */
static var *start_variance(struct tape *t, const struct dvbs *k, struct gauss zeta)
{
    int lanes = zeta.mean->lanes;
    var *sd = v_sqrt(t, zeta.variance), *sum = filled(t, k->dz, lanes, VARIANCE_FLOOR);
    for (int i = 0; i < k->dz; i++) {
        var *unit = filled(t, k->dz, 1, 0);
        unit->v[(size_t)i * (size_t)unit->ld] = 1;
        var *step = mul(t, sd, spread(t, unit, lanes));
        var *apart = scale(t, sub(t, start_from(t, k, add(t, zeta.mean, step)), start_from(t, k, sub(t, zeta.mean, step))), 0.5);
        sum = add(t, sum, mul(t, apart, apart));
    }
    return sum;
}

static var *dvbs_first(void *model, struct tape *t, struct gauss *q)
{
    struct pass *a = model;
    const struct dvbs *k = a->k;
    struct gauss g = gauss_head(t, mlp_apply(t, &k->first, step_of(t, a->h, 0, a->b->B)));
    if (k->prior.kind == PRIOR_VHP) {
        *q = g;
        return sample_diag(t, g, noise_steps(t, a->n, NOISE_STATE, a->b, k->dz, 0, 1));
    }
    a->start = g;
    var *z = start_from(t, k, sample_diag(t, g, noise_steps(t, a->n, NOISE_AUX, a->b, k->dz, 0, 1)));
    /* a sample leaves nothing open; where there is none the belief is what ζ's makes of it */
    *q = (struct gauss){z, a->n->off ? start_variance(t, k, g) : filled(t, k->dz, z->lanes, VARIANCE_FLOOR)};
    return z;
}

/* The product of a full Gaussian and a diagonal one: what a Kalman filter makes of p when it sees z itself with the other's noise. */
static struct gauss product_full(struct tape *t, struct gauss p, struct gauss meas)
{
    var *unit = diag_matrix(t, filled(t, p.mean->rows, p.mean->lanes, 1));
    struct belief z = kalman_update(t, (struct belief){p.mean, p.variance}, meas.mean, unit, meas.variance, NULL);
    return (struct gauss){z.mean, z.cov};
}

static void dvbs_next(void *model, struct tape *t, int step, var *before, struct gauss *p, struct gauss *q)
{
    const struct pass *a = model;
    int B = a->b->B;
    struct gauss meas = gauss_step(t, a->meas, step, B);
    *p = transition_gauss(t, &a->k->transition, before, a->u ? step_of(t, a->u, step, B) : NULL);
    *q = gauss_is_full(*p) ? product_full(t, *p, meas) : product_diag(t, *p, meas);
}

static struct path run(struct pass *a, struct tape *t, struct recognition_past past, var *before)
{
    const struct path_steps steps = {a, dvbs_first, dvbs_next, .full = a->k->transition.positions > 0};
    a->h = recognition_apply(t, &a->k->recognition, a->b, past);
    a->u = controls_before(t, a->b, past.push);
    a->meas = gauss_head(t, mlp_apply(t, &a->k->fusion, a->h));
    return path_run(t, a->b, a->n, &steps, before);
}

static var *decoded(struct tape *t, const struct dvbs *k, var *z)
{
    return network_apply(t, &k->decoder, rows_of(t, z, 0, k->shown));
}

static struct loss dvbs_loss(const struct model *m, struct tape *t, const struct batch *b, const struct noise *n)
{
    const struct dvbs *k = m->parts;
    struct pass a = {.k = k, .b = b, .n = n};
    struct path path = run(&a, t, (struct recognition_past){0}, NULL);
    struct gauss q1 = path_first(t, &path, b->B);
    var *z1 = step_of(t, path.z, 0, b->B);
    var *first = k->prior.kind == PRIOR_VHP ? prior_rate(t, &k->prior, q1, z1, b, n) : kl_standard(t, a.start);
    var *distortion = distortion_before(t, m, b, &k->transition, coder_distortion(t, m, b, decoded(t, k, path.z)), z1);
    return (struct loss){distortion, add(t, first, path_rate(t, b, &path))};
}

static bool dvbs_reaches_back(const struct model *m)
{
    const struct dvbs *k = m->parts;
    return k->transition.positions > 0;
}

/* ---- use ---- */

static struct inferred dvbs_infer(const struct model *m, struct tape *t, const struct batch *b, const struct noise *n, enum inference how,
                                  struct carry *carry)
{
    const struct dvbs *k = m->parts;
    if (how == INFER_FILTERED && !model_settings(m)->filter)
        return filtered_by_prefix(m, t, b, n);
    struct pass a = {.k = k, .b = b, .n = n};
    struct recognition_past past;
    var *before = recurrent_carry_get(t, &k->recognition, k->dz, carry, &past);
    struct path path = run(&a, t, past, before);
    recurrent_carry_put(carry, t, &k->recognition, b, path.z, a.h);
    return (struct inferred){path.q.mean, gauss_cov(t, path.q), NULL};
}

static int dvbs_carry_rows(const struct model *m)
{
    const struct dvbs *k = m->parts;
    return recurrent_carry_rows(&k->recognition, k->dz);
}

static struct gauss dvbs_step(const struct model *m, struct tape *t, struct latent now, var *u, var **memory)
{
    const struct dvbs *k = m->parts;
    *memory = NULL;
    return transition_gauss(t, &k->transition, now.z, u);
}

static var *dvbs_decode(const struct model *m, struct tape *t, struct latent now)
{
    const struct dvbs *k = m->parts;
    return decoded(t, k, now.z);
}

static struct latent dvbs_start(const struct model *m, struct tape *t, const struct batch *b, const struct noise *n)
{
    const struct dvbs *k = m->parts;
    var *z = prior_sample(t, &k->prior, b, n);
    return (struct latent){k->prior.kind == PRIOR_VHP ? z : start_from(t, k, z), NULL};
}

const struct model_kind model_dvbs = {
    .name = "dvbs",
    .title = "deep variational Bayes smoother",
    .options = dvbs_options,
    .defaults = recognition_defaults,
    .settings_size = sizeof(struct dvbs_settings),
    .parts_size = sizeof(struct dvbs),
    .check = dvbs_check,
    .declare = dvbs_declare,
    .loss = dvbs_loss,
    .reaches_back = dvbs_reaches_back,
    .infer = dvbs_infer,
    .carry_rows = dvbs_carry_rows,
    .step = dvbs_step,
    .decode = dvbs_decode,
    .start = dvbs_start,
};
