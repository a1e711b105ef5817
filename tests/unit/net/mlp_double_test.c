/* The derivative of a multilayer perceptron in a direction: by differences of what it computes, and its own gradients by input and
 * direction (by the parameters: with the whole loss in ekvae_gradient_double_test.c). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>

#include "gradcheck.h"
#include "net/net.h"

enum { IN = 3, OUT = 2, LANES = 5 };

static const struct int_list shapes[] = {{1, {4}}, {2, {5, 4}}, {0, {0}}}; /* hidden layers */
enum { SHAPES = sizeof shapes / sizeof *shapes };

struct net {
    struct params p;
    struct mlp m;
};

static struct net net_of(int k)
{
    struct net n;
    params_init(&n.p);
    n.m = mlp_declare(&n.p, "net", IN, &shapes[k], OUT, ACT_TANH, ACT_NONE, GROUP_PSI, 3);
    for (int i = 0; i < n.p.n; i++)
        params_normal(&n.p, i, 8, 0, 0.6);
    return n;
}

static var *drawn(struct tape *t, int which, const var *added, double scale)
{
    var *x = constant(t, IN, LANES);
    for (int i = 0; i < IN; i++)
        for (int l = 0; l < LANES; l++)
            x->v[i * x->ld + l] = check_draw(which, i * LANES + l) + (added ? (real)scale * added->v[i * added->ld + l] : 0);
    return x;
}

static void by_differences(void **state)
{
    (void)state;
    const double h = 1e-5;
    for (int k = 0; k < SHAPES; k++) {
        struct net n = net_of(k);
        struct tape *t = tape_new();
        tape_begin(t, &n.p, NULL, 0);
        var *along = drawn(t, 2, NULL, 0), *slope = mlp_slope(t, &n.m, drawn(t, 1, NULL, 0), along);
        const var *more = mlp_apply(t, &n.m, drawn(t, 1, along, h)), *less = mlp_apply(t, &n.m, drawn(t, 1, along, -h));
        assert_int_equal(slope->rows, OUT);
        for (int i = 0; i < OUT; i++)
            for (int l = 0; l < LANES; l++) {
                double expected = (double)(more->v[i * more->ld + l] - less->v[i * less->ld + l]) / (2 * h);
                assert_true(fabs((double)slope->v[i * slope->ld + l] - expected) < 1e-8);
            }
        tape_free(t);
        params_free(&n.p);
    }
}

static var *build_slope(struct tape *t, var *const *x, const void *arg)
{
    return mlp_slope(t, arg, x[0], x[1]);
}

static void gradients(void **state)
{
    (void)state;
    for (int k = 0; k < SHAPES; k++) {
        struct net n = net_of(k);
        double worst = check_worst((struct check){
            .build = build_slope, .arg = &n.m, .in = {{IN, LANES, CHECK_ANY, NULL}, {IN, LANES, CHECK_ANY, NULL}}, .params = &n.p});
        if (!(worst < 1e-6))
            fail_msg("network %d: error %g", k, worst);
        params_free(&n.p);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(by_differences), cmocka_unit_test(gradients)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
