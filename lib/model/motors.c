/* Velocities that motors move, of a machine with damped joints of which each has one: in place of free base matrices, N times between two
 * frames,
 *     A(p) (v' − v) + c(p, v) = E u + f(p) − D(p) v',
 * semi-implicit Euler with implicit drag. The inertia A (over a substep; symmetric, positive), the forces f and the drags D (diagonal,
 * positive) are mixed from bases by the positions alone; E, the gain of each motor, is diagonal and constant. Each velocity moves its own
 * position in each substep, in all by d = C v̄, C diagonal and v̄ the mean of the N new velocities. c are the forces of an inertia that
 * changes along the way, centrifugal and Coriolis's: with S = C/N, what a velocity moves its coordinate by in a substep,
 *     c_i = Σ_jk (S_k ∂A_ij/∂p_k − S_i ∂A_jk/∂p_i / 2) v_j v_k.
 * All of it is told by the positions where a substep begins, c by its velocities too, and held where F is a derivative. Stops, if there
 * are any, take from the new velocities (stops.c).
 *
 * What it is for: pictures leave it open by which coordinates a pose is told, any smooth functions of one set are another. A motor acts on
 * its joint's own coordinate, whatever the pose, in few of them. A drag may depend on the pose, since a soft limit is one. */
#include "model/parts.h"

#include <math.h>

/* At the start the drag takes most of a substep's velocity: D is that share of 1/gain, A the rest, and a control of 1 moves by about the
 * gain (from rest and in one substep exactly). */
static const double DRAG_SHARE = 0.8;

struct motors motors_declare(struct params *p, int n, const struct transition_settings *s, uint64_t seed)
{
    struct motors m = {.n = n, .substeps = s->substeps};
    int bases = s->bases;
    double gain = s->motors;
    double root = sqrt((1 - DRAG_SHARE) / gain);
    m.root_A = params_add(p, "transition.inertia_root", n * n, bases, GROUP_PSI, 1);
    m.f = params_add(p, "transition.force", n, bases, GROUP_PSI, 1);
    m.E = params_add(p, "transition.motor", n, 1, GROUP_PSI, 1);
    m.log_D = params_add(p, "transition.log_drag", n, bases, GROUP_PSI, 1);
    params_normal(p, m.root_A, seed, 0, 0.1 * root);
    for (int i = 0; i < n; i++)
        for (int b = 0; b < bases; b++)
            params_value(p, m.root_A)[(i * n + i) * bases + b] += (real)root;
    m.stops = stops_declare(p, n - s->circles, s->stops, gain);
    params_fill(p, m.E, 1);
    params_fill(p, m.log_D, log(DRAG_SHARE / gain));
    return m;
}

/* P⁻¹, symmetric. */
static var *inverse(struct tape *t, var *P, int n)
{
    return spd_solve_right(t, diag_matrix(t, filled(t, n, P->lanes, 1)), chol(t, P, n), n, n);
}

/* n×n matrices with K columns of 0 before theirs. */
static var *behind(struct tape *t, var *A, int n, int K)
{
    var **part = tape_alloc(t, sizeof(var *) * (size_t)(2 * n)), *none = filled(t, K, A->lanes, 0);
    for (int i = 0; i < n; i++) {
        part[2 * i] = none;
        part[2 * i + 1] = rows_of(t, A, i * n, n);
    }
    return stack_rows(t, 2 * n, part);
}

/* v → A v + b, n×n and n numbers a lane. */
struct affine {
    var *A, *b;
};

/* One after the other. */
static struct affine chained(struct tape *t, struct affine step, struct affine before, int n)
{
    return (struct affine){mat_mul(t, step.A, before.A, n, n, n), add(t, mat_vec(t, step.A, before.b), step.b)};
}

/* c at velocities v. dA: derivatives of the inertia; S n×L. */
static var *inertial_force(struct tape *t, int n, var *const *dA, var *S, var *v)
{
    var *along = mul(t, S, v), *sum = NULL, **half = tape_alloc(t, sizeof(var *) * (size_t)n);
    for (int k = 0; k < n; k++) {
        var *change = mat_vec(t, dA[k], v), *by = mul_lanes(t, change, rows_of(t, along, k, 1));
        sum = sum ? add(t, sum, by) : by;
        half[k] = scale(t, sum_rows(t, mul(t, change, v)), 0.5);
    }
    return sub(t, sum, mul(t, S, stack_rows(t, n, half)));
}

/* What positions tell: the mixture, M×L, and its derivatives by the n coordinates. */
struct told {
    var *alpha, **slope;
};

/* Direction of coordinate k at positions p: a turn of a circle, or along a line. */
static var *coordinate(struct tape *t, const struct transition *tr, var *p, int k)
{
    int N = tr->circles, rows = tr->positions, first = k < N ? 2 * k : N + k;
    var **part = tape_alloc(t, sizeof(var *) * (size_t)rows), *none = filled(t, 1, p->lanes, 0);
    for (int i = 0; i < rows; i++)
        part[i] = none;
    if (k < N) {
        part[first] = scale(t, rows_of(t, p, first + 1, 1), -1);
        part[first + 1] = rows_of(t, p, first, 1);
    } else {
        part[first] = filled(t, 1, p->lanes, 1);
    }
    return stack_rows(t, rows, part);
}

static struct told told_by(struct tape *t, const struct transition *tr, var *p)
{
    int n = tr->motors.n;
    struct told told = {softmax(t, mlp_apply(t, &tr->g, p)), tape_alloc(t, sizeof(var *) * (size_t)n)};
    for (int k = 0; k < n; k++) {
        var *g = mlp_slope(t, &tr->g, p, coordinate(t, tr, p, k));
        told.slope[k] = sub(t, mul(t, told.alpha, g), mul_lanes(t, told.alpha, sum_rows(t, mul(t, told.alpha, g))));
    }
    return told;
}

/* A substep's law: v' = kept v + inverse (force − c), with inverse = (A + D)⁻¹. */
struct law {
    var *kept, *inverse, *force, *S, **dA;
};

static struct law law_at(struct tape *t, const struct transition *tr, var *p, var *u)
{
    const struct motors *m = &tr->motors;
    int n = m->n, lanes = p->lanes;
    struct told told = told_by(t, tr, p);
    var *root = param(t, m->root_A), *bases = mat_mul_nt(t, root, root, n, n, n), **dA = tape_alloc(t, sizeof(var *) * (size_t)n);
    var *D = matmul(t, v_exp(t, param(t, m->log_D)), told.alpha);
    var *by_force = inverse(t, add_diag(t, matmul(t, bases, told.alpha), D, n), n);
    var *force = add(t, matmul(t, param(t, m->f), told.alpha), mul(t, spread(t, param(t, m->E), lanes), u));
    for (int k = 0; k < n; k++)
        dA[k] = matmul(t, bases, told.slope[k]);
    return (struct law){identity_minus(t, mat_mul(t, by_force, diag_matrix(t, D), n, n, n), n), by_force, force,
                        spread(t, scale(t, param(t, tr->C), 1.0 / m->substeps), lanes), dA};
}

/* A substep from velocities near v: exact in them but for c, which is that of v. */
static struct affine substep(struct tape *t, const struct law *law, int n, var *v)
{
    return (struct affine){law->kept, mat_vec(t, law->inverse, sub(t, law->force, inertial_force(t, n, law->dA, law->S, v)))};
}

/* Rows of coordinates on lines, behind zeros for those on circles. */
static var *behind_circles(struct tape *t, var *a, int n)
{
    int circles = n - a->rows;
    return circles > 0 ? stack_rows(t, 2, (var *const[]){filled(t, circles, a->lanes, 0), a}) : a;
}

/* What stops leave of a substep at positions p, from velocities v. */
static struct affine stopped(struct tape *t, const struct transition *tr, const struct law *law, struct affine step, var *p, var *v)
{
    const struct stops *s = &tr->motors.stops;
    int n = tr->motors.n, circles = n - s->lines;
    if (s->lines == 0)
        return step;
    var *free = add(t, mat_vec(t, step.A, v), step.b);
    struct stopped by = stops_apply(t, s, rows_of(t, p, 2 * circles, s->lines), rows_of(t, free, circles, s->lines));
    var *K = mat_mul(t, law->inverse, diag_matrix(t, v_inverse(t, diag_of(t, law->inverse, n))), n, n, n);
    var *left = identity_minus(t, mat_mul(t, K, diag_matrix(t, behind_circles(t, by.taken, n)), n, n, n), n);
    return (struct affine){mat_mul(t, left, step.A, n, n, n),
                           add(t, mat_vec(t, left, step.b), mat_vec(t, K, behind_circles(t, by.given, n)))};
}

struct moving motors_apply(struct tape *t, const struct transition *tr, var *z, var *u)
{
    int n = tr->motors.n, K = tr->positions, N = tr->motors.substeps;
    var *p = rows_of(t, z, 0, K), *v = rows_of(t, z, K, n), *now = v;
    struct affine moved = {0}, sum = {0}; /* of v: after the substeps so far, and summed over them */
    for (int i = 0; i < N; i++) {
        struct law law = law_at(t, tr, p, u);
        struct affine step = stopped(t, tr, &law, substep(t, &law, n, now), p, now);
        moved = i == 0 ? step : chained(t, step, moved, n);
        sum = i == 0 ? moved : (struct affine){add(t, sum.A, moved.A), add(t, sum.b, moved.b)};
        if (i == N - 1)
            break;
        now = add(t, mat_vec(t, moved.A, v), moved.b);
        p = positions_displaced(t, tr, p, mul(t, law.S, now));
    }
    return (struct moving){behind(t, moved.A, n, K), moved.b, behind(t, scale(t, sum.A, 1.0 / N), n, K), scale(t, sum.b, 1.0 / N)};
}
