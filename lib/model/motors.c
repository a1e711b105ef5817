/* Velocities that motors move, of a machine with damped joints of which each has one: in place of free base matrices, N times between two
 * frames,
 *     v ← v + G(p) (E u + f(p) − D(p) v),
 * with the mobility G (a substep over the inertia matrix, so symmetric), the forces f and the drags D (diagonal, positive) mixed from bases
 * by the positions alone, and a constant diagonal E (gain of each motor). Each velocity moves its own position in each substep, as in
 * semi-implicit Euler: in all by d = C v̄, C diagonal and v̄ the mean of the N new velocities.
 *
 * What it is for: pictures leave it open by which coordinates a pose is told, any smooth functions of one set are another. A motor acts on
 * its joint's own coordinate, whatever the pose, in few of them. A drag may depend on the pose, since a soft limit is one. */
#include "model/parts.h"

#include <math.h>

/* At the start a control moves its coordinate at once and is forgotten: G = gain·I, nearly, and G D = I. */
struct motors motors_declare(struct params *p, int n, int bases, double gain, int substeps, uint64_t seed)
{
    struct motors m = {.n = n, .substeps = substeps};
    m.G = params_add(p, "transition.mobility", n * n, bases, GROUP_PSI, 1);
    m.f = params_add(p, "transition.force", n, bases, GROUP_PSI, 1);
    m.E = params_add(p, "transition.motor", n, 1, GROUP_PSI, 1);
    m.log_D = params_add(p, "transition.log_drag", n, bases, GROUP_PSI, 1);
    params_normal(p, m.G, seed, 0, 0.1 * gain);
    for (int i = 0; i < n; i++)
        for (int b = 0; b < bases; b++)
            params_value(p, m.G)[(i * n + i) * bases + b] += (real)gain;
    params_fill(p, m.E, 1);
    params_fill(p, m.log_D, -log(gain));
    return m;
}

/* (A + Aᵀ)/2 of n×n matrices. */
static var *symmetric(struct tape *t, var *A, int n)
{
    var *unit = diag_matrix(t, filled(t, n, A->lanes, 1));
    return scale(t, add(t, A, mat_mul_nt(t, unit, A, n, n, n)), 0.5);
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

struct moving motors_apply(struct tape *t, const struct motors *m, var *alpha, var *u, int positions)
{
    int n = m->n, lanes = alpha->lanes;
    var *G = symmetric(t, matmul(t, param(t, m->G), alpha), n);
    var *drag = diag_matrix(t, matmul(t, v_exp(t, param(t, m->log_D)), alpha));
    var *force = add(t, matmul(t, param(t, m->f), alpha), mul(t, spread(t, param(t, m->E), lanes), u));
    struct affine step = {identity_minus(t, mat_mul(t, G, drag, n, n, n), n), mat_vec(t, G, force)}, v = step, sum = step;
    for (int i = 1; i < m->substeps; i++) {
        v = chained(t, step, v, n);
        sum = (struct affine){add(t, sum.A, v.A), add(t, sum.b, v.b)};
    }
    double share = 1.0 / m->substeps;
    return (struct moving){behind(t, v.A, n, positions), v.b, behind(t, scale(t, sum.A, share), n, positions), scale(t, sum.b, share)};
}
