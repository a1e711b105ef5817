/* The gradient of any model's distortion and rate by every single parameter, against five-point differences. */
#ifndef DSSM_TESTS_BOUND_GRADIENT_H
#define DSSM_TESTS_BOUND_GRADIENT_H

#include "fixture.h"

/* Fixed weights a lane, so that no lane's part can hide; for at most three lanes. */
static const real bound_lane_weight[3] = {1, -0.6, 1.7};

/* Σ weight·𝒟 and Σ weight·ℛ; with gradient: that of term 0 (𝒟) or 1 (ℛ). */
static inline void bound_weighted(const struct model *m, const struct batch *b, const struct noise *n, double sum[2], int term,
                                  real *gradient)
{
    static struct tape *t;
    if (!t)
        t = tape_new();
    tape_begin(t, &m->params, gradient, GROUP_ALL | GROUP_BELIEF);
    struct loss loss = m->kind->loss(m, t, b, n);
    sum[0] = sum[1] = 0;
    for (int l = 0; l < b->B; l++) {
        sum[0] += (double)(bound_lane_weight[l] * loss.distortion->v[l]);
        sum[1] += (double)(bound_lane_weight[l] * loss.rate->v[l]);
    }
    if (!gradient)
        return;
    var_seed(term ? loss.rate : loss.distortion, bound_lane_weight, 1);
    tape_backward(t);
}

/* Differences of both sums by one number. */
static inline void bound_differences(const struct model *m, const struct batch *b, const struct noise *n, real *value, double out[2])
{
    double h = 3e-4, f[4][2];
    real kept = *value;
    for (int i = 0; i < 4; i++) {
        *value = kept + (real)((double[]){-2, -1, 1, 2}[i] * h);
        bound_weighted(m, b, n, f[i], 0, NULL);
    }
    *value = kept;
    for (int k = 0; k < 2; k++)
        out[k] = (f[0][k] - 8 * f[1][k] + 8 * f[2][k] - f[3][k]) / (12 * h);
}

/* The largest error, relative to max(1, |difference|), over all parameters, and the name of the parameter; *moved counts the numbers that a
 * term depends on. */
static inline double bound_worst_gradient(struct model *m, const struct batch *b, const struct noise *n, const char **name, int *moved)
{
    real *gradient[2];
    double worst = 0, sum[2];
    for (int k = 0; k < 2; k++) {
        gradient[k] = xcalloc(m->params.size, sizeof(real));
        bound_weighted(m, b, n, sum, k, gradient[k]);
    }
    *moved = 0;
    for (int i = 0; i < m->params.n; i++)
        for (int j = 0; j < m->params.entry[i].rows * m->params.entry[i].cols; j++) {
            size_t at = m->params.entry[i].offset + (size_t)j;
            double expected[2];
            bound_differences(m, b, n, m->params.value + at, expected);
            *moved += expected[0] != 0 || expected[1] != 0;
            for (int k = 0; k < 2; k++) {
                double error = fabs((double)gradient[k][at] - expected[k]) / fmax(1, fabs(expected[k]));
                if (!(error <= worst))
                    worst = error, *name = m->params.entry[i].name;
            }
        }
    free(gradient[0]);
    free(gradient[1]);
    return worst;
}

#endif
