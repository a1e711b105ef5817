/* Plants: machines that we can simulate and look at, and the sequences that come from them.
 *
 * A plant is a table of functions (struct plant_kind) and its settings; what makes sequences of it
 * is written once for all of them, and so is a live plant (start, then observe and step in turns).
 * Uses base only. Compiled without fused multiply-add, so that every machine draws the same pixels.
 *
 * Sizes: T steps, S numbers in a state, U in a control, X in an observation. Arrays are row-major,
 * time first. Angles in radians, times in seconds. */
#ifndef DSSM_SIM_H
#define DSSM_SIM_H

#include "base/base.h"

/* ---- what a plant is ---- */

/* What one look at a plant gives. Texts are comma-separated, one a component, as a stream's header takes them. */
struct view {
    int height, width, channels;      /* of an image, values in [0, 1], pixel after pixel, row after row; height 0: plain numbers */
    int n;                            /* X: how many numbers (height·width·channels for an image) */
    const char *meaning;              /* one phrase */
    const char *unit, *kinds, *names; /* of plain numbers; NULL for an image */
};

enum { SIM_MOST = 16 }; /* no plant has more numbers in its state, its control or its start */

struct plant_kind {
    const char *name;     /* "pendulum" */
    int states, controls; /* S, U */
    const char *state_meaning, *state_unit, *state_kinds, *state_names;
    const char *control_meaning, *control_unit, *control_names;
    int start_numbers; /* how many uniform numbers start() takes */
    /* A state to start from; uniform: start_numbers numbers in (0, 1); s: S numbers. */
    void (*start)(const void *settings, const double *uniform, double *s);
    /* The largest control: random ones are drawn from ±this. */
    double (*control_max)(const void *settings);
    /* s := the state one control interval later, u (U numbers) being held. */
    void (*step)(const void *settings, double *s, const double *u);
    struct view (*view)(const void *settings);
    /* What is seen in state s, without noise; x: view.n numbers. */
    void (*observe)(const void *settings, const double *s, double *x);
};

struct plant {
    const struct plant_kind *kind;
    const void *settings; /* of the kind's own type; the caller's */
};

/* ---- the pendulum (pendulum.c) ---- */

enum pendulum_start { START_UNIFORM, START_HANG, START_UPRIGHT };
enum pendulum_observe { OBSERVE_IMAGE, OBSERVE_ANGLE, OBSERVE_SINCOS };

/* φ″ = −μ φ′ + g sin φ + u (mass and length 1), φ = 0 upright; Karl et al. 2017, appendix B. */
struct pendulum {
    double dt;       /* control interval, s */
    int substeps;    /* Runge–Kutta steps (4th order) in it */
    double friction; /* μ, N m s */
    double gravity;  /* g, m/s² */
    double u_max;    /* N m */
    double v0;       /* starting velocities are drawn from ±v0, rad/s */
    int start;       /* enum pendulum_start; hang and upright are at rest */
    int observe;     /* enum pendulum_observe */
    int size;        /* image: pixels on a side */
    double radius;   /* of the bob's circle, in sixteenths of the image's side */
    double blob;     /* the bob's standard deviation, in sixteenths of the side */
    bool ball;       /* draw a hard disc in place of the soft blob */
};
/* 0.05 s, 10 substeps, μ 0.5, g 9.81, ±5 N m, ±6.6 rad/s, uniform, 16×16 image, radius 5, blob 1.2. */
extern const struct pendulum pendulum_standard;
/* State: angle (unwrapped), velocity. Control: torque. settings: struct pendulum. */
extern const struct plant_kind plant_pendulum;

/* ---- the reacher (reacher.c, reacher_view.c) ---- */

enum reacher_observe { REACHER_ANGLES, REACHER_SINCOS, REACHER_RGB };
enum reacher_style { STYLE_PLAIN, STYLE_THIN, STYLE_SUITE };
enum reacher_target { TARGET_NONE, TARGET_FIXED, TARGET_RANDOM };

/* A planar arm of two links of 0.12 m on a motor each: the reacher of the DeepMind Control Suite (Tassa et al. 2018), in closed
 * form. Every step of 0.02 s is that of MuJoCo 2.2, Euler's error included: M(q) q″ = 0.05 u − damping q′ − c(q, q′), and the
 * wrist's soft limit, which lets it go some degrees beyond. Controls are cut to [−1, 1]. */
struct reacher {
    int substeps;        /* steps of 0.02 s in a control interval */
    double damping;      /* of each joint, N m s */
    double limit;        /* of the wrist to either side, rad */
    double v0;           /* starting velocities are drawn from ±v0, rad/s; angles from all that there are */
    bool posed;          /* start at rest in a pose that is given: */
    double pose[2];      /* angles of shoulder and wrist, rad */
    int observe;         /* enum reacher_observe: both angles, their sines and cosines, a picture */
    int size;            /* picture: pixels on a side */
    int style;           /* enum reacher_style */
    double edge;         /* picture: width of the soft edge of every shape, pixels */
    int target;          /* enum reacher_target; TARGET_RANDOM needs plant_reacher_target */
    double target_at[2]; /* of TARGET_FIXED, metres from the shoulder */
};
/* 2 substeps, damping 0.01, limit 160°, ±5 rad/s, not posed, angles, 64×64 picture, plain, edge 2, no target. */
extern const struct reacher reacher_standard;
/* State: angles of shoulder (unwrapped; 0 to the right, positive anticlockwise) and wrist (0 straight), their velocities. Controls:
 * both motors. settings: struct reacher. */
extern const struct plant_kind plant_reacher;
/* The same, with a target that stays where it is and is drawn 0.05 to 0.20 m from the shoulder: x and y (m) follow in the state. */
extern const struct plant_kind plant_reacher_target;
/* The picture of state s (4 numbers) seen from above, y up, the shoulder in the middle; target: x and y in metres, or NULL.
 * image: size×size×3 numbers in [0, 1]. */
void reacher_draw(const struct reacher *r, const double *s, const double *target, double *image);

/* ---- the camera (camera.c) ---- */

/* image (height×width, row by row) := exp(−d²/(2 deviation²)), d the distance in pixels from the pixel's index (column, row)
 * to (column, row). White on black, peak 1. */
void draw_blob(int height, int width, double column, double row, double deviation, double *image);
/* The same with a hard disc: 1 where d ≤ radius, else 0. */
void draw_disc(int height, int width, double column, double row, double radius, double *image);
/* A value in [0, 1] as 8 bits, clamped and rounded to the nearest: ⌊255 v + ½⌋. NaN gives 0. */
uint8_t pixel_byte(double v);

/* ---- the canvas (canvas.c) ---- */

/* What coloured shapes are painted on. Positions are in pixels from the upper left corner, x to the right, y down; the centre of the
 * pixel in column i and row j is at (i + ½, j + ½). A pixel of colour p becomes p + a (colour − p), where a = clamp(½ − d/edge, 0, 1)
 * and d is the distance of its centre from the shape's rim, negative inside. */
struct canvas {
    int height, width;
    double edge;   /* > 0: how wide a shape's rim fades out */
    double *pixel; /* height×width×3: red, green, blue in [0, 1]; the caller's */
};
struct colour {
    uint8_t r, g, b;
};
void canvas_fill(const struct canvas *c, struct colour colour);
/* The pixels whose centres lie in [left, right) × [top, bottom), without a soft edge. */
void canvas_rectangle(const struct canvas *c, double left, double top, double right, double bottom, struct colour colour);
/* All points within the radius of the line from `from` to `to` (x, y). */
void canvas_capsule(const struct canvas *c, const double from[2], const double to[2], double radius, struct colour colour);
void canvas_disc(const struct canvas *c, const double centre[2], double radius, struct colour colour);

/* ---- sequences (sequence.c) ---- */

/* How controls are chosen, each number of a control by itself: between ±control_max. */
enum action_kind {
    ACTIONS_IID,       /* uniform, a new one each step */
    ACTIONS_HOLD,      /* uniform, a new one every `hold` steps */
    ACTIONS_GEOMETRIC, /* uniform, a new one with probability 1/hold */
    ACTIONS_AR,        /* u_t = rho u_{t−1} + noise, normal with standard deviation 0.6 control_max, then cut */
    ACTIONS_BANG,      /* one of the two largest, the other one with probability 1/hold */
    ACTIONS_ZERO
};
struct actions {
    enum action_kind kind;
    int hold;   /* steps, 1 or more (HOLD, GEOMETRIC, BANG) */
    double rho; /* −1 < rho < 1 (AR) */
};
/* "iid", "hold:K", "geometric:K", "ar:RHO", "bang:K" or "zero". */
int actions_parse(const char *text, struct actions *a, struct error *e);

/* How sequences are made. Sequence i depends on (seed, i) and the settings only: never on how many there are. A longer
 * sequence begins with the shorter one. */
struct protocol {
    uint64_t seed;
    struct actions actions;
    int burn_in;  /* steps that a drawn sequence has moved, by drawn controls, before it begins */
    double noise; /* standard deviation of what is added to every observed number (for images: of values in [0, 1]) */
};

/* The starting state of sequence i, after the burn-in; s: S numbers. */
void sim_start(const struct plant *p, const struct protocol *how, uint32_t sequence, double *s);
/* Controls of sequence i, after those of the burn-in; u: T×U. u_t acts from step t to step t+1; the last one is drawn too, though nothing
 * comes of it. */
void sim_controls(const struct plant *p, const struct protocol *how, uint32_t sequence, int steps, float *u);
/* Rolls the plant from s[0] (given) through u (T×U): fills s[1] … s[T−1] (T×S). */
void sim_roll(const struct plant *p, int steps, const float *u, double *s);
/* What is seen at step t in state s, with the protocol's noise: x (X numbers); an image stays within [0, 1]. */
void sim_observe(const struct plant *p, const struct protocol *how, uint32_t sequence, uint32_t step, const double *s, double *x);

#endif
