/* Adding to gradients, and sums over lanes. */
#include "grad/engine.h"

#include <string.h>

static void add_scaled_row(int n, const real *restrict g, real s, real *restrict to, bool first) {
    if (first)
        for (int l = 0; l < n; l++)
            to[l] = s * g[l];
    else
        for (int l = 0; l < n; l++)
            to[l] += s * g[l];
}

static void add_product_row(int n, const real *restrict g, const real *restrict w, real s, real *restrict to, bool first) {
    if (first)
        for (int l = 0; l < n; l++)
            to[l] = s * g[l] * w[l];
    else
        for (int l = 0; l < n; l++)
            to[l] += s * g[l] * w[l];
}

void give(var *a, const real *g, int ldg, real s) {
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

void give_product(var *a, const real *g, int ldg, const real *w, int ldw, real s) {
    bool first;
    real *to = gradient_of(a, &first);
    if (!to)
        return;
    bool flat = a->ld == a->lanes && ldg == a->lanes && ldw == a->lanes;
    int rows = flat ? 1 : a->rows, n = flat ? a->rows * a->lanes : a->lanes;
    for (int i = 0; i < rows; i++)
        add_product_row(n, g + (size_t)i * (size_t)ldg, w + (size_t)i * (size_t)ldw, s, to + (size_t)i * (size_t)a->ld, first);
}

/* Sixteen sums side by side, so that the loop vectorises without reordering a sum behind our back. */
enum { SUMS = 16 };

static real total(const real part[SUMS]) {
    real sum = 0;
    for (int j = 0; j < SUMS; j++)
        sum += part[j];
    return sum;
}

real row_sum(int n, const real *x) {
    real part[SUMS] = {0};
    int l = 0;
    for (; l + SUMS <= n; l += SUMS)
        for (int j = 0; j < SUMS; j++)
            part[j] += x[l + j];
    for (int j = 0; l + j < n; j++)
        part[j] += x[l + j];
    return total(part);
}

real row_dot(int n, const real *x, const real *y) {
    real part[SUMS] = {0};
    int l = 0;
    for (; l + SUMS <= n; l += SUMS)
        for (int j = 0; j < SUMS; j++)
            part[j] += x[l + j] * y[l + j];
    for (int j = 0; l + j < n; j++)
        part[j] += x[l + j] * y[l + j];
    return total(part);
}
