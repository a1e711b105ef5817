/* The Kalman VAE in plain loops: a sequence as the linear Gaussian model that it is once its a_t are known. */
#ifndef DSSM_TESTS_KVAE_SMALL_H
#define DSSM_TESTS_KVAE_SMALL_H

#include "any_model.h"
#include "dense.h"

enum { N = 3, D = 2, BASES = 3, UNITS = 3, MEMORY = 2 * UNITS + D + 1 };
#define KVAE_SMALL "\"latent\": 3, \"bases\": 3, \"lstm_units\": 3, \"start_variance\": 0.1"

static inline struct model *small_kvae(int du, bool vhp)
{
    return any_open(&(struct any){.kind = "kvae", .settings = KVAE_SMALL, .du = du, .vhp = vhp});
}

/* The LSTM reads a; state: h, then c. */
static inline void plain_lstm(const struct model *m, double state[2 * UNITS], const double a[D])
{
    const real *W = plain_values(m, "lstm", "W"), *U = plain_values(m, "lstm", "U"), *b = plain_values(m, "lstm", "b");
    double gate[4 * UNITS];
    for (int i = 0; i < 4 * UNITS; i++) {
        gate[i] = (double)b[i];
        for (int j = 0; j < D; j++)
            gate[i] += (double)W[i * D + j] * a[j];
        for (int j = 0; j < UNITS; j++)
            gate[i] += (double)U[i * UNITS + j] * state[j];
    }
    for (int i = 0; i < UNITS; i++) {
        double *c = &state[UNITS + i];
        *c = plain_sigmoid(gate[UNITS + i]) * *c + plain_sigmoid(gate[i]) * tanh(gate[3 * UNITS + i]);
        state[i] = plain_sigmoid(gate[2 * UNITS + i]) * tanh(*c);
    }
}

/* Its state before the first step. */
static inline void plain_first_memory(const struct model *m, double state[2 * UNITS])
{
    double a[D];
    memset(state, 0, sizeof *state * 2 * UNITS);
    for (int i = 0; i < D; i++)
        a[i] = (double)plain_values(m, "lstm", "first_input")[i];
    plain_lstm(m, state, a);
}

struct plain_matrices {
    double A[N * N], B[N * 2], C[D * N]; /* B: N×du */
};

static inline void plain_mix(const struct model *m, const char *part, int rows, const double *alpha, double *out)
{
    for (int i = 0; i < rows; i++)
        for (int k = 0; k < BASES; k++)
            out[i] += (double)plain_values(m, "bases", part)[i * BASES + k] * alpha[k];
}

/* A, B and C of the step that `state` stands before. */
static inline struct plain_matrices plain_matrices_of(const struct model *m, const double state[2 * UNITS])
{
    struct plain_matrices p = {.A = {1, 0, 0, 0, 1, 0, 0, 0, 1}, .C = {1, 0, 0, 0, 1, 0}};
    double alpha[BASES], sum = 0;
    plain_layer(m, "mix", state, alpha, false);
    for (int k = 0; k < BASES; k++)
        sum += alpha[k] = exp(alpha[k]);
    for (int k = 0; k < BASES; k++)
        alpha[k] /= sum;
    plain_mix(m, "A_minus_I", N * N, alpha, p.A);
    plain_mix(m, "C_minus_I", D * N, alpha, p.C);
    if (m->du > 0)
        plain_mix(m, "B", N * m->du, alpha, p.B);
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

static inline double plain_variance(struct model *m, const char *name, int i)
{
    return exp((double)fixture_param(m, name)[i]) + VARIANCE_FLOOR;
}

/* What the encoder says of step t. */
static inline struct plain_gauss plain_code(const struct model *m, const struct record *r, int t)
{
    return plain_head(m, "encoder", 3, (const double *)record_get(r, "x")->data + t * m->dx);
}

/* A sequence with a at the encoder's means, and what the LSTM holds before each step and reads after it. */
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

/* What a variance is multiplied by where beliefs are made from means. */
static inline double plain_factor(struct model *m, bool means, const char *name, int i)
{
    return means ? exp((double)fixture_param(m, name)[i]) : 1;
}

static inline void unroll_start(struct model *m, bool means, struct dense *s)
{
    bool vhp = model_settings(m)->prior == PRIOR_VHP;
    for (int i = 0; i < N; i++) {
        s->m[i] =
            (vhp ? (double)fixture_param(m, "first.mean")[i] : 0) + (means ? (double)fixture_param(m, "calibration.first_mean")[i] : 0);
        s->P[i * N + i] =
            (vhp ? plain_variance(m, "first.log_variance", i) : 1) * plain_factor(m, means, "calibration.first_log_variance", i);
    }
    for (int i = 0; i < D; i++)
        s->R[i] = plain_variance(m, "log_R", i) * plain_factor(m, means, "calibration.log_R", i);
}

/* means: with the noises for beliefs that are made from means. */
static inline struct unrolled unroll(struct model *m, const struct record *r, bool means)
{
    struct unrolled out = {.s = {.n = N, .d = D}};
    struct dense *s = &out.s;
    double state[2 * UNITS], u[PLAIN_MOST];
    unroll_start(m, means, s);
    plain_first_memory(m, state);
    for (int t = 0; t < (int)record_steps(r); t++) {
        struct plain_matrices p = plain_matrices_of(m, state);
        struct plain_gauss a = plain_code(m, r, t);
        s->T = t + 1;
        if (t > 0) { /* entry t−1 leads here */
            plain_control(m, r, t, u);
            memcpy(s->F[t - 1], p.A, sizeof p.A);
            plain_apply(p.B, N, m->du, u, s->b[t - 1]);
            for (int i = 0; i < N; i++)
                s->Q[t - 1][i] = plain_variance(m, "log_Q", i) * plain_factor(m, means, "calibration.log_Q", i);
        }
        memcpy(s->H[t], p.C, sizeof p.C);
        memcpy(s->a[t], a.mean, sizeof(double) * D);
        memcpy(out.memory[t], state, sizeof state);
        s->seen[t] = plain_seen(r, t);
        if (s->seen[t])
            memcpy(out.fed[t], a.mean, sizeof(double) * D);
        else
            plain_expected(s, t, out.fed[t]);
        plain_lstm(m, state, out.fed[t]);
    }
    return out;
}

#endif
