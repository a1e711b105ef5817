/* Activations in place: values by libm, slopes by differences of it; a NaN stays one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>

#include "grad/grad.h"

enum { N = 37 };
static const enum activation all[] = {ACT_NONE, ACT_TANH, ACT_RELU, ACT_SIGMOID};

static double plain(double x, enum activation act)
{
    switch (act) {
    case ACT_TANH: return tanh(x);
    case ACT_RELU: return x > 0 ? x : 0;
    case ACT_SIGMOID: return 1 / (1 + exp(-x));
    default: return x;
    }
}

static real place(int i)
{
    return (real)(0.31 * (i - N / 2) + 0.07);
}

static void values_and_slopes(void **state)
{
    (void)state;
    for (size_t k = 0; k < sizeof all / sizeof *all; k++) {
        real y[N], g[N];
        for (int i = 0; i < N; i++)
            y[i] = place(i), g[i] = 2;
        activation_apply(N, y, (real)0.05, all[k]);
        activation_undo(N, y, g, all[k]);
        for (int i = 0; i < N; i++) {
            double x = (double)place(i) + 0.05, h = 1e-5;
            assert_true(fabs((double)y[i] - plain(x, all[k])) < 1e-6);
            assert_true(fabs((double)g[i] - 2 * (plain(x + h, all[k]) - plain(x - h, all[k])) / (2 * h)) < 1e-5);
        }
    }
}

static void nan_stays_nan(void **state)
{
    (void)state;
    real y[3] = {1, (real)NAN, -1};
    activation_apply(3, y, 0, ACT_RELU);
    assert_true(y[0] == 1 && isnan(y[1]) && y[2] == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(values_and_slopes), cmocka_unit_test(nan_stays_nan)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
