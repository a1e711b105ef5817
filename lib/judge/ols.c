/* Least squares from a triangular factor that is updated block by block (Golub and Van Loan, 5.3 and 6.5). */
#include "judge/judge.h"

#include <lapacke.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

struct ols {
    int features, targets;
    int columns; /* 1 + P + Q: intercept, features, targets */
    int block;   /* new rows that fit below the factor */
    int filled;  /* of them in use */
    bool begun;
    double *first;   /* the first row, P + Q */
    double *stacked; /* (columns + block) × columns, by columns: the factor (upper triangle, zeros below), then new rows */
    double *tau;
};

struct ols *ols_new(int features, int targets)
{
    struct ols *o = xcalloc(1, sizeof *o);
    o->features = features;
    o->targets = targets;
    o->columns = 1 + features + targets;
    o->block = o->columns < 64 ? 256 : 4 * o->columns;
    o->first = xcalloc((size_t)(features + targets), sizeof *o->first);
    o->stacked = xcalloc((size_t)(o->columns + o->block) * (size_t)o->columns, sizeof *o->stacked);
    o->tau = xcalloc((size_t)o->columns, sizeof *o->tau);
    return o;
}

void ols_free(struct ols *o)
{
    if (!o)
        return;
    free(o->first);
    free(o->stacked);
    free(o->tau);
    free(o);
}

static double *column(const struct ols *o, int j)
{
    return o->stacked + (size_t)j * (size_t)(o->columns + o->block);
}

/* The factor of all rows so far: QR of what is stacked, of which R alone is kept. */
static void fold(struct ols *o)
{
    int used = o->columns + o->filled, tall = o->columns + o->block;
    if (!o->filled)
        return;
    if (LAPACKE_dgeqrf(LAPACK_COL_MAJOR, used, o->columns, o->stacked, tall, o->tau))
        bug("ols: QR of %d x %d failed", used, o->columns);
    for (int j = 0; j < o->columns; j++)
        memset(column(o, j) + j + 1, 0, (size_t)(tall - j - 1) * sizeof(double));
    o->filled = 0;
}

void ols_add(struct ols *o, const double *f, const double *y)
{
    int row = o->columns + o->filled;
    if (!o->begun) {
        memcpy(o->first, f, (size_t)o->features * sizeof *f);
        memcpy(o->first + o->features, y, (size_t)o->targets * sizeof *y);
        o->begun = true;
    }
    column(o, 0)[row] = 1;
    for (int j = 0; j < o->features; j++)
        column(o, 1 + j)[row] = f[j] - o->first[j];
    for (int j = 0; j < o->targets; j++)
        column(o, 1 + o->features + j)[row] = y[j] - o->first[o->features + j];
    if (++o->filled == o->block)
        fold(o);
}

/* The factor's (1+P)×(1+P) part for the unknowns, columns scaled to length 1, into a; the right-hand sides into b. */
static void triangular_system(const struct ols *o, double *a, double *b)
{
    int n = 1 + o->features;
    for (int j = 0; j < n; j++) {
        double length = 0;
        for (int i = 0; i <= j; i++)
            length = hypot(length, column(o, j)[i]);
        for (int i = 0; i < n; i++)
            a[(size_t)j * (size_t)n + (size_t)i] = length > 0 ? column(o, j)[i] / length : 0;
    }
    for (int k = 0; k < o->targets; k++)
        memcpy(b + (size_t)k * (size_t)n, column(o, n + k), (size_t)n * sizeof *b);
}

/* Sum of squares of a target's column from row `from` on. */
static double squares(const struct ols *o, int target, int from)
{
    double sum = 0;
    const double *c = column(o, 1 + o->features + target);
    for (int i = from; i < o->columns; i++)
        sum += c[i] * c[i];
    return sum;
}

/* |b − A x|² of the triangular system for one target. */
static double misfit(int n, const double *a, const double *x, const double *b)
{
    double sum = 0;
    for (int i = 0; i < n; i++) {
        double r = b[i];
        for (int j = i; j < n; j++)
            r -= a[(size_t)j * (size_t)n + (size_t)i] * x[j];
        sum += r * r;
    }
    return sum;
}

int ols_r2(struct ols *o, double *r2, struct error *e)
{
    int n = 1 + o->features, rank;
    size_t square = (size_t)n * (size_t)n, sides = (size_t)n * (size_t)o->targets;
    double *a = xmalloc((2 * square + 2 * sides + (size_t)n) * sizeof *a);
    double *kept = a + square, *b = kept + square, *x = b + sides, *singular = x + sides;

    fold(o);
    triangular_system(o, a, b);
    memcpy(kept, a, square * sizeof *a);
    memcpy(x, b, sides * sizeof *b);
    int failed = LAPACKE_dgelsd(LAPACK_COL_MAJOR, n, n, o->targets, a, n, x, n, singular, 1e-13 * n, &rank);
    for (int k = 0; k < o->targets && !failed; k++) {
        double total = squares(o, k, 1), scale = squares(o, k, 0);
        size_t at = (size_t)k * (size_t)n;
        double left = misfit(n, kept, x + at, b + at) + squares(o, k, n);
        r2[k] = o->begun && total > 1e-24 * scale ? 1 - left / total : NAN;
    }
    free(a);
    return failed ? error_set(e, DSSM_FAILURE, "least squares: singular values not found") : DSSM_OK;
}
