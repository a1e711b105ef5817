/* A cell's way through time, with rules so simple that the states are known: what the cells' own tests cannot tell apart. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "gradcheck.h"
#include "net/recurrent.h"

enum { UNITS = 2, STEPS = 4, LANES = 3, ALL = STEPS * LANES };

/* h' = U h + w: one gate, nothing kept that backward needs. */
static void linear_forward(int n, real *kept, real *state)
{
    memcpy(state, kept, sizeof *state * (size_t)n);
}

static void linear_backward(int n, const real *kept, const real *before, real *state_g, real *sums_g)
{
    (void)kept;
    (void)before;
    memcpy(sums_g, state_g, sizeof *sums_g * (size_t)n);
    memset(state_g, 0, sizeof *state_g * (size_t)n);
}

static const struct cell_rule linear = {1, 1, 1, false, linear_forward, linear_backward};

/* Two parts of state, two gates, the last one's shares apart: h' = s + w2, c' = c²/2 + (U2 h + c0), where s = U1 h + w1. */
static void square_forward(int n, real *kept, real *state)
{
    for (int i = 0; i < n; i++) {
        state[i] = kept[i] + kept[2 * n + i];
        state[n + i] = state[n + i] * state[n + i] / 2 + kept[n + i];
    }
}

static void square_backward(int n, const real *kept, const real *before, real *state_g, real *sums_g)
{
    (void)kept;
    for (int i = 0; i < n; i++) {
        sums_g[i] = sums_g[2 * n + i] = state_g[i];
        sums_g[n + i] = state_g[n + i];
        state_g[i] = 0;
        state_g[n + i] *= before[i];
    }
}

static const struct cell_rule square = {2, 2, 3, true, square_forward, square_backward};

static var *drawn(struct tape *t, int which, int rows, int lanes)
{
    var *a = constant(t, rows, lanes);
    for (int i = 0; i < rows * lanes; i++)
        a->v[i] = check_draw(which, i);
    return a;
}

static double at(const var *a, int row, int lane)
{
    return (double)a->v[row * a->ld + lane];
}

static void assert_near(double got, double expected)
{
    if (!(fabs(got - expected) < 1e-13))
        fail_msg("expected %.15g, got %.15g", expected, got);
}

/* Lane 1 pauses at step 1, lane 2 is over after step 2. */
static var *pauses(struct tape *t)
{
    static const real alive[ALL] = {1, 1, 1, 1, 0, 1, 1, 1, 1, 1, 1, 0};
    var *a = constant(t, 1, ALL);
    memcpy(a->v, alive, sizeof alive);
    return a;
}

static void linear_states(void **state)
{
    (void)state;
    struct tape *t = tape_new();
    for (int way = FORWARD; way <= BACKWARD; way++) {
        tape_begin(t, NULL, NULL, 0);
        var *w = drawn(t, 1, UNITS, ALL), *U = drawn(t, 2, UNITS, UNITS), *start = drawn(t, 3, UNITS, LANES), *alive = pauses(t);
        var *out = recurrent_run(t, &linear, w, U, NULL, start, STEPS, LANES, alive, (enum direction)way);
        for (int b = 0; b < LANES; b++) {
            double h[UNITS] = {at(start, 0, b), at(start, 1, b)};
            for (int i = 0; i < STEPS; i++) {
                int lane = (way == FORWARD ? i : STEPS - 1 - i) * LANES + b;
                double next[UNITS];
                for (int r = 0; r < UNITS; r++)
                    next[r] = at(U, r, 0) * h[0] + at(U, r, 1) * h[1] + at(w, r, lane);
                if (alive->v[lane] != 0)
                    memcpy(h, next, sizeof h);
                assert_near(at(out, 0, lane), h[0]);
                assert_near(at(out, 1, lane), h[1]);
            }
        }
    }
    tape_free(t);
}

/* Without a first state it is zeros, without alive everything is; what has no gradient keeps one step alone, to the same effect. */
static void two_parts(void **state)
{
    (void)state;
    struct tape *t = tape_new();
    tape_begin(t, NULL, NULL, 0);
    var *w = drawn(t, 1, 2 * UNITS, ALL), *U = drawn(t, 2, 2 * UNITS, UNITS), *c0 = drawn(t, 3, UNITS, 1);
    var *out = recurrent_run(t, &square, w, U, c0, NULL, STEPS, LANES, NULL, FORWARD);
    assert_int_equal(out->rows, 2 * UNITS);
    for (int b = 0; b < LANES; b++) {
        double h[UNITS] = {0, 0}, c[UNITS] = {0, 0};
        for (int lane = b; lane < ALL; lane += LANES) {
            double now[UNITS] = {h[0], h[1]};
            for (int r = 0; r < UNITS; r++) {
                h[r] = at(U, r, 0) * now[0] + at(U, r, 1) * now[1] + at(w, r, lane) + at(w, UNITS + r, lane);
                c[r] = c[r] * c[r] / 2 + at(U, UNITS + r, 0) * now[0] + at(U, UNITS + r, 1) * now[1] + at(c0, r, 0);
                assert_near(at(out, r, lane), h[r]);
                assert_near(at(out, UNITS + r, lane), c[r]);
            }
        }
    }
    tape_free(t);
}

struct variant {
    const struct cell_rule *rule;
    bool start, alive;
    enum direction way;
};

/* Inputs: W x, U, start, c. W x is made anew, for a run has it for itself. */
static var *build(struct tape *t, var *const *x, const void *arg)
{
    const struct variant *v = arg;
    return recurrent_run(t, v->rule, scale(t, x[0], 1), x[1], v->rule->apart ? x[3] : NULL, v->start ? x[2] : NULL, STEPS, LANES,
                         v->alive ? pauses(t) : NULL, v->way);
}

static void gradients(void **state)
{
    (void)state;
    for (int k = 0; k < 16; k++) {
        struct variant v = {k & 1 ? &square : &linear, k & 2, k & 4, k & 8 ? BACKWARD : FORWARD};
        int gates = v.rule->gates * UNITS;
        struct check c = {.build = build,
                          .arg = &v,
                          .in = {{gates, ALL, CHECK_ANY, NULL},
                                 {gates, UNITS, CHECK_ANY, NULL},
                                 {v.rule->state * UNITS, LANES, CHECK_ANY, NULL},
                                 {v.rule->apart ? UNITS : 0, 1, CHECK_ANY, NULL}}};
        double worst = check_worst(c);
        if (!(worst < 1e-7))
            fail_msg("variant %d: error %g", k, worst);
    }
}

static void names_a_parameter(void **state)
{
    (void)state;
    struct params p;
    params_init(&p);
    int index = recurrent_param(&p, "cell", "U", 3, 2, GROUP_PSI, 0.5);
    assert_string_equal(p.entry[index].name, "cell.U");
    assert_int_equal(p.entry[index].rows, 3);
    assert_int_equal(p.entry[index].cols, 2);
    assert_int_equal(p.entry[index].group, GROUP_PSI);
    assert_true(p.entry[index].rate == 0.5);
    params_free(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(linear_states),
        cmocka_unit_test(two_parts),
        cmocka_unit_test(gradients),
        cmocka_unit_test(names_a_parameter),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
