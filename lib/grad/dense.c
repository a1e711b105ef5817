/* Layers: matrix products by BLAS, with bias and activation in one pass. */
#include "grad/engine.h"

#include <cblas.h>
#include <stdlib.h>

/* What OpenBLAS takes for each of two products at a time, and keeps. */
static const size_t BLAS_ROOM = (size_t)1 << 28;

struct dense {
    var *out, *W, *b, *x; /* b may be NULL */
    enum activation act;
};

/* C = A B + beta C, A (or its transpose) n×k, B (or its transpose) k×m. */
static void gemm(bool ta, bool tb, int n, int m, int k, const real *A, int lda, const real *B, int ldb, real beta, real *C, int ldc)
{
    CBLAS_TRANSPOSE opa = ta ? CblasTrans : CblasNoTrans, opb = tb ? CblasTrans : CblasNoTrans;
#ifdef DSSM_DOUBLE
    cblas_dgemm(CblasRowMajor, opa, opb, n, m, k, 1, A, lda, B, ldb, beta, C, ldc);
#else
    cblas_sgemm(CblasRowMajor, opa, opb, n, m, k, 1, A, lda, B, ldb, beta, C, ldc);
#endif
}

void blas_start(void)
{
    openblas_set_num_threads(1);
    free(xmalloc(BLAS_ROOM));
    real a = 1, b = 1, c;
    gemm(false, false, 1, 1, 1, &a, 1, &b, 1, 0, &c, 1);
}

/* y = W x for one lane: a product with a vector reads W as it lies. */
static void gemv(int n, int k, const real *W, int ldw, const real *x, int ldx, real *y)
{
#ifdef DSSM_DOUBLE
    cblas_dgemv(CblasRowMajor, CblasNoTrans, n, k, 1, W, ldw, x, ldx, 0, y, 1);
#else
    cblas_sgemv(CblasRowMajor, CblasNoTrans, n, k, 1, W, ldw, x, ldx, 0, y, 1);
#endif
}

/* Row by row while it is in the cache: the gradient of the output becomes that of W x + b, in its own place (nobody reads it
 * after this), and b gets its sum over lanes. */
static void undo_rows(const struct dense *d, real *g)
{
    int lanes = d->out->lanes;
    real *gb = d->b ? var_gradient(d->b) : NULL;
    if (d->act == ACT_NONE && !gb)
        return;
    for (int i = 0; i < d->out->rows; i++) {
        real *row = g + (size_t)i * (size_t)lanes;
        activation_undo(lanes, d->out->v + (size_t)i * (size_t)lanes, row, d->act);
        if (gb)
            gb[(size_t)i * (size_t)d->b->ld] += row_sum(lanes, row);
    }
}

static void undo_dense(struct tape *t, void *note)
{
    (void)t;
    struct dense *d = note;
    if (!var_arrived(d->out))
        return;
    int n = d->W->rows, k = d->W->lanes, lanes = d->x->lanes;
    real *g = d->out->g;
    undo_rows(d, g);
    bool first;
    real *gw = gradient_of(d->W, &first); /* += g xᵀ */
    if (gw)
        gemm(false, true, n, k, lanes, g, lanes, d->x->v, d->x->ld, first ? 0 : 1, gw, d->W->ld);
    real *gx = gradient_of(d->x, &first); /* += Wᵀ g */
    if (gx)
        gemm(true, false, k, lanes, n, d->W->v, d->W->ld, g, lanes, first ? 0 : 1, gx, d->x->ld);
}

/* y = act(y + b), a row at a time; a single lane as one row. */
static void finish(var *y, const var *b, enum activation act)
{
    int n = y->rows, lanes = y->lanes;
    if (!b || lanes == 1) {
        for (int i = 0; b && i < n; i++)
            y->v[i] += b->v[(size_t)i * (size_t)b->ld];
        if (act != ACT_NONE)
            activation_apply(n * lanes, y->v, 0, act);
        return;
    }
    for (int i = 0; i < n; i++)
        activation_apply(lanes, y->v + (size_t)i * (size_t)lanes, b->v[(size_t)i * (size_t)b->ld], act);
}

var *dense(struct tape *t, var *W, var *b, var *x, enum activation act)
{
    int n = W->rows, k = W->lanes, lanes = x->lanes;
    if (x->rows != k)
        bug("dense: W %d×%d, x %d×%d", n, k, x->rows, lanes);
    if (b)
        expect_shape("dense: bias", b, n, 1);
    void *note;
    var *out = op_new(t, n, lanes, (const var *const[]){W, b, x}, 3, undo_dense, sizeof(struct dense), &note);
    if (note)
        *(struct dense *)note = (struct dense){out, W, b, x, act};
    if (lanes == 1)
        gemv(n, k, W->v, W->ld, x->v, x->ld, out->v);
    else
        gemm(false, false, n, lanes, k, W->v, W->ld, x->v, x->ld, 0, out->v, lanes);
    finish(out, b, act);
    return out;
}

var *matmul(struct tape *t, var *W, var *x)
{
    return dense(t, W, NULL, x, ACT_NONE);
}
