/* Start states: every step of every sequence is there, with the mean and the covariance that the model's beliefs have. */
#include "small.h"

static void columns_are_beliefs(const char *kind, enum inference how)
{
    struct small s = small_open(kind);
    struct beliefs z[SMALL_N];
    size_t column = 0, n = (size_t)s.b.n;
    int dz = s.b.dz;
    beliefs_infer(s.m, s.d.record, s.d.n, 0, how, NULL, s.pool, z);
    for (int i = 0; i < SMALL_N; i++) {
        for (size_t t = 0; t < z[i].mean.shape[0]; t++, column++)
            for (int r = 0; r < dz; r++) {
                assert_true(fabs((double)s.b.v[(size_t)r * n + column] - array_get(&z[i].mean, t * (size_t)dz + (size_t)r)) < 1e-5);
                for (int c = 0; c < dz; c++) {
                    double sum = 0; /* L Lᵀ */
                    for (int k = 0; k < dz; k++)
                        sum +=
                            (double)s.b.v[(size_t)(dz + r * dz + k) * n + column] * (double)s.b.v[(size_t)(dz + c * dz + k) * n + column];
                    assert_true(fabs(sum - array_get(&z[i].cov, (t * (size_t)dz + (size_t)r) * (size_t)dz + (size_t)c)) < 1e-4);
                }
            }
        beliefs_free(&z[i]);
    }
    assert_int_equal(column, s.b.n);
    small_close(&s);
}

static void of_any_kind(void **state)
{
    (void)state;
    columns_are_beliefs("ekvae", INFER_SMOOTHED);
    columns_are_beliefs("dvbs", INFER_SMOOTHED);
    columns_are_beliefs("rssm", INFER_SMOOTHED);
}

/* A recurrent model's memory is there too. */
static void memory_is_there(void **state)
{
    (void)state;
    struct small s = small_open("rssm");
    double size = 0;
    assert_int_equal(s.b.memory, s.m->kind->memory_rows(s.m));
    for (int i = 0; i < s.b.memory * s.b.n; i++)
        size += fabs((double)s.b.v[(s.b.dz + s.b.dz * s.b.dz) * s.b.n + i]);
    assert_true(size > 0.1);
    small_close(&s);
}

static void a_belief_that_is_none(void **state)
{
    (void)state;
    struct small s = small_open("ekvae");
    struct beginnings b;
    struct error e;
    fixture_param(s.m, "first.log_variance")[0] = NAN;
    assert_int_equal(beginnings_of(&b, s.m, &s.d, s.pool, &e), DSSM_BAD_INPUT);
    assert_non_null(strstr(e.text, "the model's belief about its states is no Gaussian"));
    small_close(&s);
}

/* The policy's inputs have mean 0 and deviation 1 over the means; a number that never varies is left as it is. */
static void centre_and_deviation(void **state)
{
    (void)state;
    struct small s = small_open("ekvae");
    for (int k = 0; k < s.b.n; k++) {
        s.b.v[k] = (real)(k % 2 ? 7 : 3);
        s.b.v[s.b.n + k] = 2;
    }
    if (s.b.n % 2) /* as many of one as of the other */
        s.b.v[0] = 5;
    struct goal g = {.from = 1, .n = 1, .value = {-1}};
    assert_true(fabs(goal_distance(&g, &s.b) - 3) < 1e-6);
    policy_centre(s.p, &g, &s.b);
    assert_true(fabs((double)params_value(&s.p->params, s.p->centre)[0] - 5) < 1e-6);
    assert_true(fabs((double)params_value(&s.p->params, s.p->deviation)[0] - 2) < 0.1);
    assert_true(params_value(&s.p->params, s.p->centre)[1] == 2 && params_value(&s.p->params, s.p->deviation)[1] == 1);
    small_close(&s);
}

/* A number's spread: deviation of the means, and what is believed around them; distances are counted in it. */
static void distance_in_spreads(void **state)
{
    (void)state;
    struct small s = small_open("ekvae");
    int n = s.b.n, dz = s.b.dz;
    s.b.n -= n % 2;
    memset(s.b.v, 0, sizeof(real) * (size_t)(n * (dz + dz * dz)));
    n = s.b.n;
    for (int k = 0; k < n; k++) {
        s.b.v[k] = k % 2 ? 1 : -1; /* z1: ±1 and no doubt; z2: always 0, believed with variance 1.5² + 2² */
        s.b.v[(dz + dz + 0) * n + k] = (real)1.5;
        s.b.v[(dz + dz + 1) * n + k] = 2;
    }
    struct goal g = {.n = 3, .value = {3, 5, 0}};
    goal_spread(&g, &s.b);
    assert_true(fabs(g.spread[0] - 1) < 1e-6 && fabs(g.spread[1] - 2.5) < 1e-6 && g.spread[2] == 1);
    assert_true(fabs(goal_away(&g, &s.b, 1, 0) + 2) < 1e-6 && fabs(goal_away(&g, &s.b, 0, 1) + 2) < 1e-6);
    assert_true(fabs(goal_distance(&g, &s.b) - sqrt((16 + 4) / 2.0 + 4)) < 1e-6);
    small_close(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(of_any_kind),          cmocka_unit_test(memory_is_there),     cmocka_unit_test(a_belief_that_is_none),
        cmocka_unit_test(centre_and_deviation), cmocka_unit_test(distance_in_spreads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
