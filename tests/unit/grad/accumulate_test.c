/* Adding to gradients, and sums over lanes. */
#include "values.h"

#include "grad/engine.h"

static void sums_of_any_length(void **state)
{
    (void)state;
    real x[150], y[150];
    for (int i = 0; i < 150; i++) {
        x[i] = (real)drawn(0, i);
        y[i] = (real)drawn(1, i);
    }
    for (int n = 1; n < 147; n++)
        for (int from = 0; from < 3; from++) {
            double sum = 0, dot = 0, size = 0;
            for (int i = from; i < from + n; i++) {
                sum += (double)x[i];
                dot += (double)x[i] * (double)y[i];
                size += fabs((double)x[i]);
            }
            assert_true(fabs((double)row_sum(n, x + from) - sum) <= TOLERANCE * size);
            assert_true(fabs((double)row_dot(n, x + from, y + from) - dot) <= TOLERANCE * 4 * size);
        }
}

/* First writes assign, later ones add; for plain values and views, with the source's own distance between rows. */
static void giving_assigns_first_and_then_adds(void **state)
{
    (void)state;
    enum { ROWS = 3, LANES = 7, LDG = 9 };
    real g[ROWS * LDG], w[ROWS * LDG];
    for (int i = 0; i < ROWS * LDG; i++) {
        g[i] = (real)drawn(0, i);
        w[i] = (real)drawn(1, i);
    }
    for (int view = 0; view < 2; view++) {
        struct tape *t = fresh_tape();
        var *a = normal_leaf(t, ROWS, LANES, 0, view), *b = normal_leaf(t, ROWS, LANES, 0, view);
        give(a, g, LDG, 2);
        give_product(a, g, LDG, w, LDG, 3);
        give(a, g, 0, 1); /* the first row for all */
        give_product(b, g, LDG, w, 0, -1);
        give(b, g, LANES, 1); /* the source packed */
        for (int i = 0; i < ROWS; i++)
            for (int l = 0; l < LANES; l++) {
                double gi = (double)g[i * LDG + l];
                assert_near(slope_number(a, i, l), 2 * gi + 3 * gi * (double)w[i * LDG + l] + (double)g[l]);
                assert_near(slope_number(b, i, l), -gi * (double)w[l] + (double)g[i * LANES + l]);
            }
        give(filled(t, ROWS, LANES, 1), g, LDG, 1); /* no gradient: nothing happens */
        give_product(filled(t, ROWS, LANES, 1), g, LDG, w, LDG, 1);
        tape_free(t);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sums_of_any_length),
        cmocka_unit_test(giving_assigns_first_and_then_adds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
