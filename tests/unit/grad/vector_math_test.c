/* Elementwise mathematics: accuracy against libm in double, limits, NaN, and results that do not depend on a number's place. */
#include "values.h"

#include "grad/vector_math.h"

static double exact_sigmoid(double x)
{
    return x >= 0 ? 1 / (1 + exp(-x)) : exp(x) / (1 + exp(x));
}

struct function {
    const char *name;
    void (*vector)(int n, const real *x, real *y);
    double (*exact)(double x);
    double from, to;    /* where the relative error counts */
    double nan_free[2]; /* two more places to look at: results there must not be NaN */
};
static const struct function functions[] = {
    {"exp", vm_exp, exp, -80, 80, {100, -100}},
    {"log", vm_log, log, 1e-30, 50, {1e30, 1}},
    {"tanh", vm_tanh, tanh, -20, 20, {1000, -1000}},
    {"sigmoid", vm_sigmoid, exact_sigmoid, -80, 80, {1000, -1000}},
};
enum { FUNCTIONS = sizeof functions / sizeof *functions, MANY = 100003 };

static double relative_error(double got, double expected)
{
    return expected == 0 ? fabs(got) : fabs(got - expected) / fabs(expected);
}

static void values_are_accurate(void **state)
{
    (void)state;
    real *x = xmalloc(MANY * sizeof *x), *y = xmalloc(MANY * sizeof *y);
    for (int f = 0; f < FUNCTIONS; f++) {
        for (int i = 0; i < MANY; i++)
            x[i] = (real)(functions[f].from + (functions[f].to - functions[f].from) * i / (MANY - 1));
        functions[f].vector(MANY, x, y);
        for (int i = 0; i < MANY; i++) {
            double expected = functions[f].exact((double)x[i]);
            double allowed = sizeof(real) == sizeof(double) ? 1e-14 : 1e-6;
            if (!(relative_error((double)y[i], expected) <= allowed))
                fail_msg("%s(%.9g): got %.9g, expected %.9g", functions[f].name, (double)x[i], (double)y[i], expected);
        }
    }
    free(x);
    free(y);
}

/* Tiny arguments, where cancellation would show. */
static void small_values_are_accurate(void **state)
{
    (void)state;
    for (int f = 0; f < FUNCTIONS; f++)
        for (double size = 1e-20; size < 1; size *= 7) {
            real x[2] = {(real)size, functions[f].from < 0 ? (real)-size : (real)size}, y[2];
            functions[f].vector(2, x, y);
            for (int i = 0; i < 2; i++)
                if (!(relative_error((double)y[i], functions[f].exact((double)x[i])) <= 1e-6))
                    fail_msg("%s(%g): got %.9g", functions[f].name, (double)x[i], (double)y[i]);
        }
}

static real value_of(const struct function *f, real x)
{
    real y;
    f->vector(1, &x, &y);
    return y;
}

static void limits_are_kept(void **state)
{
    (void)state;
    const real inf = (real)INFINITY;
    for (int f = 0; f < FUNCTIONS; f++) {
        for (int i = 0; i < 2; i++)
            assert_true(!isnan(value_of(&functions[f], (real)functions[f].nan_free[i])));
        assert_true(isnan(value_of(&functions[f], (real)NAN)));
    }
    assert_true(isinf(value_of(&functions[0], inf)) && value_of(&functions[0], -inf) == 0);
    assert_true(isinf(value_of(&functions[1], inf)) && value_of(&functions[1], 0) == -inf && isnan(value_of(&functions[1], -1)));
    assert_true(value_of(&functions[2], inf) == 1 && value_of(&functions[2], -inf) == -1 && value_of(&functions[2], 100) == 1);
    assert_true(value_of(&functions[3], inf) == 1 && value_of(&functions[3], -inf) == 0 && value_of(&functions[3], 100) == 1);
}

/* A NaN among other numbers stays where it is, and stays. */
static void nan_stays_in_its_lane(void **state)
{
    (void)state;
    for (int f = 0; f < FUNCTIONS; f++)
        for (int at = 0; at < 37; at++) {
            real x[37], y[37];
            for (int i = 0; i < 37; i++)
                x[i] = i == at ? (real)NAN : (real)0.5;
            functions[f].vector(37, x, y);
            for (int i = 0; i < 37; i++)
                assert_true(isnan(y[i]) == (i == at));
        }
}

/* Any length, in place or not, at any place of a row: the same bits, and nothing else is written. */
static void results_do_not_depend_on_place(void **state)
{
    (void)state;
    real x[48], all[48], y[50];
    for (int i = 0; i < 48; i++)
        x[i] = (real)fabs(drawn(0, i)) + (real)0.01;
    for (int f = 0; f < FUNCTIONS; f++) {
        functions[f].vector(48, x, all);
        for (int n = 0; n <= 40; n++)
            for (int from = 0; from < 3; from++) {
                memset(y, 0x55, sizeof y);
                functions[f].vector(n, x + from, y);
                assert_memory_equal(y, all + from, (size_t)n * sizeof *y);
                assert_int_equal(((unsigned char *)(y + n))[0], 0x55);
                memcpy(y, x, sizeof x);
                functions[f].vector(n, y + from, y + from);
                assert_memory_equal(y + from, all + from, (size_t)n * sizeof *y);
                assert_memory_equal(y + from + n, x + from + n, sizeof *y);
            }
    }
}

static void shifted_forms_add_first(void **state)
{
    (void)state;
    real x[21], shifted[21];
    for (int i = 0; i < 21; i++) {
        x[i] = (real)drawn(1, i);
        shifted[i] = x[i] + (real)0.75;
    }
    void (*const plain[2])(int, const real *, real *) = {vm_tanh, vm_sigmoid};
    void (*const with_bias[2])(int, real *, real) = {vm_shifted_tanh, vm_shifted_sigmoid};
    for (int f = 0; f < 2; f++) {
        real expected[21], got[21];
        plain[f](21, shifted, expected);
        memcpy(got, x, sizeof x);
        with_bias[f](21, got, (real)0.75);
        for (int i = 0; i < 21; i++)
            assert_near((double)got[i], (double)expected[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_are_accurate),
        cmocka_unit_test(small_values_are_accurate),
        cmocka_unit_test(limits_are_kept),
        cmocka_unit_test(nan_stays_in_its_lane),
        cmocka_unit_test(results_do_not_depend_on_place),
        cmocka_unit_test(shifted_forms_add_first),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
