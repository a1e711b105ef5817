/* The extended Kalman VAE (Klushyn et al. 2021, section 4).
 *
 * Generative: decoder p(x_t|a_t), a_t ~ N(H z_t, R) with H = [I 0] and R diagonal, locally linear transition (9, 10).
 * Recognition: encoder q(a_t|x_t); with samples a_t as pseudo-observations, an extended Kalman filter and smoother whose
 * F, B, Q are those of the transition at the filtered mean (13). With points on circles a chart stands between coders and a (chart.c):
 * q(a|x), R and the noise of the positions are diagonal in the coders' numbers, and go through it; the decoder sees what it undoes. */
#include "model/parts.h"

#include <math.h>

/* ---- settings and parameters ---- */

struct ekvae_settings {
    struct model_settings common;
    int aux; /* Da */
    struct transition_settings transition;
    struct push_settings push;
    double first_variance; /* before the first frame, of what no frame shows, held; 0: learned */
    int passes;            /* of the smoother in use */
};

#define AT(member) offsetof(struct ekvae_settings, member)
static const struct option_row ekvae_options[] = {
    {"aux", 'a', OPT_INT, AT(aux), "2", 1, 64, NULL, "N", "size of the auxiliary variable a, the part of z that one frame shows"},
    TRANSITION_ROWS(AT(transition), "64", "no", "1", "2", "process and measurement noise"),
    {"push", 0, OPT_REAL, AT(push.strength), "0", -100, 100, NULL, "B",
     "what the last control adds to the last dimension of a at the start, which so becomes the one that this control moves; with "
     "--initial-phase coders it stays till the bound is met"},
    {"push-variance", 0, OPT_REAL, AT(push.variance), "0.002", 1e-8, 1e4, NULL, "V",
     "process noise at the start of that dimension, if it is pushed; with motors of the last one's position and velocity"},
    {"first-variance", 0, OPT_REAL, AT(first_variance), "0", 0, 1e8, NULL, "V",
     "variance that the belief before the first frame has of what no frame shows, held, so that frames and controls tell the first "
     "velocities (of what a frame shows it is 100: for data whose first frames are seen); 0: learned, from 1"},
    {"passes", 0, OPT_INT, AT(passes), "1", 1, 100, NULL, "N",
     "how often smoothed beliefs (filtered ones are not) are made when the model is used: from the second time on with the transition "
     "at the states that the time before found, not at filtered means, which know least where a sequence begins; the bound has those "
     "of the first"},
    {"circles", 0, OPT_INT, AT(transition.circles), "0", 0, 31, NULL, "N",
     "the first N pairs of the positions are points on circles, which a velocity turns; the others are on lines"},
    {"motors", 0, OPT_REAL, AT(transition.motors), "0", 0, 1000, NULL, "G",
     "each control is a motor of its own coordinate, and each coordinate damped: motors, drags and forces move an inertia, in place of "
     "base matrices; G: by how much a control of 1 moves its coordinate in a step at the start; 0: no motors"},
    {"substeps", 0, OPT_INT, AT(transition.substeps), "1", 1, 100, NULL, "N",
     "steps of motors between two frames, of which the positions follow each: those of the simulator, or so many that a step is short"},
    {"stops", 0, OPT_REAL, AT(transition.stops), "0", 0, 1e6, NULL, "V",
     "motors' coordinates on lines have stops, at ±V at the start, beyond which they are pushed back, as a joint has that cannot turn "
     "on; 0: none, but for what drags by the pose can do"},
    {0},
};

struct ekvae {
    int dz, da, passes;
    struct coder coder;
    struct chart chart;
    struct transition transition;
    struct prior prior;
    int log_R, first_mean, first_log_var; /* da×1; belief before the first frame, dz×1 each */
    struct calibration calibration;       /* of beliefs made from q's means */
};

static int ekvae_check(const void *settings, int dx, int du, struct error *e)
{
    const struct ekvae_settings *s = settings;
    (void)dx;
    if (s->aux > s->common.latent)
        return error_set(e, DSSM_USAGE, "--aux: expected at most the latent size %d, got %d", s->common.latent, s->aux);
    if (s->push.strength != 0 && du == 0)
        return error_set(e, DSSM_USAGE, "--push: expected data with controls, got none");
    if (s->push.strength != 0 && s->transition.motors > 0)
        return error_set(e, DSSM_USAGE, "--push: expected no --motors, which push by themselves");
    if (s->transition.substeps > 1 && s->transition.motors == 0)
        return error_set(e, DSSM_USAGE, "--substeps: expected --motors, whose steps they are");
    if (s->push.strength != 0 && s->transition.positions > 0)
        return error_set(e, DSSM_USAGE, "--push: expected no --positions, which controls do not move");
    if (s->first_variance > 0 && s->aux == s->common.latent)
        return error_set(e, DSSM_USAGE, "--first-variance: expected --aux below the latent size %d: one frame shows all of z", s->aux);
    int code = transition_check(&s->transition, s->common.latent, du, e);
    if (code == DSSM_OK && s->transition.circles > 0 && s->aux != s->transition.positions)
        return error_set(e, DSSM_USAGE, "--circles: expected --aux to be the number of positions, %d, got %d", s->transition.positions,
                         s->aux);
    return code;
}

/* Of what a frame shows, before the first one, where that belief is held: so wide that the frame alone tells, a's own size being some 1
 * to 10. */
static const double FIRST_WIDE = 100;

/* Variances of the belief before the first frame: learned, or held. */
static int first_variance_declare(struct model *m, const struct ekvae_settings *s)
{
    int n = s->common.latent, index = params_add(&m->params, "first.log_variance", n, 1, s->first_variance > 0 ? 0 : GROUP_PHI, 10);
    for (int i = 0; i < n && s->first_variance > 0; i++)
        params_value(&m->params, index)[i] = (real)log(i < s->aux ? FIRST_WIDE : s->first_variance);
    return index;
}

static void ekvae_declare(struct model *m, uint64_t seed)
{
    const struct ekvae_settings *s = m->settings;
    struct ekvae *k = m->parts;
    k->dz = s->common.latent;
    k->da = s->aux;
    k->passes = s->passes;
    k->coder = coder_declare(m, k->da, k->da, seed);
    k->chart = chart_declare(&m->params, s->transition.circles, k->da - 2 * s->transition.circles, seed);
    k->first_mean = params_add(&m->params, "first.mean", k->dz, 1, GROUP_PHI, 1);
    k->first_log_var = first_variance_declare(m, s);
    k->transition = transition_declare(&m->params, k->dz, m->du, &s->transition, seed);
    if (s->push.strength != 0)
        transition_push(&m->params, &k->transition, m->du - 1, k->da - 1, &s->push);
    if (s->transition.motors > 0) { /* the last motor's coordinate is the quiet one */
        transition_quiet(&m->params, &k->transition, s->transition.positions - 1, s->push.variance);
        transition_quiet(&m->params, &k->transition, k->dz - 1, s->push.variance);
    }
    k->log_R = params_add(&m->params, "log_R", k->da, 1, GROUP_PSI, 10);
    params_fill(&m->params, k->log_R, log(s->transition.variance));
    k->calibration = calibration_declare(&m->params, k->dz, k->da);
    k->prior = prior_declare(&m->params, &s->common, seed);
}

/* ---- between frames and auxiliary variables ---- */

/* What frames tell, T·B lanes. With a chart both noises are those of the coders' numbers, taken through it as if it were linear near q's
 * mean, and are full then: p(a|z) is a density as far as the chart is straight within its noise. */
struct recognised {
    struct gauss coder; /* of the coders' numbers */
    struct gauss q;     /* q(a|x) */
    var *R;             /* noise of a: da×1, or (da·da)×(T·B) */
};

static struct recognised recognised(struct tape *t, const struct ekvae *k, const struct calibration *c, var *x)
{
    struct gauss q = coder_encode(t, &k->coder, x);
    var *R = calibrated_R(t, c, shift(t, v_exp(t, param(t, k->log_R)), VARIANCE_FLOOR));
    if (k->chart.circles == 0)
        return (struct recognised){q, q, R};
    var *mean = chart_apply(t, &k->chart, q.mean), *J = chart_slope(t, &k->chart, mean);
    struct gauss through = {mean, sandwich_diag(t, J, q.variance, k->da, k->da)};
    return (struct recognised){q, through, sandwich_diag(t, J, R, k->da, k->da)};
}

/* The transition, whose noise with a chart acts on what the coders see of the positions. */
static struct transition_at moved(struct tape *t, const struct ekvae *k, var *z, var *u)
{
    struct transition_at at = transition_apply(t, &k->transition, z, u);
    if (k->chart.circles > 0)
        at.J = chart_slope(t, &k->chart, rows_of(t, transition_mean(t, &at, z), 0, k->da));
    return at;
}

/* ---- filter and smoother ---- */

/* The filter's results for all steps, side by side, with what the smoother needs of steps 2..T. */
struct filter_pass {
    struct belief filtered;  /* T·B lanes */
    struct belief predicted; /* (T−1)·B lanes, of steps 2..T */
    var *F, *Q;              /* likewise */
};

/* What a filter is given. */
struct given {
    var *a, *R;                  /* what frames tell, da×(T·B), and its noise as in struct recognised */
    const struct calibration *c; /* what changes where a are q's means; NULL: a are samples */
    var *at;                     /* states that the transition is taken at, dz×(T·B); NULL: the filtered means */
};

static struct belief first_belief(struct tape *t, const struct ekvae *k, const struct calibration *c, int lanes)
{
    struct gauss first = {param(t, k->first_mean), shift(t, v_exp(t, param(t, k->first_log_var)), VARIANCE_FLOOR)};
    first = calibrated_first(t, c, first);
    return (struct belief){spread(t, first.mean, lanes), diag_matrix(t, spread(t, first.variance, lanes))};
}

/* Where a pass goes on from: the belief after the steps that a carry has seen, and the control that acts from there. */
static struct belief carried_belief(struct tape *t, const struct ekvae *k, const struct carry *c, var **push, int du)
{
    int nn = k->dz * k->dz;
    *push = carry_get(t, c, k->dz + nn, du);
    return (struct belief){carry_get(t, c, 0, k->dz), carry_get(t, c, k->dz, nn)};
}

static void keep_carry(struct carry *c, struct belief last, const struct batch *b)
{
    carry_end(c, carry_put(c, carry_put(c, 0, last.mean), last.cov), b);
}

/* H = [I 0], the same for every lane. */
static var *measurement_matrix(struct tape *t, const struct ekvae *k, int lanes)
{
    var *H = filled(t, k->da * k->dz, lanes, 0);
    for (int i = 0; i < k->da; i++)
        for (int l = 0; l < lanes; l++)
            H->v[(size_t)(i * k->dz + i) * (size_t)H->ld + (size_t)l] = 1;
    return H;
}

/* Where a sequence has ended nothing moves any more (F = I, no push, no noise), so that its belief stays that of its last step, and no
 * transition runs away in steps that do not exist. */
static struct transition_at stand_still(struct tape *t, const struct transition_at *at, const struct batch *b, int step, int n)
{
    var *alive = alive_at(t, b, step), *unit = diag_matrix(t, filled(t, n, b->B, 1));
    return (struct transition_at){
        .F = choose(t, alive, at->F, unit), .push = at->push ? mul_lanes(t, at->push, alive) : NULL, .Q = mul_lanes(t, at->Q, alive)};
}

static struct filter_pass run_filter(const struct model *m, struct tape *t, const struct batch *b, const struct given *g,
                                     struct carry *carry)
{
    const struct ekvae *k = m->parts;
    int T = b->T, B = b->B;
    var **mean = tape_alloc(t, sizeof(var *) * (size_t)T * 6), **cov = mean + T, **F = cov + T, **Q = F + T, **pm = Q + T, **pP = pm + T;
    var *H = measurement_matrix(t, k, B);
    var *u = b->u ? batch_value(t, b->u, b->du, T * B) : NULL, *seen = b->all_seen ? NULL : batch_value(t, b->seen, 1, T * B);
    bool goes_on = carry && carry->steps > 0;
    var *push = NULL;
    struct belief z = goes_on ? carried_belief(t, k, carry, &push, m->du) : first_belief(t, k, g->c, B);
    for (int s = 0; s < T; s++) {
        if (s > 0 || goes_on) {
            var *from = g->at && s > 0 ? step_of(t, g->at, s - 1, B) : z.mean;
            struct transition_at at = moved(t, k, from, s > 0 && u ? step_of(t, u, s - 1, B) : push);
            at.Q = calibrated_Q(t, g->c, at.Q);
            at.Q = transition_noise(t, &k->transition, &at);
            if (some_ended(b, s))
                at = stand_still(t, &at, b, s, k->dz);
            z = kalman_predict(t, z, at.F, at.push, at.Q);
            F[s] = at.F, Q[s] = at.Q, pm[s] = z.mean, pP[s] = z.cov;
        }
        var *R = g->R->rows == k->da ? g->R : step_of(t, g->R, s, B);
        z = kalman_update(t, z, step_of(t, g->a, s, B), H, R, seen ? step_of(t, seen, s, B) : NULL);
        mean[s] = z.mean, cov[s] = z.cov;
    }
    if (carry)
        keep_carry(carry, z, b);
    struct filter_pass pass = {.filtered = {stack_lanes(t, T, mean), stack_lanes(t, T, cov)}};
    if (T > 1) {
        pass.predicted = (struct belief){stack_lanes(t, T - 1, pm + 1), stack_lanes(t, T - 1, pP + 1)};
        pass.F = stack_lanes(t, T - 1, F + 1);
        pass.Q = stack_lanes(t, T - 1, Q + 1);
    }
    return pass;
}

static struct belief run_smoother(struct tape *t, const struct filter_pass *pass, const struct batch *b)
{
    return smooth_batch(t, pass->filtered, pass->predicted, pass->F, pass->Q, b);
}

/* As an iterated extended Kalman smoother does (Bell 1994), but with the F of (13), which holds the mixture: no exact step of Newton's. */
static struct belief smooth_again(const struct model *m, struct tape *t, const struct batch *b, struct given g, struct belief z)
{
    const struct ekvae *k = m->parts;
    for (int i = 1; i < k->passes && b->T > 1; i++) {
        g.at = z.mean;
        struct filter_pass pass = run_filter(m, t, b, &g, NULL);
        z = run_smoother(t, &pass, b);
    }
    return z;
}

/* ---- the bound ---- */

/* p(a_t|z_{t−1}, u_{t−1}), t = 2..T, of samples z. */
static struct gauss predicted_aux(struct tape *t, const struct ekvae *k, const struct batch *b, const struct recognised *r, var *z)
{
    int B = b->B, later = (b->T - 1) * B, d = k->da;
    var *from = lanes_of(t, z, 0, later), *u = b->u ? lanes_of(t, batch_value(t, b->u, b->du, b->T * B), 0, later) : NULL;
    struct transition_at at = moved(t, k, from, u);
    var *mean = rows_of(t, transition_mean(t, &at, from), 0, d);
    if (!at.C)
        return (struct gauss){mean, add_rows(t, rows_of(t, at.Q, 0, d), r->R)};
    var *S = block_of(t, transition_noise(t, &k->transition, &at), k->dz, k->dz, 0, 0, d, d);
    return (struct gauss){mean, r->R->rows == d ? add_diag(t, S, r->R, d) : add(t, S, lanes_of(t, r->R, B, later))};
}

/* KL(q(a_t|x_t) ‖ p(a_t|z_{t−1}, u_{t−1})) over all observed steps, the first one against N(H z_1, R) → 1×B. z: samples, dz×(T·B). */
static var *aux_rate(const struct model *m, struct tape *t, const struct batch *b, const struct recognised *r, var *z)
{
    const struct ekvae *k = m->parts;
    int T = b->T, B = b->B, d = k->da;
    struct gauss first = {rows_of(t, step_of(t, z, 0, B), 0, d), r->R->rows == d ? spread(t, r->R, B) : step_of(t, r->R, 0, B)};
    var *kl = gauss_kl(t, gauss_step(t, r->q, 0, B), first);
    if (T > 1) {
        var *later = gauss_kl(t, gauss_lanes(t, r->q, B, (T - 1) * B), predicted_aux(t, k, b, r, z));
        kl = stack_lanes(t, 2, (var *const[]){kl, later});
    }
    if (!b->all_seen)
        kl = mul_lanes(t, kl, batch_value(t, b->seen, 1, T * B));
    return sum_steps(t, kl, T);
}

/* Σ_t KL(smoothed_{t−1} ‖ filtered_{t−1}), t = 2..T, as long as step t exists → 1×B */
static var *smoothing_rate(struct tape *t, const struct batch *b, struct belief filtered, var *smoothed_mean, var *smoothed_chol, int n)
{
    int before = (b->T - 1) * b->B;
    var *L = chol(t, lanes_of(t, filtered.cov, 0, before), n);
    var *kl = kl_full(t, lanes_of(t, smoothed_mean, 0, before), lanes_of(t, smoothed_chol, 0, before),
                      lanes_of(t, filtered.mean, 0, before), L, n);
    if (!b->all_seen)
        kl = mul_lanes(t, kl, lanes_of(t, batch_value(t, b->alive, 1, b->T * b->B), b->B, before));
    return sum_steps(t, kl, b->T - 1);
}

/* E[ln q(z_1)] − ln p(z_1): closed form against the standard normal, else −entropy − F_VHP of the sample → 1×B */
static var *initial_rate(const struct model *m, struct tape *t, const struct batch *b, const struct noise *n, var *mean, var *L, var *z)
{
    const struct ekvae *k = m->parts;
    if (k->prior.kind == PRIOR_NORMAL)
        return kl_full_standard(t, mean, L, k->dz);
    return scale(t, add(t, entropy_full(t, L, k->dz), prior_log_density(t, &k->prior, z, b, n)), -1);
}

static struct loss ekvae_loss(const struct model *m, struct tape *t, const struct batch *b, const struct noise *n)
{
    const struct ekvae *k = m->parts;
    int T = b->T, B = b->B;
    struct recognised r = recognised(t, k, NULL, batch_value(t, b->x, b->dx, T * B));
    var *coder = sample_diag(t, r.coder, noise_steps(t, n, NOISE_AUX, b, k->da, 0, T));
    struct given g = {.a = chart_apply(t, &k->chart, coder), .R = r.R};
    struct filter_pass pass = run_filter(m, t, b, &g, NULL);
    bool smooths = !model_settings(m)->filter;
    struct belief state = smooths ? run_smoother(t, &pass, b) : pass.filtered;
    var *L = chol(t, state.cov, k->dz);
    var *z = sample_full(t, state.mean, L, noise_steps(t, n, NOISE_STATE, b, k->dz, 0, T));
    var *rate =
        add(t, aux_rate(m, t, b, &r, z), initial_rate(m, t, b, n, step_of(t, state.mean, 0, B), step_of(t, L, 0, B), step_of(t, z, 0, B)));
    if (smooths && T > 1)
        rate = add(t, rate, smoothing_rate(t, b, pass.filtered, state.mean, L, k->dz));
    var *distortion =
        distortion_before(t, m, b, &k->transition, coder_distortion(t, m, b, coder_decode(t, &k->coder, coder)), step_of(t, z, 0, B));
    return (struct loss){distortion, rate};
}

/* Where a is the positions and nothing else; with motors that take several steps between frames, the earlier ones' velocities, which moved
 * the positions too, are not told. */
static bool ekvae_reaches_back(const struct model *m)
{
    const struct ekvae *k = m->parts;
    return k->transition.positions > 0 && k->transition.positions == k->da && k->transition.motors.substeps <= 1;
}

/* ---- use ---- */

static struct inferred ekvae_infer(const struct model *m, struct tape *t, const struct batch *b, const struct noise *n, enum inference how,
                                   struct carry *carry)
{
    const struct ekvae *k = m->parts;
    const struct calibration *c = n->off ? &k->calibration : NULL;
    struct recognised r = recognised(t, k, c, batch_value(t, b->x, b->dx, b->T * b->B));
    var *coder = sample_diag(t, r.coder, noise_steps(t, n, NOISE_AUX, b, k->da, 0, b->T));
    struct given g = {.a = chart_apply(t, &k->chart, coder), .R = r.R, .c = c};
    struct filter_pass pass = run_filter(m, t, b, &g, carry);
    struct belief z = how == INFER_SMOOTHED ? smooth_again(m, t, b, g, run_smoother(t, &pass, b)) : pass.filtered;
    return (struct inferred){z.mean, z.cov, NULL};
}

static struct loss ekvae_surprise(const struct model *m, struct tape *t, const struct batch *b, const struct noise *n)
{
    (void)n;
    const struct ekvae *k = m->parts;
    const struct calibration *c = &k->calibration;
    struct recognised r = recognised(t, k, c, batch_value(t, b->x, b->dx, b->T * b->B));
    struct given g = {.a = r.q.mean, .R = r.R, .c = c};
    struct filter_pass pass = run_filter(m, t, b, &g, NULL);
    struct belief z = first_belief(t, k, c, b->B);
    if (b->T > 1)
        z = (struct belief){stack_lanes(t, 2, (var *const[]){z.mean, pass.predicted.mean}),
                            stack_lanes(t, 2, (var *const[]){z.cov, pass.predicted.cov})};
    return surprise_of_batch(t, b, z, r.q.mean, measurement_matrix(t, k, b->T * b->B), r.R);
}

static int ekvae_carry_rows(const struct model *m)
{
    const struct ekvae *k = m->parts;
    return k->dz + k->dz * k->dz + m->du;
}

static struct gauss ekvae_step(const struct model *m, struct tape *t, struct latent now, var *u, var **memory)
{
    const struct ekvae *k = m->parts;
    *memory = NULL;
    struct transition_at at = moved(t, k, now.z, u);
    return (struct gauss){transition_mean(t, &at, now.z), transition_noise(t, &k->transition, &at)};
}

static var *ekvae_encode(const struct model *m, struct tape *t, var *x)
{
    const struct ekvae *k = m->parts;
    return chart_apply(t, &k->chart, coder_encode(t, &k->coder, x).mean);
}

static var *ekvae_decode(const struct model *m, struct tape *t, struct latent now)
{
    const struct ekvae *k = m->parts;
    return coder_decode(t, &k->coder, chart_undo(t, &k->chart, rows_of(t, now.z, 0, k->da)));
}

static struct latent ekvae_start(const struct model *m, struct tape *t, const struct batch *b, const struct noise *n)
{
    const struct ekvae *k = m->parts;
    return (struct latent){prior_sample(t, &k->prior, b, n), NULL};
}

const struct model_kind model_ekvae = {
    .name = "ekvae",
    .title = "extended Kalman VAE",
    .options = ekvae_options,
    .settings_size = sizeof(struct ekvae_settings),
    .parts_size = sizeof(struct ekvae),
    .check = ekvae_check,
    .declare = ekvae_declare,
    .loss = ekvae_loss,
    .surprise = ekvae_surprise,
    .reaches_back = ekvae_reaches_back,
    .infer = ekvae_infer,
    .carry_rows = ekvae_carry_rows,
    .step = ekvae_step,
    .encode = ekvae_encode,
    .decode = ekvae_decode,
    .start = ekvae_start,
};
