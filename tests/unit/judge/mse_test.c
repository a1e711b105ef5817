/* Mean squared errors by hand: steps, masks, missing numbers, medians. */
#include "judge/judge.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static void assert_near(double got, double expected)
{
    if (!(fabs(got - expected) <= 1e-15))
        fail_msg("expected %.17g, got %.17g", expected, got);
}

static void plain(void **state)
{
    (void)state;
    static const double a[6] = {0, 0, 1, 1, 2, 2}, b[6] = {1, 0, 1, 3, 2, 5};
    struct mse *m = mse_new(0, 0);
    mse_add(m, 3, 2, a, b, NULL);
    mse_add(m, 1, 2, a, b, NULL);
    mse_add(m, 2, 2, a, a, NULL);
    struct mse_score s = mse_score(m);
    assert_near(s.mse, (1 + 4 + 9 + 1 + 0) / 12.0);
    assert_near(s.median, 0.5); /* of 14/6, 1/2, 0 */
    assert_int_equal(s.sequences, 3);
    assert_int_equal(s.numbers, 12);
    assert_int_equal(s.unpredicted, 0);
    assert_int_equal(s.steps, 3);
    assert_near(mse_step(m, 0), 2 / 6.0);
    assert_near(mse_step(m, 1), 4 / 4.0);
    assert_near(mse_step(m, 2), 9 / 2.0);
    assert_true(isnan(mse_step(m, 3)));
    mse_free(m);
}

static void range(void **state)
{
    (void)state;
    static const double a[4] = {0, 0, 0, 0}, b[4] = {1, 2, 3, 4};
    struct mse *m = mse_new(1, 3);
    mse_add(m, 4, 1, a, b, NULL);
    mse_add(m, 2, 1, a, b, NULL);
    mse_add(m, 1, 1, a, b, NULL); /* too short: does not count */
    struct mse_score s = mse_score(m);
    assert_near(s.mse, (4 + 9 + 4) / 3.0);
    assert_near(s.median, (4 + 6.5) / 2);
    assert_int_equal(s.sequences, 2);
    assert_true(isnan(mse_step(m, 0)));
    assert_near(mse_step(m, 1), 4);
    mse_free(m);
}

static void unobserved(void **state)
{
    (void)state;
    static const double a[6] = {0, NAN, 5, 5, 0, 0}, b[6] = {1, 7, 9, 9, NAN, 3};
    static const uint8_t mask[3] = {1, 0, 1};
    struct mse *m = mse_new(0, 0);
    mse_add(m, 3, 2, a, b, mask);
    struct mse_score s = mse_score(m);
    assert_near(s.mse, (1 + 9) / 2.0);
    assert_int_equal(s.numbers, 2);
    assert_int_equal(s.unpredicted, 1);
    assert_true(isnan(mse_step(m, 1)));
    mse_free(m);
}

static void nothing(void **state)
{
    (void)state;
    struct mse *m = mse_new(0, 0);
    struct mse_score s = mse_score(m);
    assert_true(isnan(s.mse) && isnan(s.median));
    assert_int_equal(s.numbers, 0);
    mse_free(m);
    mse_free(NULL);
}

/* More sequences and steps than the first room holds. */
static void many(void **state)
{
    (void)state;
    struct mse *m = mse_new(0, 0);
    double a[300] = {0}, b[300];
    for (int i = 0; i < 300; i++)
        b[i] = i;
    for (int i = 1; i < 3000; i++)
        mse_add(m, (size_t)(i % 300) + 1, 1, a, b, NULL);
    struct mse_score s = mse_score(m);
    assert_int_equal(s.sequences, 2999);
    assert_int_equal(s.steps, 300);
    assert_near(mse_step(m, 299), 299 * 299);
    assert_near(mse_step(m, 0), 0);
    mse_free(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plain), cmocka_unit_test(range), cmocka_unit_test(unobserved), cmocka_unit_test(nothing), cmocka_unit_test(many),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
