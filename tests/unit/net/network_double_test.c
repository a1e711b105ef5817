/* Networks between pictures and features: plans, names, start values; values by plain loops; gradients by every parameter. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "gradcheck.h"
#include "pictures.h"

static const struct layer_list widths = {.dense = {2, {5, 4}}}, two = {.dense = {1, {3}}, .convolutions = true, .channels = {2, {3, 2}}},
                               standard = {.dense = {1, {8}}, .convolutions = true};
static const struct image picture = {5, 6, 2};

static struct layer_list of_channels(int n)
{
    struct layer_list l = {.convolutions = true, .channels = {.n = n}};
    for (int i = 0; i < n; i++)
        l.channels.v[i] = 3 + i;
    return l;
}

static void plans(void **state)
{
    (void)state;
    static const struct {
        int height, width, asked, expected, last_height, last_width, last_channels; /* asked 0: as suits the picture */
    } cases[] = {
        {64, 64, 0, 4, 4, 4, 32},  {32, 32, 0, 3, 4, 4, 32}, {16, 16, 0, 2, 4, 4, 16},     {28, 28, 0, 2, 7, 7, 16},
        {12, 90, 0, 1, 6, 45, 8},  {6, 6, 0, 1, 3, 3, 8},    {2, 2, 0, 1, 1, 1, 8},        {64, 64, 6, 6, 1, 1, 8},
        {64, 64, 2, 2, 16, 16, 4}, {5, 7, 2, 2, 1, 1, 4},    {512, 512, 0, 4, 32, 32, 32},
    };
    struct conv conv[NETWORK_MOST_CONVOLUTIONS];
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct layer_list l = of_channels(cases[i].asked);
        struct error e;
        int n = network_plan((struct image){cases[i].height, cases[i].width, 3}, &l, conv, &e);
        assert_int_equal(n, cases[i].expected);
        assert_int_equal(conv[0].fine.channels, 3);
        assert_int_equal(conv[n - 1].coarse.height, cases[i].last_height);
        assert_int_equal(conv[n - 1].coarse.width, cases[i].last_width);
        assert_int_equal(conv[n - 1].coarse.channels, cases[i].last_channels);
    }
    assert_int_equal(network_plan(picture, &widths, conv, NULL), 0);
}

static void too_small_a_picture(void **state)
{
    (void)state;
    struct conv conv[NETWORK_MOST_CONVOLUTIONS];
    struct layer_list three = of_channels(3);
    struct error e;
    assert_int_equal(network_plan((struct image){5, 7, 1}, &three, conv, &e), -1);
    assert_int_equal(e.code, DSSM_USAGE);
    assert_string_equal(e.text, "expected at most 2 convolutions of a picture of 5×7 pixels, each of which halves it, got 3");
    assert_int_equal(network_plan((struct image){1, 9, 1}, &standard, conv, &e), -1);
    assert_string_equal(e.text, "expected at most 0 convolutions of a picture of 1×9 pixels, each of which halves it, got 1");
}

static void most_weights(void **state)
{
    (void)state;
    /* 5·6·2 → 2·3·3 → 1·1·2; kernels 3×32 and 2×48; 2→3, 3→7 */
    assert_true(network_most_weights(picture, &two, 7) == 96);
    assert_true(network_most_weights(picture, &two, 1000) == 3000);
    struct layer_list wide = {.convolutions = true, .channels = {2, {65536, 65536}}};
    assert_true(network_most_weights((struct image){8, 8, 1}, &wide, 1) == 16.0 * 65536 * 65536);
}

static void expect_entry(const struct params *p, int i, const char *name, int rows, int cols)
{
    assert_string_equal(p->entry[i].name, name);
    assert_int_equal(p->entry[i].rows, rows);
    assert_int_equal(p->entry[i].cols, cols);
    assert_int_equal(p->entry[i].group, GROUP_PHI);
}

static void names_and_shapes(void **state)
{
    (void)state;
    struct params p;
    params_init(&p);
    network_from_picture(&p, "in", picture, &two, 7, ACT_NONE, GROUP_PHI, 1);
    network_to_picture(&p, "out", 4, &two, picture, ACT_SIGMOID, GROUP_PHI, 1);
    static const struct {
        const char *name;
        int rows, cols;
    } expected[] = {
        {"in.conv.0.weight", 3, 32},  {"in.conv.0.bias", 3, 1},  {"in.conv.1.weight", 2, 48},  {"in.conv.1.bias", 2, 1},
        {"in.0.weight", 3, 2},        {"in.0.bias", 3, 1},       {"in.1.weight", 7, 3},        {"in.1.bias", 7, 1},
        {"out.conv.0.weight", 3, 32}, {"out.conv.0.bias", 2, 1}, {"out.conv.1.weight", 2, 48}, {"out.conv.1.bias", 3, 1},
        {"out.0.weight", 3, 4},       {"out.0.bias", 3, 1},      {"out.1.weight", 2, 3},       {"out.1.bias", 2, 1},
    };
    assert_int_equal(p.n, sizeof expected / sizeof *expected);
    for (int i = 0; i < p.n; i++)
        expect_entry(&p, i, expected[i].name, expected[i].rows, expected[i].cols);
    params_free(&p);
}

/* Without convolutions it is the multilayer perceptron, parameter for parameter. */
static void dense_layers_alone(void **state)
{
    (void)state;
    struct params p, q;
    params_init(&p);
    params_init(&q);
    struct network n = network_from_picture(&p, "net", picture, &widths, 3, ACT_TANH, GROUP_PHI, 5);
    struct network back = network_to_picture(&p, "back", 3, &widths, picture, ACT_SIGMOID, GROUP_PHI, 5);
    struct mlp m = mlp_declare(&q, "net", 60, &widths.dense, 3, ACT_TANH, ACT_TANH, GROUP_PHI, 5);
    struct mlp m2 = mlp_declare(&q, "back", 3, &widths.dense, 60, ACT_TANH, ACT_SIGMOID, GROUP_PHI, 5);
    network_output_start(&p, &back, -3);
    mlp_output_start(&q, &m2, 0, 60, -3, 1);
    assert_int_equal(p.size, q.size);
    assert_memory_equal(p.value, q.value, p.size * sizeof(real));
    struct tape *t = tape_new(), *s = tape_new();
    tape_begin(t, &p, NULL, 0);
    tape_begin(s, &q, NULL, 0);
    var *x = filled(t, 60, 4, 0.3), *y = network_apply(t, &back, network_apply(t, &n, x)), *z = mlp_apply(s, &m2, mlp_apply(s, &m, x));
    assert_memory_equal(y->v, z->v, sizeof(real) * 60 * 4);
    tape_free(t);
    tape_free(s);
    params_free(&p);
    params_free(&q);
}

/* Within ±√(6/fan-in), and as wide as that; the last layer's biases where they are put. */
static void start_values(void **state)
{
    (void)state;
    struct layer_list l = {.dense = {1, {3}}, .convolutions = true, .channels = {2, {6, 9}}};
    struct params p;
    params_init(&p);
    struct network in = network_from_picture(&p, "in", (struct image){8, 8, 5}, &l, 2, ACT_NONE, GROUP_PHI, 1);
    struct network out = network_to_picture(&p, "out", 2, &l, (struct image){8, 8, 5}, ACT_SIGMOID, GROUP_PHI, 1);
    network_output_start(&p, &out, -3);
    const int index[] = {in.kernel[0], in.kernel[1], out.kernel[0], out.kernel[1]}, fan_in[] = {16 * 5, 16 * 6, 4 * 6, 4 * 9};
    for (int k = 0; k < 4; k++) {
        const struct param *e = &p.entry[index[k]];
        double bound = sqrt(6.0 / fan_in[k]), largest = 0, mean = 0;
        for (int i = 0; i < e->rows * e->cols; i++) {
            double w = (double)params_value(&p, index[k])[i];
            largest = fmax(largest, fabs(w));
            mean += w / (e->rows * e->cols);
        }
        assert_true(largest <= bound && largest > 0.97 * bound && fabs(mean) < 0.15 * bound);
    }
    for (int i = 0; i < 5; i++)
        assert_true((double)params_value(&p, out.bias[0])[i] == -3);
    for (int i = 0; i < 6; i++)
        assert_true((double)params_value(&p, out.bias[1])[i] == 0 && (double)params_value(&p, in.bias[0])[i] == 0);
    params_free(&p);
}

/* A network and its mirror image on random parameters; its inputs are parameters too. */
struct pair {
    struct params p;
    struct network in, out;
    int x;
};

static void pair_open(struct pair *a, int lanes)
{
    params_init(&a->p);
    a->in = network_from_picture(&a->p, "in", picture, &two, 4, ACT_NONE, GROUP_PHI, 1);
    a->out = network_to_picture(&a->p, "out", 4, &two, picture, ACT_SIGMOID, GROUP_THETA, 1);
    a->x = params_add(&a->p, "x", image_rows(picture), lanes, GROUP_PSI, 1);
    for (int i = 0; i < a->p.n; i++) {
        params_normal(&a->p, i, 8, 0, 0.4);
        const char *name = a->p.entry[i].name; /* sums before a ReLU stay away from its kink, some on either side */
        bool kink = strstr(name, ".conv.") || strcmp(name, "out.1.bias") == 0;
        for (int r = 0; r < a->p.entry[i].rows && kink && strstr(name, "bias") && strcmp(name, "out.conv.0.bias") != 0; r++)
            params_value(&a->p, i)[r] += r % 3 == 1 ? -9 : 9;
    }
}

static var *pair_apply(struct tape *t, const struct pair *a)
{
    return network_apply(t, &a->out, network_apply(t, &a->in, param(t, a->x)));
}

/* Dense layer or convolution `name` of one lane, in place. */
static void plain_layer(const struct pair *a, const char *name, const struct conv *g, bool back, enum activation act, double *now)
{
    char entry[40];
    snprintf(entry, sizeof entry, "%s.weight", name);
    const struct param *w = &a->p.entry[params_find(&a->p, entry)];
    snprintf(entry, sizeof entry, "%s.bias", name);
    const real *W = a->p.value + w->offset, *b = params_value(&a->p, params_find(&a->p, entry));
    double next[60] = {0};
    struct image to = {1, 1, w->rows};
    if (g) {
        to = back ? g->fine : g->coarse;
        plain_convolution(g, back, (const double *)W, now, next);
    } else
        for (int r = 0; r < w->rows; r++)
            for (int c = 0; c < w->cols; c++)
                next[r] += (double)W[r * w->cols + c] * now[c];
    for (int r = 0; r < image_rows(to); r++) {
        double sum = next[r] + (double)b[r % to.channels];
        now[r] = act == ACT_TANH ? tanh(sum) : act == ACT_SIGMOID ? 1 / (1 + exp(-sum)) : act == ACT_RELU && sum < 0 ? 0 : sum;
    }
}

static void values_by_plain_loops(void **state)
{
    (void)state;
    enum { LANES = 11 };
    struct pair a;
    struct tape *t = tape_new();
    pair_open(&a, LANES);
    tape_begin(t, &a.p, NULL, 0);
    var *y = pair_apply(t, &a);
    assert_int_equal(y->rows, 60);
    for (int l = 0; l < LANES; l++) {
        double now[60];
        for (int r = 0; r < 60; r++)
            now[r] = (double)params_value(&a.p, a.x)[r * LANES + l];
        plain_layer(&a, "in.conv.0", &a.in.conv[0], false, ACT_RELU, now);
        plain_layer(&a, "in.conv.1", &a.in.conv[1], false, ACT_RELU, now);
        plain_layer(&a, "in.0", NULL, false, ACT_TANH, now);
        plain_layer(&a, "in.1", NULL, false, ACT_NONE, now);
        plain_layer(&a, "out.0", NULL, false, ACT_TANH, now);
        plain_layer(&a, "out.1", NULL, false, ACT_RELU, now);
        plain_layer(&a, "out.conv.1", &a.out.conv[1], true, ACT_RELU, now);
        plain_layer(&a, "out.conv.0", &a.out.conv[0], true, ACT_SIGMOID, now);
        for (int r = 0; r < 60; r++)
            assert_true(fabs((double)y->v[r * LANES + l] - now[r]) < 1e-12);
    }
    tape_free(t);
    params_free(&a.p);
}

static double weighted(struct tape *t, const struct pair *a, real *gradient)
{
    tape_begin(t, &a->p, gradient, GROUP_ALL);
    var *y = pair_apply(t, a);
    real *seed = var_gradient(y);
    double sum = 0;
    for (int i = 0; i < y->rows * y->lanes; i++) {
        sum += cos(1 + 0.7 * i) * (double)y->v[i];
        if (seed)
            seed[i] += (real)cos(1 + 0.7 * i);
    }
    if (gradient)
        tape_backward(t);
    return sum;
}

static void gradients(void **state)
{
    (void)state;
    struct pair a;
    struct tape *t = tape_new();
    pair_open(&a, 5);
    real *gradient = xcalloc(a.p.size, sizeof *gradient);
    int moved = 0;
    weighted(t, &a, gradient);
    for (size_t i = 0; i < a.p.size; i++) {
        double h = 1e-3, f[4];
        real kept = a.p.value[i];
        for (int k = 0; k < 4; k++) {
            a.p.value[i] = kept + (real)((double[]){-2, -1, 1, 2}[k] * h);
            f[k] = weighted(t, &a, NULL);
        }
        a.p.value[i] = kept;
        double expected = (f[0] - 8 * f[1] + 8 * f[2] - f[3]) / (12 * h);
        moved += expected != 0;
        assert_true(fabs((double)gradient[i] - expected) <= 1e-8 * fmax(1, fabs(expected)));
    }
    assert_true(moved > (int)a.p.size / 2);
    free(gradient);
    tape_free(t);
    params_free(&a.p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plans),
        cmocka_unit_test(too_small_a_picture),
        cmocka_unit_test(most_weights),
        cmocka_unit_test(names_and_shapes),
        cmocka_unit_test(dense_layers_alone),
        cmocka_unit_test(start_values),
        cmocka_unit_test(values_by_plain_loops),
        cmocka_unit_test(gradients),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
