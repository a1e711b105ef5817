/* The Kalman VAE (Fraccaro et al. 2017).
 *
 * Generative: decoder p(x_t|a_t), a_t ~ N(C_t z_t, R), z_t ~ N(A_t z_{t−1} + B_t u_{t−1}, Q), Q and R diagonal and global. A_t, B_t, C_t
 * are mixed from K base matrices by α_t = softmax(W h_{t−1} + b), where h_{t−1} is the hidden state of an LSTM that has read a_0 (learned),
 * a_1, …, a_{t−1}.
 * Recognition: encoder q(a_t|x_t); given samples of a the model is linear and Gaussian, so p(z|a) is exact: Kalman filter and smoother.
 *
 * A rollout has no frames: there a_t = C_t z_t is what the LSTM reads, and so is C_t m⁻_t where a step was not observed. */
#include "model/parts.h"

#include <math.h>

/* ---- settings and parameters ---- */

struct kvae_settings {
    struct model_settings common;
    int aux;                  /* Da */
    int bases, units;         /* K; hidden units of the LSTM */
    double base_spread;       /* A⁽ᵏ⁾ = I + spread·randn, C⁽ᵏ⁾ = [I 0] + spread·randn, B⁽ᵏ⁾ = spread·randn */
    double base_decay;        /* pull of A⁽ᵏ⁾ towards I, see struct param */
    double measurement_decay; /* pull of C⁽ᵏ⁾ towards [I 0] */
    double rate;              /* factor on the learning rate of LSTM and base matrices */
    double variance;          /* start of Q and R */
};

#define AT(member) offsetof(struct kvae_settings, member)
static const struct option_row kvae_options[] = {
    {"aux", 'a', OPT_INT, AT(aux), "2", 1, 64, NULL, "N", "size of the auxiliary variable a, what one frame shows"},
    {"bases", 'K', OPT_INT, AT(bases), "8", 1, 4096, NULL, "N", "base matrices that transition, control and measurement are mixed from"},
    {"lstm-units", 0, OPT_INT, AT(units), "32", 1, 4096, NULL, "N", "units of the LSTM that mixes them"},
    {"base-spread", 0, OPT_REAL, AT(base_spread), "0.05", 0, 10, NULL, "S",
     "standard deviation of the base matrices' start around identity (A), 0 (B) and the first rows of an identity (C)"},
    {"base-decay", 0, OPT_REAL, AT(base_decay), "0", 0, 1000, NULL, "D",
     "pull of A's base matrices towards the identity: share lost an update, over the learning rate"},
    {"measurement-decay", 0, OPT_REAL, AT(measurement_decay), "0", 0, 1000, NULL, "D",
     "the same pull of C's towards the first rows of an identity"},
    {"dynamics-rate", 0, OPT_REAL, AT(rate), "1", 0, 1000, NULL, "F", "factor on the learning rate of LSTM and base matrices"},
    {"start-variance", 0, OPT_REAL, AT(variance), "0.01", 1e-8, 1e4, NULL, "V", "process and measurement noise at the start of training"},
    {0},
};

struct kvae {
    int dz, da, du;
    struct coder coder;
    struct lstm lstm;
    struct prior prior;
    int first_aux;                  /* a_0, da×1 */
    int mix_weight, mix_bias;       /* W K×units, b K×1 */
    int A, B, C;                    /* A − I (dz·dz)×K, (dz·du)×K (-1 without controls), C − [I 0] (da·dz)×K */
    int log_Q, log_R;               /* dz×1, da×1 */
    int first_mean, first_log_var;  /* dz×1: the filter's start with the hierarchical prior; -1 with the normal one */
    struct calibration calibration; /* of beliefs made from q's means */
};

static int kvae_check(const void *settings, int dx, int du, struct error *e)
{
    const struct kvae_settings *s = settings;
    (void)dx, (void)du;
    if (s->aux > s->common.latent)
        return error_set(e, DSSM_USAGE, "--aux: expected at most the latent size %d, got %d", s->common.latent, s->aux);
    return DSSM_OK;
}

static int bases_add(struct params *p, const char *name, int rows, const struct kvae_settings *s, double decay, uint64_t seed)
{
    int index = params_add(p, name, rows, s->bases, GROUP_PSI, s->rate);
    params_normal(p, index, seed, 0, s->base_spread);
    p->entry[index].decay = decay;
    return index;
}

static int log_variance_add(struct params *p, const char *name, int rows, double variance)
{
    int index = params_add(p, name, rows, 1, GROUP_PSI, 10);
    params_fill(p, index, log(variance));
    return index;
}

static void kvae_declare(struct model *m, uint64_t seed)
{
    const struct kvae_settings *s = m->settings;
    struct kvae *k = m->parts;
    struct params *p = &m->params;
    *k = (struct kvae){.dz = s->common.latent, .da = s->aux, .du = m->du, .B = -1, .first_mean = -1, .first_log_var = -1};
    k->coder = coder_declare(m, k->da, k->da, seed);
    k->first_aux = params_add(p, "lstm.first_input", k->da, 1, GROUP_PSI, s->rate);
    k->lstm = lstm_declare(p, "lstm", k->da, s->units, GROUP_PSI, s->rate, seed);
    k->mix_weight = params_add(p, "mix.weight", s->bases, s->units, GROUP_PSI, s->rate);
    k->mix_bias = params_add(p, "mix.bias", s->bases, 1, GROUP_PSI, s->rate);
    params_glorot(p, k->mix_weight, seed);
    k->A = bases_add(p, "bases.A_minus_I", k->dz * k->dz, s, s->base_decay, seed);
    if (k->du > 0)
        k->B = bases_add(p, "bases.B", k->dz * k->du, s, 0, seed);
    k->C = bases_add(p, "bases.C_minus_I", k->da * k->dz, s, s->measurement_decay, seed);
    k->log_Q = log_variance_add(p, "log_Q", k->dz, s->variance);
    k->log_R = log_variance_add(p, "log_R", k->da, s->variance);
    if (s->common.prior == PRIOR_VHP) {
        k->first_mean = params_add(p, "first.mean", k->dz, 1, GROUP_PHI, 1);
        k->first_log_var = params_add(p, "first.log_variance", k->dz, 1, GROUP_PHI, 10);
    }
    k->calibration = calibration_declare(p, k->dz, k->da);
    k->prior = prior_declare(p, &s->common, seed);
}

static var *variance_of(struct tape *t, int log_variance)
{
    return shift(t, v_exp(t, param(t, log_variance)), VARIANCE_FLOOR);
}

/* ---- memory and matrices ---- */

/* The matrices of L steps. */
struct dynamics {
    var *A, *push, *C; /* (dz·dz)×L; B u, dz×L, NULL without controls; (da·dz)×L */
};

/* [I 0], da×dz, as one column. */
static var *first_rows(struct tape *t, const struct kvae *k)
{
    var *H = filled(t, k->da * k->dz, 1, 0);
    for (int i = 0; i < k->da; i++)
        H->v[i * k->dz + i] = 1;
    return H;
}

/* α_t of L steps, K×L, given the LSTM's states before them (2·units×L). */
static var *mixture(struct tape *t, const struct kvae *k, var *memory)
{
    var *h = rows_of(t, memory, 0, k->lstm.units);
    return softmax(t, dense(t, param(t, k->mix_weight), param(t, k->mix_bias), h, ACT_NONE));
}

static var *measurement(struct tape *t, const struct kvae *k, var *alpha)
{
    return add_rows(t, matmul(t, param(t, k->C), alpha), first_rows(t, k));
}

/* The matrices of L steps, with the controls u that act into them (du×L; NULL: none does). */
static struct dynamics dynamics_of(struct tape *t, const struct kvae *k, var *memory, var *u)
{
    var *alpha = mixture(t, k, memory);
    struct dynamics d = {.C = measurement(t, k, alpha)};
    d.A = add_diag(t, matmul(t, param(t, k->A), alpha), filled(t, k->dz, 1, 1), k->dz);
    if (u)
        d.push = mat_vec(t, matmul(t, param(t, k->B), alpha), u);
    return d;
}

static struct dynamics dynamics_step(struct tape *t, const struct dynamics *all, int step, int B)
{
    return (struct dynamics){step_of(t, all->A, step, B), all->push ? step_of(t, all->push, step, B) : NULL, step_of(t, all->C, step, B)};
}

/* Where alive (1×L; NULL: everywhere) is 0 nothing moves: A = I and no push. */
static struct dynamics stand_still(struct tape *t, const struct kvae *k, struct dynamics d, var *alive)
{
    if (!alive)
        return d;
    var *unit = diag_matrix(t, filled(t, k->dz, alive->lanes, 1));
    return (struct dynamics){choose(t, alive, d.A, unit), d.push ? mul_lanes(t, d.push, alive) : NULL, d.C};
}

/* The LSTM's state before the first step: it has read a_0. */
static var *first_memory(struct tape *t, const struct kvae *k, int lanes)
{
    return lstm_step(t, &k->lstm, filled(t, 2 * k->lstm.units, lanes, 0), spread(t, param(t, k->first_aux), lanes));
}

/* ---- filter and smoother ---- */

/* What is known of a batch's steps, T·B lanes side by side each. */
struct pass {
    struct belief predicted, filtered; /* of z_t given a_1..a_{t−1}, and a_t too */
    struct dynamics at;                /* push is not kept */
    var *Q;                            /* dz×(T·B) */
    var *R;                            /* da×1 */
    var *memory;                       /* the LSTM's states before each step */
    var *fed;                          /* what it reads after them: a_t, or C_t m⁻_t where nothing was observed; da×(T·B) */
    var *last;                         /* its state after the last step, 2·units×B */
};

/* What a pass that goes on knows of the steps before; without values at a beginning. */
struct past {
    struct belief z;
    var *memory, *push;
};

static int kvae_carry_rows(const struct model *m)
{
    const struct kvae *k = m->parts;
    return k->dz + k->dz * k->dz + 2 * k->lstm.units + k->du;
}

static struct past past_of(struct tape *t, const struct kvae *k, const struct carry *c)
{
    int nn = k->dz * k->dz, units = 2 * k->lstm.units;
    if (!c || c->steps == 0)
        return (struct past){0};
    return (struct past){{carry_get(t, c, 0, k->dz), carry_get(t, c, k->dz, nn)},
                         carry_get(t, c, k->dz + nn, units),
                         carry_get(t, c, k->dz + nn + units, k->du)};
}

static void keep_carry(struct tape *t, struct carry *c, const struct pass *pass, const struct batch *b)
{
    int row = carry_put(c, 0, step_of(t, pass->filtered.mean, b->T - 1, b->B));
    row = carry_put(c, row, step_of(t, pass->filtered.cov, b->T - 1, b->B));
    carry_end(c, carry_put(c, row, pass->last), b);
}

/* The learned Gaussian that the filter starts from with the hierarchical prior, for any number of lanes. */
static struct gauss first_gauss(struct tape *t, const struct kvae *k, int lanes)
{
    return (struct gauss){spread(t, param(t, k->first_mean), lanes), spread(t, variance_of(t, k->first_log_var), lanes)};
}

/* The belief before the first frame. c: NULL, or what changes where a are q's means; so below. */
static struct belief first_belief(struct tape *t, const struct kvae *k, const struct calibration *c, int lanes)
{
    struct gauss g = {filled(t, k->dz, lanes, 0), filled(t, k->dz, lanes, 1)};
    if (k->prior.kind == PRIOR_VHP)
        g = first_gauss(t, k, lanes);
    g = calibrated_first(t, c, g);
    return (struct belief){g.mean, diag_matrix(t, g.variance)};
}

/* Is a step unobserved that exists? */
static bool some_missing(const struct batch *b)
{
    for (int i = 0; i < b->T * b->B && !b->all_seen; i++)
        if (b->seen[i] == 0 && b->alive[i] == 1)
            return true;
    return false;
}

/* What a filter notes at each step, to be laid side by side. */
enum series { PREDICTED_MEAN, PREDICTED_COV, FILTERED_MEAN, FILTERED_COV, MEMORY, FED, A, C, SERIES };

/* A filter on its way through the steps. */
struct walk {
    const struct kvae *k;
    const struct batch *b;
    var *a, *u;         /* samples from the encoder; controls that act into each step, or NULL */
    var *seen, *alive;  /* NULL: all are */
    bool reads_ahead;   /* everything that the LSTM reads was observed: its states and all matrices are there beforehand */
    struct dynamics at; /* then: of all steps */
    var *memory;        /* else: the LSTM's state before the step at hand */
    var **noted[SERIES];
};

static void note(struct walk *w, int step, enum series what, var *value)
{
    w->noted[what][step] = value;
}

static void note_belief(struct walk *w, int step, enum series mean, enum series cov, struct belief z)
{
    note(w, step, mean, z.mean);
    note(w, step, cov, z.cov);
}

static var *noted(struct tape *t, const struct walk *w, enum series what)
{
    return stack_lanes(t, w->b->T, w->noted[what]);
}

static var *step_or_null(struct tape *t, var *all, int step, int B)
{
    return all ? step_of(t, all, step, B) : NULL;
}

static void read_ahead(struct tape *t, struct walk *w, struct pass *pass)
{
    int T = w->b->T, B = w->b->B;
    var *after = lstm_run(t, &w->k->lstm, w->a, w->memory, T, B, w->alive, FORWARD);
    pass->memory = T == 1 ? w->memory : stack_lanes(t, 2, (var *const[]){w->memory, lanes_of(t, after, 0, (T - 1) * B)});
    pass->last = step_of(t, after, T - 1, B);
    pass->fed = w->a;
    pass->at = w->at = stand_still(t, w->k, dynamics_of(t, w->k, pass->memory, w->u), w->alive);
}

static struct dynamics matrices_of_step(struct tape *t, const struct walk *w, int s)
{
    int B = w->b->B;
    if (w->reads_ahead)
        return dynamics_step(t, &w->at, s, B);
    return stand_still(t, w->k, dynamics_of(t, w->k, w->memory, step_or_null(t, w->u, s, B)), step_or_null(t, w->alive, s, B));
}

/* The LSTM reads step s: what was observed, else what the filter expected. */
static void read_step(struct tape *t, struct walk *w, int s, const struct dynamics *d, struct belief predicted)
{
    if (w->reads_ahead)
        return;
    int B = w->b->B;
    var *fed = choose(t, step_of(t, w->seen, s, B), step_of(t, w->a, s, B), mat_vec(t, d->C, predicted.mean));
    var *after = lstm_step(t, &w->k->lstm, w->memory, fed);
    note(w, s, MEMORY, w->memory);
    note(w, s, FED, fed);
    note(w, s, A, d->A);
    note(w, s, C, d->C);
    w->memory = w->alive ? choose(t, step_of(t, w->alive, s, B), after, w->memory) : after;
}

static void finish(struct tape *t, const struct walk *w, struct pass *pass)
{
    pass->predicted = (struct belief){noted(t, w, PREDICTED_MEAN), noted(t, w, PREDICTED_COV)};
    pass->filtered = (struct belief){noted(t, w, FILTERED_MEAN), noted(t, w, FILTERED_COV)};
    if (w->reads_ahead)
        return;
    pass->memory = noted(t, w, MEMORY);
    pass->fed = noted(t, w, FED);
    pass->last = w->memory;
    pass->at = (struct dynamics){.A = noted(t, w, A), .C = noted(t, w, C)};
}

static struct walk walk_new(struct tape *t, const struct kvae *k, const struct batch *b, var *a, const struct past *past)
{
    int lanes = b->T * b->B;
    struct walk w = {.k = k, .b = b, .a = a, .u = controls_before(t, b, past->push), .reads_ahead = !some_missing(b)};
    w.seen = b->all_seen ? NULL : batch_value(t, b->seen, 1, lanes);
    w.alive = some_ended(b, b->T - 1) ? batch_value(t, b->alive, 1, lanes) : NULL;
    w.memory = past->memory ? past->memory : first_memory(t, k, b->B);
    for (int i = 0; i < SERIES; i++)
        w.noted[i] = tape_alloc(t, sizeof(var *) * (size_t)b->T);
    return w;
}

static struct pass run_filter(const struct model *m, struct tape *t, const struct batch *b, var *a, const struct calibration *c,
                              struct past past)
{
    const struct kvae *k = m->parts;
    int T = b->T, B = b->B;
    struct walk w = walk_new(t, k, b, a, &past);
    struct pass pass = {.R = calibrated_R(t, c, variance_of(t, k->log_R)),
                        .Q = spread(t, calibrated_Q(t, c, variance_of(t, k->log_Q)), T * B)};
    struct belief z = past.memory ? past.z : first_belief(t, k, c, B);
    if (w.alive)
        pass.Q = mul_lanes(t, pass.Q, w.alive);
    if (w.reads_ahead)
        read_ahead(t, &w, &pass);
    for (int s = 0; s < T; s++) {
        struct dynamics d = matrices_of_step(t, &w, s);
        if (s > 0 || past.memory)
            z = kalman_predict(t, z, d.A, d.push, step_of(t, pass.Q, s, B));
        note_belief(&w, s, PREDICTED_MEAN, PREDICTED_COV, z);
        read_step(t, &w, s, &d, z);
        z = kalman_update(t, z, step_of(t, a, s, B), d.C, pass.R, step_or_null(t, w.seen, s, B));
        note_belief(&w, s, FILTERED_MEAN, FILTERED_COV, z);
    }
    finish(t, &w, &pass);
    return pass;
}

static struct belief run_smoother(struct tape *t, const struct pass *pass, const struct batch *b)
{
    int B = b->B, rest = (b->T - 1) * B;
    if (rest == 0)
        return pass->filtered;
    struct belief predicted = {lanes_of(t, pass->predicted.mean, B, rest), lanes_of(t, pass->predicted.cov, B, rest)};
    return smooth_batch(t, pass->filtered, predicted, lanes_of(t, pass->at.A, B, rest), lanes_of(t, pass->Q, B, rest), b);
}

/* ---- the bound ---- */

/* Σ_t KL(q(a_t|x_t) ‖ p(a_t|a_1..a_{t−1})) over observed steps, the samples before it given: the filter's innovations say that a_t is
 * N(C_t m⁻_t, C_t P⁻_t C_tᵀ + R) → 1×B */
static var *innovation_rate(struct tape *t, const struct kvae *k, const struct pass *pass, const struct batch *b, struct gauss q)
{
    var *S = add_diag(t, sandwich(t, pass->at.C, pass->predicted.cov, k->da, k->dz), pass->R, k->da);
    var *kl =
        kl_full(t, q.mean, diag_matrix(t, v_sqrt(t, q.variance)), mat_vec(t, pass->at.C, pass->predicted.mean), chol(t, S, k->da), k->da);
    if (!b->all_seen)
        kl = mul_lanes(t, kl, batch_value(t, b->seen, 1, b->T * b->B));
    return sum_steps(t, kl, b->T);
}

/* The filter's start is not the prior: ln N(z_1; m_1, P_1) − F_VHP(z_1), of a sample of the smoothed z_1 → 1×B */
static var *initial_rate(const struct model *m, struct tape *t, const struct pass *pass, const struct batch *b, const struct noise *n)
{
    const struct kvae *k = m->parts;
    struct belief z = belief_step(t, run_smoother(t, pass, b), 0, b->B);
    var *noise = noise_steps(t, n, NOISE_STATE, b, k->dz, 0, 1), *z1 = z.mean;
    if (noise)
        z1 = sample_full(t, z.mean, chol(t, z.cov, k->dz), noise);
    return sub(t, log_normal(t, z1, first_gauss(t, k, b->B)), prior_log_density(t, &k->prior, z1, b, n));
}

static struct loss kvae_loss(const struct model *m, struct tape *t, const struct batch *b, const struct noise *n)
{
    const struct kvae *k = m->parts;
    int T = b->T, B = b->B;
    struct gauss q = coder_encode(t, &k->coder, batch_value(t, b->x, b->dx, T * B));
    var *a = sample_diag(t, q, noise_steps(t, n, NOISE_AUX, b, k->da, 0, T));
    struct pass pass = run_filter(m, t, b, a, NULL, (struct past){0});
    var *rate = innovation_rate(t, k, &pass, b, q);
    if (k->prior.kind == PRIOR_VHP)
        rate = add(t, rate, initial_rate(m, t, &pass, b, n));
    return (struct loss){coder_distortion(t, m, b, coder_decode(t, &k->coder, a)), rate};
}

/* ---- use ----
 *
 * A belief's memory is the LSTM's state before its step (2·units), the a_t that it reads next (da), and 1 if that is known, 0 if it is
 * C_t z_t. So it stays right whatever z_t is drawn from the belief. */

static int kvae_memory_rows(const struct model *m)
{
    const struct kvae *k = m->parts;
    return 2 * k->lstm.units + k->da + 1;
}

/* Behind a sequence's end, the memory of its last step (in place: these are numbers that nobody differentiates). */
static void hold_memory(var *memory, const struct batch *b)
{
    for (int s = 1; s < b->T; s++)
        for (int l = s * b->B; l < (s + 1) * b->B; l++)
            for (int i = 0; b->alive[l] == 0 && i < memory->rows; i++)
                memory->v[(size_t)i * (size_t)memory->ld + (size_t)l] = memory->v[(size_t)i * (size_t)memory->ld + (size_t)(l - b->B)];
}

static struct inferred kvae_infer(const struct model *m, struct tape *t, const struct batch *b, const struct noise *n, enum inference how,
                                  struct carry *carry)
{
    const struct kvae *k = m->parts;
    struct gauss q = coder_encode(t, &k->coder, batch_value(t, b->x, b->dx, b->T * b->B));
    var *a = sample_diag(t, q, noise_steps(t, n, NOISE_AUX, b, k->da, 0, b->T));
    struct pass pass = run_filter(m, t, b, a, n->off ? &k->calibration : NULL, past_of(t, k, carry));
    struct belief z = how == INFER_SMOOTHED ? run_smoother(t, &pass, b) : pass.filtered;
    var *memory = stack_rows(t, 3, (var *const[]){pass.memory, pass.fed, filled(t, 1, b->T * b->B, 1)});
    hold_memory(memory, b);
    if (carry)
        keep_carry(t, carry, &pass, b);
    return (struct inferred){z.mean, z.cov, memory};
}

static struct loss kvae_surprise(const struct model *m, struct tape *t, const struct batch *b, const struct noise *n)
{
    (void)n;
    const struct kvae *k = m->parts;
    var *a = coder_encode(t, &k->coder, batch_value(t, b->x, b->dx, b->T * b->B)).mean;
    struct pass pass = run_filter(m, t, b, a, &k->calibration, (struct past){0});
    return surprise_of_batch(t, b, pass.predicted, a, pass.at.C, pass.R);
}

/* a_t = C_t z_t */
static var *aux_of(struct tape *t, const struct kvae *k, struct latent now)
{
    return mat_vec(t, measurement(t, k, mixture(t, k, now.memory)), now.z);
}

static struct gauss kvae_step(const struct model *m, struct tape *t, struct latent now, var *u, var **memory)
{
    const struct kvae *k = m->parts;
    int units = 2 * k->lstm.units, L = now.z->lanes;
    var *state = rows_of(t, now.memory, 0, units), *read = rows_of(t, now.memory, units, k->da);
    var *known = rows_of(t, now.memory, units + k->da, 1);
    var *after = lstm_step(t, &k->lstm, state, choose(t, known, read, aux_of(t, k, now)));
    struct dynamics d = dynamics_of(t, k, after, u);
    var *mean = mat_vec(t, d.A, now.z);
    *memory = stack_rows(t, 2, (var *const[]){after, filled(t, k->da + 1, L, 0)});
    return (struct gauss){d.push ? add(t, mean, d.push) : mean, spread(t, variance_of(t, k->log_Q), L)};
}

static var *kvae_decode(const struct model *m, struct tape *t, struct latent now)
{
    const struct kvae *k = m->parts;
    return coder_decode(t, &k->coder, aux_of(t, k, now));
}

static struct latent kvae_start(const struct model *m, struct tape *t, const struct batch *b, const struct noise *n)
{
    const struct kvae *k = m->parts;
    var *memory = stack_rows(t, 2, (var *const[]){first_memory(t, k, b->B), filled(t, k->da + 1, b->B, 0)});
    return (struct latent){prior_sample(t, &k->prior, b, n), memory};
}

const struct model_kind model_kvae = {
    .name = "kvae",
    .title = "Kalman VAE",
    .options = kvae_options,
    .settings_size = sizeof(struct kvae_settings),
    .parts_size = sizeof(struct kvae),
    .check = kvae_check,
    .declare = kvae_declare,
    .loss = kvae_loss,
    .surprise = kvae_surprise,
    .infer = kvae_infer,
    .memory_rows = kvae_memory_rows,
    .carry_rows = kvae_carry_rows,
    .step = kvae_step,
    .decode = kvae_decode,
    .start = kvae_start,
};
