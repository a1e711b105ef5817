/* The gradient of an operation against finite differences, in double: how a row of the table in ops_double_test.c is
 * checked, over sizes, lanes and ways to hold the inputs. */
#ifndef DSSM_TESTS_GRAD_OPS_CHECK_H
#define DSSM_TESTS_GRAD_OPS_CHECK_H

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "grad/grad.h"

enum { MAX_INPUTS = 3 };

/* What a row's input is drawn from. */
enum kind { ANY, POSITIVE, LOWER /* triangular factors, diagonal above ½ */ };

struct size {
    int n, k, m, lanes;
};
struct input {
    int rows, lanes; /* 0 rows: there is none */
    enum kind kind;
};
struct row {
    const char *name;
    void (*inputs)(struct size s, struct input in[MAX_INPUTS]);
    var *(*build)(struct tape *t, struct size s, var *const x[MAX_INPUTS]);
};

/* How an input is held: a leaf; a view of a larger leaf, with ld > lanes; a value that an operation made; a leaf
 * that the operation is applied to twice, so that gradients must be added. */
enum hold { AS_LEAF, AS_VIEW, AS_RESULT, AS_LEAF_TWICE, HOLDS };

struct problem {
    const struct row *row;
    struct size size;
    enum hold hold;
    struct input in[MAX_INPUTS];
    double *value[MAX_INPUTS];
};

static double one_normal(uint32_t which, uint32_t step)
{
    double x;
    draw_normal((struct draw){.seed = 5, .purpose = 1, .sequence = which, .step = step}, 1, &x);
    return x;
}

static double drawn(struct input in, int row, int lane, uint32_t which)
{
    double x = one_normal(which, (uint32_t)(row * in.lanes + lane));
    int n = (int)lround(sqrt(in.rows)), i = row / n, j = row % n;
    switch (in.kind) {
    case POSITIVE: return 0.5 + fabs(x);
    case LOWER: return j > i ? 0 : i == j ? 0.7 + fabs(x) : 0.5 * x;
    default: return x;
    }
}

static void problem_open(struct problem *p, const struct row *row, struct size size, enum hold hold)
{
    *p = (struct problem){row, size, hold, {{0}}, {0}};
    row->inputs(size, p->in);
    for (int i = 0; i < MAX_INPUTS; i++) {
        struct input in = p->in[i];
        p->value[i] = xmalloc((size_t)(in.rows * in.lanes) * sizeof(double));
        for (int r = 0; r < in.rows; r++)
            for (int l = 0; l < in.lanes; l++)
                p->value[i][r * in.lanes + l] = drawn(in, r, l, (uint32_t)i);
    }
}

static void problem_close(struct problem *p)
{
    for (int i = 0; i < MAX_INPUTS; i++)
        free(p->value[i]);
}

/* The input in the way it is to be held; *source is the leaf, at whose (1,2) the value begins if it is a view. */
static var *hold_input(struct tape *t, struct input in, const double *value, enum hold hold, var **source)
{
    if (hold != AS_VIEW) {
        *source = leaf(t, in.rows, in.lanes, value);
        return hold == AS_RESULT ? scale(t, *source, 1) : *source;
    }
    int rows = in.rows + 2, lanes = in.lanes + 3;
    double *large = xcalloc((size_t)(rows * lanes), sizeof *large);
    for (int r = 0; r < in.rows; r++)
        memcpy(large + (r + 1) * lanes + 2, value + r * in.lanes, (size_t)in.lanes * sizeof *large);
    *source = leaf(t, rows, lanes, large);
    free(large);
    return lanes_of(t, rows_of(t, *source, 1, in.rows), 2, in.lanes);
}

/* A fixed weight for every number of the output; every third counts nothing, so that outputs are partly used. */
static double weight(int i)
{
    return i % 3 == 2 ? 0 : cos(1 + 0.7 * i);
}

/* Σ weight · output, with the weights as the output's gradient. */
static double weigh(var *y, int first_weight)
{
    double sum = 0;
    real *seed = var_gradient(y);
    for (int r = 0; r < y->rows; r++)
        for (int l = 0; l < y->lanes; l++) {
            double w = weight(first_weight + r * y->lanes + l);
            seed[r * y->ld + l] += w;
            sum += w * y->v[r * y->ld + l];
        }
    return sum;
}

/* The sum of weighted outputs; if gradient is not NULL also its gradient, input by input. */
static double run(struct tape *t, const struct problem *p, double *const gradient[MAX_INPUTS])
{
    real dummy = 0;
    var *source[MAX_INPUTS] = {0}, *x[MAX_INPUTS] = {0};
    tape_begin(t, NULL, &dummy, GROUP_ALL);
    for (int i = 0; i < MAX_INPUTS; i++)
        if (p->in[i].rows)
            x[i] = hold_input(t, p->in[i], p->value[i], p->hold, &source[i]);
    double sum = weigh(p->row->build(t, p->size, x), 0);
    if (p->hold == AS_LEAF_TWICE)
        sum += weigh(p->row->build(t, p->size, x), 1);
    if (!gradient)
        return sum;
    tape_backward(t);
    for (int i = 0; i < MAX_INPUTS; i++)
        for (int r = 0; x[i] && r < p->in[i].rows; r++)
            for (int l = 0; l < p->in[i].lanes; l++) {
                int at = p->hold == AS_VIEW ? (r + 1) * source[i]->ld + l + 2 : r * source[i]->ld + l;
                gradient[i][r * p->in[i].lanes + l] = var_arrived(source[i]) ? source[i]->g[at] : 0;
            }
    return sum;
}

/* d sum / d value by a five-point difference: error O(h⁴), and 1e-12/h of rounding. */
static double difference(struct tape *t, const struct problem *p, double *value)
{
    double h = 1e-3, kept = *value, f[4];
    for (int i = 0; i < 4; i++) {
        *value = kept + (double[]){-2, -1, 1, 2}[i] * h;
        f[i] = run(t, p, NULL);
    }
    *value = kept;
    return (f[0] - 8 * f[1] + 8 * f[2] - f[3]) / (12 * h);
}

/* The largest error over all entries of all inputs, relative to 1 + |difference|. */
static double worst_error(struct tape *t, struct problem *p)
{
    double *gradient[MAX_INPUTS], worst = 0;
    for (int i = 0; i < MAX_INPUTS; i++)
        gradient[i] = xcalloc((size_t)(p->in[i].rows * p->in[i].lanes), sizeof(double));
    run(t, p, gradient);
    for (int i = 0; i < MAX_INPUTS; i++)
        for (int e = 0; e < p->in[i].rows * p->in[i].lanes; e++) {
            double expected = difference(t, p, &p->value[i][e]);
            double error = fabs(gradient[i][e] - expected) / fmax(1, fabs(expected));
            if (!(error <= worst)) /* NaN too */
                worst = error;
        }
    for (int i = 0; i < MAX_INPUTS; i++)
        free(gradient[i]);
    return worst;
}

static const struct size sizes[] = {
    {1, 1, 1, 1}, {2, 2, 2, 1}, {3, 3, 3, 2}, {3, 2, 4, 5}, {2, 5, 1, 9}, {5, 3, 2, 17}, {4, 4, 4, 35},
};

static double worst_of_row(const struct row *row, bool say)
{
    struct tape *t = tape_new();
    double worst = 0;
    for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++)
        for (enum hold hold = AS_LEAF; hold < HOLDS; hold++) {
            struct problem p;
            problem_open(&p, row, sizes[s], hold);
            double error = worst_error(t, &p);
            problem_close(&p);
            if (say && !(error < 1e-6))
                print_error("%s: n %d, k %d, m %d, %d lanes, hold %d: error %g\n", row->name, sizes[s].n, sizes[s].k, sizes[s].m,
                            sizes[s].lanes, hold, error);
            if (!(error <= worst))
                worst = error;
        }
    tape_free(t);
    return worst;
}

#endif
