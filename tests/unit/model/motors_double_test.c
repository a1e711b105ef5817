/* Motors: that drags brake and inertial forces do not, what their law depends on, how they start, their gradients. What they do by plain
 * loops: positions_double_test.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "model/parts.h"
#include "moves.h"

/* Two motors behind three positions, whose inertia is the same in all poses. */
static struct parts even_motors(void)
{
    struct parts a = parts_of(&shapes[1], BASES, true);
    real *root = params_value(&a.p, a.tr.motors.root_A);
    a.tr.motors.substeps = 1;
    for (int i = 0; i < 4; i++)
        for (int m = 1; m < BASES; m++)
            root[i * BASES + m] = root[i * BASES];
    params_fill(&a.p, a.tr.motors.f, 0);
    return a;
}

/* Velocities that nothing drives come to rest, whatever the drags: v'ᵀ A v' < vᵀ A v. */
static void drags_take_energy(void **state)
{
    (void)state;
    struct parts a = even_motors();
    struct tape *t = tape_new();
    tape_begin(t, &a.p, NULL, 0);
    var *z = drawn(t, 1, 5), *next = transition_gauss(t, &a.tr, z, NULL).mean;
    for (int l = 0; l < LANES; l++) {
        double alpha[BASES] = {1}, before = 0, after = 0;
        for (int i = 0; i < 2; i++)
            for (int j = 0; j < 2; j++) {
                before += plain_inertia(&a, i, j, alpha) * number(z, 3 + i, l) * number(z, 3 + j, l);
                after += plain_inertia(&a, i, j, alpha) * number(next, 3 + i, l) * number(next, 3 + j, l);
            }
        assert_true(after < before && before > 1e-4);
    }
    tape_free(t);
    params_free(&a.p);
}

/* Without drags the forces of a changing inertia leave the energy as it is: it changes by less the shorter a step is, by its square. */
static double change_of_energy(double step)
{
    struct parts a = parts_of(&shapes[1], BASES, true);
    struct tape *t = tape_new();
    double worst = 0;
    a.tr.motors.substeps = 1;
    params_fill(&a.p, a.tr.motors.f, 0);
    params_fill(&a.p, a.tr.motors.log_D, -40);
    params_value(&a.p, a.tr.C)[0] = (real)step, params_value(&a.p, a.tr.C)[1] = (real)(1.7 * step);
    tape_begin(t, &a.p, NULL, 0);
    var *z = drawn(t, 1, 5), *next = transition_gauss(t, &a.tr, z, NULL).mean;
    for (int l = 0; l < LANES; l++) {
        double energy[2] = {0}, alpha[BASES], state[MOST], none[MOST] = {0};
        for (int k = 0; k < 2; k++) {
            lane_of(k ? next : z, l, state);
            plain_mixture(&a, state, none, alpha);
            for (int i = 0; i < 2; i++)
                for (int j = 0; j < 2; j++)
                    energy[k] += plain_inertia(&a, i, j, alpha) * state[3 + i] * state[3 + j];
        }
        worst = fmax(worst, fabs(energy[1] - energy[0]));
    }
    tape_free(t);
    params_free(&a.p);
    return worst;
}

static void inertial_forces_take_none(void **state)
{
    (void)state;
    double more = change_of_energy(1e-2), less = change_of_energy(1e-3);
    if (!(more > 1e-7 && less > 0 && less < 0.02 * more))
        fail_msg("%g of a step of 0.01, %g of 0.001", more, less);
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

/* In one substep without stops; where the second of several begins, and at stops, velocities tell. */
static void linear_part_depends_on_positions_alone(void **state)
{
    (void)state;
    for (int k = 0; k < SHAPES; k++) {
        if (shapes[k].substeps == 0)
            continue;
        struct run r;
        run_open(&r, &shapes[k], BASES, true);
        assert_true((change_of_F(&r, &shapes[k], true) == 0) == (shapes[k].substeps == 1 && shapes[k].stops == 0));
        assert_true(change_of_F(&r, &shapes[k], false) > 0.01);
        run_close(&r);
    }
}

static void assert_filled(const struct parts *a, int index, double value)
{
    for (int i = 0; i < a->p.entry[index].rows * a->p.entry[index].cols; i++)
        assert_close(a->p.entry[index].name, (double)params_value(&a->p, index)[i], value, 1e-15);
}

/* At the start, with bases that are alike, a substep leaves a fifth of a velocity and adds the gain times its own control. */
static void start_of_motors(void **state)
{
    (void)state;
    for (int k = 0; k < SHAPES; k++) {
        const struct shape *s = &shapes[k];
        if (s->substeps == 0 || s->stops > 0)
            continue;
        struct parts a = parts_of(s, BASES, false);
        struct tape *t = tape_new();
        assert_true(a.tr.F == -1 && a.tr.B == -1 && params_find(&a.p, "transition.F_minus_I") < 0);
        assert_filled(&a, a.tr.C, 1);
        for (int i = 0; i < s->du * s->du; i++)
            for (int m = 0; m < BASES; m++)
                params_value(&a.p, a.tr.motors.root_A)[i * BASES + m] = (real)(i % (s->du + 1) == 0 ? sqrt(0.2 / 0.15) : 0);
        tape_begin(t, &a.p, NULL, 0);
        var *z = drawn(t, 1, s->dz), *u = drawn(t, 2, s->du), *next = transition_gauss(t, &a.tr, z, u).mean;
        for (int i = 0; i < s->du; i++)
            for (int l = 0; l < LANES; l++) {
                double v = number(z, s->positions + i, l);
                for (int n = 0; n < s->substeps; n++)
                    v = 0.2 * v + 0.15 * number(u, i, l);
                assert_close("velocity", number(next, s->positions + i, l), v, 1e-12);
            }
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

static var *build_move(struct tape *t, var *const *x, const void *arg)
{
    const struct parts *a = arg;
    struct transition_at at = transition_apply(t, &a->tr, x[0], x[1]);
    return stack_rows(t, 3, (var *const[]){at.F, at.push, at.C});
}

/* By state and control; by the parameters with the whole loss in ekvae_gradient_double_test.c. */
static void gradients(void **state)
{
    (void)state;
    for (int k = 0; k < SHAPES; k++) {
        const struct shape *s = &shapes[k];
        if (s->substeps == 0)
            continue;
        struct parts a = parts_of(s, BASES, true);
        double worst = check_worst((struct check){
            .build = build_move, .arg = &a, .in = {{s->dz, LANES, CHECK_ANY, NULL}, {s->du, LANES, CHECK_ANY, NULL}}, .params = &a.p});
        if (!(worst < 1e-6))
            fail_msg("%d motors: error %g", s->du, worst);
        params_free(&a.p);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(drags_take_energy),
        cmocka_unit_test(inertial_forces_take_none),
        cmocka_unit_test(linear_part_depends_on_positions_alone),
        cmocka_unit_test(start_of_motors),
        cmocka_unit_test(start_of_inertia),
        cmocka_unit_test(gradients),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
