/* Least squares against closed forms, and where sums of products would fail. */
#include "judge/judge.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static const struct draw noise = {.seed = 1, .purpose = 1};

static void assert_near(double got, double expected, double tolerance)
{
    if (!(fabs(got - expected) <= tolerance))
        fail_msg("expected %.15f, got %.15f", expected, got);
}

/* n rows of normal numbers. */
static void rows(int n, int width, uint32_t step, double *out)
{
    struct draw d = noise;
    d.step = step;
    draw_normal(d, n * width, out);
}

/* One feature: R² is the squared correlation. */
static void one_feature(void **state)
{
    (void)state;
    enum { N = 1000 };
    double v[N][2], sx = 0, sy = 0, sxx = 0, syy = 0, sxy = 0, r2;
    struct ols *o = ols_new(1, 1);
    rows(N, 2, 0, v[0]);
    for (int i = 0; i < N; i++) {
        double x = v[i][0] + 3, y = 2 * x + v[i][1] - 7;
        ols_add(o, &x, &y);
        sx += x / N;
        sy += y / N;
        sxx += x * x / N;
        syy += y * y / N;
        sxy += x * y / N;
    }
    assert_int_equal(ols_r2(o, &r2, NULL), DSSM_OK);
    double c = sxy - sx * sy, expected = c * c / ((sxx - sx * sx) * (syy - sy * sy));
    assert_near(r2, expected, 1e-12);
    assert_true(expected > 0.7 && expected < 0.9);
    ols_free(o);
}

/* Five rows by hand: y on x = 1 … 5 gives slope 0.6, SS_res 2.4, SS_tot 6; a second target lies on a line. */
static void by_hand(void **state)
{
    (void)state;
    static const double y[5] = {2, 4, 5, 4, 5};
    double r2[2];
    struct ols *o = ols_new(1, 2);
    for (int i = 0; i < 5; i++)
        ols_add(o, &(double){i + 1}, (double[]){y[i], 10 - 3 * i});
    assert_int_equal(ols_r2(o, r2, NULL), DSSM_OK);
    assert_near(r2[0], 0.6, 1e-14);
    assert_near(r2[1], 1, 1e-14);
    ols_free(o);
}

/* Intercept and slopes, with rows far from 0, in uneven units, a feature that never moves and one that repeats another. */
static void coefficients(void **state)
{
    (void)state;
    enum { N = 700 };
    double v[N][2], c[2][5];
    struct ols *o = ols_new(4, 2);
    rows(N, 2, 6, v[0]);
    for (int i = 0; i < N; i++) {
        double a = 50 + v[i][0], b = 1e-4 * v[i][1];
        ols_add(o, (double[]){a, b, 7, a}, (double[]){3 + 2 * a - 5 * b, -1 + 4e4 * b});
    }
    assert_int_equal(ols_coefficients(o, c[0], NULL), DSSM_OK);
    assert_near(c[0][1] + c[0][4], 2, 1e-10); /* of two that are the same, the sum alone is known */
    assert_near(c[0][2], -5, 1e-7);
    assert_near(c[0][0], 3, 1e-8);
    assert_near(c[0][3], 0, 0);
    assert_near(c[1][2], 4e4, 1e-6);
    assert_near(c[1][0] + 50 * (c[1][1] + c[1][4]), -1, 1e-9);
    ols_free(o);
}

/* By hand: y on x = 1 … 5 has the line 2.2 + 0.6 x. */
static void line_by_hand(void **state)
{
    (void)state;
    static const double y[5] = {2, 4, 5, 4, 5};
    double c[2];
    struct ols *o = ols_new(1, 1);
    for (int i = 0; i < 5; i++)
        ols_add(o, &(double){i + 1}, &y[i]);
    assert_int_equal(ols_coefficients(o, c, NULL), DSSM_OK);
    assert_near(c[0], 2.2, 1e-14);
    assert_near(c[1], 0.6, 1e-14);
    ols_free(o);
}

/* The result is that of all rows, whenever it is asked for: after any number of blocks, again, and in between. */
static void in_between(void **state)
{
    (void)state;
    enum { N = 1537 };
    double v[N][4], asked[2], plain[2], scratch[2];
    struct ols *often = ols_new(2, 2), *once = ols_new(2, 2);
    rows(N, 4, 1, v[0]);
    for (int i = 0; i < N; i++) {
        v[i][2] += v[i][0];
        v[i][3] -= 0.3 * v[i][1];
        ols_add(often, v[i], v[i] + 2);
        ols_add(once, v[i], v[i] + 2);
        if (i % 100 == 7)
            assert_int_equal(ols_r2(often, scratch, NULL), DSSM_OK);
    }
    assert_int_equal(ols_r2(often, asked, NULL), DSSM_OK);
    assert_int_equal(ols_r2(once, plain, NULL), DSSM_OK);
    for (int k = 0; k < 2; k++)
        assert_near(asked[k], plain[k], 1e-13);
    assert_near(plain[0], 0.5, 0.06);
    assert_near(plain[1], 0.09 / 1.09, 0.05);
    assert_int_equal(ols_r2(once, scratch, NULL), DSSM_OK);
    assert_true(scratch[0] == plain[0] && scratch[1] == plain[1]);
    ols_free(often);
    ols_free(once);
}

/* The target is the difference of two features that agree to nine digits: in sums of products it drowns. */
static void ill_conditioned(void **state)
{
    (void)state;
    enum { N = 600 };
    double v[N][2], r2;
    struct ols *o = ols_new(2, 1);
    rows(N, 2, 2, v[0]);
    for (int i = 0; i < N; i++)
        ols_add(o, (double[]){v[i][0], v[i][0] + 1e-9 * v[i][1]}, &v[i][1]);
    assert_int_equal(ols_r2(o, &r2, NULL), DSSM_OK);
    assert_near(r2, 1, 1e-6);
    ols_free(o);
}

/* A large common offset, and units that differ by 12 orders of magnitude, change nothing. */
static void offsets_and_scales(void **state)
{
    (void)state;
    enum { N = 900 };
    double v[N][3], plain, moved;
    struct ols *a = ols_new(2, 1), *b = ols_new(2, 1);
    rows(N, 3, 3, v[0]);
    for (int i = 0; i < N; i++) {
        double y = v[i][0] + v[i][1] + v[i][2], far = y + 1e6;
        ols_add(a, v[i], &y);
        ols_add(b, (double[]){v[i][0] * 1e-6 + 1, v[i][1] * 1e6 - 1e9}, &far);
    }
    assert_int_equal(ols_r2(a, &plain, NULL), DSSM_OK);
    assert_int_equal(ols_r2(b, &moved, NULL), DSSM_OK);
    assert_near(plain, 2.0 / 3, 0.05);
    assert_near(moved, plain, 1e-8);
    ols_free(a);
    ols_free(b);
}

/* Features that repeat each other, or do not vary, do no harm. */
static void rank_deficient(void **state)
{
    (void)state;
    enum { N = 300 };
    double v[N][2], plain, more;
    struct ols *a = ols_new(1, 1), *b = ols_new(4, 1);
    rows(N, 2, 4, v[0]);
    for (int i = 0; i < N; i++) {
        double y = v[i][0] + v[i][1];
        ols_add(a, v[i], &y);
        ols_add(b, (double[]){v[i][0], -2 * v[i][0] + 1, 5, 0}, &y);
    }
    assert_int_equal(ols_r2(a, &plain, NULL), DSSM_OK);
    assert_int_equal(ols_r2(b, &more, NULL), DSSM_OK);
    assert_near(more, plain, 1e-12);
    ols_free(a);
    ols_free(b);
}

static void undefined(void **state)
{
    (void)state;
    double r2[2] = {0, 0};
    struct ols *o = ols_new(1, 2);
    assert_int_equal(ols_r2(o, r2, NULL), DSSM_OK);
    assert_true(isnan(r2[0]) && isnan(r2[1]));
    for (int i = 0; i < 50; i++)
        ols_add(o, &(double){i}, (double[]){4.2, i * i});
    assert_int_equal(ols_r2(o, r2, NULL), DSSM_OK);
    assert_true(isnan(r2[0])); /* does not vary */
    assert_true(r2[1] > 0.9 && r2[1] < 1);
    ols_free(o);
    ols_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_feature),        cmocka_unit_test(by_hand),        cmocka_unit_test(line_by_hand),
        cmocka_unit_test(coefficients),       cmocka_unit_test(in_between),     cmocka_unit_test(ill_conditioned),
        cmocka_unit_test(offsets_and_scales), cmocka_unit_test(rank_deficient), cmocka_unit_test(undefined),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
