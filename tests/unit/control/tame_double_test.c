/* A tamed value: the same numbers forward; backward each lane's gradient keeps its direction and is no longer than the bound. */
#include "small.h"

static void lanes_are_shortened_alone(void **state)
{
    (void)state;
    struct params none;
    real dummy;
    struct tape *t = tape_new();
    params_init(&none);
    tape_begin(t, &none, &dummy, GROUP_ALL);
    static const real value[] = {1, 2, 3, 4, 5, 6}, weight[] = {3, 30, 0, 4, 40, 0};
    var *a = leaf(t, 2, 3, value), *b = tame(t, a, 10), *w = constant(t, 2, 3);
    memcpy(w->v, weight, sizeof weight);
    var *sum = sum_rows(t, mul(t, b, w));
    for (int i = 0; i < 6; i++)
        assert_true(b->v[i] == value[i]);
    var_seed(sum, NULL, 1);
    tape_backward(t);
    const real *g = var_gradient(a);
    static const double expected[] = {3, 6, 0, 4, 8, 0}; /* lane 0 of length 5 stays, lane 1 of length 50 becomes 10 */
    for (int i = 0; i < 6; i++)
        assert_true(fabs((double)g[i] - expected[i]) < 1e-12);
    tape_free(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(lanes_are_shortened_alone)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
