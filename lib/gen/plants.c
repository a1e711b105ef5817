/* The options of each plant: of its machine, and of its picture. */
#include "gen/gen.h"

#include <math.h>
#include <string.h>

#define PENDULUM(member) offsetof(struct pendulum, member)
const struct option_row options_pendulum[] = {
    {"start", 0, OPT_CHOICE, PENDULUM(start), "uniform", 0, 0, "uniform|hang|upright", "HOW",
     "Start at any angle with any velocity up to --v0, or at rest hanging or upright."},
    {"v0", 0, OPT_REAL, PENDULUM(v0), "6.6", 0, 1e12, NULL, "RAD/S", "Largest starting velocity."},
    {"u-max", 0, OPT_REAL, PENDULUM(u_max), "5", 0, 1e12, NULL, "NM", "Largest torque, N m."},
    {"dt", 0, OPT_REAL, PENDULUM(dt), "0.05", 1e-6, 10, NULL, "S", "Control interval, seconds."},
    {"substeps", 0, OPT_INT, PENDULUM(substeps), "10", 1, 100000, NULL, "N", "Runge-Kutta steps in a control interval."},
    {"friction", 0, OPT_REAL, PENDULUM(friction), "0.5", 0, 1e12, NULL, "MU", "Friction, N m s."},
    {"gravity", 0, OPT_REAL, PENDULUM(gravity), "9.81", 0, 1e12, NULL, "G", "Acceleration of gravity, m/s2."},
    {0},
};

const struct option_row options_pendulum_view[] = {
    {"observe", 0, OPT_CHOICE, PENDULUM(observe), "image", 0, 0, "image|angle|sincos", "WHAT", "What x is."},
    {"size", 0, OPT_INT, PENDULUM(size), "16", 2, 512, NULL, "PX", "Side of the square image, pixels."},
    {"radius", 0, OPT_REAL, PENDULUM(radius), "5", 0, 100, NULL, "R", "Radius of the bob's circle, in sixteenths of the side."},
    {"blob", 0, OPT_REAL, PENDULUM(blob), "1.2", 0.01, 100, NULL, "SD", "Standard deviation of the bob, in sixteenths of the side."},
    {"ball", 0, OPT_FLAG, PENDULUM(ball), NULL, 0, 0, NULL, NULL, "Draw a hard disc with as much light as the blob."},
    {0},
};

/* As gentle as the published errors let one think that its arm moves. */
static const struct option_default reacher_of_the_paper[] = {{"substeps", "1"}, {"burn-in", "20"}, {"v0", "0"}, {0}};
const struct option_preset presets_reacher[] = {{"standard", NULL}, {"paper", reacher_of_the_paper}, {0}};

#define TOLD(member) offsetof(struct reacher_told, member)
const struct option_row options_reacher_preset[] = {
    {"preset", 0, OPT_CHOICE, TOLD(preset), "standard", 0, 0, "standard|paper", "NAME",
     "Where other options start from: paper is --substeps 1 --burn-in 20 --v0 0."},
    {0},
};

const struct option_row options_reacher[] = {
    {"start", 0, OPT_TEXT, TOLD(start), "uniform", 0, 0, NULL, "HOW",
     "Start in any pose with velocities up to --v0 (uniform), or at rest in the pose S,W: angles of shoulder and wrist, degrees."},
    {"v0", 0, OPT_REAL, TOLD(arm.v0), "5", 0, 1e12, NULL, "RAD/S", "Largest starting velocity of either joint."},
    {"substeps", 0, OPT_INT, TOLD(arm.substeps), "2", 1, 100000, NULL, "N", "Steps of 0.02 s in a control interval."},
    {"damping", 0, OPT_REAL, TOLD(arm.damping), "0.01", 0, 1e12, NULL, "D", "Damping of each joint, N m s."},
    {"limit", 0, OPT_REAL, TOLD(limit_degrees), "160", 1, 180, NULL, "DEG",
     "The wrist's limit to either side, degrees; it is soft, and the wrist goes some degrees beyond."},
    {0},
};

const struct option_row options_reacher_view[] = {
    {"observe", 0, OPT_CHOICE, TOLD(arm.observe), "angles", 0, 0, "angles|sincos|rgb", "WHAT",
     "What x is: both angles, their sines and cosines, or a picture."},
    {"size", 0, OPT_INT, TOLD(arm.size), "64", 2, 512, NULL, "PX", "Side of the square picture, pixels."},
    {"style", 0, OPT_CHOICE, TOLD(arm.style), "plain", 0, 0, "plain|thin|suite", "STYLE",
     "Thick links in colours that differ, thin ones, or the control suite's look, unlit."},
    {"edge", 0, OPT_REAL, TOLD(arm.edge), "2", 0.01, 100, NULL, "PX", "Width of the soft edge of every shape, pixels."},
    {"target", 0, OPT_TEXT, TOLD(target), "none", 0, 0, NULL, "WHERE",
     "A target in the picture: X,Y (metres from the shoulder), random (in each sequence another, which the true states tell) or none."},
    {0},
};

/* Two numbers "A,B" within ±most; false for anything else. */
static bool parse_pair(const char *text, double most, double v[2])
{
    char more;
    return sscanf(text, "%lf,%lf%c", &v[0], &v[1], &more) == 2 && fabs(v[0]) <= most && fabs(v[1]) <= most;
}

/* Uniform, or a pose within the wrist's limit. */
static int take_start(struct reacher_told *told, struct error *e)
{
    struct reacher *arm = &told->arm;
    double degrees[2];
    arm->posed = strcmp(told->start, "uniform") != 0;
    if (!arm->posed)
        return DSSM_OK;
    if (!parse_pair(told->start, 360, degrees) || fabs(degrees[1]) > told->limit_degrees)
        return error_set(e, DSSM_USAGE, "--start: expected uniform or S,W (degrees, W within --limit), got '%s'", told->start);
    for (int i = 0; i < 2; i++)
        arm->pose[i] = degrees[i] * M_PI / 180;
    return DSSM_OK;
}

int reacher_plant(struct reacher_told *told, struct plant *p, struct error *e)
{
    struct reacher *arm = &told->arm;
    arm->limit = told->limit_degrees * M_PI / 180;
    if (take_start(told, e))
        return e->code;
    arm->target = TARGET_FIXED;
    if (!strcmp(told->target, "none"))
        arm->target = TARGET_NONE;
    else if (!strcmp(told->target, "random"))
        arm->target = TARGET_RANDOM;
    else if (!parse_pair(told->target, 1, arm->target_at))
        return error_set(e, DSSM_USAGE, "--target: expected X,Y (metres, from -1 to 1), random or none, got '%s'", told->target);
    if (arm->target != TARGET_NONE && arm->observe != REACHER_RGB)
        return error_set(e, DSSM_USAGE, "--target: only a picture shows it; add --observe rgb");
    *p = (struct plant){arm->target == TARGET_RANDOM ? &plant_reacher_target : &plant_reacher, arm};
    return DSSM_OK;
}
