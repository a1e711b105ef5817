/* The options of each plant: of its machine, and of its picture. */
#include "gen/gen.h"

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
