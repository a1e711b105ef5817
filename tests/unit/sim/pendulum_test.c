/* The pendulum against known answers, energy, small swings, and its picture. */
#include "near.h"
#include "sim/sim.h"

#include <string.h>

static void steps(const struct pendulum *p, int n, double u, double *s)
{
    for (int i = 0; i < n; i++)
        plant_pendulum.step(p, s, &u);
}

static void known_answers(void **state)
{
    (void)state;
    static const struct {
        double dt;
        int n;
        double angle, velocity;
    } rows[] = {
        {0.05, 1, 1.037470139527, 0.998339333977},
        {0.05, 15, 3.825522769313, 4.978770760272},
        {0.1, 1, 1.099832691792, 1.496546184246},
        {0.1, 15, 5.230512446642, -0.805291003535},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct pendulum p = pendulum_standard;
        double s[2] = {1, 0.5};
        p.dt = rows[i].dt;
        steps(&p, rows[i].n, 2, s);
        assert_near(s[0], rows[i].angle, 1e-9);
        assert_near(s[1], rows[i].velocity, 1e-9);
    }
}

/* Without friction and torque, E = v²/2 + g cos φ stays; with friction it falls. */
static void energy(void **state)
{
    (void)state;
    struct pendulum p = pendulum_standard;
    double s[2] = {0.3, 1.5}, before = s[1] * s[1] / 2 + p.gravity * cos(s[0]);
    p.friction = 0;
    steps(&p, 400, 0, s);
    assert_near(s[1] * s[1] / 2 + p.gravity * cos(s[0]), before, 1e-6);
    p.friction = 0.5;
    steps(&p, 20, 0, s);
    assert_true(s[1] * s[1] / 2 + p.gravity * cos(s[0]) < before - 1);
}

/* Near hanging, ε = φ − π obeys ε″ = −μ ε′ − g ε + u: a damped oscillation about u/g, in closed form. */
static void small_swings(void **state)
{
    (void)state;
    struct pendulum p = pendulum_standard;
    double e0 = 1e-5, u = 1e-5, t = 40 * p.dt, decay = p.friction / 2, w = sqrt(p.gravity - decay * decay);
    double s[2] = {M_PI + e0, 0}, c = e0 - u / p.gravity;
    double expected = u / p.gravity + exp(-decay * t) * c * (cos(w * t) + decay / w * sin(w * t));
    steps(&p, 40, u, s);
    assert_near(s[0] - M_PI, expected, 1e-11);
}

/* Halving the inner step divides the error by 2⁴: it is a method of fourth order. */
static void fourth_order(void **state)
{
    (void)state;
    double error[3];
    for (int k = 0; k < 3; k++) {
        struct pendulum p = pendulum_standard;
        double s[2] = {1, 0.5}, exact[2] = {1, 0.5};
        p.substeps = 256;
        steps(&p, 10, 2, exact);
        p.substeps = 2 << k;
        steps(&p, 10, 2, s);
        error[k] = hypot(s[0] - exact[0], s[1] - exact[1]);
    }
    assert_true(error[0] / error[1] > 12 && error[0] / error[1] < 20);
    assert_true(error[1] / error[2] > 12 && error[1] / error[2] < 20);
}

static void starts(void **state)
{
    (void)state;
    struct pendulum p = pendulum_standard;
    double s[2];
    plant_pendulum.start(&p, (double[]){0.25, 1}, s);
    assert_near(s[0], -M_PI / 2, 1e-15);
    assert_near(s[1], 6.6, 1e-15);
    p.start = START_HANG;
    plant_pendulum.start(&p, (double[]){0.25, 1}, s);
    assert_true(s[0] == M_PI && s[1] == 0);
    p.start = START_UPRIGHT;
    plant_pendulum.start(&p, (double[]){0.25, 1}, s);
    assert_true(s[0] == 0 && s[1] == 0);
    assert_true(plant_pendulum.control_max(&p) == 5);
}

/* The image of DATA's formula, at every pixel, and where the bob is when the pendulum stands, lies to the right, hangs. */
static void image(void **state)
{
    (void)state;
    struct pendulum p = pendulum_standard;
    struct view v = plant_pendulum.view(&p);
    double x[256], angle = 0.7;
    assert_true(v.height == 16 && v.width == 16 && v.channels == 1 && v.n == 256);
    plant_pendulum.observe(&p, &angle, x);
    for (int row = 0; row < 16; row++)
        for (int column = 0; column < 16; column++) {
            double dc = column - (7.5 + 5 * sin(angle)), dr = row - (7.5 - 5 * cos(angle));
            assert_near(x[row * 16 + column], exp(-(dc * dc + dr * dr) / (2 * 1.2 * 1.2)), 1e-14);
        }
    static const struct {
        double angle;
        int row, column;
    } places[] = {{0, 2, 7}, {M_PI / 2, 7, 12}, {M_PI, 12, 7}, {-M_PI / 2, 7, 2}};
    for (size_t i = 0; i < 4; i++) {
        plant_pendulum.observe(&p, &places[i].angle, x);
        for (int k = 0; k < 256; k++)
            assert_true(x[k] <= x[places[i].row * 16 + places[i].column] + 1e-12);
    }
}

/* A larger image shows the same scene: its bob, in sixteenths of the side, is where the small one's is. */
static void image_scales(void **state)
{
    (void)state;
    struct pendulum p = pendulum_standard;
    double angle = 0.7, x[64 * 64], sum = 0, column = 0, row = 0;
    p.size = 64;
    assert_int_equal(plant_pendulum.view(&p).n, 64 * 64);
    plant_pendulum.observe(&p, &angle, x);
    for (int k = 0; k < 64 * 64; k++) {
        sum += x[k];
        column += x[k] * (k % 64);
        row += x[k] * (k / 64);
    }
    assert_near(column / sum, 31.5 + 20 * sin(angle), 0.01);
    assert_near(row / sum, 31.5 - 20 * cos(angle), 0.01);
    assert_near(sum, 2 * M_PI * 4.8 * 4.8, 0.1);
}

/* A hard disc: only 0 and 1, and about as much light as the blob. */
static void ball(void **state)
{
    (void)state;
    struct pendulum p = pendulum_standard;
    double angle = 0.7, x[64 * 64], sum = 0;
    p.size = 64;
    p.ball = true;
    plant_pendulum.observe(&p, &angle, x);
    for (int k = 0; k < 64 * 64; k++) {
        assert_true(x[k] == 0 || x[k] == 1);
        sum += x[k];
    }
    assert_near(sum / (2 * M_PI * 4.8 * 4.8), 1, 0.03);
}

static void numbers(void **state)
{
    (void)state;
    struct pendulum p = pendulum_standard;
    double s[2] = {7, 1}, x[2];
    p.observe = OBSERVE_ANGLE;
    assert_true(plant_pendulum.view(&p).n == 1 && plant_pendulum.view(&p).height == 0);
    plant_pendulum.observe(&p, s, x);
    assert_true(x[0] == 7);
    p.observe = OBSERVE_SINCOS;
    assert_true(plant_pendulum.view(&p).n == 2);
    plant_pendulum.observe(&p, s, x);
    assert_true(x[0] == sin(7) && x[1] == cos(7));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_answers), cmocka_unit_test(energy), cmocka_unit_test(small_swings),
        cmocka_unit_test(fourth_order),  cmocka_unit_test(starts), cmocka_unit_test(image),
        cmocka_unit_test(image_scales),  cmocka_unit_test(ball),   cmocka_unit_test(numbers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
