/* The pendulum of Karl et al. 2017: torque-driven, with friction, seen as a bob on a circle. */
#include "sim/sim.h"

#include <math.h>

const struct pendulum pendulum_standard = {
    .dt = 0.05,
    .substeps = 10,
    .friction = 0.5,
    .gravity = 9.81,
    .u_max = 5,
    .v0 = 6.6,
    .start = START_UNIFORM,
    .observe = OBSERVE_IMAGE,
    .size = 16,
    .radius = 5,
    .blob = 1.2,
    .ball = false,
};

static double acceleration(const struct pendulum *p, double angle, double velocity, double torque)
{
    return -p->friction * velocity + p->gravity * sin(angle) + torque;
}

/* One step of length h of the classical Runge–Kutta method of fourth order. */
static void runge_kutta(const struct pendulum *p, double h, double torque, double *s)
{
    double a = s[0], v = s[1];
    double a1 = v, v1 = acceleration(p, a, v, torque);
    double a2 = v + 0.5 * h * v1, v2 = acceleration(p, a + 0.5 * h * a1, a2, torque);
    double a3 = v + 0.5 * h * v2, v3 = acceleration(p, a + 0.5 * h * a2, a3, torque);
    double a4 = v + h * v3, v4 = acceleration(p, a + h * a3, a4, torque);
    s[0] = a + h / 6 * (a1 + 2 * a2 + 2 * a3 + a4);
    s[1] = v + h / 6 * (v1 + 2 * v2 + 2 * v3 + v4);
}

static void pendulum_step(const void *settings, double *s, const double *u)
{
    const struct pendulum *p = settings;
    for (int i = 0; i < p->substeps; i++)
        runge_kutta(p, p->dt / p->substeps, u[0], s);
}

/* uniform: one number for the angle, one for the velocity; both are drawn whatever the start. */
static void pendulum_start(const void *settings, const double *uniform, double *s)
{
    const struct pendulum *p = settings;
    if (p->start == START_UNIFORM) {
        s[0] = M_PI * (2 * uniform[0] - 1);
        s[1] = p->v0 * (2 * uniform[1] - 1);
    } else {
        s[0] = p->start == START_HANG ? M_PI : 0;
        s[1] = 0;
    }
}

static double pendulum_control_max(const void *settings)
{
    return ((const struct pendulum *)settings)->u_max;
}

static struct view pendulum_view(const void *settings)
{
    const struct pendulum *p = settings;
    switch (p->observe) {
    case OBSERVE_ANGLE:
        return (struct view){.n = 1, .meaning = "angle, unwrapped, 0 upright", .unit = "rad", .kinds = "circle", .names = "angle"};
    case OBSERVE_SINCOS: return (struct view){.n = 2, .meaning = "sine and cosine of the angle", .kinds = "line,line", .names = "sin,cos"};
    default: return (struct view){p->size, p->size, 1, p->size * p->size, "image of the bob, value/255", NULL, NULL, NULL};
    }
}

/* The bob at (sin φ, cos φ), up being up: smaller row numbers. */
static void draw_bob(const struct pendulum *p, double angle, double *image)
{
    double unit = p->size / 16.0, middle = 0.5 * (p->size - 1);
    double column = middle + p->radius * unit * sin(angle);
    double row = middle - p->radius * unit * cos(angle);
    if (p->ball)
        draw_disc(p->size, p->size, column, row, sqrt(2) * p->blob * unit, image); /* as much light as the blob has */
    else
        draw_blob(p->size, p->size, column, row, p->blob * unit, image);
}

static void pendulum_observe(const void *settings, const double *s, double *x)
{
    const struct pendulum *p = settings;
    if (p->observe == OBSERVE_ANGLE) {
        x[0] = s[0];
    } else if (p->observe == OBSERVE_SINCOS) {
        x[0] = sin(s[0]);
        x[1] = cos(s[0]);
    } else {
        draw_bob(p, s[0], x);
    }
}

const struct plant_kind plant_pendulum = {
    .name = "pendulum",
    .states = 2,
    .controls = 1,
    .state_meaning = "angle (unwrapped, 0 upright) and its velocity",
    .state_unit = "rad,rad/s",
    .state_kinds = "circle,line",
    .state_names = "angle,velocity",
    .control_meaning = "torque, held from step t to step t+1; the last one has no effect",
    .control_unit = "N m",
    .control_names = "torque",
    .start_numbers = 2,
    .start = pendulum_start,
    .control_max = pendulum_control_max,
    .step = pendulum_step,
    .view = pendulum_view,
    .observe = pendulum_observe,
};
