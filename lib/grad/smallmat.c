/* Small matrices, one for every lane: products and what is built of them. */
#include "grad/engine.h"

#include <string.h>

static size_t at(const var *a, int row)
{
    return (size_t)row * (size_t)a->ld;
}

/* The matrices with `cols` columns that a var's values and its gradient hold. */
static struct mat value_mat(const var *a, int cols)
{
    return mat_at(a->v, a->ld, cols);
}

/* Scratch for an n×m matrix a lane. */
static struct mat scratch_mat(struct tape *t, int n, int m, int lanes)
{
    real *v = tape_alloc(t, (size_t)n * (size_t)m * (size_t)lanes * sizeof *v);
    return mat_at(v, lanes, m);
}

/* ---- products ---- */

struct product {
    var *out, *A, *B;
    int n, k, m;
    bool ta, tb; /* A, B are held transposed */
};

/* The matrix held at v as the formula reads it: rows×cols, or held as cols×rows. */
static struct mat factor(const real *v, int ld, int rows, int cols, bool is_transposed)
{
    return is_transposed ? transposed(mat_at(v, ld, rows)) : mat_at(v, ld, cols);
}

static void undo_product(struct tape *t, void *note)
{
    (void)t;
    const struct product *p = note;
    const real *g = var_arrived(p->out);
    if (!g)
        return;
    struct mat G = mat_at(g, p->out->ld, p->m);
    struct mat A = factor(p->A->v, p->A->ld, p->n, p->k, p->ta), B = factor(p->B->v, p->B->ld, p->k, p->m, p->tb);
    bool first;
    real *ga = gradient_of(p->A, &first); /* += G Bᵀ */
    if (ga)
        lanes_product(p->out->lanes, p->n, p->m, p->k, G, transposed(B), 1, !first, factor(ga, p->A->ld, p->n, p->k, p->ta));
    real *gb = gradient_of(p->B, &first); /* += Aᵀ G */
    if (gb)
        lanes_product(p->out->lanes, p->k, p->n, p->m, transposed(A), G, 1, !first, factor(gb, p->B->ld, p->k, p->m, p->tb));
}

static var *product_of(struct tape *t, const char *operation, var *A, bool ta, var *B, bool tb, int n, int k, int m)
{
    expect_shape(operation, A, n * k, A->lanes);
    expect_shape(operation, B, k * m, A->lanes);
    void *note;
    var *out = op_new(t, n * m, A->lanes, (const var *const[]){A, B}, 2, undo_product, sizeof(struct product), &note);
    if (note)
        *(struct product *)note = (struct product){out, A, B, n, k, m, ta, tb};
    lanes_product(A->lanes, n, k, m, factor(A->v, A->ld, n, k, ta), factor(B->v, B->ld, k, m, tb), 1, false, value_mat(out, m));
    return out;
}

var *mat_vec(struct tape *t, var *A, var *x)
{
    int k = x->rows, n = A->rows / k;
    return product_of(t, "mat_vec", A, false, x, false, n, k, 1);
}

var *mat_mul(struct tape *t, var *A, var *B, int n, int k, int m)
{
    return product_of(t, "mat_mul", A, false, B, false, n, k, m);
}

var *mat_mul_nt(struct tape *t, var *A, var *B, int n, int k, int m)
{
    return product_of(t, "mat_mul_nt", A, false, B, true, n, k, m);
}

var *mat_mul_tn(struct tape *t, var *A, var *B, int n, int k, int m)
{
    return product_of(t, "mat_mul_tn", A, true, B, false, n, k, m);
}

/* ---- A P Aᵀ ---- */

struct sandwich {
    var *out, *A, *P; /* P: the diagonal d in sandwich_diag */
    int n, k;
};

static var *sandwich_new(struct tape *t, var *A, var *P, int n, int k, op_backward undo)
{
    void *note;
    var *out = op_new(t, n * n, A->lanes, (const var *const[]){A, P}, 2, undo, sizeof(struct sandwich), &note);
    if (note)
        *(struct sandwich *)note = (struct sandwich){out, A, P, n, k};
    return out;
}

static void mean_row(int lanes, const real *a, const real *b, real *restrict out)
{
    for (int l = 0; l < lanes; l++)
        out[l] = (real)0.5 * (a[l] + b[l]);
}

/* (G+Gᵀ)/2: what arrived at a symmetric n×n output. */
static struct mat symmetric_part(struct tape *t, const real *g, const var *out, int n)
{
    struct mat G = mat_at(g, out->ld, n), S = scratch_mat(t, n, n, out->lanes);
    for (int i = 0; i < n; i++)
        for (int j = 0; j < n; j++)
            mean_row(out->lanes, element(G, i, j), element(G, j, i), element(S, i, j));
    return S;
}

/* With S the symmetric part of the gradient and T = S A: A += 2 T P, P += Aᵀ T. */
static void undo_sandwich(struct tape *t, void *note)
{
    const struct sandwich *s = note;
    const real *g = var_arrived(s->out);
    if (!g)
        return;
    int n = s->n, k = s->k, lanes = s->out->lanes;
    struct mat A = value_mat(s->A, k), T = scratch_mat(t, n, k, lanes);
    lanes_product(lanes, n, n, k, symmetric_part(t, g, s->out, n), A, 1, false, T);
    bool first;
    real *ga = gradient_of(s->A, &first);
    if (ga)
        lanes_product(lanes, n, k, k, T, value_mat(s->P, k), 2, !first, mat_at(ga, s->A->ld, k));
    real *gp = gradient_of(s->P, &first);
    if (gp)
        lanes_product_symmetric(lanes, k, n, transposed(A), T, !first, mat_at(gp, s->P->ld, k));
}

var *sandwich(struct tape *t, var *A, var *P, int n, int k)
{
    int lanes = A->lanes;
    expect_shape("sandwich", A, n * k, lanes);
    expect_shape("sandwich", P, k * k, lanes);
    var *out = sandwich_new(t, A, P, n, k, undo_sandwich);
    struct mat M = value_mat(A, k), W = scratch_mat(t, n, k, lanes);
    lanes_product(lanes, n, k, k, M, value_mat(P, k), 1, false, W);
    lanes_product_symmetric(lanes, n, k, W, transposed(M), false, value_mat(out, n));
    return out;
}

/* ---- diagonals: d has a row of lanes an element, or one number for all lanes ---- */

static void expect_diagonal(const char *operation, const var *d, int n, int lanes)
{
    if (d->rows != n || (d->lanes != lanes && d->lanes != 1))
        bug("%s: expected a diagonal %d×%d or %d×1, got %d×%d", operation, n, lanes, n, d->rows, d->lanes);
}

/* out = s d_i a, for the lanes of a. */
static void times_diagonal(int lanes, const real *restrict a, const var *d, int i, real s, real *restrict out)
{
    const real *restrict di = d->v + at(d, i);
    if (d->lanes == lanes)
        for (int l = 0; l < lanes; l++)
            out[l] = s * di[l] * a[l];
    else
        for (int l = 0; l < lanes; l++)
            out[l] = s * di[0] * a[l];
}

/* gradient of A += 2 T diag(d) */
static void give_scaled_columns(const struct sandwich *s, struct mat T, real *ga, bool first, real *scratch)
{
    int lanes = s->out->lanes;
    struct mat GA = mat_at(ga, s->A->ld, s->k);
    for (int i = 0; i < s->n; i++)
        for (int j = 0; j < s->k; j++) {
            real *to = element(GA, i, j);
            times_diagonal(lanes, element(T, i, j), s->P, j, 2, first ? to : scratch);
            for (int l = 0; l < lanes && !first; l++)
                to[l] += scratch[l];
        }
}

/* gradient of d_j += Σ_i A_ij T_ij, summed over lanes if d is shared */
static void give_diagonal(const struct sandwich *s, struct mat A, struct mat T, real *gd, real *scratch)
{
    int lanes = s->out->lanes;
    for (int j = 0; j < s->k; j++) {
        real *to = gd + at(s->P, j);
        bool shared = s->P->lanes != lanes;
        lanes_dot(lanes, s->n, element(A, 0, j), A.row, element(T, 0, j), T.row, 1, shared ? NULL : to, shared ? scratch : to);
        if (shared)
            *to += row_sum(lanes, scratch);
    }
}

static void undo_sandwich_diag(struct tape *t, void *note)
{
    const struct sandwich *s = note;
    const real *g = var_arrived(s->out);
    if (!g)
        return;
    int n = s->n, k = s->k, lanes = s->out->lanes;
    struct mat A = value_mat(s->A, k), T = scratch_mat(t, n, k, lanes);
    lanes_product(lanes, n, n, k, symmetric_part(t, g, s->out, n), A, 1, false, T);
    real *scratch = tape_alloc(t, (size_t)lanes * sizeof *scratch);
    bool first;
    real *ga = gradient_of(s->A, &first);
    if (ga)
        give_scaled_columns(s, T, ga, first, scratch);
    real *gd = var_gradient(s->P);
    if (gd)
        give_diagonal(s, A, T, gd, scratch);
}

var *sandwich_diag(struct tape *t, var *A, var *d, int n, int k)
{
    int lanes = A->lanes;
    expect_shape("sandwich_diag", A, n * k, lanes);
    expect_diagonal("sandwich_diag", d, k, lanes);
    var *out = sandwich_new(t, A, d, n, k, undo_sandwich_diag);
    struct mat M = value_mat(A, k), W = scratch_mat(t, n, k, lanes);
    for (int i = 0; i < n; i++)
        for (int j = 0; j < k; j++)
            times_diagonal(lanes, element(M, i, j), d, j, 1, element(W, i, j));
    lanes_product_symmetric(lanes, n, k, W, transposed(M), false, value_mat(out, n));
    return out;
}

struct square {
    var *out, *a, *d;
    int n;
};

static var *square_new(struct tape *t, int rows, var *a, var *d, int n, op_backward undo)
{
    void *note;
    var *out = op_new(t, rows, a->lanes, (const var *const[]){a, d}, 2, undo, sizeof(struct square), &note);
    if (note)
        *(struct square *)note = (struct square){out, a, d, n};
    return out;
}

static void copy_rows(const var *a, var *out)
{
    for (int i = 0; i < a->rows; i++)
        memcpy(out->v + at(out, i), a->v + at(a, i), (size_t)a->lanes * sizeof *out->v);
}

static void add_to_row(int lanes, const real *restrict a, real *restrict to)
{
    for (int l = 0; l < lanes; l++)
        to[l] += a[l];
}

static void undo_add_diag(struct tape *t, void *note)
{
    (void)t;
    const struct square *s = note;
    const real *g = var_arrived(s->out);
    if (!g)
        return;
    give(s->a, g, s->out->ld, 1);
    int lanes = s->out->lanes;
    real *gd = var_gradient(s->d);
    for (int i = 0; gd && i < s->n; i++) {
        const real *gi = g + at(s->out, i * (s->n + 1));
        if (s->d->lanes == lanes)
            add_to_row(lanes, gi, gd + at(s->d, i));
        else
            gd[at(s->d, i)] += row_sum(lanes, gi);
    }
}

var *add_diag(struct tape *t, var *P, var *d, int n)
{
    int lanes = P->lanes;
    expect_shape("add_diag", P, n * n, lanes);
    expect_diagonal("add_diag", d, n, lanes);
    var *out = square_new(t, n * n, P, d, n, undo_add_diag);
    copy_rows(P, out);
    for (int i = 0; i < n; i++) {
        real *row = out->v + at(out, i * (n + 1));
        const real *di = d->v + at(d, i);
        if (d->lanes == lanes)
            add_to_row(lanes, di, row);
        else
            for (int l = 0; l < lanes; l++)
                row[l] += di[0];
    }
    return out;
}

static void undo_diag_of(struct tape *t, void *note)
{
    (void)t;
    const struct square *s = note;
    const real *g = var_arrived(s->out);
    if (!g)
        return;
    real *ga = var_gradient(s->a);
    for (int i = 0; i < s->n; i++)
        add_to_row(s->out->lanes, g + at(s->out, i), ga + at(s->a, i * (s->n + 1)));
}

var *diag_of(struct tape *t, var *P, int n)
{
    expect_shape("diag_of", P, n * n, P->lanes);
    var *out = square_new(t, n, P, NULL, n, undo_diag_of);
    for (int i = 0; i < n; i++)
        memcpy(out->v + at(out, i), P->v + at(P, i * (n + 1)), (size_t)P->lanes * sizeof *out->v);
    return out;
}

static void undo_diag_matrix(struct tape *t, void *note)
{
    (void)t;
    const struct square *s = note;
    const real *g = var_arrived(s->out);
    if (g)
        give(s->a, g, s->out->ld * (s->n + 1), 1);
}

var *diag_matrix(struct tape *t, var *d)
{
    int n = d->rows;
    var *out = square_new(t, n * n, d, NULL, n, undo_diag_matrix);
    memset(out->v, 0, (size_t)out->rows * (size_t)out->ld * sizeof *out->v);
    for (int i = 0; i < n; i++)
        memcpy(out->v + at(out, i * (n + 1)), d->v + at(d, i), (size_t)d->lanes * sizeof *out->v);
    return out;
}

static void undo_identity_minus(struct tape *t, void *note)
{
    (void)t;
    const struct square *s = note;
    const real *g = var_arrived(s->out);
    if (g)
        give(s->a, g, s->out->ld, -1);
}

var *identity_minus(struct tape *t, var *A, int n)
{
    expect_shape("identity_minus", A, n * n, A->lanes);
    var *out = square_new(t, n * n, A, NULL, n, undo_identity_minus);
    for (int i = 0; i < n * n; i++) {
        real one = i % (n + 1) == 0 ? 1 : 0, *row = out->v + at(out, i);
        const real *a = A->v + at(A, i);
        for (int l = 0; l < A->lanes; l++)
            row[l] = one - a[l];
    }
    return out;
}

/* ---- a block ---- */

struct block {
    var *out, *A;
    int m, r0, c0, nr, nc;
};

static void undo_block(struct tape *t, void *note)
{
    (void)t;
    const struct block *b = note;
    const real *g = var_arrived(b->out);
    if (!g)
        return;
    struct mat GA = mat_at(var_gradient(b->A), b->A->ld, b->m), G = mat_at(g, b->out->ld, b->nc);
    for (int i = 0; i < b->nr; i++)
        for (int j = 0; j < b->nc; j++)
            add_to_row(b->out->lanes, element(G, i, j), element(GA, b->r0 + i, b->c0 + j));
}

var *block_of(struct tape *t, var *A, int n, int m, int r0, int c0, int nr, int nc)
{
    expect_shape("block_of", A, n * m, A->lanes);
    if (r0 < 0 || c0 < 0 || nr < 1 || nc < 1 || r0 + nr > n || c0 + nc > m)
        bug("block_of: %d×%d at (%d,%d) of %d×%d", nr, nc, r0, c0, n, m);
    void *note;
    var *out = op_new(t, nr * nc, A->lanes, (const var *const[]){A}, 1, undo_block, sizeof(struct block), &note);
    if (note)
        *(struct block *)note = (struct block){out, A, m, r0, c0, nr, nc};
    struct mat from = value_mat(A, m), to = value_mat(out, nc);
    for (int i = 0; i < nr; i++)
        for (int j = 0; j < nc; j++)
            memcpy(element(to, i, j), element(from, r0 + i, c0 + j), (size_t)A->lanes * sizeof(real));
    return out;
}
