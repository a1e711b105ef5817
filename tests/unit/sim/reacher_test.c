/* The reacher against MuJoCo's known answers, symmetry, terminal speed, its soft limit; starts, what is seen as numbers. (MuJoCo itself:
 * reacher_mujoco_test.c; the picture: reacher_view_test.c.) */
#include "near.h"
#include "sim/sim.h"

/* n control steps. */
static void steps(const struct reacher *r, int n, double u1, double u2, double *s)
{
    for (int i = 0; i < n; i++)
        plant_reacher.step(r, s, (double[]){u1, u2});
}

static struct reacher every_step(void)
{
    struct reacher r = reacher_standard;
    r.substeps = 1;
    return r;
}

/* From MuJoCo 2.2.2, constant controls: in the open, into the limit, where its impedance still rises, into the lower limit. */
static void known_answers(void **state)
{
    (void)state;
    static const struct {
        double start[4], u[2];
        int n;
        double end[4];
    } rows[] = {
        {{0.5, 1, 2, -3}, {0.25, -0.75}, 1, {0.539696335028, 0.931595546391, 1.984816751424, -3.420222680454}},
        {{0.5, 1, 2, -3}, {0.25, -0.75}, 10, {0.842294501214, 0.271661730745, 1.507163736987, -3.700539081935}},
        {{0.5, 2.7, 1, 4}, {0.3, 1}, 1, {0.525545606166, 2.791012651255, 1.277280308302, 4.550632562764}},
        {{0.5, 2.7, 1, 4}, {0.3, 1}, 10, {0.761016758750, 2.903154906153, 1.436559818886, -0.468954723705}},
        {{0.3, 2.7929, 0.5, 0.02}, {0, 0.5}, 1, {0.307658646288, 2.799868989137, 0.382932314425, 0.348449456856}},
        {{0.3, 2.7929, 0.5, 0.02}, {0, 0.5}, 3, {0.316714564214, 2.813383020724, 0.184201028091, 0.320670450641}},
        {{-2, -2.6, -4, -5}, {-1, -0.5}, 10, {-2.971601746444, -2.854694951341, -4.935824586673, 0.285929392244}},
        {{-2, -2.6, -4, -5}, {-1, -0.5}, 60, {-7.968444521725, -2.830529831841, -4.999999998713, 0.000000021123}},
    };
    struct reacher r = every_step();
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        double s[4];
        for (int k = 0; k < 4; k++)
            s[k] = rows[i].start[k];
        steps(&r, rows[i].n, rows[i].u[0], rows[i].u[1], s);
        for (int k = 0; k < 4; k++)
            assert_near(s[k], rows[i].end[k], 1e-9);
    }
}

/* Two substeps are two steps; controls beyond ±1 are ±1. */
static void substeps_and_cut_controls(void **state)
{
    (void)state;
    struct reacher one = every_step();
    double a[4] = {0.5, 2.7, 1, 4}, b[4] = {0.5, 2.7, 1, 4};
    steps(&one, 10, 1, -1, a);
    steps(&reacher_standard, 5, 3, -1.01, b);
    for (int k = 0; k < 4; k++)
        assert_true(a[k] == b[k]);
}

/* Neither where the shoulder points nor which side is left changes anything. */
static void symmetry(void **state)
{
    (void)state;
    double a[4] = {0.5, 2.5, 1, 4}, turned[4] = {0.5 + 2, 2.5, 1, 4}, mirrored[4] = {-0.5, -2.5, -1, -4};
    steps(&reacher_standard, 8, 0.4, 0.9, a);
    steps(&reacher_standard, 8, 0.4, 0.9, turned);
    steps(&reacher_standard, 8, -0.4, -0.9, mirrored);
    for (int k = 0; k < 4; k++) {
        assert_near(turned[k], a[k] + (k == 0 ? 2 : 0), 1e-13);
        assert_near(mirrored[k], -a[k], 1e-13);
    }
}

/* Where the motor's 0.05 N m and the damping balance: 0.05/damping rad/s. The wrist, driven too, rests at its limit, or, when the arm
 * turns fast enough, where the centrifugal torque A2 v1² sin q2 holds it against its motor (A2 as computed from the bodies). */
static void terminal_speed(void **state)
{
    (void)state;
    const double A2 = 2.7394687939302998e-4;
    for (double damping = 0.005; damping < 0.05; damping *= 2) {
        struct reacher r = reacher_standard;
        double s[4] = {0, 1, 0, 0};
        r.damping = damping;
        steps(&r, 300, -1, -0.5, s);
        assert_near(s[2], -0.05 / damping, 1e-4);
        assert_near(s[3], 0, 1e-4);
        if (damping == 0.005)
            assert_near(A2 * s[2] * s[2] * sin(s[1]), -0.025, 1e-6);
        else
            assert_true(s[1] < -r.limit && s[1] > -r.limit - 0.1);
    }
}

/* The limit gives way: full torque holds the wrist at 164.75° (MuJoCo's figure), and one that runs into it creeps back. */
static void soft_limit(void **state)
{
    (void)state;
    struct reacher r = every_step();
    double held[4] = {0, 2.5, 0, 0}, hit[4] = {0, 2.6, 0, 15}, most = 0, back = 0;
    const double degrees = 180 / M_PI;
    steps(&r, 2000, 0, 1, held);
    assert_near(held[1] * degrees, 164.75, 0.01);
    for (int i = 0; i < 30; i++) {
        steps(&r, 1, 0, 0, hit);
        most = fmax(most, hit[1]);
        back = fmin(back, hit[3]);
    }
    assert_true(most * degrees > 161 && most * degrees < 168);
    assert_true(back < -0.1 && back > -0.65);
    r.limit = 90 / degrees; /* another arm's */
    held[1] = 1;
    steps(&r, 2000, 0, 1, held);
    assert_true(held[1] * degrees > 90 && held[1] * degrees < 98);
}

static void starts(void **state)
{
    (void)state;
    const double uniform[6] = {0.75, 0.25, 1, 0.5, 0, 0.75};
    double s[6];
    assert_int_equal(plant_reacher.start_numbers, 4);
    plant_reacher.start(&reacher_standard, uniform, s);
    assert_near(s[0], M_PI / 2, 1e-15);
    assert_near(s[1], -80 * M_PI / 180, 1e-15);
    assert_near(s[2], 5, 1e-15);
    assert_near(s[3], 0, 1e-15);
    assert_true(plant_reacher.control_max(&reacher_standard) == 1);
    /* the target: 0.05 m straight up, and it stays while the arm moves */
    plant_reacher_target.start(&reacher_standard, uniform, s);
    assert_near(s[0], M_PI / 2, 1e-15);
    assert_near(s[4], 0, 1e-15);
    assert_near(s[5], 0.05, 1e-15);
    plant_reacher_target.step(&reacher_standard, s, (double[]){1, 1});
    assert_near(s[5], 0.05, 1e-15);
    assert_true(s[0] != M_PI / 2);
}

static void numbers(void **state)
{
    (void)state;
    struct reacher r = reacher_standard;
    const double s[4] = {7, -1, 2, 3};
    double x[4];
    assert_true(plant_reacher.view(&r).n == 2 && plant_reacher.view(&r).height == 0);
    plant_reacher.observe(&r, s, x);
    assert_true(x[0] == 7 && x[1] == -1);
    r.observe = REACHER_SINCOS;
    assert_int_equal(plant_reacher.view(&r).n, 4);
    plant_reacher.observe(&r, s, x);
    assert_true(x[0] == sin(7) && x[1] == cos(7) && x[2] == sin(-1) && x[3] == cos(-1));
    r.observe = REACHER_RGB;
    struct view v = plant_reacher.view(&r);
    assert_true(v.height == 64 && v.width == 64 && v.channels == 3 && v.n == 12288);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_answers), cmocka_unit_test(substeps_and_cut_controls),
        cmocka_unit_test(symmetry),      cmocka_unit_test(terminal_speed),
        cmocka_unit_test(soft_limit),    cmocka_unit_test(starts),
        cmocka_unit_test(numbers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
