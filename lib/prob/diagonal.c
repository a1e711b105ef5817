/* Diagonal Gaussians. Divergences are fused (one pass over the lanes forward, one backward); tests hold them
 * against the plain composition. */
#include "prob/prob.h"

#include <math.h>
#include <string.h>

static void same_shape(const char *what, const var *a, const var *b)
{
    if (a->rows != b->rows || a->lanes != b->lanes)
        bug("%s: %d×%d and %d×%d", what, a->rows, a->lanes, b->rows, b->lanes);
}

/* The record of a fused operation on up to four inputs of one shape. */
struct fused {
    var *out, *in[4];
    real constant;
};

static var *fused_new(struct tape *t, const char *what, int n, var *const *in, op_backward undo, struct fused **note)
{
    for (int i = 1; i < n; i++)
        same_shape(what, in[0], in[i]);
    var *out = op_new(t, 1, in[0]->lanes, (const var *const *)in, n, undo, sizeof **note, (void **)note);
    if (*note) {
        (*note)->out = out;
        for (int i = 0; i < n; i++)
            (*note)->in[i] = in[i];
    }
    memset(out->v, 0, sizeof(real) * (size_t)out->lanes);
    return out;
}

/* Row i of a value, and of its gradient (NULL if it has none). */
static const real *row(const var *a, int i)
{
    return a->v + (size_t)i * (size_t)a->ld;
}

static real *slope(var *a, int i)
{
    real *g = var_gradient(a);
    return g ? g + (size_t)i * (size_t)a->ld : NULL;
}

static void kl_diag_back(struct tape *t, void *note)
{
    (void)t;
    struct fused *f = note;
    const real *g = var_arrived(f->out);
    if (!g)
        return;
    for (int i = 0; i < f->in[0]->rows; i++) {
        const real *m1 = row(f->in[0], i), *v1 = row(f->in[1], i), *m2 = row(f->in[2], i), *v2 = row(f->in[3], i);
        real *dm1 = slope(f->in[0], i), *dv1 = slope(f->in[1], i), *dm2 = slope(f->in[2], i), *dv2 = slope(f->in[3], i);
        for (int l = 0; l < f->out->lanes; l++) {
            real w = 1 / v2[l], d = m1[l] - m2[l];
            if (dm1)
                dm1[l] += g[l] * d * w;
            if (dm2)
                dm2[l] -= g[l] * d * w;
            if (dv1)
                dv1[l] += (real)0.5 * g[l] * (w - 1 / v1[l]);
            if (dv2)
                dv2[l] += (real)0.5 * g[l] * (w - (v1[l] + d * d) * w * w);
        }
    }
}

var *kl_diag(struct tape *t, struct gauss one, struct gauss two)
{
    struct fused *note;
    var *out = fused_new(t, "kl_diag", 4, (var *[]){one.mean, one.variance, two.mean, two.variance}, kl_diag_back, &note);
    real *ratio = tape_alloc(t, sizeof(real) * (size_t)out->lanes);
    for (int i = 0; i < one.mean->rows; i++) {
        const real *m1 = row(one.mean, i), *v1 = row(one.variance, i), *m2 = row(two.mean, i), *v2 = row(two.variance, i);
        for (int l = 0; l < out->lanes; l++)
            ratio[l] = v2[l] / v1[l];
        vm_log(out->lanes, ratio, ratio);
        for (int l = 0; l < out->lanes; l++) {
            real d = m1[l] - m2[l];
            out->v[l] += (real)0.5 * (ratio[l] + (v1[l] + d * d) / v2[l] - 1);
        }
    }
    return out;
}

static void kl_standard_back(struct tape *t, void *note)
{
    (void)t;
    struct fused *f = note;
    const real *g = var_arrived(f->out);
    if (!g)
        return;
    for (int i = 0; i < f->in[0]->rows; i++) {
        const real *m = row(f->in[0], i), *v = row(f->in[1], i);
        real *dm = slope(f->in[0], i), *dv = slope(f->in[1], i);
        for (int l = 0; l < f->out->lanes; l++) {
            if (dm)
                dm[l] += g[l] * m[l];
            if (dv)
                dv[l] += (real)0.5 * g[l] * (1 - 1 / v[l]);
        }
    }
}

var *kl_standard(struct tape *t, struct gauss q)
{
    struct fused *note;
    var *out = fused_new(t, "kl_standard", 2, (var *[]){q.mean, q.variance}, kl_standard_back, &note);
    real *log_v = tape_alloc(t, sizeof(real) * (size_t)out->lanes);
    for (int i = 0; i < q.mean->rows; i++) {
        const real *m = row(q.mean, i), *v = row(q.variance, i);
        vm_log(out->lanes, v, log_v);
        for (int l = 0; l < out->lanes; l++)
            out->v[l] += (real)0.5 * (v[l] + m[l] * m[l] - 1 - log_v[l]);
    }
    return out;
}

static void log_normal_back(struct tape *t, void *note)
{
    (void)t;
    struct fused *f = note;
    const real *g = var_arrived(f->out);
    if (!g)
        return;
    for (int i = 0; i < f->in[0]->rows; i++) {
        const real *x = row(f->in[0], i), *m = row(f->in[1], i), *v = row(f->in[2], i);
        real *dx = slope(f->in[0], i), *dm = slope(f->in[1], i), *dv = slope(f->in[2], i);
        for (int l = 0; l < f->out->lanes; l++) {
            real w = 1 / v[l], d = x[l] - m[l];
            if (dx)
                dx[l] -= g[l] * d * w;
            if (dm)
                dm[l] += g[l] * d * w;
            if (dv)
                dv[l] += (real)0.5 * g[l] * (d * d * w * w - w);
        }
    }
}

var *log_normal(struct tape *t, var *x, struct gauss p)
{
    struct fused *note;
    var *out = fused_new(t, "log_normal", 3, (var *[]){x, p.mean, p.variance}, log_normal_back, &note);
    real *log_v = tape_alloc(t, sizeof(real) * (size_t)out->lanes);
    for (int i = 0; i < x->rows; i++) {
        const real *xi = row(x, i), *m = row(p.mean, i), *v = row(p.variance, i);
        vm_log(out->lanes, v, log_v);
        for (int l = 0; l < out->lanes; l++) {
            real d = xi[l] - m[l];
            out->v[l] -= (real)0.5 * ((real)LN_2PI + log_v[l] + d * d / v[l]);
        }
    }
    return out;
}

static void distortion_back(struct tape *t, void *note)
{
    (void)t;
    struct fused *f = note;
    const real *g = var_arrived(f->out);
    var *mean = f->in[0];
    if (!g)
        return;
    bool first = var_gradient_first(mean);
    real *gradient = first ? mean->g : var_gradient(mean); /* a view's owner may still have to be cleared */
    for (int i = 0; i < mean->rows; i++) {
        const real *x = row(f->in[1], i), *m = row(mean, i);
        real *dm = gradient + (size_t)i * (size_t)mean->ld;
        if (first)
            for (int l = 0; l < mean->lanes; l++)
                dm[l] = g[l] * f->constant * (m[l] - x[l]);
        else
            for (int l = 0; l < mean->lanes; l++)
                dm[l] += g[l] * f->constant * (m[l] - x[l]);
    }
}

var *distortion_gauss(struct tape *t, const var *x, var *mean, double variance)
{
    struct fused *note;
    same_shape("distortion_gauss", x, mean);
    var *out = op_new(t, 1, mean->lanes, (const var *const[]){mean}, 1, distortion_back, sizeof *note, (void **)&note);
    if (note)
        *note = (struct fused){.out = out, .in = {mean, (var *)(size_t)x}, .constant = (real)(1 / variance)};
    memset(out->v, 0, sizeof(real) * (size_t)out->lanes);
    for (int i = 0; i < mean->rows; i++) {
        const real *xi = row(x, i), *m = row(mean, i);
        for (int l = 0; l < mean->lanes; l++)
            out->v[l] += (xi[l] - m[l]) * (xi[l] - m[l]);
    }
    real half = (real)(0.5 / variance), constant_part = (real)(0.5 * mean->rows * (LN_2PI + log(variance)));
    for (int l = 0; l < mean->lanes; l++)
        out->v[l] = out->v[l] * half + constant_part;
    return out;
}

var *entropy_diag(struct tape *t, var *variance)
{
    return shift(t, scale(t, sum_rows(t, v_log(t, variance)), 0.5), 0.5 * variance->rows * (LN_2PI + 1));
}

var *sample_diag(struct tape *t, struct gauss q, var *noise)
{
    return noise ? add(t, q.mean, mul(t, v_sqrt(t, q.variance), noise)) : q.mean;
}

struct gauss product_diag(struct tape *t, struct gauss one, struct gauss two)
{
    var *w1 = v_inverse(t, one.variance), *w2 = v_inverse(t, two.variance);
    struct gauss p;
    p.variance = v_inverse(t, add(t, w1, w2));
    p.mean = mul(t, p.variance, add(t, mul(t, one.mean, w1), mul(t, two.mean, w2)));
    return p;
}
