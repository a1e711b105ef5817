/* Deep variational Bayes smoother and filter (Karl et al. 2017a, b; MATH of the fusion: a product of Gaussians).
 *
 * Generative: decoder p(x_t|z_t), locally linear transition (Klushyn et al. 2021, eqs. 9 and 10).
 * Recognition: q(z_t|z_{t−1}, ·) ∝ q_meas(z_t|h_t) · p(z_t|z_{t−1}, u_{t−1}), with h_t from a backward GRU (DVBS) or a forward one (DVBF,
 * --filter). First state: q(z_1|h_1) with the hierarchical prior; without it Karl's own, z_1 = f(ζ), ζ ~ q(ζ|h_1), p(ζ) = N(0, I). */
#include "model/model.h"

#include <math.h>

struct dvbs_settings {
    struct model_settings common;
    int units;              /* of the GRU */
    struct int_list fusion; /* hidden layers of q_meas and of the first state's q */
    struct int_list start;  /* hidden layers of f */
    struct transition_settings transition;
};

#define AT(member) offsetof(struct dvbs_settings, member)
static const struct option_row dvbs_options[] = {
    {"gru-units", 0, OPT_INT, AT(units), "64", 1, 4096, NULL, "N", "units of the recognition's GRU"},
    {"fusion-hidden", 0, OPT_SIZES, AT(fusion), "64", 1, 65536, NULL, "N-N",
     "hidden layers from the GRU to what is fused with the transition, and to the first state"},
    {"start-hidden", 0, OPT_SIZES, AT(start), "64", 1, 65536, NULL, "N-N",
     "without the hierarchical prior: hidden layers of f in z_1 = f(zeta)"},
    {"bases", 'M', OPT_INT, AT(transition.bases), "16", 1, 4096, NULL, "N", "base matrices of the locally linear transition"},
    {"transition-hidden", 0, OPT_SIZES, AT(transition.hidden), "64", 1, 65536, NULL, "N-N", "hidden layers of the network that mixes them"},
    {"base-spread", 0, OPT_REAL, AT(transition.base_spread), "0.05", 0, 10, NULL, "S",
     "standard deviation of the base matrices' start around identity (F) and 0 (B)"},
    {"base-decay", 0, OPT_REAL, AT(transition.decay), "2", 0, 1000, NULL, "D",
     "pull of F's base matrices towards the identity: share lost an update, over the learning rate"},
    {"start-variance", 0, OPT_REAL, AT(transition.variance), "0.01", 1e-8, 1e4, NULL, "V", "process noise at the start of training"},
    {0},
};

struct dvbs {
    int dz;
    struct recognition recognition;
    struct mlp decoder, fusion, first, f; /* f without the hierarchical prior alone */
    struct transition transition;
    struct prior prior;
};

static int dvbs_check(const void *settings, int dx, int du, struct error *e)
{
    (void)settings, (void)dx, (void)du, (void)e;
    return DSSM_OK;
}

static void dvbs_declare(struct model *m, uint64_t seed)
{
    const struct dvbs_settings *s = m->settings;
    struct dvbs *k = m->parts;
    bool filter = s->common.filter;
    k->dz = s->common.latent;
    k->recognition = recognition_declare(m, filter, !filter, s->units, seed);
    int h = recognition_rows(&k->recognition);
    k->fusion = gauss_declare(&m->params, "fusion", h, &s->fusion, k->dz, -4, GROUP_PHI, seed);
    k->first = gauss_declare(&m->params, "first", h, &s->fusion, k->dz, -4, GROUP_PHI, seed);
    k->decoder = decoder_declare(m, k->dz, seed);
    k->transition = transition_declare(&m->params, k->dz, m->du, &s->transition, seed);
    if (s->common.prior == PRIOR_NORMAL)
        k->f = mlp_declare(&m->params, "first.f", k->dz, &s->start, k->dz, ACT_TANH, ACT_NONE, GROUP_PSI, seed);
    k->prior = prior_declare(&m->params, &s->common, seed);
}

/* ---- the path of states ---- */

/* A path z_1..z_T: samples, or means where noise is off. */
struct path {
    var *z;               /* dz×(T·B) */
    struct gauss q;       /* of each step given the state before; the first lanes are z_1's */
    struct gauss p;       /* the transition's, steps 2..T; no values if T is 1 */
    struct gauss first;   /* Karl's q(ζ|h_1); no values with the hierarchical prior */
};

/* The belief over z_1, and z_1 of the path. */
static var *first_state(const struct dvbs *k, struct tape *t, var *h, const struct batch *b, const struct noise *n, struct path *path,
                        struct gauss *q)
{
    struct gauss g = gauss_head(t, mlp_apply(t, &k->first, h));
    if (k->prior.kind == PRIOR_VHP) {
        *q = g;
        return sample_diag(t, g, noise_steps(t, n, NOISE_STATE, b, k->dz, 0, 1));
    }
    path->first = g;
    var *z = mlp_apply(t, &k->f, sample_diag(t, g, noise_steps(t, n, NOISE_AUX, b, k->dz, 0, 1)));
    *q = (struct gauss){z, filled(t, k->dz, b->B, VARIANCE_FLOOR)};
    return z;
}

/* Steps from the state before `from` (NULL: there is none) on. */
static struct path run_path(const struct model *m, struct tape *t, const struct batch *b, const struct noise *n, var *h, var *u, var *from)
{
    const struct dvbs *k = m->parts;
    int T = b->T, B = b->B;
    var **all = tape_alloc(t, sizeof(var *) * (size_t)T * 5), **qm = all + T, **qv = qm + T, **pm = qv + T, **pv = pm + T;
    struct gauss meas = gauss_head(t, mlp_apply(t, &k->fusion, h));
    var *seen = b->all_seen ? NULL : batch_value(t, b->seen, 1, T * B), *alive = batch_value(t, b->alive, 1, T * B);
    var *noise = noise_steps(t, n, NOISE_STATE, b, k->dz, 0, T), *z = from;
    struct path path = {0};
    for (int s = 0; s < T; s++) {
        struct gauss q, p;
        if (!z) {
            z = first_state(k, t, step_of(t, h, s, B), b, n, &path, &q);
            p = q;
        } else {
            struct transition_at at = transition_apply(t, &k->transition, z, u ? step_of(t, u, s, B) : NULL);
            p = (struct gauss){transition_mean(t, &at, z), at.Q};
            q = product_diag(t, p, (struct gauss){step_of(t, meas.mean, s, B), step_of(t, meas.variance, s, B)});
            if (seen) {
                var *w = step_of(t, seen, s, B), *lives = step_of(t, alive, s, B);
                q = (struct gauss){choose(t, w, q.mean, p.mean), choose(t, w, q.variance, p.variance)};
                var *next = sample_diag(t, q, noise ? step_of(t, noise, s, B) : NULL);
                z = choose(t, lives, next, z);
                q.variance = s > 0 ? choose(t, lives, q.variance, qv[s - 1]) : q.variance;
            } else
                z = sample_diag(t, q, noise ? step_of(t, noise, s, B) : NULL);
        }
        all[s] = z, qm[s] = q.mean, qv[s] = q.variance, pm[s] = p.mean, pv[s] = p.variance;
    }
    path.z = stack_lanes(t, T, all);
    path.q = (struct gauss){stack_lanes(t, T, qm), stack_lanes(t, T, qv)};
    path.p = (struct gauss){stack_lanes(t, T, pm), stack_lanes(t, T, pv)};
    return path;
}

static struct loss dvbs_loss(const struct model *m, struct tape *t, const struct batch *b, const struct noise *n)
{
    const struct dvbs *k = m->parts;
    int T = b->T, B = b->B, rest = (T - 1) * B;
    var *h = recognition_apply(t, &k->recognition, b, (struct recognition_past){0});
    struct path path = run_path(m, t, b, n, h, controls_before(t, b, NULL), NULL);
    struct gauss q1 = {step_of(t, path.q.mean, 0, B), step_of(t, path.q.variance, 0, B)};
    var *rate = k->prior.kind == PRIOR_VHP ? prior_rate(t, &k->prior, q1, step_of(t, path.z, 0, B), b, n) : kl_standard(t, path.first);
    if (T > 1) {
        var *kl = kl_diag(t, (struct gauss){lanes_of(t, path.q.mean, B, rest), lanes_of(t, path.q.variance, B, rest)},
                          (struct gauss){lanes_of(t, path.p.mean, B, rest), lanes_of(t, path.p.variance, B, rest)});
        if (!b->all_seen)
            kl = mul_lanes(t, kl, lanes_of(t, batch_value(t, b->seen, 1, T * B), B, rest));
        rate = add(t, rate, sum_steps(t, kl, T - 1));
    }
    return (struct loss){coder_distortion(t, m, b, mlp_apply(t, &k->decoder, path.z)), rate};
}

/* ---- use ---- */

static struct inferred dvbs_infer(const struct model *m, struct tape *t, const struct batch *b, const struct noise *n, enum inference how,
                                  struct carry *carry)
{
    const struct dvbs *k = m->parts;
    if (how == INFER_FILTERED && !model_settings(m)->filter)
        return filtered_by_prefix(m, t, b, n);
    struct recognition_past past = {0};
    int units = k->recognition.units;
    bool goes_on = carry && carry->steps > 0;
    var *from = goes_on ? carry_get(t, carry, 0, k->dz) : NULL;
    if (goes_on)
        past = (struct recognition_past){carry_get(t, carry, k->dz, units), carry_get(t, carry, k->dz + units, m->du)};
    var *h = recognition_apply(t, &k->recognition, b, past);
    const struct noise off = {.off = true};
    struct path path = run_path(m, t, b, &off, h, controls_before(t, b, past.push), from);
    (void)n;
    if (carry) {
        var *u = b->u ? step_of(t, batch_value(t, b->u, b->du, b->T * b->B), b->T - 1, b->B) : NULL;
        int row = carry_put(carry, 0, step_of(t, path.z, b->T - 1, b->B));
        row = carry_put(carry, row, rows_of(t, step_of(t, h, b->T - 1, b->B), 0, units));
        carry_put(carry, row, u);
        carry->steps += b->T;
    }
    return (struct inferred){path.z, diag_matrix(t, path.q.variance), NULL};
}

static int dvbs_carry_rows(const struct model *m)
{
    const struct dvbs *k = m->parts;
    return model_settings(m)->filter ? k->dz + k->recognition.units + m->du : 0;
}

static struct gauss dvbs_step(const struct model *m, struct tape *t, struct latent now, var *u, var **memory)
{
    const struct dvbs *k = m->parts;
    struct transition_at at = transition_apply(t, &k->transition, now.z, u);
    *memory = NULL;
    return (struct gauss){transition_mean(t, &at, now.z), at.Q};
}

static var *dvbs_decode(const struct model *m, struct tape *t, struct latent now)
{
    const struct dvbs *k = m->parts;
    return mlp_apply(t, &k->decoder, now.z);
}

static struct latent dvbs_start(const struct model *m, struct tape *t, const struct batch *b, const struct noise *n)
{
    const struct dvbs *k = m->parts;
    var *z = prior_sample(t, &k->prior, b, n);
    return (struct latent){k->prior.kind == PRIOR_VHP ? z : mlp_apply(t, &k->f, z), NULL};
}

const struct model_kind model_dvbs = {
    .name = "dvbs",
    .title = "deep variational Bayes smoother",
    .options = dvbs_options,
    .settings_size = sizeof(struct dvbs_settings),
    .parts_size = sizeof(struct dvbs),
    .check = dvbs_check,
    .declare = dvbs_declare,
    .loss = dvbs_loss,
    .infer = dvbs_infer,
    .carry_rows = dvbs_carry_rows,
    .step = dvbs_step,
    .decode = dvbs_decode,
    .start = dvbs_start,
};
