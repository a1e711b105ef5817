/* Positions on lines and on circles, moved by velocities, free ones and those of motors: the transition by plain loops, its derivatives,
 * how it starts, its gradients, and which sizes are refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "moves.h"

static void compare_mean(const struct run *r, const var *mean, int l)
{
    double z[MOST], u[MOST], next[MOST];
    int dz = r->a.tr.dz;
    lane_of(r->z, l, z);
    lane_of(r->u, l, u);
    struct held held = plain_hold(&r->a, z, u);
    const double *alpha = held.alpha[0];
    plain_next(&r->a, &held, z, u, next);
    for (int i = 0; i < dz; i++) {
        double sum = r->at.push ? number(r->at.push, i, l) : 0, Q = VARIANCE_FLOOR;
        for (int j = 0; j < dz; j++)
            sum += number(r->at.F, i * dz + j, l) * z[j];
        for (int m = 0; m < r->a.bases; m++)
            Q += alpha[m] * exp((double)params_value(&r->a.p, r->a.tr.log_Q)[i * r->a.bases + m]);
        assert_close("mean", number(mean, i, l), next[i], 1e-10); /* inertial forces are of differences */
        assert_close("F z + push", sum, next[i], 1e-10);          /* inertial forces are of differences */
        assert_close("Q", number(r->at.Q, i, l), Q, 1e-12);
    }
}

/* Controls that are not given are 0. */
static void moves_as_in_plain_loops(void **state)
{
    (void)state;
    for (int k = 0; k < 2 * SHAPES; k++) {
        struct run r;
        run_open(&r, &shapes[k / 2], BASES, k % 2);
        var *mean = transition_mean(r.t, &r.at, r.z);
        struct gauss p = transition_gauss(r.t, &r.a.tr, r.z, r.u);
        for (int l = 0; l < LANES; l++) {
            compare_mean(&r, mean, l);
            compare_mean(&r, p.mean, l);
        }
        run_close(&r);
    }
}

static void circles_keep_their_radius(void **state)
{
    (void)state;
    for (int k = 0; k < SHAPES; k++) {
        struct run r;
        run_open(&r, &shapes[k], BASES, true);
        var *mean = transition_mean(r.t, &r.at, r.z);
        for (int i = 0; i < 2 * shapes[k].circles; i += 2)
            for (int l = 0; l < LANES; l++) {
                double x = number(mean, i, l), y = number(mean, i + 1, l), x0 = number(r.z, i, l), y0 = number(r.z, i + 1, l);
                assert_close("radius", hypot(x, y), hypot(x0, y0), 1e-12);
                assert_true(hypot(x - x0, y - y0) > 1e-5); /* it does move */
            }
        run_close(&r);
    }
}

/* ---- derivatives ---- */

/* Five-point differences by one number of z, *x: of the next state, or (moved) of the positions that z's velocities move. */
static void differences(const struct parts *a, const struct held *held, double *z, const double *u, double *x, bool moved, double *out)
{
    double f[4][MOST], h = 1e-3, kept = *x;
    for (int k = 0; k < 4; k++) {
        *x = kept + (double[]){-2, -1, 1, 2}[k] * h;
        if (moved)
            plain_moved(a, z, z + a->tr.positions, f[k]);
        else
            plain_next(a, held, z, u, f[k]);
    }
    *x = kept;
    for (int i = 0; i < (moved ? a->tr.positions : a->tr.dz); i++)
        out[i] = (f[0][i] - 8 * f[1][i] + 8 * f[2][i] - f[3][i]) / (12 * h);
}

/* F is the derivative of the mean with the mixture held, C that of the positions by the new velocities. */
static void compare_derivatives(const struct run *r, int l)
{
    const struct transition *tr = &r->a.tr;
    double z[MOST], u[MOST], next[MOST], moving[MOST], slope[MOST];
    int dz = tr->dz, K = tr->positions;
    lane_of(r->z, l, z);
    lane_of(r->u, l, u);
    struct held held = plain_hold(&r->a, z, u);
    for (int j = 0; j < dz; j++) {
        differences(&r->a, &held, z, u, &z[j], false, slope);
        for (int i = 0; i < dz; i++)
            assert_close("F", number(r->at.F, i * dz + j, l), slope[i], 1e-8);
    }
    plain_velocities(&r->a, &held, z, u, next, moving + K);
    memcpy(moving, z, sizeof *z * (size_t)K); /* positions before, velocities after */
    for (int j = 0; j < dz - K; j++) {
        differences(&r->a, &held, moving, u, &moving[K + j], true, slope);
        for (int i = 0; i < K; i++)
            assert_close("C", number(r->at.C, i * (dz - K) + j, l), slope[i], 1e-8);
    }
}

static void derivatives(void **state)
{
    (void)state;
    for (int k = 0; k < SHAPES; k++) {
        struct run r;
        run_open(&r, &shapes[k], BASES, true);
        for (int l = 0; l < LANES; l++)
            compare_derivatives(&r, l);
        run_close(&r);
    }
}

/* With one base the mixture is constant: F is the derivative of the transition's own mean, but for what stops hold. */
static void derivative_of_its_own_mean(void **state)
{
    (void)state;
    for (int k = 0; k < SHAPES; k++) {
        struct run r;
        if (shapes[k].stops > 0)
            continue;
        run_open(&r, &shapes[k], 1, true);
        int dz = shapes[k].dz;
        for (int j = 0; j < dz; j++) {
            var *mean[2];
            for (int way = 0; way < 2; way++) {
                var *z = drawn(r.t, 1, dz);
                for (int l = 0; l < LANES; l++)
                    z->v[j * z->ld + l] += (real)(way ? 1e-5 : -1e-5);
                mean[way] = transition_gauss(r.t, &r.a.tr, z, r.u).mean;
            }
            for (int i = 0; i < dz; i++)
                for (int l = 0; l < LANES; l++)
                    assert_close("F", number(r.at.F, i * dz + j, l), (number(mean[1], i, l) - number(mean[0], i, l)) / 2e-5, 1e-7);
        }
        run_close(&r);
    }
}

/* L diag(Q) Lᵀ of one lane, L = [J C; 0 I]; J is I unless given. */
static void compare_noise(const struct run *r, const var *Q, const var *noise, int l)
{
    int K = r->a.tr.positions, dz = r->a.tr.dz;
    double L[MOST][MOST];
    for (int i = 0; i < dz; i++)
        for (int j = 0; j < dz; j++)
            L[i][j] = i < K && j >= K ? number(r->at.C, i * (dz - K) + j - K, l) : i == j;
    for (int i = 0; r->at.J && i < K * K; i++)
        L[i / K][i % K] = number(r->at.J, i, l);
    for (int i = 0; i < dz; i++)
        for (int j = 0; j < dz; j++) {
            double sum = 0;
            for (int k = 0; k < dz; k++)
                sum += L[i][k] * number(Q, k, l) * L[j][k];
            assert_close("noise", number(noise, i * dz + j, l), sum, 1e-12);
        }
}

static void noise_moves_positions(void **state)
{
    (void)state;
    for (int k = 0; k < SHAPES; k++) {
        struct run r;
        run_open(&r, &shapes[k], BASES, true);
        var *other = v_exp(r.t, drawn(r.t, 3, shapes[k].dz));
        var *noise = transition_noise(r.t, &r.a.tr, &r.at), *variance = transition_gauss(r.t, &r.a.tr, r.z, r.u).variance;
        for (int l = 0; l < LANES; l++) {
            compare_noise(&r, r.at.Q, noise, l);
            compare_noise(&r, r.at.Q, variance, l);
            compare_noise(&r, other, transition_spread(r.t, &r.a.tr, &r.at, other), l);
        }
        r.at.J = drawn(r.t, 4, shapes[k].positions * shapes[k].positions);
        noise = transition_noise(r.t, &r.a.tr, &r.at);
        for (int l = 0; l < LANES; l++)
            compare_noise(&r, r.at.Q, noise, l);
        run_close(&r);
    }
}

/* What is added to velocities is added to positions by C. */
static void velocities_drag_positions(void **state)
{
    (void)state;
    for (int k = 0; k < SHAPES; k++) {
        struct run r;
        run_open(&r, &shapes[k], BASES, true);
        int K = shapes[k].positions, n = shapes[k].dz - K;
        var *d = drawn(r.t, 3, K + n), *got = transition_drag(r.t, &r.a.tr, &r.at, d);
        for (int i = 0; i < K + n; i++)
            for (int l = 0; l < LANES; l++) {
                double sum = number(d, i, l);
                for (int j = 0; j < n && i < K; j++)
                    sum += number(r.at.C, i * n + j, l) * number(d, K + j, l);
                assert_close("drag", number(got, i, l), sum, 1e-12);
            }
        run_close(&r);
    }
}

/* From the next state back to the positions before it; several substeps of motors would take the velocities of all. */
static void a_step_back(void **state)
{
    (void)state;
    int tried = 0;
    for (int k = 0; k < SHAPES; k++) {
        if (shapes[k].substeps > 1)
            continue;
        struct run r;
        run_open(&r, &shapes[k], BASES, true);
        var *before = transition_before(r.t, &r.a.tr, transition_mean(r.t, &r.at, r.z));
        assert_int_equal(before->rows, shapes[k].positions);
        for (int i = 0; i < shapes[k].positions; i++)
            for (int l = 0; l < LANES; l++)
                assert_close("position before", number(before, i, l), number(r.z, i, l), 1e-12);
        run_close(&r);
        tried++;
    }
    assert_int_equal(tried, 5);
}

/* ---- the start ---- */

/* At first a velocity is a displacement, of a line or along a circle, and velocities that are left over move nothing. */
static void start_of_displacements(void **state)
{
    (void)state;
    static const real two_of_three[] = {1, 0, 0, 0, 1, 0}, three_of_two[] = {1, 0, 0, 1, 1, 0};
    for (int k = 0; k < 2; k++) {
        struct parts a = parts_of(&shapes[k ? 4 : 0], BASES, false);
        assert_int_equal(a.p.entry[a.tr.C].rows, 6);
        for (int i = 0; i < 6; i++)
            assert_true(params_value(&a.p, a.tr.C)[i] == (k ? three_of_two : two_of_three)[i]);
        params_free(&a.p);
    }
}

/* ---- gradients ---- */

static var *build_all(struct tape *t, var *const *x, const void *arg)
{
    const struct parts *a = arg;
    struct transition_at at = transition_apply(t, &a->tr, x[0], a->tr.du > 0 ? x[1] : NULL);
    return stack_rows(t, 3, (var *const[]){at.F, transition_noise(t, &a->tr, &at), transition_mean(t, &at, x[0])});
}

/* By state and control; by its parameters with the whole loss in ekvae_gradient_double_test.c. */
static void gradients(void **state)
{
    (void)state;
    for (int k = 0; k < SHAPES; k++) {
        struct parts a = parts_of(&shapes[k], BASES, true);
        struct check c = {.build = build_all,
                          .arg = &a,
                          .in = {{shapes[k].dz, LANES, CHECK_ANY, NULL}, {shapes[k].du, LANES, CHECK_ANY, NULL}},
                          .params = &a.p};
        double worst = check_worst(c);
        if (!(worst < 1e-6))
            fail_msg("shape %d: error %g", k, worst);
        params_free(&a.p);
    }
}

/* ---- what is refused ---- */

static void sizes_that_do_not_fit(void **state)
{
    (void)state;
    static const struct {
        int dz, du, positions, circles;
        double motors, stops;
        const char *refused; /* NULL: it is accepted */
    } tries[] = {
        {3, 1, 0, 0, 0, 0, NULL},
        {3, 1, 2, 0, 0, 0, NULL},
        {3, 1, 3, 0, 0, 0, "--positions: expected less than the latent size 3, got 3"},
        {3, 1, 4, 0, 0, 0, "--positions: expected less than the latent size 3, got 4"},
        {3, 1, 2, 1, 0, 0, NULL},
        {6, 0, 3, 1, 0, 0, NULL},
        {6, 0, 4, 2, 0, 0, NULL},
        {6, 0, 3, 2, 0, 0, "--circles: expected at most one for two positions, of which there are 3, got 2"},
        {6, 0, 1, 1, 0, 0, "--circles: expected at most one for two positions, of which there are 1, got 1"},
        {6, 0, 0, 1, 0, 0, "--circles: expected at most one for two positions, of which there are 0, got 1"},
        {5, 2, 3, 1, 0.2, 0, NULL},
        {3, 1, 2, 1, 0.2, 0, NULL},
        {4, 2, 2, 0, 0.2, 0, NULL},
        {6, 2, 3, 1, 0.2, 0, "--motors: expected a velocity and a coordinate for each control, got 3 and 2 for 2 "},
        {5, 2, 3, 0, 0.2, 0, "--motors: expected a velocity and a coordinate for each control, got 2 and 3 for 2 "},
        {5, 1, 3, 1, 0.2, 0, "--motors: expected a velocity and a coordinate for each control, got 2 and 2 for 1 "},
        {3, 3, 0, 0, 0.2, 0, "--motors: expected a velocity and a coordinate for each control, got 3 and 0 for 3 "},
        {4, 0, 2, 0, 0.2, 0, "--motors: expected a velocity and a coordinate for each control, got 2 and 2 for 0 "},
        {4, 2, 2, 0, 0.2, 1.5, NULL},
        {5, 2, 3, 1, 0.2, 1.5, NULL},
        {3, 1, 2, 1, 0.2, 1.5, "--stops: expected --motors, and a position that is on no circle"},
        {4, 2, 2, 0, 0, 1.5, "--stops: expected --motors, and a position that is on no circle"},
    };
    for (size_t i = 0; i < sizeof tries / sizeof *tries; i++) {
        struct error e = {0};
        struct transition_settings s = {
            .positions = tries[i].positions, .circles = tries[i].circles, .motors = tries[i].motors, .stops = tries[i].stops};
        const char *refused = tries[i].refused;
        assert_int_equal(transition_check(&s, tries[i].dz, tries[i].du, &e), refused ? DSSM_USAGE : DSSM_OK);
        if (refused && strncmp(e.text, refused, strlen(refused)) != 0)
            fail_msg("expected %s…, got %s", refused, e.text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(moves_as_in_plain_loops),
        cmocka_unit_test(circles_keep_their_radius),
        cmocka_unit_test(derivatives),
        cmocka_unit_test(derivative_of_its_own_mean),
        cmocka_unit_test(noise_moves_positions),
        cmocka_unit_test(velocities_drag_positions),
        cmocka_unit_test(a_step_back),
        cmocka_unit_test(start_of_displacements),
        cmocka_unit_test(gradients),
        cmocka_unit_test(sizes_that_do_not_fit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
