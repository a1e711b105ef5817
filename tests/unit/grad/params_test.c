/* Parameters: the table, and start values that depend on seed and name alone. */
#include "values.h"

static void entries_lie_one_behind_the_other(void **state)
{
    (void)state;
    struct params p;
    params_init(&p);
    assert_int_equal(params_add(&p, "a.weight", 3, 4, GROUP_THETA, 1), 0);
    assert_int_equal(params_add(&p, "a.bias", 3, 1, GROUP_PHI, 10), 1);
    assert_int_equal(p.size, 15);
    assert_int_equal(p.entry[1].offset, 12);
    assert_int_equal(p.entry[1].group, GROUP_PHI);
    assert_near(p.entry[1].rate, 10);
    assert_int_equal(params_find(&p, "a.bias"), 1);
    assert_int_equal(params_find(&p, "a"), -1);
    for (size_t i = 0; i < p.size; i++)
        assert_true(p.value[i] == 0);
    params_fill(&p, 1, 2.5);
    assert_true(params_value(&p, 1) == p.value + 12);
    for (int i = 0; i < 15; i++)
        assert_true(p.value[i] == (i < 12 ? 0 : (real)2.5));
    params_free(&p);
    assert_int_equal(p.n, 0);
    params_free(&p); /* again is allowed */
}

static void adding_keeps_values(void **state)
{
    (void)state;
    struct params p;
    params_init(&p);
    params_add(&p, "one", 2, 2, GROUP_PSI, 1);
    params_normal(&p, 0, 7, 0, 1);
    real before[4];
    memcpy(before, params_value(&p, 0), sizeof before);
    for (int i = 0; i < 50; i++) {
        char name[16];
        snprintf(name, sizeof name, "more.%d", i);
        params_add(&p, name, 30, 7, GROUP_PSI, 1);
    }
    assert_memory_equal(before, params_value(&p, 0), sizeof before);
    params_free(&p);
}

static void start_values_depend_on_seed_and_name_alone(void **state)
{
    (void)state;
    struct params p, q;
    params_init(&p);
    params_init(&q);
    int a = params_add(&p, "weight", 5, 5, GROUP_PSI, 1);
    params_add(&q, "something else", 3, 3, GROUP_PSI, 1);
    int b = params_add(&q, "weight", 5, 5, GROUP_PHI, 1), c = params_add(&q, "weighs", 5, 5, GROUP_PHI, 1);
    size_t bytes = 25 * sizeof(real);
    for (int glorot = 0; glorot < 2; glorot++) {
        if (glorot) {
            params_glorot(&p, a, 1);
            params_glorot(&q, b, 1);
            params_glorot(&q, c, 1);
        } else {
            params_normal(&p, a, 1, 0, 1);
            params_normal(&q, b, 1, 0, 1);
            params_normal(&q, c, 1, 0, 1);
        }
        assert_memory_equal(params_value(&p, a), params_value(&q, b), bytes);
        assert_memory_not_equal(params_value(&p, a), params_value(&q, c), bytes);
    }
    params_glorot(&q, b, 2);
    assert_memory_not_equal(params_value(&p, a), params_value(&q, b), bytes);
    params_free(&p);
    params_free(&q);
}

static void moments(const struct params *p, double *mean, double *variance, double *largest)
{
    *mean = *variance = *largest = 0;
    for (size_t i = 0; i < p->size; i++)
        *mean += (double)p->value[i] / (double)p->size;
    for (size_t i = 0; i < p->size; i++) {
        *variance += pow((double)p->value[i] - *mean, 2) / (double)p->size;
        *largest = fmax(*largest, fabs((double)p->value[i]));
    }
}

static void start_values_have_their_moments(void **state)
{
    (void)state;
    struct params p;
    double mean, variance, largest;
    params_init(&p);
    params_add(&p, "weight", 200, 100, GROUP_PSI, 1);
    params_normal(&p, 0, 3, 2, 0.5);
    moments(&p, &mean, &variance, &largest);
    assert_true(fabs(mean - 2) < 6 * 0.5 / sqrt(20000)); /* six standard errors */
    assert_true(fabs(variance - 0.25) < 6 * 0.25 * sqrt(2.0 / 20000));
    params_glorot(&p, 0, 3);
    moments(&p, &mean, &variance, &largest);
    double bound = sqrt(6.0 / 300);
    assert_true(largest <= bound && largest > 0.999 * bound);
    assert_true(fabs(variance - bound * bound / 3) < 0.02 * bound * bound);
    assert_true(fabs(mean) < 6 * bound / sqrt(3 * 20000));
    params_free(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(entries_lie_one_behind_the_other),
        cmocka_unit_test(adding_keeps_values),
        cmocka_unit_test(start_values_depend_on_seed_and_name_alone),
        cmocka_unit_test(start_values_have_their_moments),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
