/* Adding to gradients, and sums over lanes. */
#include "grad/engine.h"

#include <string.h>

static void add_scaled_row(int n, const real *restrict g, real s, real *restrict to, bool first)
{
    if (first)
        for (int l = 0; l < n; l++)
            to[l] = s * g[l];
    else
        for (int l = 0; l < n; l++)
            to[l] += s * g[l];
}

static void add_product_row(int n, const real *restrict g, const real *restrict w, real s, real *restrict to, bool first)
{
    if (first)
        for (int l = 0; l < n; l++)
            to[l] = s * g[l] * w[l];
    else
        for (int l = 0; l < n; l++)
            to[l] += s * g[l] * w[l];
}

void give(var *a, const real *g, int ldg, real s)
{
    bool first;
    real *to = gradient_of(a, &first);
    if (!to)
        return;
    bool flat = a->ld == a->lanes && ldg == a->lanes;
    int rows = flat ? 1 : a->rows, n = flat ? a->rows * a->lanes : a->lanes;
    if (first && flat && s == 1) {
        memcpy(to, g, (size_t)n * sizeof *to);
        return;
    }
    for (int i = 0; i < rows; i++)
        add_scaled_row(n, g + (size_t)i * (size_t)ldg, s, to + (size_t)i * (size_t)a->ld, first);
}

void give_product(var *a, const real *g, int ldg, const real *w, int ldw, real s)
{
    bool first;
    real *to = gradient_of(a, &first);
    if (!to)
        return;
    bool flat = a->ld == a->lanes && ldg == a->lanes && ldw == a->lanes;
    int rows = flat ? 1 : a->rows, n = flat ? a->rows * a->lanes : a->lanes;
    for (int i = 0; i < rows; i++)
        add_product_row(n, g + (size_t)i * (size_t)ldg, w + (size_t)i * (size_t)ldw, s, to + (size_t)i * (size_t)a->ld, first);
}

/* Sums are kept side by side in one or two blocks and added up at the end, in an order that the compiler does not choose. */
static real total(const wide *sums)
{
    const real *part = (const real *)sums;
    real four[4] = {0};
    for (int i = 0; i < WIDE; i += 4)
        for (int j = 0; j < 4; j++)
            four[j] += part[i + j];
    return (four[0] + four[1]) + (four[2] + four[3]);
}

real row_sum(int n, const real *x)
{
    wide even = {0}, odd = {0};
    int l = 0;
    for (; l + 2 * WIDE <= n; l += 2 * WIDE) {
        even += *(const wide *)(x + l);
        odd += *(const wide *)(x + l + WIDE);
    }
    if (l + WIDE <= n) {
        even += *(const wide *)(x + l);
        l += WIDE;
    }
    real rest = 0;
    for (; l < n; l++)
        rest += x[l];
    even += odd;
    return n < WIDE ? rest : total(&even) + rest;
}

real row_dot(int n, const real *x, const real *y)
{
    wide sums = {0};
    int l = 0;
    for (; l + WIDE <= n; l += WIDE)
        sums += *(const wide *)(x + l) * *(const wide *)(y + l);
    real rest = 0;
    for (; l < n; l++)
        rest += x[l] * y[l];
    return n < WIDE ? rest : total(&sums) + rest;
}
