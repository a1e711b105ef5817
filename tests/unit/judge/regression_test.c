/* True quantities told by latent states: planes, folds, angles on a circle and through their turns. */
#include "judge/judge.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

enum { N = 800, NEW = 50 };
static const struct quantity arm[2] = {{"angle", true}, {"velocity", false}};

static void assert_near(double got, double expected, double tolerance)
{
    if (!(fabs(got - expected) <= tolerance))
        fail_msg("expected %.12f, got %.12f", expected, got);
}

/* True states, angles over several turns, and the barrel that a model would make of them. */
static void truth(uint32_t step, int n, double y[][2], double z[][3])
{
    draw_uniform((struct draw){.seed = 4, .purpose = 1, .step = step}, 2 * n, y[0]);
    for (int i = 0; i < n; i++) {
        y[i][0] = 30 * (y[i][0] - 0.5);
        y[i][1] = 8 * (y[i][1] - 0.5);
        z[i][0] = 2 * sin(y[i][0]) + 1;
        z[i][1] = cos(y[i][0]) - sin(y[i][0]) + 0.1 * y[i][1];
        z[i][2] = 5 - y[i][1];
    }
}

/* Learned from some rows, applied to others: the angle comes back within a turn. */
static void barrel(void **state)
{
    (void)state;
    double y[N][2], z[N][3], new_y[NEW][2], new_z[NEW][3], told[NEW][2];
    struct regression *r = regression_new(3, 2, arm, false, false);
    truth(0, N, y, z);
    truth(1, NEW, new_y, new_z);
    regression_add(r, 300, z[0], y[0]);
    regression_add(r, N - 300, z[300], y[300]);
    assert_int_equal(regression_rows(r), N);
    assert_int_equal(regression_solve(r, NULL), DSSM_OK);
    regression_apply(r, NEW, new_z[0], told[0]);
    for (int i = 0; i < NEW; i++) {
        assert_near(told[i][0], remainder(new_y[i][0], 2 * M_PI), 1e-10);
        assert_near(told[i][1], new_y[i][1], 1e-10);
    }
    regression_free(r);
    regression_free(NULL);
}

/* As it stands: turns are counted. */
static void unwrapped(void **state)
{
    (void)state;
    double y[N][2], z[N][3], told[N][2];
    struct regression *r = regression_new(3, 2, arm, false, true);
    truth(0, N, y, z);
    for (int i = 0; i < N; i++)
        z[i][0] = 0.5 * y[i][0] + z[i][2];
    regression_add(r, N, z[0], y[0]);
    assert_int_equal(regression_solve(r, NULL), DSSM_OK);
    regression_apply(r, N, z[0], told[0]);
    for (int i = 0; i < N; i++)
        assert_near(told[i][0], y[i][0], 1e-9);
    regression_free(r);
}

/* A velocity that is folded, v sin φ and v cos φ, is found by cubic features and by no plane. */
static void cubic(void **state)
{
    (void)state;
    double y[N][2], z[N][3], folded[N][4], told[N][2], left[2] = {0};
    truth(0, N, y, z);
    for (int i = 0; i < N; i++) {
        double a = sin(y[i][0]), b = cos(y[i][0]);
        folded[i][0] = a, folded[i][1] = b, folded[i][2] = y[i][1] * a, folded[i][3] = y[i][1] * b;
    }
    for (int degree = 0; degree < 2; degree++) {
        struct regression *r = regression_new(4, 2, arm, degree == 1, false);
        regression_add(r, N, folded[0], y[0]);
        assert_int_equal(regression_solve(r, NULL), DSSM_OK);
        regression_apply(r, N, folded[0], told[0]);
        for (int i = 0; i < N; i++)
            left[degree] += (told[i][1] - y[i][1]) * (told[i][1] - y[i][1]) / N;
        regression_free(r);
    }
    assert_true(left[0] > 4);
    assert_near(left[1], 0, 1e-16);
}

static void not_finite(void **state)
{
    (void)state;
    double told[2];
    const struct quantity q = {"height", false};
    struct regression *r = regression_new(1, 1, &q, false, false);
    regression_add(r, 4, (double[]){1, NAN, 2, 3}, (double[]){1, 1, INFINITY, 5});
    assert_int_equal(regression_rows(r), 2);
    assert_int_equal(regression_solve(r, NULL), DSSM_OK);
    regression_apply(r, 2, (double[]){2, NAN}, told);
    assert_near(told[0], 3, 1e-12);
    assert_true(isnan(told[1]));
    regression_free(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(barrel),
        cmocka_unit_test(unwrapped),
        cmocka_unit_test(cubic),
        cmocka_unit_test(not_finite),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
