/* Arithmetic across lanes: every scalar of a small matrix formula is a row of lanes. All of it runs
 * through lanes_dot, the one loop that has to be fast: it goes over lanes in blocks that fit a vector
 * register, with the sum over k kept there. */
#include "grad/engine.h"

static inline void dot_wide(int k, const real *a, size_t as, const real *b, size_t bs, real s, bool add, const real *c0, real *c)
{
    wide sum = *(const wide *)a * *(const wide *)b;
    for (int i = 1; i < k; i++)
        sum += *(const wide *)(a + (size_t)i * as) * *(const wide *)(b + (size_t)i * bs);
    *(wide *)c = add ? *(const wide *)c0 + s * sum : s * sum;
}

static inline void dot_half(int k, const real *a, size_t as, const real *b, size_t bs, real s, bool add, const real *c0, real *c)
{
    half sum = *(const half *)a * *(const half *)b;
    for (int i = 1; i < k; i++)
        sum += *(const half *)(a + (size_t)i * as) * *(const half *)(b + (size_t)i * bs);
    *(half *)c = add ? *(const half *)c0 + s * sum : s * sum;
}

static inline void dot_one(int k, const real *a, size_t as, const real *b, size_t bs, real s, bool add, const real *c0, real *c)
{
    real sum = *a * *b;
    for (int i = 1; i < k; i++)
        sum += a[(size_t)i * as] * b[(size_t)i * bs];
    *c = add ? *c0 + s * sum : s * sum;
}

void lanes_dot(int lanes, int k, const real *a, size_t as, const real *b, size_t bs, real s, const real *c0, real *c)
{
    bool add = c0 != NULL;
    const real *from = add ? c0 : c;
    int l = 0;
    for (; l + WIDE <= lanes; l += WIDE)
        dot_wide(k, a + l, as, b + l, bs, s, add, from + l, c + l);
    for (; l + HALF <= lanes; l += HALF)
        dot_half(k, a + l, as, b + l, bs, s, add, from + l, c + l);
    for (; l < lanes; l++)
        dot_one(k, a + l, as, b + l, bs, s, add, from + l, c + l);
}

void lanes_product(int lanes, int n, int k, int m, struct mat A, struct mat B, real s, bool add, struct mat C)
{
    for (int i = 0; i < n; i++)
        for (int j = 0; j < m; j++) {
            real *c = element(C, i, j);
            lanes_dot(lanes, k, element(A, i, 0), A.col, element(B, 0, j), B.row, s, add ? c : NULL, c);
        }
}

static void copy_row(int lanes, const real *restrict from, real *restrict to)
{
    for (int l = 0; l < lanes; l++)
        to[l] = from[l];
}

void lanes_product_symmetric(int lanes, int n, int k, struct mat A, struct mat B, bool add, struct mat C)
{
    for (int i = 0; i < n; i++)
        for (int j = 0; j <= i; j++) {
            const real *a = element(A, i, 0), *b = element(B, 0, j);
            real *lower = element(C, i, j), *upper = element(C, j, i);
            if (add && i != j) /* what C held need not be symmetric */
                lanes_dot(lanes, k, a, A.col, b, B.row, 1, upper, upper);
            lanes_dot(lanes, k, a, A.col, b, B.row, 1, add ? lower : NULL, lower);
            if (!add && i != j)
                copy_row(lanes, lower, upper);
        }
}
