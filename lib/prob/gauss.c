/* Gaussians that are diagonal or full, as their variance's rows tell. */
#include "prob/prob.h"

bool gauss_is_full(struct gauss q)
{
    return q.variance->rows != q.mean->rows;
}

var *gauss_cov(struct tape *t, struct gauss q)
{
    return gauss_is_full(q) ? q.variance : diag_matrix(t, q.variance);
}

var *gauss_sample(struct tape *t, struct gauss q, var *noise)
{
    if (!gauss_is_full(q))
        return sample_diag(t, q, noise);
    return noise ? sample_full(t, q.mean, chol(t, q.variance, q.mean->rows), noise) : q.mean;
}

var *gauss_kl(struct tape *t, struct gauss q, struct gauss p)
{
    int n = q.mean->rows;
    if (!gauss_is_full(p))
        return kl_diag(t, q, p);
    var *root = gauss_is_full(q) ? chol(t, q.variance, n) : diag_matrix(t, v_sqrt(t, q.variance));
    return kl_full(t, q.mean, root, p.mean, chol(t, p.variance, n), n);
}
