/* Convolutions, plain and transposed: values by plain loops, gradients by finite differences. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "gradcheck.h"
#include "pictures.h"

/* A layer on so many lanes. */
struct layer {
    struct image fine;
    int channels, size, stride, pad, lanes;
    enum activation act;
    bool bias, back, twice; /* twice: x goes in two times, so that gradients must be added */
};

static struct conv geometry(const struct layer *l)
{
    return conv_of(l->fine, l->channels, l->size, l->stride, l->pad);
}

static struct image input_of(const struct layer *l)
{
    struct conv g = geometry(l);
    return l->back ? g.coarse : g.fine;
}

static var *once(struct tape *t, var *const *x, const struct layer *l)
{
    struct conv g = geometry(l);
    var *b = l->bias ? x[2] : NULL;
    return l->back ? convolve_back(t, &g, x[0], b, x[1], l->act) : convolve(t, &g, x[0], b, x[1], l->act);
}

static var *build(struct tape *t, var *const *x, const void *arg)
{
    const struct layer *l = arg;
    var *y = once(t, x, l);
    return l->twice ? mul(t, y, once(t, x, l)) : y;
}

static struct check check_of(const struct layer *l)
{
    struct conv g = geometry(l);
    struct check c = {.build = build, .arg = l};
    c.in[0] = (struct check_input){.rows = g.coarse.channels, .lanes = g.size * g.size * g.fine.channels};
    c.in[1] = (struct check_input){.rows = image_rows(input_of(l)), .lanes = l->lanes};
    if (l->bias)
        c.in[2] = (struct check_input){.rows = l->back ? g.fine.channels : g.coarse.channels, .lanes = 1};
    return c;
}

static double activated(double x, enum activation act)
{
    switch (act) {
    case ACT_TANH: return tanh(x);
    case ACT_RELU: return x > 0 ? x : 0;
    case ACT_SIGMOID: return 1 / (1 + exp(-x));
    default: return x;
    }
}

/* One lane of the input, and what plain loops make of it. */
static void plain_lane(const struct layer *l, const struct check *c, int lane, double *out)
{
    struct conv g = geometry(l);
    struct image to = l->back ? g.fine : g.coarse;
    double *x = xcalloc((size_t)c->in[1].rows, sizeof *x);
    for (int r = 0; r < c->in[1].rows; r++)
        x[r] = c->in[1].value[r * l->lanes + lane];
    for (int r = 0; r < image_rows(to); r++)
        out[r] = l->bias ? c->in[2].value[r % to.channels] : 0;
    plain_convolution(&g, l->back, c->in[0].value, x, out);
    for (int r = 0; r < image_rows(to); r++)
        out[r] = activated(out[r], l->act);
    free(x);
}

static void expect_plain(const struct layer *l, bool views)
{
    struct check c = check_of(l);
    struct tape *t = tape_new();
    var *source, *x[3] = {0};
    int at;
    check_open(&c);
    tape_begin(t, NULL, NULL, 0);
    for (int i = 0; i < 2 + l->bias; i++)
        x[i] = check_hold(t, &c.in[i], views, &source, &at);
    var *y = build(t, x, l);
    double *plain = xcalloc((size_t)y->rows, sizeof *plain);
    for (int lane = 0; lane < l->lanes; lane++) {
        plain_lane(l, &c, lane, plain);
        for (int r = 0; r < y->rows; r++)
            if (!(fabs((double)y->v[r * y->ld + lane] - plain[r]) < 1e-12))
                fail_msg("%d×%d×%d to %d channels, size %d, stride %d, pad %d, %d lanes, back %d: row %d, lane %d: %g instead of %g",
                         l->fine.height, l->fine.width, l->fine.channels, l->channels, l->size, l->stride, l->pad, l->lanes, l->back, r,
                         lane, (double)y->v[r * y->ld + lane], plain[r]);
    }
    free(plain);
    tape_free(t);
    check_close(&c);
}

/* Both ways: even and odd sides, channels around the four of a tile, lanes around the registers', every stride and border. */
static const struct layer shapes[] = {
    {{4, 4, 1}, 2, 4, 2, 1, 3, ACT_NONE, true, false, false},   {{8, 6, 3}, 4, 4, 2, 1, 25, ACT_TANH, true, false, false},
    {{5, 7, 2}, 5, 4, 2, 1, 13, ACT_RELU, true, false, false},  {{7, 5, 4}, 3, 3, 1, 1, 1, ACT_SIGMOID, true, false, false},
    {{6, 6, 2}, 9, 5, 3, 0, 8, ACT_TANH, true, false, false},   {{3, 9, 1}, 1, 3, 3, 0, 50, ACT_NONE, false, false, false},
    {{2, 2, 3}, 6, 4, 2, 1, 49, ACT_TANH, true, false, false},  {{9, 9, 1}, 8, 8, 5, 7, 4, ACT_NONE, true, false, false},
    {{6, 5, 7}, 4, 1, 1, 0, 17, ACT_TANH, false, false, false}, {{8, 8, 2}, 3, 2, 2, 0, 31, ACT_RELU, true, false, false},
};
enum { SHAPES = sizeof shapes / sizeof *shapes };

static void values_by_plain_loops(void **state)
{
    (void)state;
    for (int i = 0; i < SHAPES; i++)
        for (int way = 0; way < 4; way++) {
            struct layer l = shapes[i];
            l.back = way & 1;
            expect_plain(&l, way & 2);
        }
}

/* A value worked out by hand: a kernel of ones of 4×4 on ones, padded by one: 9 taps at a corner, 12 at a side, 16 inside. */
static void counts_its_taps(void **state)
{
    (void)state;
    static const double expected[] = {9, 12, 9, 12, 16, 12, 9, 12, 9};
    struct conv g = conv_of((struct image){6, 6, 1}, 1, 4, 2, 1);
    struct tape *t = tape_new();
    assert_int_equal(g.coarse.height, 3);
    assert_int_equal(g.coarse.width, 3);
    tape_begin(t, NULL, NULL, 0);
    var *y = convolve(t, &g, filled(t, 1, 16, 1), NULL, filled(t, 36, 2, 1), ACT_NONE);
    for (int r = 0; r < 9; r++)
        for (int l = 0; l < 2; l++)
            assert_true((double)y->v[r * y->ld + l] == expected[r]);
    tape_free(t);
}

/* Coarse sides: those of the places where the kernel fits, padding included. */
static void sizes(void **state)
{
    (void)state;
    static const int cases[][5] = {{64, 4, 2, 1, 32}, {5, 4, 2, 1, 2}, {2, 4, 2, 1, 1}, {1, 4, 2, 1, 0},
                                   {7, 3, 1, 0, 5},   {9, 3, 3, 0, 3}, {1, 1, 1, 0, 1}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const int *k = cases[i];
        struct conv g = conv_of((struct image){k[0], k[0], 3}, 5, k[1], k[2], k[3]);
        assert_int_equal(g.coarse.height, k[4]);
        assert_int_equal(g.coarse.width, k[4]);
        assert_int_equal(g.coarse.channels, 5);
    }
}

static void gradients(void **state)
{
    (void)state;
    for (int i = 0; i < SHAPES; i++)
        for (int way = 0; way < 4; way++) {
            struct layer l = shapes[i];
            l.back = way & 1;
            l.twice = way & 2;
            l.lanes = l.lanes > 13 ? 13 : l.lanes;
            l.act = l.act == ACT_RELU ? ACT_SIGMOID : l.act; /* a kink has no difference; ReLU has a case of its own */
            double worst = check_worst(check_of(&l));
            if (!(worst < 1e-8))
                fail_msg("shape %d, back %d, twice %d: error %g", i, l.back, l.twice, worst);
        }
}

/* ReLU where no sum comes near its kink: biases of ±40. */
static var *build_far(struct tape *t, var *const *x, const void *arg)
{
    const struct layer *l = arg;
    var *b = constant(t, x[2]->rows, 1), *held[3] = {x[0], x[1], NULL};
    for (int i = 0; i < b->rows; i++)
        b->v[i] = i % 2 ? -40 : 40;
    held[2] = add(t, x[2], b);
    return build(t, held, l);
}

static void gradients_through_relu(void **state)
{
    (void)state;
    for (int back = 0; back < 2; back++) {
        struct layer l = {{5, 6, 3}, 3, 4, 2, 1, 9, ACT_RELU, true, back, false};
        struct check c = check_of(&l);
        c.build = build_far;
        double worst = check_worst(c);
        if (!(worst < 1e-8))
            fail_msg("back %d: error %g", back, worst);
    }
}

/* ⟨K ∗ x, y⟩ = ⟨x, Kᵀ ∗ y⟩. */
static void transposed_is_the_adjoint(void **state)
{
    (void)state;
    struct conv g = conv_of((struct image){7, 10, 3}, 6, 4, 2, 1);
    struct params p;
    params_init(&p);
    int K = params_add(&p, "K", 6, 48, GROUP_PHI, 1), x = params_add(&p, "x", image_rows(g.fine), 27, GROUP_PHI, 1);
    int y = params_add(&p, "y", image_rows(g.coarse), 27, GROUP_PHI, 1);
    for (int i = 0; i < 3; i++)
        params_normal(&p, i, 4, 0, 1);
    struct tape *t = tape_new();
    tape_begin(t, &p, NULL, 0);
    var *one = sum_rows(t, mul(t, convolve(t, &g, param(t, K), NULL, param(t, x), ACT_NONE), param(t, y)));
    var *two = sum_rows(t, mul(t, param(t, x), convolve_back(t, &g, param(t, K), NULL, param(t, y), ACT_NONE)));
    for (int l = 0; l < 27; l++)
        assert_true(fabs((double)(one->v[l] - two->v[l])) < 1e-11);
    tape_free(t);
    params_free(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_by_plain_loops),
        cmocka_unit_test(counts_its_taps),
        cmocka_unit_test(sizes),
        cmocka_unit_test(gradients),
        cmocka_unit_test(gradients_through_relu),
        cmocka_unit_test(transposed_is_the_adjoint),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
