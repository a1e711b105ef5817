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

/* The triangular system of the unknowns, its right-hand sides and its solution; n = 1 + P. */
struct solution {
    int n;
    double *a;      /* n×n by columns, each scaled to length 1 */
    double *length; /* of the columns before */
    double *b, *x;  /* n×Q by columns; x belongs to the scaled columns */
};

static void solution_free(struct solution *s)
{
    free(s->a);
}

/* The factor's (1+P)×(1+P) part for the unknowns, columns scaled to length 1; the right-hand sides. */
static void triangular_system(const struct ols *o, struct solution *s)
{
    int n = s->n;
    for (int j = 0; j < n; j++) {
        double length = 0;
        for (int i = 0; i <= j; i++)
            length = hypot(length, column(o, j)[i]);
        for (int i = 0; i < n; i++)
            s->a[(size_t)j * (size_t)n + (size_t)i] = length > 0 ? column(o, j)[i] / length : 0;
        s->length[j] = length;
    }
    for (int k = 0; k < o->targets; k++)
        memcpy(s->b + (size_t)k * (size_t)n, column(o, n + k), (size_t)n * sizeof *s->b);
}

/* Solves by SVD, where features may depend on each other. On failure s holds nothing. */
static int solve(struct ols *o, struct solution *s, struct error *e)
{
    int n = 1 + o->features, rank;
    size_t square = (size_t)n * (size_t)n, sides = (size_t)n * (size_t)o->targets;
    double *all = xmalloc((2 * square + 2 * sides + 2 * (size_t)n) * sizeof *all);
    *s = (struct solution){n, all, all + square, all + square + n, all + square + n + sides};
    double *work = s->x + sides, *singular = work + square;

    fold(o);
    triangular_system(o, s);
    memcpy(work, s->a, square * sizeof *work);
    memcpy(s->x, s->b, sides * sizeof *s->x);
    if (!LAPACKE_dgelsd(LAPACK_COL_MAJOR, n, n, o->targets, work, n, s->x, n, singular, 1e-13 * n, &rank))
        return DSSM_OK;
    solution_free(s);
    return error_set(e, DSSM_FAILURE, "least squares: singular values not found");
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
static double misfit(const struct solution *s, int target)
{
    double sum = 0;
    size_t n = (size_t)s->n;
    const double *x = s->x + (size_t)target * n, *b = s->b + (size_t)target * n;
    for (size_t i = 0; i < n; i++) {
        double r = b[i];
        for (size_t j = i; j < n; j++)
            r -= s->a[j * n + i] * x[j];
        sum += r * r;
    }
    return sum;
}

int ols_r2(struct ols *o, double *r2, struct error *e)
{
    struct solution s;
    if (solve(o, &s, e))
        return e->code;
    for (int k = 0; k < o->targets; k++) {
        double total = squares(o, k, 1), scale = squares(o, k, 0);
        double left = misfit(&s, k) + squares(o, k, s.n);
        r2[k] = o->begun && total > 1e-24 * scale ? 1 - left / total : NAN;
    }
    solution_free(&s);
    return DSSM_OK;
}

int ols_coefficients(struct ols *o, double *c, struct error *e)
{
    struct solution s;
    if (solve(o, &s, e))
        return e->code;
    for (int k = 0; k < o->targets; k++, c += s.n) {
        const double *x = s.x + (size_t)k * (size_t)s.n;
        for (int j = 0; j < s.n; j++)
            c[j] = s.length[j] > 0 ? x[j] / s.length[j] : 0;
        c[0] += o->first[o->features + k];
        for (int j = 0; j < o->features; j++) /* rows are kept relative to the first */
            c[0] -= c[1 + j] * o->first[j];
    }
    solution_free(&s);
    return DSSM_OK;
}
