/* Small transitions with positions on lines and on circles and with motors, drawn at random, and the mean of the next state by plain loops.
 * In double. */
#ifndef DSSM_TESTS_MOVES_H
#define DSSM_TESTS_MOVES_H

#include "fixture.h"
#include "gradcheck.h"

enum { MOST = 7, BASES = 4, HIDDEN = 5, LANES = 6 };

struct shape {
    int dz, du, positions, circles;
    int substeps; /* of motors; 0: no motors */
    double stops; /* where they begin; 0: none */
};

static const struct shape shapes[] = {
    {6, 2, 3, 1, 0, 0},   /* a point on a circle and one on a line, C is 2×3 */
    {5, 2, 3, 1, 2, 0},   /* the same with motors */
    {3, 1, 2, 1, 1, 0},   /* a circle alone */
    {4, 2, 2, 0, 3, 0},   /* lines alone */
    {7, 0, 5, 2, 0, 0},   /* two circles and a line, no controls, C is 3×2 */
    {4, 1, 2, 0, 0, 0},   /* lines alone, no motors */
    {5, 2, 3, 1, 2, 0.4}, /* a circle and a line with stops */
    {4, 2, 2, 0, 1, 0.7}, /* two lines with stops */
};
enum { SHAPES = sizeof shapes / sizeof *shapes };

static inline struct transition_settings settings_of(const struct shape *s, int bases)
{
    return (struct transition_settings){.bases = bases,
                                        .hidden = {1, {HIDDEN}},
                                        .base_spread = 0.1,
                                        .mixing_gain = 1,
                                        .variance = 0.02,
                                        .positions = s->positions,
                                        .circles = s->circles,
                                        .motors = s->substeps > 0 ? 0.15 : 0,
                                        .substeps = s->substeps,
                                        .stops = s->stops};
}

struct parts {
    struct params p;
    struct transition tr;
    int bases;
};

/* With all parameters drawn at random, or as it begins. */
static inline struct parts parts_of(const struct shape *s, int bases, bool random)
{
    struct parts a = {.bases = bases};
    struct transition_settings settings = settings_of(s, bases);
    params_init(&a.p);
    a.tr = transition_declare(&a.p, s->dz, s->du, &settings, 3);
    for (int i = 0; i < a.p.n && random; i++)
        params_normal(&a.p, i, 8, 0, 0.5);
    return a;
}

/* A transition at states and controls drawn at random. */
struct run {
    struct parts a;
    struct tape *t;
    var *z, *u;
    struct transition_at at;
};

static inline var *drawn(struct tape *t, int which, int rows)
{
    var *a = constant(t, rows, LANES);
    for (int i = 0; i < rows; i++)
        for (int l = 0; l < LANES; l++)
            a->v[i * a->ld + l] = check_draw(which, i * LANES + l);
    return a;
}

static inline void run_open(struct run *r, const struct shape *s, int bases, bool controls)
{
    *r = (struct run){.a = parts_of(s, bases, true), .t = tape_new()};
    tape_begin(r->t, &r->a.p, NULL, 0);
    r->z = drawn(r->t, 1, s->dz);
    r->u = controls && s->du > 0 ? drawn(r->t, 2, s->du) : NULL;
    r->at = transition_apply(r->t, &r->a.tr, r->z, r->u);
}

static inline void run_close(struct run *r)
{
    tape_free(r->t);
    params_free(&r->a.p);
}

static inline double number(const var *a, int row, int lane)
{
    return (double)a->v[row * a->ld + lane];
}

/* Numbers of one lane; those of no value are 0. */
static inline void lane_of(const var *a, int l, double *out)
{
    memset(out, 0, MOST * sizeof *out);
    for (int i = 0; a && i < a->rows; i++)
        out[i] = number(a, i, l);
}

static inline void assert_close(const char *what, double got, double expected, double tolerance)
{
    if (!(fabs(got - expected) <= tolerance * fmax(1, fabs(expected))))
        fail_msg("%s: expected %.15g, got %.15g", what, expected, got);
}

/* ---- by plain loops ---- */

/* softmax(g) of one lane: g sees the state and the control, with motors the positions alone. */
static inline void plain_mixture(const struct parts *a, const double *z, const double *u, double *alpha)
{
    const real *w0 = params_value(&a->p, a->tr.g.weight[0]), *b0 = params_value(&a->p, a->tr.g.bias[0]);
    const real *w1 = params_value(&a->p, a->tr.g.weight[1]), *b1 = params_value(&a->p, a->tr.g.bias[1]);
    int in = a->tr.motors.n > 0 ? a->tr.positions : a->tr.dz + a->tr.du;
    double hidden[HIDDEN], sum = 0;
    assert_int_equal(a->p.entry[a->tr.g.weight[0]].cols, in);
    for (int i = 0; i < HIDDEN; i++) {
        hidden[i] = (double)b0[i];
        for (int j = 0; j < in; j++)
            hidden[i] += (double)w0[i * in + j] * (j < a->tr.dz ? z[j] : u[j - a->tr.dz]);
    }
    for (int m = 0; m < a->bases; m++) {
        alpha[m] = (double)b1[m];
        for (int i = 0; i < HIDDEN; i++)
            alpha[m] += (double)w1[m * HIDDEN + i] * tanh(hidden[i]);
        sum += alpha[m] = exp(alpha[m]);
    }
    for (int m = 0; m < a->bases; m++)
        alpha[m] /= sum;
}

static inline double mixed(const struct parts *a, int index, int row, const double *alpha)
{
    double sum = 0;
    for (int m = 0; m < a->bases; m++)
        sum += alpha[m] * (double)params_value(&a->p, index)[row * a->bases + m];
    return sum;
}

/* v' of free base matrices. */
static inline void plain_free(const struct parts *a, const double *alpha, const double *z, const double *u, double *next)
{
    const struct transition *tr = &a->tr;
    for (int i = 0; i < tr->dz - tr->positions; i++) {
        next[i] = z[tr->positions + i];
        for (int j = 0; j < tr->dz; j++)
            next[i] += mixed(a, tr->F, i * tr->dz + j, alpha) * z[j];
        for (int j = 0; j < tr->du; j++)
            next[i] += mixed(a, tr->B, i * tr->du + j, alpha) * u[j];
    }
}

/* The drag of velocity j, of which the bases hold logarithms. */
static inline double plain_drag(const struct parts *a, int j, const double *alpha)
{
    double sum = 0;
    for (int m = 0; m < a->bases; m++)
        sum += alpha[m] * exp((double)params_value(&a->p, a->tr.motors.log_D)[j * a->bases + m]);
    return sum;
}

/* The inertia, row i and column j: the bases hold roots. */
static inline double plain_inertia(const struct parts *a, int i, int j, const double *alpha)
{
    const real *root = params_value(&a->p, a->tr.motors.root_A);
    int n = a->tr.motors.n;
    double sum = 0;
    for (int m = 0; m < a->bases; m++)
        for (int k = 0; k < n; k++)
            sum += alpha[m] * (double)root[(i * n + k) * a->bases + m] * (double)root[(j * n + k) * a->bases + m];
    return sum;
}

/* What is held at a state where F is a derivative: the mixture, with motors that of each substep, their inertial forces, and what stops
 * take of velocities and give for them. */
struct held {
    double alpha[3][BASES], force[3][2], taken[3][2], given[3][2];
};

/* Positions with coordinate k moved by h. */
static inline void plain_shifted(const struct parts *a, const double *z, int k, double h, double *out)
{
    int N = a->tr.circles;
    memcpy(out, z, sizeof *z * (size_t)a->tr.dz);
    if (k < N) {
        out[2 * k] = cos(h) * z[2 * k] - sin(h) * z[2 * k + 1];
        out[2 * k + 1] = sin(h) * z[2 * k] + cos(h) * z[2 * k + 1];
    } else {
        out[N + k] += h;
    }
}

/* ∂A_ij/∂p_k by differences. */
static inline double plain_inertia_slope(const struct parts *a, const double *z, int i, int j, int k)
{
    const double h = 1e-3, none[MOST] = {0};
    double A[4], moved[MOST], alpha[BASES];
    for (int way = 0; way < 4; way++) {
        plain_shifted(a, z, k, (double[]){-2, -1, 1, 2}[way] * h, moved);
        plain_mixture(a, moved, none, alpha);
        A[way] = plain_inertia(a, i, j, alpha);
    }
    return (A[0] - 8 * A[1] + 8 * A[2] - A[3]) / (12 * h);
}

/* c of velocities v: see motors.c. */
static inline void plain_inertial_force(const struct parts *a, const double *z, const double *v, double *c)
{
    int n = a->tr.motors.n;
    const real *C = params_value(&a->p, a->tr.C);
    for (int i = 0; i < n; i++) {
        c[i] = 0;
        for (int j = 0; j < n; j++)
            for (int k = 0; k < n; k++)
                c[i] += ((double)C[k] * plain_inertia_slope(a, z, i, j, k) - (double)C[i] * plain_inertia_slope(a, z, j, k, i) / 2) /
                        a->tr.motors.substeps * v[j] * v[k];
    }
}

/* A substep of one or two motors: (A + D) v' = A v + E u + f − c. */
static inline void plain_substep(const struct parts *a, const double *alpha, const double *c, const double *v, const double *u,
                                 double *next)
{
    const struct motors *m = &a->tr.motors;
    double S[2][2] = {{1, 0}, {0, 1}}, right[2] = {0};
    for (int i = 0; i < m->n; i++) {
        right[i] = (double)params_value(&a->p, m->E)[i] * u[i] + mixed(a, m->f, i, alpha) - c[i];
        for (int j = 0; j < m->n; j++) {
            S[i][j] = plain_inertia(a, i, j, alpha) + (i == j ? plain_drag(a, i, alpha) : 0);
            right[i] += plain_inertia(a, i, j, alpha) * v[j];
        }
    }
    double det = S[0][0] * S[1][1] - S[0][1] * S[1][0];
    next[0] = (S[1][1] * right[0] - S[0][1] * right[1]) / det;
    if (m->n > 1)
        next[1] = (S[0][0] * right[1] - S[1][0] * right[0]) / det;
}

static inline double plain_step(double a, double log_width)
{
    return 1 / (1 + exp(-a / exp(log_width)));
}

/* What stops take of velocities v at positions z, and give: see stops.c. */
static inline void plain_stops(const struct parts *a, const double *z, const double *v, double *taken, double *given)
{
    const struct stops *s = &a->tr.motors.stops;
    int N = a->tr.circles;
    for (int i = 0; i < s->lines; i++)
        for (int side = 0; side < 2; side++) {
            double sign = side ? -1 : 1, beyond = z[2 * N + i] - (double)params_value(&a->p, s->at)[side * s->lines + i];
            double fastest = -exp((double)params_value(&a->p, s->log_rate)[i]) * beyond;
            double g = plain_step(sign * beyond, (double)params_value(&a->p, s->log_width)[i]) *
                       plain_step(sign * (v[N + i] - fastest), (double)params_value(&a->p, s->log_speed)[i]) /
                       (1 + exp(-(double)params_value(&a->p, s->logit_share)[i]));
            taken[N + i] += g;
            given[N + i] += g * fastest;
        }
}

/* The velocities that stops leave: forces on single coordinates move all by columns of (A + D)⁻¹. */
static inline void plain_stopped(const struct parts *a, const double *alpha, const double *taken, const double *given, double *v)
{
    int n = a->tr.motors.n;
    double S[2][2] = {{1, 0}, {0, 1}}, free[2] = {v[0], n > 1 ? v[1] : 0};
    for (int i = 0; i < n; i++)
        for (int j = 0; j < n; j++)
            S[i][j] = plain_inertia(a, i, j, alpha) + (i == j ? plain_drag(a, i, alpha) : 0);
    for (int i = 0; i < n; i++) { /* column i of the inverse, over its diagonal: 1, and −S01 over the other's diagonal */
        double change = given[i] - taken[i] * free[i];
        v[i] += change;
        if (n > 1)
            v[1 - i] -= change * S[0][1] / S[1 - i][1 - i];
    }
}

/* The velocities after all substeps of motors, and the mean of those after each, which moves positions. */
static inline void plain_motors(const struct parts *a, const struct held *h, const double *old, const double *u, double *next, double *mean)
{
    int n = a->tr.motors.n, N = a->tr.motors.substeps;
    double v[MOST];
    memcpy(next, old, (size_t)n * sizeof *next);
    memset(mean, 0, (size_t)n * sizeof *mean);
    for (int s = 0; s < N; s++) {
        memcpy(v, next, (size_t)n * sizeof *v);
        plain_substep(a, h->alpha[s], h->force[s], v, u, next);
        plain_stopped(a, h->alpha[s], h->taken[s], h->given[s], next);
        for (int i = 0; i < n; i++)
            mean[i] += next[i] / N;
    }
}

/* What velocities do to position, or pair, number i: C v. */
static inline double plain_displacement(const struct parts *a, int i, const double *v)
{
    int n = a->tr.dz - a->tr.positions;
    const real *C = params_value(&a->p, a->tr.C);
    double sum = 0;
    for (int j = 0; j < n && a->tr.motors.n == 0; j++)
        sum += (double)C[i * n + j] * v[j];
    return a->tr.motors.n > 0 ? (double)C[i] * v[i] : sum;
}

/* Positions p moved by velocities v. */
static inline void plain_moved(const struct parts *a, const double *p, const double *v, double *out)
{
    int N = a->tr.circles;
    for (int i = 0; i < N; i++) {
        double angle = 2 * atan(plain_displacement(a, i, v) / 2);
        out[2 * i] = cos(angle) * p[2 * i] - sin(angle) * p[2 * i + 1];
        out[2 * i + 1] = sin(angle) * p[2 * i] + cos(angle) * p[2 * i + 1];
    }
    for (int i = 2 * N; i < a->tr.positions; i++)
        out[i] = p[i] + plain_displacement(a, i - N, v);
}

static inline struct held plain_hold(const struct parts *a, const double *z, const double *u)
{
    struct held h = {0};
    int n = a->tr.dz - a->tr.positions;
    double v[MOST], next[MOST], now[MOST], on[MOST], share[MOST];
    memcpy(now, z, sizeof *now * (size_t)a->tr.dz);
    memcpy(v, z + a->tr.positions, sizeof *v * (size_t)n);
    plain_mixture(a, z, u, h.alpha[0]);
    for (int s = 0; a->tr.motors.n > 0 && s < a->tr.motors.substeps; s++) {
        plain_mixture(a, now, u, h.alpha[s]);
        plain_inertial_force(a, now, v, h.force[s]);
        plain_substep(a, h.alpha[s], h.force[s], v, u, next);
        plain_stops(a, now, next, h.taken[s], h.given[s]);
        plain_stopped(a, h.alpha[s], h.taken[s], h.given[s], next);
        memcpy(v, next, sizeof *v * (size_t)n);
        for (int i = 0; i < n; i++)
            share[i] = v[i] / a->tr.motors.substeps;
        plain_moved(a, now, share, on);
        memcpy(now, on, sizeof *now * (size_t)a->tr.positions);
    }
    return h;
}

/* The new velocities, and those that move positions. */
static inline void plain_velocities(const struct parts *a, const struct held *h, const double *z, const double *u, double *next,
                                    double *moving)
{
    if (a->tr.motors.n > 0) {
        plain_motors(a, h, z + a->tr.positions, u, next, moving);
    } else {
        plain_free(a, h->alpha[0], z, u, next);
        memcpy(moving, next, (size_t)(a->tr.dz - a->tr.positions) * sizeof *next);
    }
}

/* The mean of the next state, with what is held given. */
static inline void plain_next(const struct parts *a, const struct held *h, const double *z, const double *u, double *out)
{
    double moving[MOST];
    plain_velocities(a, h, z, u, out + a->tr.positions, moving);
    plain_moved(a, z, moving, out);
}

#endif
