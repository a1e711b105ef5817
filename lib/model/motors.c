/* Velocities that motors move, of a machine with damped joints of which each has one: in place of free base matrices
 *     v' = v + G(p) (E u + f(p) − D v),
 * with the mobility G (a step over the inertia matrix, so symmetric) and the forces f mixed from bases by the positions alone, and
 * constant diagonal E (gain of each motor) and D (drag of each joint). Each velocity moves its own position, on the way that a step takes
 * it between old and new velocity: d = C (v' + κ v), C and κ diagonal.
 *
 * What it is for: pictures leave it open by which coordinates a pose is told, any smooth functions of one set are another. A motor and a
 * drag act on a joint's own coordinate, whatever the pose, in few of them. */
#include "model/parts.h"

#include <math.h>

/* At the start a control moves its coordinate at once and is forgotten: G = gain·I, nearly, and G D = I. */
struct motors motors_declare(struct params *p, int n, int bases, double gain, uint64_t seed)
{
    struct motors m = {.n = n};
    m.G = params_add(p, "transition.mobility", n * n, bases, GROUP_PSI, 1);
    m.f = params_add(p, "transition.force", n, bases, GROUP_PSI, 1);
    m.E = params_add(p, "transition.motor", n, 1, GROUP_PSI, 1);
    m.log_D = params_add(p, "transition.log_drag", n, 1, GROUP_PSI, 1);
    params_normal(p, m.G, seed, 0, 0.1 * gain);
    for (int i = 0; i < n; i++)
        for (int b = 0; b < bases; b++)
            params_value(p, m.G)[(i * n + i) * bases + b] += (real)gain;
    m.kappa = params_add(p, "transition.old_velocity", n, 1, GROUP_PSI, 1);
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

struct moving motors_apply(struct tape *t, const struct motors *m, var *alpha, var *u, int positions)
{
    int n = m->n, lanes = alpha->lanes;
    var *G = symmetric(t, matmul(t, param(t, m->G), alpha), n);
    var *drag = diag_matrix(t, spread(t, v_exp(t, param(t, m->log_D)), lanes));
    var *force = add(t, matmul(t, param(t, m->f), alpha), mul(t, spread(t, param(t, m->E), lanes), u));
    var *kept = add_diag(t, scale(t, mat_mul(t, G, drag, n, n, n), -1), filled(t, n, 1, 1), n);
    var *path = add_diag(t, kept, param(t, m->kappa), n);
    return (struct moving){behind(t, kept, n, positions), mat_vec(t, G, force), behind(t, path, n, positions)};
}
