/* The smoother over a batch, against the textbook's recursion in plain loops for one number a state, with a sequence that ends early. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "fixture.h"

enum { STEPS = 4, LANES = 3 };
static const int length[LANES] = {4, 2, 1};

/* A scalar system in each lane: what its filter believed of step t (m, P), predicted of it (mp, Pp), and F, Q of the way into it. */
struct scalars {
    double m[STEPS][LANES], P[STEPS][LANES], mp[STEPS][LANES], Pp[STEPS][LANES], F[STEPS][LANES], Q[STEPS][LANES];
};

static struct scalars filtered_scalars(void)
{
    struct scalars s = {0};
    for (int b = 0; b < LANES; b++)
        for (int t = 0; t < STEPS; t++) {
            double x = sin(3.0 * t + b), R = 0.3;
            s.F[t][b] = 0.9 + 0.05 * t - 0.1 * b, s.Q[t][b] = 0.1 + 0.02 * t;
            s.mp[t][b] = t ? s.F[t][b] * s.m[t - 1][b] : 0.2;
            s.Pp[t][b] = t ? s.F[t][b] * s.F[t][b] * s.P[t - 1][b] + s.Q[t][b] : 1;
            double gain = s.Pp[t][b] / (s.Pp[t][b] + R);
            s.m[t][b] = s.mp[t][b] + gain * (x - s.mp[t][b]);
            s.P[t][b] = (1 - gain) * s.Pp[t][b];
        }
    return s;
}

/* Steps from..STEPS-1 side by side, 1×((STEPS−from)·LANES). */
static var *steps_from(struct tape *t, const double (*v)[LANES], int from)
{
    var *all = constant(t, 1, (STEPS - from) * LANES);
    for (int i = 0; i < (STEPS - from) * LANES; i++)
        all->v[i] = (real)v[from + i / LANES][i % LANES];
    return all;
}

static void assert_near(double got, double expected)
{
    if (!(fabs(got - expected) < 1e-13))
        fail_msg("expected %.16g, got %.16g", expected, got);
}

static void as_the_textbook(void **state)
{
    (void)state;
    struct scalars s = filtered_scalars();
    real alive[STEPS * LANES];
    for (int i = 0; i < STEPS * LANES; i++)
        alive[i] = i / LANES < length[i % LANES];
    struct batch b = {.T = STEPS, .B = LANES, .alive = alive};
    struct params none;
    params_init(&none);
    struct tape *t = tape_new();
    tape_begin(t, &none, NULL, 0);
    struct belief z =
        smooth_batch(t, (struct belief){steps_from(t, s.m, 0), steps_from(t, s.P, 0)},
                     (struct belief){steps_from(t, s.mp, 1), steps_from(t, s.Pp, 1)}, steps_from(t, s.F, 1), steps_from(t, s.Q, 1), &b);
    for (int l = 0; l < LANES; l++) {
        double m = 0, P = 0;
        for (int i = length[l] - 1; i >= 0; i--) {
            bool last = i == length[l] - 1;
            double J = last ? 0 : s.P[i][l] * s.F[i + 1][l] / s.Pp[i + 1][l];
            m = last ? s.m[i][l] : s.m[i][l] + J * (m - s.mp[i + 1][l]);
            P = last ? s.P[i][l] : s.P[i][l] + J * J * (P - s.Pp[i + 1][l]);
            assert_near((double)z.mean->v[i * LANES + l], m);
            assert_near((double)z.cov->v[i * LANES + l], P);
            assert_true((double)belief_step(t, z, i, LANES).mean->v[l] == (double)z.mean->v[i * LANES + l]);
        }
    }
    tape_free(t);
    params_free(&none);
}

static void who_has_ended(void **state)
{
    (void)state;
    real alive[] = {1, 1, 1, 0, 0, 0};
    struct batch b = {.T = 3, .B = 2, .alive = alive};
    assert_false(some_ended(&b, 0));
    assert_true(some_ended(&b, 1) && some_ended(&b, 2));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(as_the_textbook), cmocka_unit_test(who_has_ended)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
