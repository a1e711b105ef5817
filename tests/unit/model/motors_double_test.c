/* Motors: what they do to velocities by plain loops, what their mobility is and depends on, how they start, their gradients. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "model/parts.h"
#include "moves.h"

/* Two motors behind three positions. */
static struct parts two_motors(void)
{
    return parts_of(&shapes[1], BASES, true);
}

/* Row i, column j of the symmetric mobility, of one lane's mixture. */
static double mobility(const struct parts *a, int i, int j, const double *alpha)
{
    return (mixed(a, a->tr.motors.G, 2 * i + j, alpha) + mixed(a, a->tr.motors.G, 2 * j + i, alpha)) / 2;
}

static void compare_lane(const struct parts *a, const struct moving *v, const var *mixture, const var *control, int l)
{
    const struct motors *m = &a->tr.motors;
    double alpha[MOST], u[MOST];
    lane_of(mixture, l, alpha);
    lane_of(control, l, u);
    for (int i = 0; i < 2; i++) {
        double push = 0;
        for (int j = 0; j < 3; j++)
            assert_true(number(v->F, 5 * i + j, l) == 0 && number(v->path, 5 * i + j, l) == 0);
        for (int j = 0; j < 2; j++) {
            double E = (double)params_value(&a->p, m->E)[j], D = exp((double)params_value(&a->p, m->log_D)[j]);
            double F = (i == j) - mobility(a, i, j, alpha) * D, kappa = (double)params_value(&a->p, m->kappa)[i];
            assert_close("F", number(v->F, 5 * i + 3 + j, l), F, 1e-12);
            assert_close("path", number(v->path, 5 * i + 3 + j, l), F + (i == j) * kappa, 1e-12);
            push += mobility(a, i, j, alpha) * (E * u[j] + mixed(a, m->f, j, alpha));
        }
        assert_close("push", number(v->push, i, l), push, 1e-12);
    }
}

/* v' = (I − G D) v + G (E u + f), and v' + κ v, whatever the mixture. */
static void moves_velocities(void **state)
{
    (void)state;
    struct parts a = two_motors();
    struct tape *t = tape_new();
    tape_begin(t, &a.p, NULL, 0);
    var *alpha = drawn(t, 1, BASES), *u = drawn(t, 2, 2);
    struct moving v = motors_apply(t, &a.tr.motors, alpha, u, 3);
    assert_true(v.F->rows == 2 * 5 && v.push->rows == 2);
    for (int l = 0; l < LANES; l++)
        compare_lane(&a, &v, alpha, u, l);
    tape_free(t);
    params_free(&a.p);
}

/* Row i, column j of the velocities' part of F, which is I − G D; less I, over D. */
static double mobility_of(const struct run *r, int i, int j, int l)
{
    int K = r->a.tr.positions, dz = r->a.tr.dz;
    double D = exp((double)params_value(&r->a.p, r->a.tr.motors.log_D)[j]);
    return ((i == j) - number(r->at.F, (K + i) * dz + K + j, l)) / D;
}

static void mobility_is_symmetric(void **state)
{
    (void)state;
    for (int k = 0; k < SHAPES; k++) {
        if (!shapes[k].motors || shapes[k].du < 2)
            continue;
        struct run r;
        double most = 0;
        run_open(&r, &shapes[k], BASES, true);
        for (int l = 0; l < LANES; l++) {
            assert_close("mobility", mobility_of(&r, 0, 1, l), mobility_of(&r, 1, 0, l), 1e-12);
            most = fmax(most, fabs(mobility_of(&r, 0, 1, l)));
        }
        assert_true(most > 0.01); /* there is something to be symmetric */
        run_close(&r);
    }
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

static void mobility_depends_on_positions_alone(void **state)
{
    (void)state;
    for (int k = 0; k < SHAPES; k++) {
        if (!shapes[k].motors)
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

/* At the start a control of 1 moves its own velocity by the gain, and what a velocity was is forgotten. */
static void start_of_motors(void **state)
{
    (void)state;
    for (int k = 0; k < SHAPES; k++) {
        const struct shape *s = &shapes[k];
        if (!s->motors)
            continue;
        struct parts a = parts_of(s, BASES, false);
        struct tape *t = tape_new();
        assert_true(a.tr.F == -1 && a.tr.B == -1 && params_find(&a.p, "transition.F_minus_I") < 0);
        assert_filled(&a, a.tr.motors.E, 1);
        assert_filled(&a, a.tr.motors.f, 0);
        assert_filled(&a, a.tr.motors.kappa, 0);
        assert_filled(&a, a.tr.motors.log_D, -log(0.15));
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

/* The mobility's bases stand around gain·I, a tenth of the gain apart, with any gain. */
static void start_of_mobility(void **state)
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
                double off = (double)params_value(&p, tr.motors.G)[i * MANY + m] / gain - (i % 3 == 0);
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
    struct moving v = motors_apply(t, &a->tr.motors, x[0], x[1], 3);
    return stack_rows(t, 3, (var *const[]){v.F, v.push, v.path});
}

/* By mixture and control; by the parameters with the whole loss in ekvae_gradient_double_test.c. */
static void gradients(void **state)
{
    (void)state;
    struct parts a = two_motors();
    double worst = check_worst((struct check){
        .build = build_both, .arg = &a, .in = {{BASES, LANES, CHECK_ANY, NULL}, {2, LANES, CHECK_ANY, NULL}}, .params = &a.p});
    if (!(worst < 1e-6))
        fail_msg("error %g", worst);
    params_free(&a.p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(moves_velocities), cmocka_unit_test(mobility_is_symmetric), cmocka_unit_test(mobility_depends_on_positions_alone),
        cmocka_unit_test(start_of_motors),  cmocka_unit_test(start_of_mobility),     cmocka_unit_test(gradients),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
