/* Shapes and rounding to 8 bits. */
#include "sim/sim.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static void blob(void **state)
{
    (void)state;
    double x[3 * 5];
    draw_blob(3, 5, 4, 1, 2, x);
    assert_true(x[1 * 5 + 4] == 1);
    assert_true(fabs(x[1 * 5 + 2] - exp(-0.5)) < 1e-15);     /* one deviation to the left */
    assert_true(fabs(x[2 * 5 + 3] - exp(-2 / 8.0)) < 1e-15); /* one pixel down and left */
    assert_true(fabs(x[0] - exp(-17 / 8.0)) < 1e-15);
}

static void disc(void **state)
{
    (void)state;
    static const double expected[3 * 5] = {0, 0, 1, 0, 0, 0, 1, 1, 1, 0, 0, 0, 1, 0, 0};
    double x[3 * 5];
    draw_disc(3, 5, 2, 1, 1, x);
    for (int k = 0; k < 15; k++)
        assert_true(x[k] == expected[k]);
}

static void bytes(void **state)
{
    (void)state;
    assert_int_equal(pixel_byte(0), 0);
    assert_int_equal(pixel_byte(1), 255);
    assert_int_equal(pixel_byte(-3), 0);
    assert_int_equal(pixel_byte(7), 255);
    assert_int_equal(pixel_byte(NAN), 0);
    assert_int_equal(pixel_byte(0.5), 128); /* 127.5 rounds up */
    assert_int_equal(pixel_byte(100.4 / 255), 100);
    assert_int_equal(pixel_byte(100.6 / 255), 101);
    for (int k = 0; k < 256; k++)
        assert_int_equal(pixel_byte(k / 255.0), k);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(blob), cmocka_unit_test(disc), cmocka_unit_test(bytes)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
