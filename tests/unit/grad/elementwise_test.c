/* Elementwise operations against libm, number by number. */
#include "values.h"

enum { ROWS = 5, LANES = 21 };

struct two {
    const char *name;
    var *(*operation)(struct tape *t, var *a, var *b);
    double (*exact)(double a, double b);
    int rows, lanes; /* of b */
};
static double plus(double a, double b)
{
    return a + b;
}
static double minus(double a, double b)
{
    return a - b;
}
static double times(double a, double b)
{
    return a * b;
}
static const struct two two[] = {
    {"add", add, plus, ROWS, LANES},           {"sub", sub, minus, ROWS, LANES},      {"mul", mul, times, ROWS, LANES},
    {"mul_lanes", mul_lanes, times, 1, LANES}, {"add_rows", add_rows, plus, ROWS, 1}, {"mul_rows", mul_rows, times, ROWS, 1},
};

static void two_inputs(void **state)
{
    (void)state;
    struct tape *t = fresh_tape();
    for (size_t k = 0; k < sizeof two / sizeof *two; k++)
        for (int view = 0; view < 2; view++) {
            var *a = normal_leaf(t, ROWS, LANES, 0, view), *b = normal_leaf(t, two[k].rows, two[k].lanes, 1, view);
            var *y = two[k].operation(t, a, b);
            for (int i = 0; i < ROWS; i++)
                for (int l = 0; l < LANES; l++)
                    assert_near(number(y, i, l), two[k].exact(number(a, i, l), number(b, i % b->rows, l % b->lanes)));
        }
    tape_free(t);
}

static double exact_sigmoid(double x)
{
    return 1 / (1 + exp(-x));
}
static double exact_square(double x)
{
    return x * x;
}
static double exact_inverse(double x)
{
    return 1 / x;
}
struct one {
    var *(*operation)(struct tape *t, var *a);
    double (*exact)(double a);
    bool positive;
};
static const struct one one[] = {
    {v_exp, exp, false},
    {v_log, log, true},
    {v_tanh, tanh, false},
    {v_sigmoid, exact_sigmoid, false},
    {v_square, exact_square, false},
    {v_sqrt, sqrt, true},
    {v_inverse, exact_inverse, true},
};

static void functions(void **state)
{
    (void)state;
    struct tape *t = fresh_tape();
    for (size_t k = 0; k < sizeof one / sizeof *one; k++)
        for (int view = 0; view < 2; view++) {
            var *a = normal_leaf(t, ROWS, LANES, 0, view);
            if (one[k].positive)
                a = shift(t, v_square(t, a), 0.1);
            var *y = one[k].operation(t, a);
            for (int i = 0; i < ROWS; i++)
                for (int l = 0; l < LANES; l++)
                    assert_near(number(y, i, l), one[k].exact(number(a, i, l)));
        }
    tape_free(t);
}

static void scale_and_shift(void **state)
{
    (void)state;
    struct tape *t = fresh_tape();
    var *a = normal_leaf(t, 2, 9, 0, true), *y = scale(t, shift(t, a, 0.25), -3);
    for (int i = 0; i < 2; i++)
        for (int l = 0; l < 9; l++)
            assert_near(number(y, i, l), -3 * (number(a, i, l) + 0.25));
    tape_free(t);
}

static void softmax_sums_to_one(void **state)
{
    (void)state;
    struct tape *t = fresh_tape();
    for (int view = 0; view < 2; view++)
        for (int big = 0; big < 2; big++) {
            double size = big ? 1e4 : 1; /* e^10000 must not come up */
            var *a = scale(t, normal_leaf(t, 4, LANES, 0, view), size), *y = softmax(t, a);
            for (int l = 0; l < LANES; l++) {
                double largest = -INFINITY, sum = 0, total = 0;
                for (int i = 0; i < 4; i++)
                    largest = fmax(largest, number(a, i, l));
                for (int i = 0; i < 4; i++)
                    sum += exp(number(a, i, l) - largest);
                for (int i = 0; i < 4; i++) {
                    assert_near(number(y, i, l), exp(number(a, i, l) - largest) / sum);
                    total += number(y, i, l);
                }
                assert_near(total, 1);
            }
        }
    tape_free(t);
}

static void nan_stays_in_its_place(void **state)
{
    (void)state;
    struct tape *t = fresh_tape();
    for (size_t k = 0; k < sizeof one / sizeof *one; k++) {
        var *a = filled(t, 3, 20, 0.5);
        a->v[25] = (real)NAN; /* row 1, lane 5 */
        var *y = one[k].operation(t, a);
        for (int i = 0; i < 60; i++)
            assert_true(isnan(y->v[i]) == (i == 25));
    }
    var *a = filled(t, 3, 20, 0.5);
    a->v[25] = (real)NAN;
    var *y = softmax(t, a);
    for (int l = 0; l < 20; l++)
        assert_true(isnan(number(y, 0, l)) == (l == 5));
    tape_free(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_inputs),
        cmocka_unit_test(functions),
        cmocka_unit_test(scale_and_shift),
        cmocka_unit_test(softmax_sums_to_one),
        cmocka_unit_test(nan_stays_in_its_place),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
