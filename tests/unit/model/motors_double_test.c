/* Motors: what they do to velocities by plain loops, that drags brake, what their law depends on, how they start, their gradients. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "model/parts.h"
#include "moves.h"

/* Two motors behind three positions. */
static struct parts two_motors(int substeps)
{
    struct parts a = parts_of(&shapes[1], BASES, true);
    a.tr.motors.substeps = substeps;
    return a;
}

static double row_times(const var *A, int i, const double *v, const var *b, int l)
{
    double sum = number(b, i, l);
    for (int j = 0; j < 3; j++)
        assert_true(number(A, 5 * i + j, l) == 0); /* of the positions */
    for (int j = 0; j < 2; j++)
        sum += number(A, 5 * i + 3 + j, l) * v[j];
    return sum;
}

static void compare_lane(const struct parts *a, const struct moving *moving, const var *mixture, const var *velocities, const var *control,
                         int l)
{
    double alpha[MOST], u[MOST], v[MOST], next[MOST], mean[MOST];
    lane_of(mixture, l, alpha);
    lane_of(control, l, u);
    lane_of(velocities, l, v);
    plain_motors(a, alpha, v, u, next, mean);
    for (int i = 0; i < 2; i++) {
        assert_close("new velocity", row_times(moving->F, i, v, moving->push, l), next[i], 1e-12);
        assert_close("mean velocity", row_times(moving->path, i, v, moving->path_push, l), mean[i], 1e-12);
    }
}

/* The new velocities and the mean of those after each substep, whatever the mixture. */
static void moves_velocities(void **state)
{
    (void)state;
    for (int substeps = 1; substeps <= 3; substeps++) {
        struct parts a = two_motors(substeps);
        struct tape *t = tape_new();
        tape_begin(t, &a.p, NULL, 0);
        var *alpha = softmax(t, drawn(t, 1, BASES)), *u = drawn(t, 2, 2), *v = drawn(t, 3, 2);
        struct moving moving = motors_apply(t, &a.tr.motors, alpha, u, 3);
        assert_true(moving.F->rows == 2 * 5 && moving.push->rows == 2);
        for (int l = 0; l < LANES; l++)
            compare_lane(&a, &moving, alpha, v, u, l);
        tape_free(t);
        params_free(&a.p);
    }
}

/* Whatever the numbers, velocities that nothing drives come to rest: in energies, v'ᵀ A v' < vᵀ A v. */
static void drags_take_energy(void **state)
{
    (void)state;
    struct parts a = two_motors(1);
    struct tape *t = tape_new();
    params_fill(&a.p, a.tr.motors.f, 0);
    tape_begin(t, &a.p, NULL, 0);
    var *mixture = softmax(t, drawn(t, 1, BASES)), *drawn_v = drawn(t, 3, 2);
    struct moving moving = motors_apply(t, &a.tr.motors, mixture, filled(t, 2, LANES, 0), 3);
    for (int l = 0; l < LANES; l++) {
        double alpha[MOST], v[MOST], before = 0, after = 0;
        lane_of(mixture, l, alpha);
        lane_of(drawn_v, l, v);
        double next[2] = {row_times(moving.F, 0, v, moving.push, l), row_times(moving.F, 1, v, moving.push, l)};
        for (int i = 0; i < 2; i++)
            for (int j = 0; j < 2; j++) {
                before += plain_inertia(&a, i, j, alpha) * v[i] * v[j];
                after += plain_inertia(&a, i, j, alpha) * next[i] * next[j];
            }
        assert_true(after < before && before > 1e-3);
    }
    tape_free(t);
    params_free(&a.p);
}

/* The largest difference of F at r's states and at others with other velocities and controls, and with the same positions if held; on
 * circles that of the velocities' rows alone, since the others know where the positions go. */
static double change_of_F(struct run *r, const struct shape *s, bool held)
{
    var *z = drawn(r->t, 4, s->dz), *u = drawn(r->t, 5, s->du);
    for (int i = 0; i < s->positions && held; i++)
        for (int l = 0; l < LANES; l++)
            z->v[i * z->ld + l] = r->z->v[i * r->z->ld + l];
    struct transition_at at = transition_apply(r->t, &r->a.tr, z, u);
    double most = 0;
    for (int i = s->circles > 0 ? s->positions * s->dz : 0; i < s->dz * s->dz; i++)
        for (int l = 0; l < LANES; l++)
            most = fmax(most, fabs(number(at.F, i, l) - number(r->at.F, i, l)));
    return most;
}

static void motion_depends_on_positions_alone(void **state)
{
    (void)state;
    for (int k = 0; k < SHAPES; k++) {
        if (shapes[k].substeps == 0)
            continue;
        struct run r;
        run_open(&r, &shapes[k], BASES, true);
        assert_true(change_of_F(&r, &shapes[k], true) == 0);
        assert_true(change_of_F(&r, &shapes[k], false) > 0.01);
        run_close(&r);
    }
}

static void assert_filled(const struct parts *a, int index, double value)
{
    for (int i = 0; i < a->p.entry[index].rows * a->p.entry[index].cols; i++)
        assert_close(a->p.entry[index].name, (double)params_value(&a->p, index)[i], value, 1e-15);
}

/* At the start a control of 1 moves its own velocity by the gain, and what a velocity was is nearly forgotten. */
static void start_of_motors(void **state)
{
    (void)state;
    for (int k = 0; k < SHAPES; k++) {
        const struct shape *s = &shapes[k];
        if (s->substeps == 0)
            continue;
        struct parts a = parts_of(s, BASES, false);
        struct tape *t = tape_new();
        assert_true(a.tr.F == -1 && a.tr.B == -1 && params_find(&a.p, "transition.F_minus_I") < 0);
        assert_filled(&a, a.tr.motors.E, 1);
        assert_filled(&a, a.tr.motors.f, 0);
        assert_filled(&a, a.tr.motors.log_D, log(0.8 / 0.15));
        assert_filled(&a, a.tr.C, 1);
        tape_begin(t, &a.p, NULL, 0);
        var *z = drawn(t, 1, s->dz), *u = constant(t, s->du, LANES);
        for (int i = 0; i < s->du; i++)
            for (int l = 0; l < LANES; l++) {
                u->v[i * u->ld + l] = l % s->du == i;
                z->v[(s->positions + i) * z->ld + l] = (real)(0.2 * sin(i + 2.0 * l));
            }
        var *next = transition_gauss(t, &a.tr, z, u).mean;
        for (int i = 0; i < s->du; i++)
            for (int l = 0; l < LANES; l++)
                assert_true(fabs(number(next, s->positions + i, l) - 0.15 * (l % s->du == i)) < 0.1);
        tape_free(t);
        params_free(&a.p);
    }
}

/* The roots of the inertia's bases stand around that of what the drag leaves of 1/gain, a tenth of it apart, with any gain. */
static void start_of_inertia(void **state)
{
    (void)state;
    enum { MANY = 400 };
    for (int k = 0; k < 2; k++) {
        double gain = k ? 0.15 : 3;
        struct transition_settings s = settings_of(&shapes[3], MANY);
        struct params p;
        s.motors = gain;
        params_init(&p);
        struct transition tr = transition_declare(&p, 4, 2, &s, 3);
        for (int i = 0; i < 4; i++) {
            double mean = 0, square = 0;
            for (int m = 0; m < MANY; m++) {
                double off = (double)params_value(&p, tr.motors.root_A)[i * MANY + m] / sqrt(0.2 / gain) - (i % 3 == 0);
                mean += off / MANY;
                square += off * off / MANY;
            }
            assert_true(fabs(mean) < 6 * 0.1 / 20 && fabs(square - 0.01) < 6 * 0.01 * sqrt(2) / 20);
        }
        params_free(&p);
    }
}

static var *build_both(struct tape *t, var *const *x, const void *arg)
{
    const struct parts *a = arg;
    struct moving v = motors_apply(t, &a->tr.motors, softmax(t, x[0]), x[1], 3);
    return stack_rows(t, 4, (var *const[]){v.F, v.push, v.path, v.path_push});
}

/* By mixture and control; by the parameters with the whole loss in ekvae_gradient_double_test.c. */
static void gradients(void **state)
{
    (void)state;
    struct parts a = two_motors(2);
    double worst = check_worst((struct check){
        .build = build_both, .arg = &a, .in = {{BASES, LANES, CHECK_ANY, NULL}, {2, LANES, CHECK_ANY, NULL}}, .params = &a.p});
    if (!(worst < 1e-6))
        fail_msg("error %g", worst);
    params_free(&a.p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(moves_velocities), cmocka_unit_test(drags_take_energy), cmocka_unit_test(motion_depends_on_positions_alone),
        cmocka_unit_test(start_of_motors),  cmocka_unit_test(start_of_inertia),  cmocka_unit_test(gradients),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
