/* Layers against three plain loops. */
#include "values.h"

static double activated(double x, enum activation act)
{
    switch (act) {
    case ACT_TANH: return tanh(x);
    case ACT_RELU: return fmax(x, 0);
    case ACT_SIGMOID: return 1 / (1 + exp(-x));
    default: return x;
    }
}

/* Of act'(x). */
static double activation_slope(double x, enum activation act)
{
    double h = 1e-6;
    return (activated(x + h, act) - activated(x - h, act)) / (2 * h);
}

static double plain(const var *W, const var *b, const var *x, int i, int l)
{
    double sum = b ? number(b, i, 0) : 0;
    for (int k = 0; k < W->lanes; k++)
        sum += number(W, i, k) * number(x, k, l);
    return sum;
}

static const enum activation acts[] = {ACT_NONE, ACT_TANH, ACT_RELU, ACT_SIGMOID};

static void a_layer_is_three_loops(void **state)
{
    (void)state;
    const int sizes[][3] = {{1, 1, 1}, {3, 2, 1}, {7, 5, 4}, {33, 40, 1}, {16, 31, 25}};
    struct tape *t = fresh_tape();
    for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++)
        for (int a = 0; a < 4; a++)
            for (int view = 0; view < 2; view++)
                for (int bias = 0; bias < 2; bias++) {
                    int n = sizes[s][0], k = sizes[s][1], lanes = sizes[s][2];
                    var *W = normal_leaf(t, n, k, 0, view), *x = normal_leaf(t, k, lanes, 1, view);
                    var *b = bias ? normal_leaf(t, n, 1, 2, view) : NULL, *y = dense(t, W, b, x, acts[a]);
                    assert_int_equal(y->rows, n);
                    assert_int_equal(y->lanes, lanes);
                    for (int i = 0; i < n; i++)
                        for (int l = 0; l < lanes; l++)
                            assert_near(number(y, i, l), activated(plain(W, b, x, i, l), acts[a]));
                }
    tape_free(t);
}

/* The gradient of Σ w_l y_il, in plain loops; the layer is used twice, so that the second has to add to the first. */
static void gradients_are_plain_sums(void **state)
{
    (void)state;
    enum { N = 4, K = 6, L = 19 };
    real weights[L];
    for (int l = 0; l < L; l++)
        weights[l] = (real)drawn(5, l);
    for (int a = 0; a < 4; a++) {
        struct tape *t = fresh_tape();
        var *W = normal_leaf(t, N, K, 0, false), *x = normal_leaf(t, K, L, 1, false), *b = normal_leaf(t, N, 1, 2, false);
        var_seed(dense(t, W, b, x, acts[a]), weights, 1);
        var_seed(dense(t, W, b, x, acts[a]), weights, 2);
        tape_backward(t);
        for (int i = 0; i < N; i++) {
            double gb = 0, gw[K] = {0};
            for (int l = 0; l < L; l++) {
                double g = 3 * (double)weights[l] * activation_slope(plain(W, b, x, i, l), acts[a]);
                gb += g;
                for (int k = 0; k < K; k++)
                    gw[k] += g * number(x, k, l);
            }
            assert_true(is_near(slope_number(b, i, 0), gb, 1e-5));
            for (int k = 0; k < K; k++)
                assert_true(is_near(slope_number(W, i, k), gw[k], 1e-5));
        }
        for (int k = 0; k < K; k++)
            for (int l = 0; l < L; l++) {
                double gx = 0;
                for (int i = 0; i < N; i++)
                    gx += 3 * (double)weights[l] * activation_slope(plain(W, b, x, i, l), acts[a]) * number(W, i, k);
                assert_true(is_near(slope_number(x, k, l), gx, 1e-5));
            }
        tape_free(t);
    }
}

/* A layer whose output nobody used leaves the gradient of its inputs unwritten. */
static void an_unused_layer_does_nothing(void **state)
{
    (void)state;
    struct tape *t = fresh_tape();
    var *W = normal_leaf(t, 2, 3, 0, false), *x = normal_leaf(t, 3, 4, 1, false);
    dense(t, W, NULL, x, ACT_TANH);
    tape_backward(t);
    assert_null(var_arrived(W));
    assert_null(var_arrived(x));
    tape_free(t);
}

static void matmul_has_no_bias(void **state)
{
    (void)state;
    struct tape *t = fresh_tape();
    var *W = normal_leaf(t, 3, 2, 0, true), *x = normal_leaf(t, 2, 5, 1, true), *y = matmul(t, W, x);
    for (int i = 0; i < 3; i++)
        for (int l = 0; l < 5; l++)
            assert_near(number(y, i, l), plain(W, NULL, x, i, l));
    tape_free(t);
}

static void nan_passes_through_activations(void **state)
{
    (void)state;
    struct tape *t = fresh_tape();
    for (int a = 0; a < 4; a++) {
        var *x = filled(t, 2, 20, 0.5);
        x->v[7] = (real)NAN;
        var *y = dense(t, filled(t, 3, 2, 1), filled(t, 3, 1, 1), x, acts[a]);
        for (int l = 0; l < 20; l++)
            assert_true(isnan(number(y, 2, l)) == (l == 7));
    }
    tape_free(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_layer_is_three_loops),         cmocka_unit_test(gradients_are_plain_sums),
        cmocka_unit_test(an_unused_layer_does_nothing),   cmocka_unit_test(matmul_has_no_bias),
        cmocka_unit_test(nan_passes_through_activations),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
