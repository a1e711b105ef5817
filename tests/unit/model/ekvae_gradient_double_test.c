/* The gradient of the EKVAE's distortion and rate by every single parameter, against differences: both priors, smoother and filter,
 * gaps and unequal lengths, other sizes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ekvae_small.h"

/* Fixed weights a lane, so that no lane's part can hide. */
static const real lane_weight[3] = {1, -0.6, 1.7};

/* Σ weight·𝒟 and Σ weight·ℛ; with gradient: that of term 0 (𝒟) or 1 (ℛ). */
static void weighted(const struct model *m, const struct batch *b, double sum[2], int term, real *gradient)
{
    static struct tape *t;
    if (!t)
        t = tape_new();
    tape_begin(t, &m->params, gradient, GROUP_ALL);
    struct loss loss = m->kind->loss(m, t, b, &noisy);
    sum[0] = sum[1] = 0;
    for (int l = 0; l < b->B; l++) {
        sum[0] += (double)(lane_weight[l] * loss.distortion->v[l]);
        sum[1] += (double)(lane_weight[l] * loss.rate->v[l]);
    }
    if (!gradient)
        return;
    var_seed(term ? loss.rate : loss.distortion, lane_weight, 1);
    tape_backward(t);
}

/* Five-point differences of both sums by one number. */
static void differences(const struct model *m, const struct batch *b, real *value, double out[2])
{
    double h = 3e-4, f[4][2];
    real kept = *value;
    for (int i = 0; i < 4; i++) {
        *value = kept + (real)((double[]){-2, -1, 1, 2}[i] * h);
        weighted(m, b, f[i], 0, NULL);
    }
    *value = kept;
    for (int k = 0; k < 2; k++)
        out[k] = (f[0][k] - 8 * f[1][k] + 8 * f[2][k] - f[3][k]) / (12 * h);
}

/* The largest error, relative to max(1, |difference|), over all parameters; *moved counts those that a term depends on. */
static double worst_gradient(struct model *m, const struct batch *b, const char **name, int *moved)
{
    real *gradient[2];
    double worst = 0, sum[2];
    for (int k = 0; k < 2; k++) {
        gradient[k] = xcalloc(m->params.size, sizeof(real));
        weighted(m, b, sum, k, gradient[k]);
    }
    *moved = 0;
    for (int i = 0; i < m->params.n; i++)
        for (int j = 0; j < m->params.entry[i].rows * m->params.entry[i].cols; j++) {
            size_t at = m->params.entry[i].offset + (size_t)j;
            double expected[2];
            differences(m, b, m->params.value + at, expected);
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

static void gradient_of(int du, bool vhp, bool filter, bool gaps, int T, const char *more)
{
    struct model *m = tiny(du, vhp, filter, more);
    struct record r[3];
    struct batch b;
    const char *name = "";
    int moved;
    records_open(r, du, gaps);
    batch_fill(&b, r, (const int[]){0, 1, 2}, 3, DX, du, 0, T > 0 ? T : longest(r, 3));
    double worst = worst_gradient(m, &b, &name, &moved);
    if (!(worst < 1e-5))
        fail_msg("du %d, vhp %d, filter %d, gaps %d: %s: error %g", du, vhp, filter, gaps, name, worst);
    if (T == 0)
        assert_true(moved > 0.97 * (double)m->params.size); /* the transition's softmax does not see a few directions */
    batch_free(&b);
    records_close(r);
    model_free(m);
}

static void whole_gradient(void **state)
{
    (void)state;
    for (int vhp = 0; vhp < 2; vhp++)
        for (int filter = 0; filter < 2; filter++)
            for (int gaps = 0; gaps < 2; gaps++)
                gradient_of(1, vhp, filter, gaps, 0, "");
}

static void whole_gradient_of_other_shapes(void **state)
{
    (void)state;
    gradient_of(0, true, false, true, 0, "");
    gradient_of(2, false, false, false, 1, ""); /* one step: no transition at all */
    gradient_of(1, true, false, true, 2, "");
    gradient_of(1, true, false, false, 0, ", \"latent\": 2, \"aux\": 2, \"vhp_latent\": 1");
    gradient_of(1, true, true, true, 0, ", \"latent\": 4, \"aux\": 1, \"decoder_output\": \"sigmoid\"");
}

/* A wrong number in one place must show: the gradient of another noise. */
static void a_fault_is_caught(void **state)
{
    (void)state;
    struct model *m = tiny(1, true, false, "");
    struct record r[3];
    struct batch b;
    double expected[2], sum[2], largest = 0;
    records_open(r, 1, false);
    batch_fill(&b, r, (const int[]){0, 1, 2}, 3, DX, 1, 0, 5);
    real *gradient = xcalloc(m->params.size, sizeof(real));
    b.sequence[1] = 17;
    weighted(m, &b, sum, 1, gradient);
    b.sequence[1] = 1;
    for (int i = 0; i < 20; i++) {
        differences(m, &b, &m->params.value[i], expected);
        largest = fmax(largest, fabs((double)gradient[i] - expected[1]) / fmax(1, fabs(expected[1])));
    }
    assert_true(largest > 1e-3);
    free(gradient);
    batch_free(&b);
    records_close(r);
    model_free(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whole_gradient),
        cmocka_unit_test(whole_gradient_of_other_shapes),
        cmocka_unit_test(a_fault_is_caught),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
