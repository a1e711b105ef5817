/* The recurrent state-space model: gradients against differences; path, bound and predictions against plain loops, number by number; and
 * what holds for any model: batches, ends, gaps, online use. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "bound_gradient.h"

enum { DX = 4, UNITS = 3, AHEAD = 2, FEATURES = 4, MOST = 8 };

static const struct noise noisy = {11, 5, false}, off = {11, 5, true};

static void assert_near(const char *what, int at, double got, double expected, double tolerance)
{
    if (!(fabs(got - expected) <= tolerance * fmax(1, fabs(expected))))
        fail_msg("%s, %d: expected %.15g, got %.15g", what, at, expected, got);
}

/* ---- a small model and three sequences ---- */

struct variant {
    int du;
    bool vhp, filter, free;
    int latent;
};

static struct model *tiny(struct variant v)
{
    char json[500];
    snprintf(
        json, sizeof json,
        "{\"encoder\": [5, %d], \"decoder\": [4], \"gru_units\": %d, \"ahead_units\": %d, \"prior_hidden\": [3], \"posterior_hidden\": "
        "[3], \"vhp_hidden\": [3], \"sigma_x2\": 0.1, \"latent\": %d, \"prior\": \"%s\", \"filter\": %s, \"prior_mean\": \"%s\"}",
        FEATURES, UNITS, AHEAD, v.latent ? v.latent : 2, v.vhp ? "vhp" : "normal", v.filter ? "true" : "false", v.free ? "free" : "near");
    struct model *m = fixture_model("rssm", json, DX, v.du, 7);
    for (size_t i = 0; i < m->params.size; i++) /* nothing is 0 or equal by its start */
        m->params.value[i] += (real)(0.3 * fixture_draw(99, 5, (int)i));
    return m;
}

/* All seen and of one length, or with gaps and of unequal lengths: 6, 4 and 5 steps; the second has lost its first frame. */
static void records_open(struct record r[3], int du, bool gaps)
{
    static const char *const masks[] = {"110101", "0110", "11011"};
    for (int i = 0; i < 3; i++) {
        fixture_record(&r[i], i, gaps ? (const int[]){6, 4, 5}[i] : 5, DX, du);
        if (gaps)
            fixture_mask(&r[i], masks[i]);
    }
}

static void records_close(struct record *r, int n)
{
    for (int i = 0; i < n; i++)
        record_clear(&r[i]);
}

static const int all_three[] = {0, 1, 2};

/* ---- gradients ---- */

static void gradient_of(struct variant v, bool gaps, int T)
{
    struct model *m = tiny(v);
    struct record r[3];
    struct batch b;
    const char *name = "";
    int moved;
    records_open(r, v.du, gaps);
    batch_fill(&b, r, all_three, 3, DX, v.du, 0, T > 0 ? T : gaps ? 6 : 5);
    double worst = bound_worst_gradient(m, &b, &noisy, &name, &moved);
    if (!(worst < 1e-5))
        fail_msg("du %d, vhp %d, filter %d, free %d, gaps %d, T %d: %s: error %g", v.du, v.vhp, v.filter, v.free, gaps, T, name, worst);
    if (T == 0)
        assert_int_equal(moved, m->params.size);
    batch_free(&b);
    records_close(r, 3);
    model_free(m);
}

static void whole_gradient(void **state)
{
    (void)state;
    for (int k = 0; k < 8; k++)
        gradient_of((struct variant){1, k & 1, k & 2, k & 1}, k & 4, 0);
}

static void whole_gradient_of_other_shapes(void **state)
{
    (void)state;
    gradient_of((struct variant){0, true, false, true}, true, 0);
    gradient_of((struct variant){2, false, false, false}, false, 1); /* one step: no transition at all */
    gradient_of((struct variant){1, true, true, false}, true, 2);
    gradient_of((struct variant){1, true, false, false, 4}, false, 0);
}

/* A wrong number in one place must show: the gradient of another sequence's noise. */
static void a_fault_is_caught(void **state)
{
    (void)state;
    struct model *m = tiny((struct variant){1, true, false, false});
    struct record r[3];
    struct batch b;
    double expected[2], sum[2], largest = 0;
    records_open(r, 1, false);
    batch_fill(&b, r, all_three, 3, DX, 1, 0, 5);
    real *gradient = xcalloc(m->params.size, sizeof(real));
    b.sequence[1] = 17;
    bound_weighted(m, &b, &noisy, sum, 1, gradient);
    b.sequence[1] = 1;
    for (int i = 0; i < 20; i++) {
        bound_differences(m, &b, &noisy, &m->params.value[i], expected);
        largest = fmax(largest, fabs((double)gradient[i] - expected[1]) / fmax(1, fabs(expected[1])));
    }
    assert_true(largest > 1e-3);
    free(gradient);
    batch_free(&b);
    records_close(r, 3);
    model_free(m);
}

/* ---- the model in plain loops ---- */

static double logistic(double x)
{
    return 1 / (1 + exp(-x));
}

/* y = W x + b, of entries NAME.weight and NAME.bias; returns the rows. */
static int plain_layer(const struct model *m, const char *name, const double *x, double *y, bool squash)
{
    char entry[64];
    snprintf(entry, sizeof entry, "%s.weight", name);
    int index = params_find(&m->params, entry), rows = m->params.entry[index].rows, cols = m->params.entry[index].cols;
    const real *W = params_value(&m->params, index);
    snprintf(entry, sizeof entry, "%s.bias", name);
    const real *b = params_value(&m->params, params_find(&m->params, entry));
    for (int i = 0; i < rows; i++) {
        y[i] = (double)b[i];
        for (int j = 0; j < cols; j++)
            y[i] += (double)W[i * cols + j] * x[j];
        y[i] = squash ? tanh(y[i]) : y[i];
    }
    return rows;
}

/* A perceptron of `layers` layers, all but the last with tanh, the last if `squash`. */
static void plain_net(const struct model *m, const char *name, int layers, bool squash, const double *x, double *y)
{
    double in[32], out[32];
    char layer[64];
    memcpy(in, x, sizeof in);
    for (int i = 0; i < layers; i++) {
        snprintf(layer, sizeof layer, "%s.%d", name, i);
        int rows = plain_layer(m, layer, in, out, i < layers - 1 || squash);
        memcpy(in, out, sizeof(double) * (size_t)rows);
        memcpy(y, out, sizeof(double) * (size_t)rows);
    }
}

struct plain_gauss {
    double mean[MOST], variance[MOST];
};

static struct plain_gauss plain_head(const struct model *m, const char *name, int layers, const double *x, int n)
{
    double in[32] = {0}, out[32];
    struct plain_gauss g;
    memcpy(in, x, sizeof in);
    plain_net(m, name, layers, false, in, out);
    for (int i = 0; i < n; i++) {
        g.mean[i] = out[i];
        g.variance[i] = exp(out[n + i]) + VARIANCE_FLOOR;
    }
    return g;
}

/* h ← GRU(h, x) */
static void plain_gru(const struct model *m, const char *name, int units, const double *x, int inputs, double *h)
{
    char entry[64];
    const real *part[4];
    double sum[3 * MOST], own[3 * MOST], next[MOST];
    for (int i = 0; i < 4; i++) {
        snprintf(entry, sizeof entry, "%s.%c", name, "WUbc"[i]);
        part[i] = params_value(&m->params, params_find(&m->params, entry));
    }
    for (int i = 0; i < 3 * units; i++) {
        sum[i] = (double)part[2][i], own[i] = 0;
        for (int j = 0; j < inputs; j++)
            sum[i] += (double)part[0][i * inputs + j] * x[j];
        for (int j = 0; j < units; j++)
            own[i] += (double)part[1][i * units + j] * h[j];
    }
    for (int i = 0; i < units; i++) {
        double r = logistic(sum[i] + own[i]), u = logistic(sum[units + i] + own[units + i]);
        double fresh = tanh(sum[2 * units + i] + r * (own[2 * units + i] + (double)part[3][i]));
        next[i] = (1 - u) * fresh + u * h[i];
    }
    memcpy(h, next, sizeof(double) * (size_t)units);
}

/* What the plain model computes of one sequence. */
struct plain {
    int T, dz;
    double z[MOST][MOST], variance[MOST][MOST], h[MOST][MOST]; /* the path; variance: of the posterior */
    double distortion, rate;
};

static bool was_seen(const struct record *r, int t)
{
    const struct array *mask = record_get(r, "mask");
    return !mask || array_get(mask, (size_t)t) > 0;
}

static void plain_noise(const struct noise *n, enum noise_purpose purpose, int sequence, int step, int size, double *out)
{
    memset(out, 0, sizeof(double) * (size_t)size);
    if (!n->off)
        draw_normal((struct draw){n->seed, purpose, n->update, (uint32_t)sequence, (uint32_t)step}, size, out);
}

/* Control that acts into step t; nothing without controls. */
static void plain_control(const struct model *m, const struct record *r, int t, double *u)
{
    for (int i = 0; i < m->du; i++)
        u[i] = t > 0 ? array_get(record_get(r, "u"), (size_t)((t - 1) * m->du + i)) : 0;
}

/* What the posterior knows besides h: the backward GRU's state, then features. */
static void plain_known(const struct model *m, const struct record *r, int T, bool ahead, double known[MOST][2 * MOST])
{
    double g[MOST] = {0};
    for (int t = T - 1; t >= 0; t--) {
        double x[32] = {0}, in[32] = {0};
        for (int i = 0; i < DX; i++)
            x[i] = array_get(record_get(r, "x"), (size_t)(t * DX + i));
        if (was_seen(r, t))
            plain_net(m, "encoder", 2, true, x, in);
        plain_control(m, r, t, in + FEATURES);
        if (ahead && was_seen(r, t))
            plain_gru(m, "recognition.ahead", AHEAD, in, FEATURES + m->du, g);
        memcpy(known[t], g, sizeof(double) * (ahead ? AHEAD : 0));
        memcpy(known[t] + (ahead ? AHEAD : 0), in, sizeof(double) * FEATURES);
    }
}

static void plain_step(const struct model *m, const double *z, int dz, const double *u, double *h)
{
    double in[32] = {0}, layer[32];
    memcpy(in, z, sizeof(double) * (size_t)dz);
    memcpy(in + dz, u, sizeof(double) * (size_t)m->du);
    plain_net(m, "transition.input", 1, true, in, layer);
    plain_gru(m, "transition.gru", UNITS, layer, UNITS, h);
}

static struct plain_gauss plain_prior(const struct model *m, const double *h, const double *before, int dz, bool free)
{
    double in[32] = {0};
    memcpy(in, h, sizeof(double) * UNITS);
    struct plain_gauss p = plain_head(m, "transition.prior", 2, in, dz);
    for (int i = 0; i < dz && !free; i++)
        p.mean[i] += before[i];
    return p;
}

static void plain_decode(const struct model *m, const double *h, const double *z, int dz, double *x)
{
    double in[32] = {0};
    memcpy(in, h, sizeof(double) * UNITS);
    memcpy(in + UNITS, z, sizeof(double) * (size_t)dz);
    plain_net(m, "decoder", 2, false, in, x);
}

static double plain_kl(int n, const struct plain_gauss *q, const struct plain_gauss *p)
{
    double sum = 0;
    for (int i = 0; i < n; i++)
        sum += 0.5 * (log(p->variance[i] / q->variance[i]) + (q->variance[i] + pow(q->mean[i] - p->mean[i], 2)) / p->variance[i] - 1);
    return sum;
}

/* The first step's rate: KL to N(0, I), or −entropy − F_VHP(z). */
static double plain_first_rate(const struct model *m, bool vhp, const struct plain_gauss *q, const double *z, int dz, int sequence,
                               const struct noise *n)
{
    struct plain_gauss unit = {{0}, {0}};
    double in[32] = {0}, zeta[32] = {0}, noise[MOST], rate = 0;
    for (int i = 0; i < MOST; i++)
        unit.variance[i] = 1;
    if (!vhp)
        return plain_kl(dz, q, &unit);
    memcpy(in, z, sizeof(double) * (size_t)dz);
    struct plain_gauss up = plain_head(m, "prior.up", 2, in, 2);
    plain_noise(n, NOISE_PRIOR, sequence, 0, 2, noise);
    for (int i = 0; i < 2; i++)
        zeta[i] = up.mean[i] + sqrt(up.variance[i]) * noise[i];
    struct plain_gauss down = plain_head(m, "prior.down", 2, zeta, dz);
    for (int i = 0; i < dz; i++) {
        rate -= 0.5 * log(2 * M_PI * M_E * q->variance[i]);
        rate += 0.5 * (log(2 * M_PI * down.variance[i]) + pow(z[i] - down.mean[i], 2) / down.variance[i]);
    }
    return rate + plain_kl(2, &up, &unit);
}

/* The model over the first T steps of a sequence. */
static struct plain plain_run(const struct model *m, struct variant v, const struct record *r, int sequence, int T, const struct noise *n)
{
    struct plain out = {.T = T, .dz = v.latent ? v.latent : 2};
    double known[MOST][2 * MOST], h[MOST], u[MOST], noise[MOST], x[32];
    int dz = out.dz, rows = FEATURES + (v.filter ? 0 : AHEAD);
    plain_known(m, r, T, !v.filter, known);
    for (int t = 0; t < T; t++) {
        double in[32] = {0};
        struct plain_gauss p = {{0}, {0}}, q;
        plain_control(m, r, t, u);
        if (t == 0)
            for (int i = 0; i < UNITS; i++)
                h[i] = (double)params_value(&m->params, params_find(&m->params, "transition.first"))[i];
        else
            plain_step(m, out.z[t - 1], dz, u, h);
        if (t > 0)
            p = plain_prior(m, h, out.z[t - 1], dz, v.free);
        memcpy(in, h, sizeof(double) * UNITS);
        memcpy(in + UNITS, known[t], sizeof(double) * (size_t)rows);
        q = t == 0 || was_seen(r, t) ? plain_head(m, "posterior", 2, in, dz) : p;
        plain_noise(n, NOISE_STATE, sequence, t, dz, noise);
        for (int i = 0; i < dz; i++) {
            out.z[t][i] = q.mean[i] + sqrt(q.variance[i]) * noise[i];
            out.variance[t][i] = q.variance[i];
        }
        memcpy(out.h[t], h, sizeof h);
        out.rate += t == 0 ? plain_first_rate(m, v.vhp, &q, out.z[0], dz, sequence, n) : was_seen(r, t) ? plain_kl(dz, &q, &p) : 0;
        plain_decode(m, h, out.z[t], dz, x);
        for (int i = 0; i < DX && was_seen(r, t); i++)
            out.distortion += 0.5 * (log(2 * M_PI * 0.1) + pow(array_get(record_get(r, "x"), (size_t)(t * DX + i)) - x[i], 2) / 0.1);
    }
    return out;
}

static struct variant variant_of(int k)
{
    return (struct variant){k & 1 ? 2 : 0, k & 2, k & 4, k & 8, k & 2 ? 3 : 2};
}

/* 𝒟 and ℛ of a batch with gaps and ends, samples and all. */
static void bound_in_plain_loops(void **state)
{
    (void)state;
    for (int k = 0; k < 32; k++) {
        struct variant v = variant_of(k);
        struct model *m = tiny(v);
        struct record r[3];
        struct batch b;
        struct tape *t = tape_new();
        records_open(r, v.du, k & 16);
        batch_fill(&b, r, all_three, 3, DX, v.du, 0, k & 16 ? 6 : 5);
        tape_begin(t, &m->params, NULL, 0);
        struct loss loss = m->kind->loss(m, t, &b, &noisy);
        for (int l = 0; l < 3; l++) {
            struct plain p = plain_run(m, v, &r[l], l, (int)record_steps(&r[l]), &noisy);
            assert_near("distortion", l, (double)loss.distortion->v[l], p.distortion, 1e-11);
            assert_near("rate", l, (double)loss.rate->v[l], p.rate, 1e-11);
        }
        tape_free(t);
        batch_free(&b);
        records_close(r, 3);
        model_free(m);
    }
}

/* One step of lane l against step `at` of the plain path. */
static void compare_step(const char *what, const struct inferred *z, int lane, const struct plain *p, int at)
{
    for (int i = 0; i < p->dz; i++)
        assert_near(what, at, (double)z->mean->v[i * z->mean->ld + lane], p->z[at][i], 1e-11);
    for (int i = 0; i < UNITS; i++)
        assert_near("memory", at, (double)z->memory->v[i * z->memory->ld + lane], p->h[at][i], 1e-11);
    for (int i = 0; i < p->dz * p->dz; i++)
        assert_near("covariance", at, (double)z->cov->v[i * z->cov->ld + lane], i % (p->dz + 1) ? 0 : p->variance[at][i / (p->dz + 1)],
                    1e-11);
}

/* Smoothed beliefs are the path of means given all; filtered ones of step t the last of the path given t steps; and behind a sequence's
 * end they stay. */
static void beliefs_in_plain_loops(void **state)
{
    (void)state;
    for (int k = 0; k < 16; k++) {
        struct variant v = variant_of(k);
        struct model *m = tiny(v);
        struct record r[3];
        struct batch b;
        struct tape *t = tape_new();
        records_open(r, v.du, true);
        batch_fill(&b, r, all_three, 3, DX, v.du, 0, 6);
        tape_begin(t, &m->params, NULL, 0);
        struct inferred smoothed = m->kind->infer(m, t, &b, &off, INFER_SMOOTHED, NULL);
        struct inferred filtered = m->kind->infer(m, t, &b, &noisy, INFER_FILTERED, NULL);
        for (int l = 0; l < 3; l++)
            for (int s = 0; s < 6; s++) {
                int steps = (int)record_steps(&r[l]), at = s < steps ? s : steps - 1;
                struct plain all = plain_run(m, v, &r[l], l, steps, &off), some = plain_run(m, v, &r[l], l, at + 1, &off);
                compare_step("smoothed mean", &smoothed, s * 3 + l, &all, at);
                compare_step("filtered mean", &filtered, s * 3 + l, &some, at);
            }
        tape_free(t);
        batch_free(&b);
        records_close(r, 3);
        model_free(m);
    }
}

/* ---- prediction ---- */

static void step_decode_and_start(void **state)
{
    (void)state;
    for (int k = 0; k < 16; k++) {
        struct variant v = variant_of(k);
        struct model *m = tiny(v);
        int dz = v.latent;
        static const real z[3] = {0.3, -1, 2}, h[UNITS] = {0.1, -0.7, 0.4}, u[2] = {0.5, -0.25}, none[2] = {0};
        struct tape *t = tape_new();
        tape_begin(t, &m->params, NULL, 0);
        struct latent now = {leaf(t, dz, 1, z), leaf(t, UNITS, 1, h)};
        var *memory, *control = k & 1 && !(k & 4) ? leaf(t, 2, 1, u) : NULL; /* or no control acts */
        struct gauss next = m->kind->step(m, t, now, control, &memory);
        var *x = m->kind->decode(m, t, now);
        double plain_h[MOST], plain_x[32];
        memcpy(plain_h, h, sizeof h);
        plain_decode(m, plain_h, z, dz, plain_x);
        plain_step(m, z, dz, control ? u : none, plain_h);
        struct plain_gauss p = plain_prior(m, plain_h, z, dz, v.free);
        for (int i = 0; i < dz; i++) {
            assert_near("mean", i, (double)next.mean->v[i], p.mean[i], 1e-12);
            assert_near("variance", i, (double)next.variance->v[i], p.variance[i], 1e-12);
        }
        for (int i = 0; i < UNITS; i++)
            assert_near("memory", i, (double)memory->v[i], plain_h[i], 1e-12);
        for (int i = 0; i < DX; i++)
            assert_near("x", i, (double)x->v[i], plain_x[i], 1e-12);
        struct batch lanes = {.T = 1, .B = 2, .dx = DX, .du = v.du, .sequence = (uint32_t[]){4, 9}};
        struct latent first = m->kind->start(m, t, &lanes, &noisy);
        assert_int_equal(first.z->rows, dz);
        for (int i = 0; i < 2 * UNITS; i++)
            assert_true(first.memory->v[i / 2 * first.memory->ld + i % 2] == fixture_param(m, "transition.first")[i / 2]);
        tape_free(t);
        model_free(m);
    }
}

/* Steps that nobody saw are predictions: the filter over them is the rollout from the last seen one. */
static void unseen_steps_are_predicted(void **state)
{
    (void)state;
    struct model *m = tiny((struct variant){1, true, true, false});
    struct record r;
    struct batch b;
    struct tape *t = tape_new();
    fixture_record(&r, 0, 6, DX, 1);
    fixture_mask(&r, "110000");
    batch_fill(&b, &r, (const int[]){0}, 1, DX, 1, 0, 6);
    tape_begin(t, &m->params, NULL, 0);
    struct inferred z = m->kind->infer(m, t, &b, &off, INFER_FILTERED, NULL);
    struct latent now = {step_of(t, z.mean, 1, 1), step_of(t, z.memory, 1, 1)};
    for (int s = 2; s < 6; s++) {
        var *memory;
        struct gauss next = m->kind->step(m, t, now, step_of(t, batch_value(t, b.u, 1, 6), s - 1, 1), &memory);
        now = (struct latent){next.mean, memory};
        for (int i = 0; i < 2; i++)
            assert_near("mean", s, (double)z.mean->v[i * z.mean->ld + s], (double)now.z->v[i * now.z->ld], 1e-13);
        for (int i = 0; i < 2; i++)
            assert_near("variance", s, (double)z.cov->v[3 * i * z.cov->ld + s], (double)next.variance->v[i * next.variance->ld], 1e-13);
    }
    tape_free(t);
    batch_free(&b);
    record_clear(&r);
    model_free(m);
}

/* ---- any model: batches, ends, online use ---- */

/* 𝒟 and ℛ of each picked sequence. */
static void loss_of(const struct model *m, const struct record *r, const int *pick, int B, double *distortion, double *rate)
{
    struct batch b;
    struct tape *t = tape_new();
    int T = 0;
    for (int i = 0; i < B; i++)
        T = (int)record_steps(&r[pick[i]]) > T ? (int)record_steps(&r[pick[i]]) : T;
    batch_fill(&b, r, pick, B, DX, m->du, 0, T);
    tape_begin(t, &m->params, NULL, 0);
    struct loss loss = m->kind->loss(m, t, &b, &noisy);
    for (int i = 0; i < B; i++) {
        distortion[i] = (double)loss.distortion->v[i];
        rate[i] = (double)loss.rate->v[i];
    }
    tape_free(t);
    batch_free(&b);
}

/* A sequence's bound does not depend on what stands beside it, nor on the order. */
static void batch_is_its_sequences(void **state)
{
    (void)state;
    for (int k = 0; k < 8; k++) {
        struct model *m = tiny((struct variant){1, k & 1, k & 2, k & 1});
        struct record r[3];
        double D3[3], R3[3], D1, R1;
        static const int order[] = {2, 0, 1};
        records_open(r, 1, k & 4);
        loss_of(m, r, order, 3, D3, R3);
        for (int i = 0; i < 3; i++) {
            loss_of(m, r, &order[i], 1, &D1, &R1);
            assert_near("distortion", i, D3[i], D1, 1e-11);
            assert_near("rate", i, R3[i], R1, 1e-11);
        }
        records_close(r, 3);
        model_free(m);
    }
}

/* A tail that nobody saw, by mask or by NaN, costs nothing; a mask of ones changes nothing. */
static void unseen_tail_is_no_tail(void **state)
{
    (void)state;
    for (int k = 0; k < 8; k++) {
        struct model *m = tiny((struct variant){1, k & 1, k & 2, false});
        struct record r[3]; /* with a tail, without, with a mask of ones */
        double D[3], R[3];
        for (int i = 0; i < 3; i++)
            fixture_record(&r[i], 0, i ? 4 : 7, DX, 1);
        if (k & 4)
            fixture_mask(&r[0], "1111000");
        else
            for (int t = 4; t < 7; t++)
                ((double *)record_get(&r[0], "x")->data)[t * DX + t % DX] = NAN;
        fixture_mask(&r[2], "1111");
        for (int i = 0; i < 3; i++)
            loss_of(m, &r[i], (const int[]){0}, 1, &D[i], &R[i]);
        assert_near("distortion", k, D[0], D[1], 1e-11);
        assert_near("rate", k, R[0], R[1], 1e-11);
        assert_true(D[1] == D[2] && R[1] == R[2]);
        records_close(r, 3);
        model_free(m);
    }
}

/* Steps in pieces, with a carry, are the steps at once. */
static void pieces_are_the_whole(int du, const int *pieces)
{
    struct model *m = tiny((struct variant){du, true, true, du > 0});
    struct record r[3];
    struct batch whole, part;
    struct tape *t = tape_new(), *t2 = tape_new();
    struct carry carry = carry_new(m, 3);
    for (int i = 0; i < 3; i++)
        fixture_record(&r[i], i, 6, DX, du);
    fixture_mask(&r[1], "101101");
    batch_fill(&whole, r, all_three, 3, DX, du, 0, 6);
    tape_begin(t, &m->params, NULL, 0);
    struct inferred all = m->kind->infer(m, t, &whole, &noisy, INFER_FILTERED, NULL);
    for (int i = 0, from = 0; pieces[i]; from += pieces[i++]) {
        batch_fill(&part, r, all_three, 3, DX, du, from, pieces[i]);
        tape_begin(t2, &m->params, NULL, 0);
        struct inferred z = m->kind->infer(m, t2, &part, &noisy, INFER_FILTERED, &carry);
        assert_int_equal(carry.steps, from + pieces[i]);
        var *const got[] = {z.mean, z.cov, z.memory}, *const expected[] = {all.mean, all.cov, all.memory};
        for (int k = 0; k < 3; k++)
            for (int row = 0; row < got[k]->rows; row++)
                for (int l = 0; l < 3 * pieces[i]; l++)
                    assert_near((const char *const[]){"mean", "cov", "memory"}[k], l, (double)got[k]->v[row * got[k]->ld + l],
                                (double)expected[k]->v[row * expected[k]->ld + 3 * from + l], 1e-13);
        batch_free(&part);
    }
    carry_free(&carry);
    tape_free(t);
    tape_free(t2);
    batch_free(&whole);
    records_close(r, 3);
    model_free(m);
}

static void filter_goes_on_from_its_carry(void **state)
{
    (void)state;
    static const int pieces[][7] = {{6}, {1, 2, 3}, {3, 3}, {1, 1, 1, 1, 1, 1}};
    for (int k = 0; k < 8; k++)
        pieces_are_the_whole(k & 1, pieces[k / 2]);
}

/* A version that looks ahead has nothing to carry. */
static void only_the_filter_carries(void **state)
{
    (void)state;
    for (int filter = 0; filter < 2; filter++) {
        struct model *m = tiny((struct variant){2, true, filter, false});
        assert_int_equal(m->kind->carry_rows(m), filter ? UNITS + 2 + 2 : 0);
        assert_int_equal(m->kind->memory_rows(m), UNITS);
        model_free(m);
    }
}

/* ---- settings ---- */

static void a_posterior_without_layers_is_refused(void **state)
{
    (void)state;
    const struct model_kind *kind = model_kind_find("rssm");
    void *settings = fixture_settings(kind, "{\"posterior_hidden\": []}");
    struct error e;
    assert_null(model_new(kind, settings, 4, 1, NULL, 1, &e));
    assert_int_equal(e.code, DSSM_USAGE);
    assert_string_equal(e.text, "--posterior-hidden: expected at least one layer, got none");
    free(settings);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whole_gradient),
        cmocka_unit_test(whole_gradient_of_other_shapes),
        cmocka_unit_test(a_fault_is_caught),
        cmocka_unit_test(bound_in_plain_loops),
        cmocka_unit_test(beliefs_in_plain_loops),
        cmocka_unit_test(step_decode_and_start),
        cmocka_unit_test(unseen_steps_are_predicted),
        cmocka_unit_test(batch_is_its_sequences),
        cmocka_unit_test(unseen_tail_is_no_tail),
        cmocka_unit_test(filter_goes_on_from_its_carry),
        cmocka_unit_test(only_the_filter_carries),
        cmocka_unit_test(a_posterior_without_layers_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
