/* Stops: where nothing is beyond them nothing happens, where something is it is slowed and not pulled, how they start, their gradients. In
 * a whole transition, by plain loops: positions_double_test.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "gradcheck.h"
#include "model/parts.h"

enum { LINES = 2 };

struct placed {
    struct params p;
    struct stops s;
};

static struct placed placed_at(double where)
{
    struct placed a;
    params_init(&a.p);
    a.s = stops_declare(&a.p, LINES, where, 0.15);
    return a;
}

static void start(void **state)
{
    (void)state;
    struct placed none = placed_at(0), a = placed_at(2);
    assert_int_equal(none.s.lines, 0);
    assert_int_equal(none.p.n, 0);
    assert_int_equal(a.s.lines, LINES);
    for (int i = 0; i < 2 * LINES; i++)
        assert_true((double)params_value(&a.p, a.s.at)[i] == (i < LINES ? 2 : -2));
    assert_true(fabs((double)params_value(&a.p, a.s.log_width)[1] - log(0.1)) < 1e-12);
    assert_true(fabs((double)params_value(&a.p, a.s.log_speed)[1] - log(0.03)) < 1e-12);
    params_free(&none.p);
    params_free(&a.p);
}

/* Hard stops at ±2 that take all, with r = 0.5: coordinate, its velocity, and what is left of that. */
static void hard_stops_only_push(void **state)
{
    (void)state;
    static const double tries[][3] = {
        {0, 3, 3},                          /* between the stops */
        {1.9, 3, 3},                        /* still */
        {2.2, 3, -0.1},                     /* beyond the upper one: back at 0.5 · 0.2 */
        {2.2, 0, -0.1},                     /* so too at rest */
        {2.2, -1, -1},                      /* faster by itself: let go */
        {-2.2, -3, 0.1},                    /* the lower one */
        {-2.2, 1, 1},    {-2.4, 0.05, 0.2}, /* back, but too slowly */
    };
    struct placed a = placed_at(2);
    params_fill(&a.p, a.s.logit_share, 40);
    params_fill(&a.p, a.s.log_width, log(1e-4));
    params_fill(&a.p, a.s.log_speed, log(1e-4));
    for (size_t i = 0; i < sizeof tries / sizeof *tries; i++) {
        struct tape *t = tape_new();
        tape_begin(t, &a.p, NULL, 0);
        var *q = filled(t, LINES, 1, tries[i][0]), *v = filled(t, LINES, 1, tries[i][1]);
        struct stopped by = stops_apply(t, &a.s, q, v);
        for (int k = 0; k < LINES; k++) {
            double left = tries[i][1] - (double)by.taken->v[k] * tries[i][1] + (double)by.given->v[k];
            if (!(fabs(left - tries[i][2]) < 1e-9))
                fail_msg("at %g with %g: expected %g, got %g", tries[i][0], tries[i][1], tries[i][2], left);
        }
        tape_free(t);
    }
    params_free(&a.p);
}

static var *build(struct tape *t, var *const *x, const void *arg)
{
    struct stopped by = stops_apply(t, &((const struct placed *)arg)->s, x[0], x[1]);
    return stack_rows(t, 2, (var *const[]){by.taken, by.given});
}

static void gradients(void **state)
{
    (void)state;
    struct placed a = placed_at(0.7);
    for (int i = 0; i < a.p.n; i++)
        params_normal(&a.p, i, 8, 0, 0.5);
    double worst = check_worst(
        (struct check){.build = build, .arg = &a, .in = {{LINES, 5, CHECK_ANY, NULL}, {LINES, 5, CHECK_ANY, NULL}}, .params = &a.p});
    if (!(worst < 1e-6))
        fail_msg("error %g", worst);
    params_free(&a.p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(start),
        cmocka_unit_test(hard_stops_only_push),
        cmocka_unit_test(gradients),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
