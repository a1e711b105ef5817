/* What the files of lib/grad share and nobody else needs: shape checks, adding to gradients, and the
 * arithmetic across lanes. */
#ifndef DSSM_GRAD_ENGINE_H
#define DSSM_GRAD_ENGINE_H

#include "grad/grad.h"

/* Tells the tape that chol found no factor for this lane (tape.c). */
void tape_note_failure(struct tape *t, int lane);

/* Where a gradient goes: *first says whether it is to be assigned (nobody has written it yet) or added to. NULL if
 * a has no gradient. */
real *gradient_of(var *a, bool *first);

/* bug() unless a is rows×lanes; the operation's name and both shapes are in the text. */
void expect_shape(const char *operation, const var *a, int rows, int lanes);

/* Blocks of numbers that fill a vector register, at any address: rows of lanes begin anywhere. */
typedef real wide __attribute__((vector_size(64), aligned(sizeof(real)), may_alias));
typedef real half __attribute__((vector_size(32), aligned(sizeof(real)), may_alias));
enum { WIDE = 64 / sizeof(real), HALF = 32 / sizeof(real) };

/* ---- accumulate.c: gradient of a += …, for g and w of a's shape with distances ldg, ldw between rows ---- */
void give(var *a, const real *g, int ldg, real s);                                 /* s · g */
void give_product(var *a, const real *g, int ldg, const real *w, int ldw, real s); /* s · g · w, number by number */
real row_dot(int n, const real *x, const real *y);                                 /* Σ x[l] y[l] */

/* ---- lanes.c: small matrices across lanes ---- */

/* A matrix for every lane: element (i,j) of lane l is v[i·row + j·col + l]. */
struct mat {
    real *v;
    size_t row, col;
};
/* The matrix with `cols` columns that a var's numbers hold, the transposed one, and an element's lanes. */
static inline struct mat mat_at(const real *v, int ld, int cols)
{
    return (struct mat){(real *)v, (size_t)ld * (size_t)cols, (size_t)ld};
}
static inline struct mat transposed(struct mat a)
{
    return (struct mat){a.v, a.col, a.row};
}
static inline real *element(struct mat a, int i, int j)
{
    return a.v + (size_t)i * a.row + (size_t)j * a.col;
}

/* c = s Σ_k a_k b_k (+ c0 if not NULL; c0 may be c), a_k at a + k·as, b_k at b + k·bs, every number a row of lanes. */
void lanes_dot(int lanes, int k, const real *a, size_t as, const real *b, size_t bs, real s, const real *c0, real *c);
/* C = s A B, or C += s A B if add; A n×k, B k×m, C n×m. C may not share memory with A or B. */
void lanes_product(int lanes, int n, int k, int m, struct mat A, struct mat B, real s, bool add, struct mat C);
/* The same for a product A B that is known to be symmetric: the lower triangle is computed and mirrored. */
void lanes_product_symmetric(int lanes, int n, int k, struct mat A, struct mat B, bool add, struct mat C);

#endif
