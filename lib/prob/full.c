/* Gaussians with a full covariance, given by its lower Cholesky factor. */
#include "prob/prob.h"

static var *sum_of_squares(struct tape *t, var *a)
{
    return sum_rows(t, v_square(t, a));
}

var *kl_full(struct tape *t, var *m1, var *L1, var *m2, var *L2, int n)
{
    var *trace = sum_of_squares(t, tri_solve(t, L2, L1, n, n));
    var *shift_of_mean = sum_of_squares(t, tri_solve(t, L2, sub(t, m1, m2), n, 1));
    var *volume = sub(t, log_det(t, L2, n), log_det(t, L1, n));
    return scale(t, shift(t, add(t, add(t, trace, shift_of_mean), volume), -n), 0.5);
}

var *kl_full_standard(struct tape *t, var *m, var *L, int n)
{
    var *trace = sum_of_squares(t, L);
    return scale(t, shift(t, sub(t, add(t, trace, sum_of_squares(t, m)), log_det(t, L, n)), -n), 0.5);
}

var *entropy_full(struct tape *t, var *L, int n)
{
    return shift(t, scale(t, log_det(t, L, n), 0.5), 0.5 * n * (LN_2PI + 1));
}

var *sample_full(struct tape *t, var *m, var *L, var *noise)
{
    return noise ? add(t, m, mat_vec(t, L, noise)) : m;
}
