/* Kalman prediction and update, and the Rauch-Tung-Striebel step: once, for every model that filters. */
#include "prob/prob.h"

/* P + Q, of which only a diagonal may be given. */
static var *add_noise(struct tape *t, var *P, var *Q, int n)
{
    return Q->rows == n ? add_diag(t, P, Q, n) : add(t, P, Q);
}

struct belief kalman_predict(struct tape *t, struct belief z, var *F, var *b, var *Q)
{
    int n = z.mean->rows;
    var *mean = mat_vec(t, F, z.mean);
    return (struct belief){b ? add(t, mean, b) : mean, add_noise(t, sandwich(t, F, z.cov, n, n), Q, n)};
}

/* S = C P Cᵀ + R, d×d. */
static var *innovation_cov(struct tape *t, struct belief z, var *C, var *R, int d)
{
    return add_noise(t, sandwich(t, C, z.cov, d, z.mean->rows), R, d);
}

struct belief kalman_update(struct tape *t, struct belief z, var *a, var *C, var *R, var *seen)
{
    int n = z.mean->rows, d = a->rows;
    var *K = spd_solve_right(t, mat_mul_nt(t, z.cov, C, n, n, d), chol(t, innovation_cov(t, z, C, R, d), d), n, d);
    if (seen)
        K = mul_lanes(t, K, seen);
    var *innovation = sub(t, a, mat_vec(t, C, z.mean));
    var *kept = identity_minus(t, mat_mul(t, K, C, n, d, n), n);
    var *noise = R->rows == d ? sandwich_diag(t, K, R, n, d) : sandwich(t, K, R, n, d);
    return (struct belief){add(t, z.mean, mat_vec(t, K, innovation)), add(t, sandwich(t, kept, z.cov, n, n), noise)};
}

struct surprise kalman_surprise(struct tape *t, struct belief z, var *a, var *C, var *R)
{
    int d = a->rows;
    var *L = chol(t, innovation_cov(t, z, C, R, d), d);
    var *white = tri_solve(t, L, sub(t, a, mat_vec(t, C, z.mean)), d, 1);
    return (struct surprise){scale(t, sum_rows(t, v_square(t, white)), 0.5), scale(t, shift(t, log_det(t, L, d), d * LN_2PI), 0.5)};
}

struct smoother smoother_prepare(struct tape *t, struct belief filtered, struct belief predicted, var *F, var *Q, int steps, int lanes)
{
    int n = filtered.mean->rows;
    var *P = lanes_of(t, filtered.cov, 0, (steps - 1) * lanes);
    struct smoother s = {.n = n, .steps = steps, .lanes = lanes, .Q = Q, .predicted = predicted.mean};
    s.mean = lanes_of(t, filtered.mean, 0, (steps - 1) * lanes);
    s.gain = spd_solve_right(t, mat_mul_nt(t, P, F, n, n, n), chol(t, predicted.cov, n), n, n);
    s.rest = sandwich(t, identity_minus(t, mat_mul(t, s.gain, F, n, n, n), n), P, n, n);
    return s;
}

struct belief smoother_step(struct tape *t, const struct smoother *s, struct belief next, int i)
{
    var *J = step_of(t, s->gain, i, s->lanes);
    var *pull = mat_vec(t, J, sub(t, next.mean, step_of(t, s->predicted, i, s->lanes)));
    var *spread_back = sandwich(t, J, add_noise(t, next.cov, step_of(t, s->Q, i, s->lanes), s->n), s->n, s->n);
    return (struct belief){add(t, step_of(t, s->mean, i, s->lanes), pull), add(t, step_of(t, s->rest, i, s->lanes), spread_back)};
}
