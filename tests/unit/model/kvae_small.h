/* A small Kalman VAE, and the same model in plain loops, for the tests of lib/model/kvae.c. */
#ifndef DSSM_TESTS_KVAE_SMALL_H
#define DSSM_TESTS_KVAE_SMALL_H

#include "dense.h"
#include "ekvae_small.h"

enum { N = 3, D = 2, BASES = 3, UNITS = 3, MEMORY = 2 * UNITS + D + 1 };

static const struct noise off = {11, 5, true};

/* Small enough for finite differences; more: further settings as JSON. */
static inline struct model *tiny_kvae(int du, bool vhp, const char *more)
{
    char json[600];
    snprintf(json, sizeof json,
             "{\"encoder\": [4], \"decoder\": [4], \"bases\": 3, \"lstm_units\": 3, \"vhp_hidden\": [3], \"sigma_x2\": 0.1, "
             "\"start_variance\": 0.1, \"prior\": \"%s\"%s}",
             vhp ? "vhp" : "normal", more);
    struct model *m = fixture_model("kvae", json, DX, du, 7);
    perturb(m, 0.3);
    return m;
}

/* ---- plain loops ---- */

static inline double logistic(double x)
{
    return 1 / (1 + exp(-x));
}

/* W x + b of entries NAME.weight and NAME.bias: rows numbers of cols. */
static inline void plain_affine(struct model *m, const char *weight, const char *bias, int rows, int cols, const double *x, double *y)
{
    const real *W = fixture_param(m, weight), *b = fixture_param(m, bias);
    for (int i = 0; i < rows; i++) {
        y[i] = (double)b[i];
        for (int j = 0; j < cols; j++)
            y[i] += (double)W[i * cols + j] * x[j];
    }
}

/* The LSTM reads a; state: h, then c. */
static inline void plain_lstm(struct model *m, double state[2 * UNITS], const double a[D])
{
    double gate[4 * UNITS];
    plain_affine(m, "lstm.W", "lstm.b", 4 * UNITS, D, a, gate);
    for (int i = 0; i < 4 * UNITS; i++)
        for (int j = 0; j < UNITS; j++)
            gate[i] += (double)fixture_param(m, "lstm.U")[i * UNITS + j] * state[j];
    for (int i = 0; i < UNITS; i++) {
        double c = logistic(gate[UNITS + i]) * state[UNITS + i] + logistic(gate[i]) * tanh(gate[3 * UNITS + i]);
        gate[i] = logistic(gate[2 * UNITS + i]) * tanh(c); /* the input gate of unit i is done with */
        state[UNITS + i] = c;
    }
    memcpy(state, gate, sizeof *gate * UNITS);
}

/* Its state before the first step. */
static inline void plain_first_memory(struct model *m, double state[2 * UNITS])
{
    double a[D];
    memset(state, 0, sizeof *state * 2 * UNITS);
    for (int i = 0; i < D; i++)
        a[i] = (double)fixture_param(m, "lstm.first_input")[i];
    plain_lstm(m, state, a);
}

struct plain_matrices {
    double A[N * N], B[N * 2], C[D * N]; /* B: N×du */
};

static inline void plain_mix(struct model *m, const char *name, int rows, const double *alpha, double *out)
{
    for (int i = 0; i < rows; i++) {
        out[i] = 0;
        for (int k = 0; k < BASES; k++)
            out[i] += (double)fixture_param(m, name)[i * BASES + k] * alpha[k];
    }
}

/* A, B and C of the step that `state` stands before. */
static inline struct plain_matrices plain_matrices_of(struct model *m, const double state[2 * UNITS])
{
    struct plain_matrices p = {{0}, {0}, {0}};
    double alpha[BASES], sum = 0;
    plain_affine(m, "mix.weight", "mix.bias", BASES, UNITS, state, alpha);
    for (int k = 0; k < BASES; k++)
        sum += alpha[k] = exp(alpha[k]);
    for (int k = 0; k < BASES; k++)
        alpha[k] /= sum;
    plain_mix(m, "bases.A_minus_I", N * N, alpha, p.A);
    plain_mix(m, "bases.C_minus_I", D * N, alpha, p.C);
    if (m->du > 0)
        plain_mix(m, "bases.B", N * m->du, alpha, p.B);
    for (int i = 0; i < N; i++)
        p.A[i * N + i] += 1;
    for (int i = 0; i < D; i++)
        p.C[i * N + i] += 1;
    return p;
}

static inline void plain_apply(const double *A, int rows, int cols, const double *x, double *y)
{
    for (int i = 0; i < rows; i++) {
        y[i] = 0;
        for (int j = 0; j < cols; j++)
            y[i] += A[i * cols + j] * x[j];
    }
}

/* What the encoder says of one frame. */
struct coded {
    double mean[D], variance[D];
};

static inline struct coded plain_encode(struct model *m, const double *x)
{
    double hidden[4], out[2 * D];
    struct coded c;
    plain_affine(m, "encoder.0.weight", "encoder.0.bias", 4, DX, x, hidden);
    for (int i = 0; i < 4; i++)
        hidden[i] = tanh(hidden[i]);
    plain_affine(m, "encoder.1.weight", "encoder.1.bias", 2 * D, 4, hidden, out);
    for (int i = 0; i < D; i++) {
        c.mean[i] = out[i];
        c.variance[i] = exp(out[D + i]) + VARIANCE_FLOOR;
    }
    return c;
}

static inline void plain_decode(struct model *m, const double *a, double *x)
{
    double hidden[4];
    plain_affine(m, "decoder.0.weight", "decoder.0.bias", 4, D, a, hidden);
    for (int i = 0; i < 4; i++)
        hidden[i] = tanh(hidden[i]);
    plain_affine(m, "decoder.1.weight", "decoder.1.bias", DX, 4, hidden, x);
}

static inline double plain_variance(struct model *m, const char *name, int i)
{
    return exp((double)fixture_param(m, name)[i]) + VARIANCE_FLOOR;
}

static inline bool was_seen(const struct record *r, int t)
{
    const struct array *mask = record_get(r, "mask");
    return !mask || array_get(mask, (size_t)t) > 0;
}

/* A sequence as a linear Gaussian model with a at the encoder's means, and what the LSTM holds before each step and reads after it. */
struct unrolled {
    struct dense s;
    double memory[DENSE_T][2 * UNITS], fed[DENSE_T][D];
};

/* What is read in place of a frame that is missing: C m⁻, by conditioning on all before. */
static inline void plain_expected(const struct dense *s, int t, double a[D])
{
    double mean[N], cov[N * N];
    dense_condition(s, t, t, mean, cov);
    plain_apply(s->H[t], D, N, mean, a);
}

static inline struct unrolled unroll(struct model *m, const struct record *r, bool vhp)
{
    struct unrolled out = {.s = {.n = N, .d = D}};
    struct dense *s = &out.s;
    const double *x = record_get(r, "x")->data, *u = m->du > 0 ? record_get(r, "u")->data : NULL;
    double state[2 * UNITS];
    plain_first_memory(m, state);
    for (int i = 0; i < N; i++) {
        s->m[i] = vhp ? (double)fixture_param(m, "first.mean")[i] : 0;
        s->P[i * N + i] = vhp ? plain_variance(m, "first.log_variance", i) : 1;
    }
    for (int i = 0; i < D; i++)
        s->R[i] = plain_variance(m, "log_R", i);
    for (int t = 0; t < (int)record_steps(r); t++) {
        struct plain_matrices p = plain_matrices_of(m, state);
        s->T = t + 1;
        if (t > 0) {
            memcpy(s->F[t - 1], p.A, sizeof p.A);
            plain_apply(p.B, N, m->du, u ? u + (t - 1) * m->du : NULL, s->b[t - 1]);
            for (int i = 0; i < N; i++)
                s->Q[t - 1][i] = plain_variance(m, "log_Q", i);
        }
        memcpy(s->H[t], p.C, sizeof p.C);
        memcpy(s->a[t], plain_encode(m, x + t * DX).mean, sizeof s->a[t][0] * D);
        memcpy(out.memory[t], state, sizeof state);
        s->seen[t] = was_seen(r, t);
        if (s->seen[t])
            memcpy(out.fed[t], s->a[t], sizeof out.fed[t]);
        else
            plain_expected(s, t, out.fed[t]);
        plain_lstm(m, state, out.fed[t]);
    }
    return out;
}

#endif
