/* The reacher of the DeepMind Control Suite in closed form: MuJoCo's Euler step with its soft limit of the wrist. */
#include "sim/reacher.h"
#include "sim/sim.h"

#include <math.h>

/* Facts of suite/reacher.xml: the forearm's axis and the radius of all shapes in metres, kg/m³, N m, seconds. */
static const double fore_length = 0.10, radius = 0.01, density = 1000, gear = 0.05, timestep = 0.02;
/* MuJoCo's defaults for limits: solimp (0.9, 0.95, 0.001), and solref (0.02, 1), whose time constant is at least two steps. */
static const double impedance_least = 0.9, impedance_most = 0.95, impedance_width = 0.001, time_constant = 0.04;

const struct reacher reacher_standard = {
    .substeps = 2,
    .damping = 0.01,
    .limit = 160 * M_PI / 180,
    .v0 = 5,
    .observe = REACHER_ANGLES,
    .size = 64,
    .style = STYLE_PLAIN,
    .edge = 2,
    .target = TARGET_NONE,
};

/* The masses' moments, kg m²: the mass matrix is [[A1 + 2 A2 c, A3 + A2 c], [A3 + A2 c, A3]], c the wrist's cosine. */
struct moments {
    double A1, A2, A3;
};

static double ball_mass(void)
{
    return density * 4 / 3 * M_PI * radius * radius * radius;
}

/* A cylinder of the axis' length and half a ball at each end. */
static double capsule_mass(double length)
{
    return density * M_PI * radius * radius * length + ball_mass();
}

/* About an axis through the middle, across the capsule. */
static double capsule_inertia(double length)
{
    double mc = density * M_PI * radius * radius * length, mb = ball_mass();
    return mc * (3 * radius * radius + length * length) / 12 +
           mb * (2 * radius * radius / 5 + length * length / 4 + 3 * length * radius / 8);
}

static struct moments moments(void)
{
    double L1 = reacher_upper_length, tip = reacher_tip_at;
    double m1 = capsule_mass(L1), m2 = capsule_mass(fore_length), ms = ball_mass(), Is = 0.4 * ms * radius * radius;
    double half1 = L1 / 2, half2 = fore_length / 2;
    double A3 = capsule_inertia(fore_length) + half2 * half2 * m2 + Is + tip * tip * ms;
    double A1 = capsule_inertia(L1) + half1 * half1 * m1 + L1 * L1 * (m2 + ms) + A3;
    return (struct moments){A1, L1 * (half2 * m2 + tip * ms), A3};
}

/* A symmetric 2×2 matrix [[a, b], [b, d]]. */
struct symmetric {
    double a, b, d;
};

static struct symmetric mass_matrix(const struct moments *m, double c)
{
    return (struct symmetric){m->A1 + 2 * m->A2 * c, m->A3 + m->A2 * c, m->A3};
}

static void solve(struct symmetric m, const double y[2], double x[2])
{
    double determinant = m.a * m.d - m.b * m.b;
    x[0] = (m.d * y[0] - m.b * y[1]) / determinant;
    x[1] = (m.a * y[1] - m.b * y[0]) / determinant;
}

/* Element (2,2) of the inverse. */
static double inverse_wrist(struct symmetric m)
{
    return m.a / (m.a * m.d - m.b * m.b);
}

/* The torque with which the wrist's limit pushes back, 0 within it: MuJoCo's constraint for a single row, where the solver's answer has a
 * closed form. tau: the other torques. */
static double limit_torque(const struct reacher *r, const struct moments *moment, struct symmetric m, const double *s, const double tau[2])
{
    double inside = r->limit - fabs(s[1]), J = s[1] > 0 ? -1 : 1, free[2];
    if (inside >= 0)
        return 0;
    double x = fmin(-inside / impedance_width, 1), y = x <= 0.5 ? 2 * x * x : 1 - 2 * (1 - x) * (1 - x);
    double impedance = impedance_least + y * (impedance_most - impedance_least);
    double stiffness = 1 / (impedance_most * impedance_most * time_constant * time_constant);
    double damping = 2 / (impedance_most * time_constant);
    double regulariser = (1 - impedance) / impedance * inverse_wrist(mass_matrix(moment, 1));
    solve(m, tau, free);
    double wanted = -damping * J * s[3] - stiffness * impedance * inside;
    return J * fmax(0, (wanted - J * free[1]) / (inverse_wrist(m) + regulariser));
}

/* One step of 0.02 s: semi-implicit Euler, damping implicit. torque: of the motors. */
static void euler(const struct reacher *r, const struct moments *moment, const double torque[2], double *s)
{
    double c = cos(s[1]), sine = sin(s[1]), v1 = s[2], v2 = s[3], acceleration[2];
    double bias[2] = {-moment->A2 * sine * (2 * v1 * v2 + v2 * v2), moment->A2 * sine * v1 * v1};
    double tau[2] = {torque[0] - r->damping * v1 - bias[0], torque[1] - r->damping * v2 - bias[1]};
    struct symmetric m = mass_matrix(moment, c);
    tau[1] += limit_torque(r, moment, m, s, tau);
    solve((struct symmetric){m.a + timestep * r->damping, m.b, m.d + timestep * r->damping}, tau, acceleration);
    for (int i = 0; i < 2; i++) {
        s[2 + i] += timestep * acceleration[i];
        s[i] += timestep * s[2 + i];
    }
}

static void reacher_step(const void *settings, double *s, const double *u)
{
    const struct reacher *r = settings;
    const struct moments moment = moments();
    double torque[2];
    for (int i = 0; i < 2; i++)
        torque[i] = gear * fmin(fmax(u[i], -1), 1);
    for (int i = 0; i < r->substeps; i++)
        euler(r, &moment, torque, s);
}

/* uniform: shoulder, wrist, their velocities. */
static void reacher_start(const void *settings, const double *uniform, double *s)
{
    const struct reacher *r = settings;
    const double most[4] = {M_PI, r->limit, r->v0, r->v0};
    for (int i = 0; i < 4; i++)
        s[i] = !r->posed ? most[i] * (2 * uniform[i] - 1) : i < 2 ? r->pose[i] : 0;
}

/* And then the target's distance and direction, as the suite draws them. */
static void reacher_start_target(const void *settings, const double *uniform, double *s)
{
    double distance = 0.05 + 0.15 * uniform[4], direction = M_PI * (2 * uniform[5] - 1);
    reacher_start(settings, uniform, s);
    s[4] = distance * cos(direction);
    s[5] = distance * sin(direction);
}

static double reacher_control_max(const void *settings)
{
    (void)settings;
    return 1;
}

static struct view reacher_view(const void *settings)
{
    const struct reacher *r = settings;
    switch (r->observe) {
    case REACHER_ANGLES:
        return (struct view){.n = 2,
                             .meaning = "angles of shoulder (unwrapped) and wrist (0 straight)",
                             .unit = "rad",
                             .kinds = "circle,line",
                             .names = "shoulder,wrist"};
    case REACHER_SINCOS:
        return (struct view){.n = 4,
                             .meaning = "sines and cosines of the angles of shoulder and wrist",
                             .kinds = "line,line,line,line",
                             .names = "shoulder_sin,shoulder_cos,wrist_sin,wrist_cos"};
    default: return (struct view){r->size, r->size, 3, 3 * r->size * r->size, "RGB image of the arm, value/255", NULL, NULL, NULL};
    }
}

static void observe_numbers(const struct reacher *r, const double *s, double *x)
{
    if (r->observe == REACHER_ANGLES) {
        x[0] = s[0];
        x[1] = s[1];
    } else {
        for (int i = 0; i < 2; i++) {
            x[2 * i] = sin(s[i]);
            x[2 * i + 1] = cos(s[i]);
        }
    }
}

static void reacher_observe(const void *settings, const double *s, double *x)
{
    const struct reacher *r = settings;
    if (r->observe == REACHER_RGB)
        reacher_draw(r, s, r->target == TARGET_FIXED ? r->target_at : NULL, x);
    else
        observe_numbers(r, s, x);
}

static void reacher_observe_target(const void *settings, const double *s, double *x)
{
    const struct reacher *r = settings;
    if (r->observe == REACHER_RGB)
        reacher_draw(r, s, s + 4, x);
    else
        observe_numbers(r, s, x);
}

/* Both kinds have the wrist's angle on a line: its range has ends, so that no two of its values are the same pose. */

static const char motors[] = "motors of shoulder and wrist (1 is 0.05 N m), held from step t to step t+1; the last ones have no effect";

const struct plant_kind plant_reacher = {
    .name = "reacher",
    .states = 4,
    .state_meaning = "angles of shoulder (unwrapped) and wrist (0 straight), and their velocities",
    .state_unit = "rad,rad,rad/s,rad/s",
    .state_kinds = "circle,line,line,line",
    .state_names = "shoulder,wrist,shoulder_velocity,wrist_velocity",
    .controls = 2,
    .control_meaning = motors,
    .control_names = "shoulder,wrist",
    .start_numbers = 4,
    .start = reacher_start,
    .control_max = reacher_control_max,
    .step = reacher_step,
    .view = reacher_view,
    .observe = reacher_observe,
};

const struct plant_kind plant_reacher_target = {
    .name = "reacher",
    .states = 6,
    .state_meaning = "angles of shoulder (unwrapped) and wrist (0 straight), their velocities, and where the target is",
    .state_unit = "rad,rad,rad/s,rad/s,m,m",
    .state_kinds = "circle,line,line,line,line,line",
    .state_names = "shoulder,wrist,shoulder_velocity,wrist_velocity,target_x,target_y",
    .controls = 2,
    .control_meaning = motors,
    .control_names = "shoulder,wrist",
    .start_numbers = 6,
    .start = reacher_start_target,
    .control_max = reacher_control_max,
    .step = reacher_step,
    .view = reacher_view,
    .observe = reacher_observe_target,
};
