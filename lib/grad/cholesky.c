/* Cholesky factors across lanes, and what is solved with them.
 *
 * The backward formulas follow Murray, "Differentiation of the Cholesky decomposition" (2016): the
 * factorisation's own loop, undone statement by statement. */
#include "grad/engine.h"

#include "grad/vector_math.h"

#include <string.h>
#include <tgmath.h>

struct factor {
    var *out, *P;
    int n;
};
struct solve {
    var *out, *L, *B;
    int n, m; /* L n×n */
};

static size_t at(const var *a, int row)
{
    return (size_t)row * (size_t)a->ld;
}

/* ---- rows of lanes ---- */

static void inverse_row(int lanes, const real *restrict a, real *restrict out)
{
    for (int l = 0; l < lanes; l++)
        out[l] = 1 / a[l];
}

static void times_row(int lanes, const real *restrict w, real *restrict a)
{
    for (int l = 0; l < lanes; l++)
        a[l] *= w[l];
}

/* a −= b c */
static void minus_product(int lanes, const real *b, const real *c, real *restrict a)
{
    for (int l = 0; l < lanes; l++)
        a[l] -= b[l] * c[l];
}

/* 1/L_jj for all j, a row of lanes each. */
static real *inverse_diagonal(struct tape *t, struct mat L, int n, int lanes)
{
    real *inverse = tape_alloc(t, (size_t)n * (size_t)lanes * sizeof *inverse);
    for (int j = 0; j < n; j++)
        inverse_row(lanes, element(L, j, j), inverse + (size_t)j * (size_t)lanes);
    return inverse;
}

/* ---- the factor: L_jj = √(P_jj − Σ_k<j L_jk²), L_ij = (P_ij − Σ_k<j L_ik L_jk) / L_jj ---- */

/* The pivots' roots in place; true if some lane's pivot is not a positive, finite number. */
static bool roots(int lanes, real *restrict pivot)
{
    int bad = 0;
    for (int l = 0; l < lanes; l++) {
        bad |= !(pivot[l] > 0) | !(pivot[l] < (real)INFINITY);
        pivot[l] = sqrt(pivot[l]);
    }
    return bad;
}

/* Gives NaN to the whole factor of lanes whose pivot in column j had no root. */
static void fail_lanes(struct tape *t, var *out, int n, int j)
{
    for (int l = out->lanes - 1; l >= 0; l--) {
        real root = out->v[at(out, j * n + j) + (size_t)l];
        if (root > 0 && root < (real)INFINITY)
            continue;
        for (int i = 0; i < n; i++)
            for (int k = 0; k <= i; k++)
                out->v[at(out, i * n + k) + (size_t)l] = (real)NAN;
    }
    for (int l = 0; l < out->lanes; l++)
        if (isnan(out->v[at(out, 0) + (size_t)l])) {
            tape_note_failure(t, l);
            return;
        }
}

/* With Ḡ the gradient of L, in its place, for j from the last column to the first:
 *   i > j: s = Ḡ_ij/L_jj;  P̄_ij = s;  Ḡ_jj −= s L_ij;  k < j: Ḡ_ik −= s L_jk, Ḡ_jk −= s L_ik
 *   s = Ḡ_jj/(2 L_jj);  P̄_jj = s;  k < j: Ḡ_jk −= 2 s L_jk
 * after which Ḡ holds P̄'s lower triangle. */
static void undo_columns(int n, int lanes, struct mat L, const real *inverse, struct mat G)
{
    for (int j = n - 1; j >= 0; j--) {
        const real *over = inverse + (size_t)j * (size_t)lanes;
        real *gjj = element(G, j, j);
        for (int i = j + 1; i < n; i++) {
            real *s = element(G, i, j);
            times_row(lanes, over, s);
            minus_product(lanes, s, element(L, i, j), gjj);
            for (int k = 0; k < j; k++) {
                minus_product(lanes, s, element(L, j, k), element(G, i, k));
                minus_product(lanes, s, element(L, i, k), element(G, j, k));
            }
        }
        times_row(lanes, over, gjj); /* 2 s */
        for (int k = 0; k < j; k++)
            minus_product(lanes, gjj, element(L, j, k), element(G, j, k));
    }
}

/* The lower triangle's gradient, shared out between the two triangles; the diagonal still holds 2 P̄_jj. */
static void give_symmetric(var *P, int n, struct mat G)
{
    struct mat to = mat_at(var_gradient(P), P->ld, n);
    for (int i = 0; i < n; i++)
        for (int j = 0; j <= i; j++) {
            const real *restrict g = element(G, i, j);
            real *lower = element(to, i, j), *upper = element(to, j, i);
            for (int l = 0; l < P->lanes; l++)
                lower[l] += (real)0.5 * g[l];
            for (int l = 0; l < P->lanes && i != j; l++)
                upper[l] += (real)0.5 * g[l];
        }
}

static void undo_chol(struct tape *t, void *note)
{
    const struct factor *f = note;
    if (!var_arrived(f->out))
        return;
    int n = f->n, lanes = f->out->lanes;
    struct mat L = mat_at(f->out->v, f->out->ld, n), G = mat_at(f->out->g, f->out->ld, n); /* nobody reads g after this */
    undo_columns(n, lanes, L, inverse_diagonal(t, L, n, lanes), G);
    give_symmetric(f->P, n, G);
}

var *chol(struct tape *t, var *P, int n)
{
    int lanes = P->lanes;
    expect_shape("chol", P, n * n, lanes);
    void *note;
    var *out = op_new(t, n * n, lanes, (const var *const[]){P}, 1, undo_chol, sizeof(struct factor), &note);
    if (note)
        *(struct factor *)note = (struct factor){out, P, n};
    struct mat A = mat_at(P->v, P->ld, n), L = mat_at(out->v, out->ld, n);
    real *over = tape_alloc(t, (size_t)lanes * sizeof *over);
    for (int j = 0; j < n; j++) {
        for (int i = j; i < n; i++) {
            if (j == 0)
                memcpy(element(L, i, 0), element(A, i, 0), (size_t)lanes * sizeof(real));
            else
                lanes_dot(lanes, j, element(L, i, 0), L.col, element(L, j, 0), L.col, -1, element(A, i, j), element(L, i, j));
        }
        if (roots(lanes, element(L, j, j)))
            fail_lanes(t, out, n, j);
        inverse_row(lanes, element(L, j, j), over);
        for (int i = j + 1; i < n; i++)
            times_row(lanes, over, element(L, i, j));
        for (int i = 0; i < j; i++)
            memset(element(L, i, j), 0, (size_t)lanes * sizeof(real));
    }
    return out;
}

/* ---- triangular solves ---- */

/* X = L⁻¹ B from the first row to the last, or X = L⁻ᵀ B from the last to the first. X may be B. */
static void solve_rows(int lanes, int n, int m, struct mat L, const real *inverse, bool back, struct mat B, struct mat X)
{
    for (int step = 0; step < n; step++) {
        int i = back ? n - 1 - step : step, from = back ? i + 1 : 0;
        const real *l = back ? L.v + (size_t)from * L.row + (size_t)i * L.col : element(L, i, 0);
        for (int c = 0; c < m; c++) {
            real *x = element(X, i, c);
            if (step > 0)
                lanes_dot(lanes, step, l, back ? L.row : L.col, element(X, from, c), X.row, -1, element(B, i, c), x);
            else
                memmove(x, element(B, i, c), (size_t)lanes * sizeof *x);
            times_row(lanes, inverse + (size_t)i * (size_t)lanes, x);
        }
    }
}

static var *solve_new(struct tape *t, var *B, var *L, int n, int m, op_backward undo)
{
    void *note;
    var *out = op_new(t, n * m, B->lanes, (const var *const[]){B, L}, 2, undo, sizeof(struct solve), &note);
    if (note)
        *(struct solve *)note = (struct solve){out, L, B, n, m};
    return out;
}

/* Gradient of L −= the lower triangle of A B, A n×k, B k×n. */
static void give_lower(var *L, int n, int k, struct mat A, struct mat B)
{
    real *gl = var_gradient(L);
    if (!gl)
        return;
    struct mat G = mat_at(gl, L->ld, n);
    for (int i = 0; i < n; i++)
        for (int j = 0; j <= i; j++)
            lanes_dot(L->lanes, k, element(A, i, 0), A.col, element(B, 0, j), B.row, -1, element(G, i, j), element(G, i, j));
}

/* X = L⁻¹B: B̄ = L⁻ᵀ X̄, L̄ −= tril(B̄ Xᵀ) */
static void undo_tri_solve(struct tape *t, void *note)
{
    const struct solve *s = note;
    if (!var_arrived(s->out))
        return;
    int n = s->n, m = s->m, lanes = s->out->lanes;
    struct mat L = mat_at(s->L->v, s->L->ld, n), X = mat_at(s->out->v, s->out->ld, m);
    struct mat G = mat_at(s->out->g, s->out->ld, m); /* becomes B̄; nobody reads g after this */
    solve_rows(lanes, n, m, L, inverse_diagonal(t, L, n, lanes), true, G, G);
    give(s->B, s->out->g, s->out->ld, 1);
    give_lower(s->L, n, m, G, transposed(X));
}

var *tri_solve(struct tape *t, var *L, var *B, int n, int m)
{
    int lanes = B->lanes;
    expect_shape("tri_solve", L, n * n, lanes);
    expect_shape("tri_solve", B, n * m, lanes);
    var *out = solve_new(t, B, L, n, m, undo_tri_solve);
    struct mat M = mat_at(L->v, L->ld, n);
    solve_rows(lanes, n, m, M, inverse_diagonal(t, M, n, lanes), false, mat_at(B->v, B->ld, m), mat_at(out->v, out->ld, m));
    return out;
}

/* Xᵀ = (L Lᵀ)⁻¹ Bᵀ */
static void solve_both(struct tape *t, int lanes, int n, int m, struct mat L, struct mat Bt, struct mat Xt)
{
    const real *inverse = inverse_diagonal(t, L, n, lanes);
    solve_rows(lanes, n, m, L, inverse, false, Bt, Xt);
    solve_rows(lanes, n, m, L, inverse, true, Xt, Xt);
}

/* S̄ + S̄ᵀ with S̄ = −Xᵀ B̄, but for the sign: XᵀB̄ + B̄ᵀX, n×n. */
static struct mat both_products(struct tape *t, int lanes, int n, int m, struct mat X, struct mat Bg)
{
    real *v = tape_alloc(t, (size_t)n * (size_t)n * (size_t)lanes * sizeof *v);
    struct mat S = mat_at(v, lanes, n);
    lanes_product(lanes, n, m, n, transposed(X), Bg, 1, false, S);
    lanes_product(lanes, n, m, n, transposed(Bg), X, 1, true, S);
    return S;
}

/* X S = B, S = L Lᵀ: B̄ = X̄ S⁻¹, S̄ = −Xᵀ B̄, L̄ += tril((S̄ + S̄ᵀ) L) */
static void undo_spd_solve_right(struct tape *t, void *note)
{
    const struct solve *s = note;
    if (!var_arrived(s->out))
        return;
    int n = s->n, m = s->m, lanes = s->out->lanes;
    struct mat L = mat_at(s->L->v, s->L->ld, n), X = mat_at(s->out->v, s->out->ld, n);
    struct mat G = mat_at(s->out->g, s->out->ld, n); /* becomes B̄; nobody reads g after this */
    solve_both(t, lanes, n, m, L, transposed(G), transposed(G));
    give(s->B, s->out->g, s->out->ld, 1);
    if (s->L->needs)
        give_lower(s->L, n, n, both_products(t, lanes, n, m, X, G), L);
}

var *spd_solve_right(struct tape *t, var *B, var *L, int m, int n)
{
    int lanes = B->lanes;
    expect_shape("spd_solve_right", B, m * n, lanes);
    expect_shape("spd_solve_right", L, n * n, lanes);
    var *out = solve_new(t, B, L, n, m, undo_spd_solve_right);
    struct mat from = mat_at(B->v, B->ld, n), to = mat_at(out->v, out->ld, n);
    solve_both(t, lanes, n, m, mat_at(L->v, L->ld, n), transposed(from), transposed(to));
    return out;
}

/* ---- 2 Σ log L_ii ---- */

static void undo_log_det(struct tape *t, void *note)
{
    (void)t;
    const struct factor *f = note;
    const real *g = var_arrived(f->out);
    if (!g)
        return;
    real *gl = var_gradient(f->P);
    for (int i = 0; i < f->n; i++) {
        const real *restrict d = f->P->v + at(f->P, i * (f->n + 1));
        real *restrict to = gl + at(f->P, i * (f->n + 1));
        for (int l = 0; l < f->out->lanes; l++)
            to[l] += 2 * g[l] / d[l];
    }
}

var *log_det(struct tape *t, var *L, int n)
{
    int lanes = L->lanes;
    expect_shape("log_det", L, n * n, lanes);
    void *note;
    var *out = op_new(t, 1, lanes, (const var *const[]){L}, 1, undo_log_det, sizeof(struct factor), &note);
    if (note)
        *(struct factor *)note = (struct factor){out, L, n};
    real *logs = tape_alloc(t, (size_t)lanes * sizeof *logs);
    memset(out->v, 0, (size_t)lanes * sizeof *out->v);
    for (int i = 0; i < n; i++) {
        vm_log(lanes, L->v + at(L, i * (n + 1)), logs);
        for (int l = 0; l < lanes; l++)
            out->v[l] += 2 * logs[l];
    }
    return out;
}
