/* The gated transition: its start, its values against plain loops, its two ends, its gradients. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "gradcheck.h"
#include "plain.h"

enum { DZ = 3, LANES = 5 };

struct parts {
    struct model m; /* its parameters and number of controls alone */
    struct gated g;
};

static struct parts parts_open(int du, bool drawn)
{
    struct parts a = {.m = {.du = du}};
    struct gated_settings s = {.hidden = {1, {4}}, .decay = 1.5, .variance = 0.02};
    params_init(&a.m.params);
    a.g = gated_declare(&a.m.params, DZ, du, &s, 3);
    for (int i = 0; drawn && i < a.m.params.n; i++)
        params_normal(&a.m.params, i, 8, 0, 0.6);
    return a;
}

static void near(const char *what, int at, double got, double expected, double tolerance)
{
    if (!(fabs(got - expected) <= tolerance))
        fail_msg("%s, %d: expected %.15g, got %.15g", what, at, expected, got);
}

static double number(const var *a, int row, int lane)
{
    return (double)a->v[(size_t)row * (size_t)a->ld + (size_t)lane];
}

static var *drawn(struct tape *t, int what, int rows)
{
    var *a = constant(t, rows, LANES);
    for (int i = 0; i < rows * LANES; i++)
        a->v[i] = (real)check_draw(what, i);
    return a;
}

/* Linear to begin with and still: gates at a tenth, the network's own mean small, W the identity, nothing pushed. */
static void start_values(void **state)
{
    (void)state;
    struct parts a = parts_open(2, false);
    const struct params *p = &a.m.params;
    const real *bias = params_value(p, a.g.net.bias[1]), *W = params_value(p, a.g.W), *b = params_value(p, a.g.b);
    for (int i = 0; i < DZ; i++) {
        near("gate", i, (double)bias[i], -2, 0);
        near("h", i, (double)bias[DZ + i], 0, 0);
        near("log variance", i, (double)bias[2 * DZ + i], log(0.02), 1e-12);
        near("b", i, (double)b[i], 0, 0);
    }
    for (int i = 0; i < DZ * DZ; i++)
        near("W - I", i, (double)W[i], 0, 0);
    assert_true(p->entry[a.g.W].decay == 1.5);
    for (int i = 0; i < p->n; i++)
        assert_int_equal(p->entry[i].group, GROUP_PSI);
    params_free(&a.m.params);
    a = parts_open(0, false);
    assert_true(a.g.V == -1 && params_find(&a.m.params, "transition.V") < 0);
    params_free(&a.m.params);
}

/* acts: a control is given; else it is 0. */
static void compare(int du, bool acts)
{
    struct parts a = parts_open(du, true);
    struct tape *t = tape_new();
    tape_begin(t, &a.m.params, NULL, 0);
    var *z = drawn(t, 1, DZ), *u = acts ? drawn(t, 2, du) : NULL;
    struct gauss p = gated_apply(t, &a.g, z, u);
    for (int l = 0; l < LANES; l++) {
        double state[DZ], control[2] = {0};
        for (int i = 0; i < DZ; i++)
            state[i] = number(z, i, l);
        for (int i = 0; acts && i < du; i++)
            control[i] = number(u, i, l);
        struct plain_gauss plain = plain_gated(&a.m, state, DZ, control);
        for (int i = 0; i < DZ; i++) {
            near("mean", l, number(p.mean, i, l), plain.mean[i], 1e-13);
            near("variance", l, number(p.variance, i, l), plain.variance[i], 1e-13);
        }
    }
    tape_free(t);
    params_free(&a.m.params);
}

static void values(void **state)
{
    (void)state;
    compare(2, true);
    compare(1, true);
    compare(2, false);
    compare(0, false);
}

/* Gates shut: the mean is W z + V u + b, linear in state and control. Gates open: it is the network's. */
static void shut_and_open(void **state)
{
    (void)state;
    struct parts a = parts_open(1, true);
    real *bias = params_value(&a.m.params, a.g.net.bias[1]);
    struct tape *t = tape_new();
    for (int open = 0; open < 2; open++) {
        for (int i = 0; i < DZ; i++)
            bias[i] = open ? 60 : -60;
        tape_begin(t, &a.m.params, NULL, 0);
        var *z = drawn(t, 1, DZ), *u = drawn(t, 2, 1), *zu = stack_rows(t, 2, (var *const[]){z, u});
        var *mean = gated_apply(t, &a.g, z, u).mean, *twice = gated_apply(t, &a.g, scale(t, z, 2), scale(t, u, 2)).mean;
        var *still = gated_apply(t, &a.g, filled(t, DZ, LANES, 0), NULL).mean, *net = mlp_apply(t, &a.g.net, zu);
        for (int i = 0; i < DZ; i++)
            for (int l = 0; l < LANES; l++)
                near("mean", l, number(mean, i, l), open ? number(net, DZ + i, l) : (number(twice, i, l) + number(still, i, l)) / 2, 1e-12);
    }
    tape_free(t);
    params_free(&a.m.params);
}

static var *build(struct tape *t, var *const *x, const void *arg)
{
    const struct parts *a = arg;
    struct gauss p = gated_apply(t, &a->g, x[0], a->m.du > 0 ? x[1] : NULL);
    return stack_rows(t, 2, (var *const[]){p.mean, p.variance});
}

/* By state and control; by its parameters with the whole bound in dks_double_test.c. */
static void gradients(void **state)
{
    (void)state;
    for (int du = 0; du <= 2; du++) {
        struct parts a = parts_open(du, true);
        struct check c = {
            .build = build, .arg = &a, .in = {{DZ, LANES, CHECK_ANY, NULL}, {du, LANES, CHECK_ANY, NULL}}, .params = &a.m.params};
        double worst = check_worst(c);
        if (!(worst < 1e-8))
            fail_msg("du %d: error %g", du, worst);
        params_free(&a.m.params);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(start_values),
        cmocka_unit_test(values),
        cmocka_unit_test(shut_and_open),
        cmocka_unit_test(gradients),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
