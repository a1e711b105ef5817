/* Multilayer perceptrons: names and shapes, start values, and what they compute. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <string.h>

#include "net/net.h"

static const struct int_list two_hidden = {2, {5, 4}}, none = {0, {0}};

static void expect_entry(const struct params *p, int index, const char *name, int rows, int cols, unsigned group)
{
    assert_string_equal(p->entry[index].name, name);
    assert_int_equal(p->entry[index].rows, rows);
    assert_int_equal(p->entry[index].cols, cols);
    assert_int_equal(p->entry[index].group, group);
    assert_true(p->entry[index].rate == 1);
}

static void names_and_shapes(void **state)
{
    (void)state;
    struct params p;
    params_init(&p);
    struct mlp m = mlp_declare(&p, "net", 3, &two_hidden, 2, ACT_TANH, ACT_SIGMOID, GROUP_PSI, 1);
    assert_int_equal(m.layers, 3);
    assert_int_equal(p.n, 6);
    expect_entry(&p, m.weight[0], "net.0.weight", 5, 3, GROUP_PSI);
    expect_entry(&p, m.bias[0], "net.0.bias", 5, 1, GROUP_PSI);
    expect_entry(&p, m.weight[1], "net.1.weight", 4, 5, GROUP_PSI);
    expect_entry(&p, m.weight[2], "net.2.weight", 2, 4, GROUP_PSI);
    expect_entry(&p, m.bias[2], "net.2.bias", 2, 1, GROUP_PSI);
    assert_int_equal(p.size, 5 * 3 + 5 + 4 * 5 + 4 + 2 * 4 + 2);
    params_free(&p);
}

/* Glorot: within ±√(6/(rows+cols)), variance bound²/3; biases 0. */
static void start_values(void **state)
{
    (void)state;
    struct params p;
    params_init(&p);
    struct mlp m = mlp_declare(&p, "net", 60, &(struct int_list){1, {80}}, 2, ACT_TANH, ACT_NONE, GROUP_PSI, 1);
    const real *w = params_value(&p, m.weight[0]), *b = params_value(&p, m.bias[0]);
    double bound = sqrt(6.0 / 140), mean = 0, square = 0, largest = 0;
    int n = 60 * 80;
    for (int i = 0; i < n; i++) {
        mean += (double)w[i] / n;
        square += (double)w[i] * (double)w[i] / n;
        largest = fmax(largest, fabs((double)w[i]));
    }
    assert_true(largest <= bound * (1 + 1e-6) && largest > 0.99 * bound);
    assert_true(fabs(mean) < 6 * bound / sqrt(3.0 * n));
    assert_true(fabs(square - bound * bound / 3) < 6 * bound * bound * sqrt(4 / 45.0 / n));
    for (int i = 0; i < 80; i++)
        assert_true(b[i] == 0);
    params_free(&p);
}

/* Start values depend on seed and name, not on what was declared before. */
static void values_depend_on_the_name(void **state)
{
    (void)state;
    struct params one, two;
    params_init(&one);
    params_init(&two);
    struct mlp a = mlp_declare(&one, "net", 3, &two_hidden, 2, ACT_TANH, ACT_NONE, GROUP_PSI, 9);
    mlp_declare(&two, "other", 7, &none, 4, ACT_TANH, ACT_NONE, GROUP_PSI, 9);
    struct mlp b = mlp_declare(&two, "net", 3, &two_hidden, 2, ACT_TANH, ACT_NONE, GROUP_PSI, 9);
    struct mlp named = mlp_declare(&two, "nets", 3, &two_hidden, 2, ACT_TANH, ACT_NONE, GROUP_PSI, 9);
    struct mlp seeded = mlp_declare(&one, "later", 3, &two_hidden, 2, ACT_TANH, ACT_NONE, GROUP_PSI, 10);
    struct params fresh;
    params_init(&fresh);
    struct mlp later = mlp_declare(&fresh, "later", 3, &two_hidden, 2, ACT_TANH, ACT_NONE, GROUP_PSI, 9);
    for (int i = 0; i < 3; i++) {
        size_t bytes = sizeof(real) * (size_t)(one.entry[a.weight[i]].rows * one.entry[a.weight[i]].cols);
        assert_memory_equal(params_value(&one, a.weight[i]), params_value(&two, b.weight[i]), bytes);
        assert_memory_not_equal(params_value(&two, b.weight[i]), params_value(&two, named.weight[i]), bytes);
        assert_memory_not_equal(params_value(&one, seeded.weight[i]), params_value(&fresh, later.weight[i]), bytes);
    }
    params_free(&one);
    params_free(&two);
    params_free(&fresh);
}

/* One lane through the layers by plain loops. */
static void plain_forward(const struct params *p, const struct mlp *m, const double *x, double *out)
{
    double now[8], next[8];
    memcpy(now, x, 3 * sizeof *x);
    for (int i = 0; i < m->layers; i++) {
        const struct param *e = &p->entry[m->weight[i]];
        const real *w = params_value(p, m->weight[i]), *b = params_value(p, m->bias[i]);
        for (int r = 0; r < e->rows; r++) {
            next[r] = (double)b[r];
            for (int c = 0; c < e->cols; c++)
                next[r] += (double)w[r * e->cols + c] * now[c];
            next[r] = i < m->layers - 1 ? tanh(next[r]) : 1 / (1 + exp(-next[r]));
        }
        memcpy(now, next, sizeof now);
    }
    memcpy(out, now, 2 * sizeof *out);
}

static void computes_its_layers(void **state)
{
    (void)state;
    enum { LANES = 7 };
    struct params p;
    params_init(&p);
    struct mlp m = mlp_declare(&p, "net", 3, &two_hidden, 2, ACT_TANH, ACT_SIGMOID, GROUP_PSI, 1);
    for (int i = 0; i < 3; i++)
        params_normal(&p, m.bias[i], 4, 0, 0.5);
    struct tape *t = tape_new();
    tape_begin(t, &p, NULL, 0);
    var *x = constant(t, 3, LANES);
    for (int i = 0; i < 3; i++)
        draw_normal_strided((struct draw){.seed = 2, .step = (uint32_t)i}, LANES, x->v + i * x->ld, 1);
    var *y = mlp_apply(t, &m, x);
    assert_int_equal(y->rows, 2);
    assert_int_equal(y->lanes, LANES);
    for (int l = 0; l < LANES; l++) {
        double in[3], out[2];
        for (int i = 0; i < 3; i++)
            in[i] = (double)x->v[i * x->ld + l];
        plain_forward(&p, &m, in, out);
        for (int i = 0; i < 2; i++)
            assert_true(fabs((double)y->v[i * y->ld + l] - out[i]) < 1e-6);
    }
    tape_free(t);
    params_free(&p);
}

static void output_start(void **state)
{
    (void)state;
    struct params p, before;
    params_init(&p);
    params_init(&before);
    struct mlp m = mlp_declare(&p, "net", 3, &two_hidden, 4, ACT_TANH, ACT_NONE, GROUP_PSI, 1);
    struct mlp same = mlp_declare(&before, "net", 3, &two_hidden, 4, ACT_TANH, ACT_NONE, GROUP_PSI, 1);
    mlp_output_start(&p, &m, 1, 2, -3, 0.5);
    const real *w = params_value(&p, m.weight[2]), *old = params_value(&before, same.weight[2]), *b = params_value(&p, m.bias[2]);
    for (int i = 0; i < 4; i++) {
        bool changed = i == 1 || i == 2;
        assert_true(b[i] == (changed ? -3 : 0));
        for (int j = 0; j < 4; j++)
            assert_true(w[i * 4 + j] == (changed ? (real)0.5 * old[i * 4 + j] : old[i * 4 + j]));
    }
    params_free(&p);
    params_free(&before);
}

static void gaussian_head(void **state)
{
    (void)state;
    struct params p;
    params_init(&p);
    struct mlp m = gauss_declare(&p, "head", 3, &none, 2, -4, GROUP_PHI, 1);
    expect_entry(&p, m.weight[0], "head.0.weight", 4, 3, GROUP_PHI);
    const real *b = params_value(&p, m.bias[0]);
    assert_true(b[0] == 0 && b[1] == 0 && b[2] == -4 && b[3] == -4);
    struct tape *t = tape_new();
    tape_begin(t, &p, NULL, 0);
    static const real out[] = {1, 2, -30, 3, 0, -400};
    struct gauss g = gauss_head(t, leaf(t, 2, 3, out));
    assert_int_equal(g.mean->rows, 1);
    for (int l = 0; l < 3; l++) {
        assert_true(g.mean->v[l] == out[l]);
        assert_true(fabs((double)g.variance->v[l] - (exp((double)out[3 + l]) + VARIANCE_FLOOR)) < 1e-6 * (double)g.variance->v[l] + 1e-12);
        assert_true(g.variance->v[l] > 0);
    }
    tape_free(t);
    params_free(&p);
}

/* A linear map beside the layers: zeros at first, then what it is, of the input, whatever the layers do. */
static void straight_map(void **state)
{
    (void)state;
    static const real x[] = {1, -2, 0.5, 3, -1, 0.25};
    struct params p;
    params_init(&p);
    struct mlp m = mlp_declare(&p, "net", 3, &two_hidden, 2, ACT_TANH, ACT_NONE, GROUP_PHI, 9), plain = m;
    mlp_add_straight(&p, "net", &m);
    expect_entry(&p, m.straight, "net.straight", 2, 3, GROUP_PHI);
    real *W = params_value(&p, m.straight);
    struct tape *t = tape_new();
    for (int k = 0; k < 2; k++) {
        for (int i = 0; i < 6; i++)
            W[i] = (real)(k * (i + 1));
        tape_begin(t, &p, NULL, 0);
        var *in = leaf(t, 3, 2, x), *out = mlp_apply(t, &m, in), *layers = mlp_apply(t, &plain, in);
        for (int i = 0; i < 2; i++)
            for (int l = 0; l < 2; l++) {
                double sum = (double)layers->v[i * layers->ld + l];
                for (int j = 0; j < 3; j++)
                    sum += (double)(W[3 * i + j] * x[2 * j + l]);
                assert_true(fabs((double)out->v[i * out->ld + l] - sum) < 1e-5);
            }
    }
    tape_free(t);
    params_free(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_and_shapes),    cmocka_unit_test(start_values), cmocka_unit_test(values_depend_on_the_name),
        cmocka_unit_test(computes_its_layers), cmocka_unit_test(output_start), cmocka_unit_test(gaussian_head),
        cmocka_unit_test(straight_map),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
