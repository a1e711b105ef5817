/* Cubic features, counted and listed by hand, and numbers that are not finite. */
#include "judge/features.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

/* Every choice of powers with a sum from 1 to 3 is one feature: counted in plain loops. */
static void counts(void **state)
{
    (void)state;
    assert_int_equal(cubic_count(1), 3);
    int three = 0;
    for (int i = 0; i <= 3; i++)
        for (int j = 0; j <= 3; j++)
            for (int k = 0; k <= 3; k++)
                three += i + j + k >= 1 && i + j + k <= 3;
    assert_int_equal(cubic_count(3), three);
    assert_int_equal(cubic_count(5), 55);
}

/* Of 2 and 5: each product once, and no number behind them is touched. */
static void two_variables(void **state)
{
    (void)state;
    double out[10], expected[9] = {2, 4, 8, 20, 10, 50, 5, 25, 125};
    out[9] = -1;
    assert_int_equal(cubic_count(2), 9);
    cubic_features(2, (double[]){2, 5}, out);
    for (int i = 0; i < 9; i++) {
        int found = 0;
        for (int j = 0; j < 9; j++)
            found += out[j] == expected[i];
        assert_int_equal(found, 1);
    }
    assert_true(out[9] == -1);
}

static void numbers_that_are(void **state)
{
    (void)state;
    assert_true(all_finite(3, (double[]){1, -2, 0}));
    assert_false(all_finite(3, (double[]){1, -2, NAN}));
    assert_false(all_finite(3, (double[]){-INFINITY, -2, 0}));
    assert_true(all_finite(1, (double[]){1, NAN}));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counts),
        cmocka_unit_test(two_variables),
        cmocka_unit_test(numbers_that_are),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
