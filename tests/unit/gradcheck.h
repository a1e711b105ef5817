/* Gradients of a composition against finite differences, for tests in double (-DDSSM_DOUBLE).
 *
 * A check has a function that builds one value from up to eight inputs. The value's numbers, weighted, are summed; the
 * sum's gradient by backward is compared with five-point differences, number by number and with its sign. */
#ifndef DSSM_TESTS_GRADCHECK_H
#define DSSM_TESTS_GRADCHECK_H

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "grad/grad.h"

enum { CHECK_INPUTS = 8 };

/* Where an input's numbers come from: any, positive (a variance), or lower triangles with a diagonal above ½ (rows = n·n). */
enum check_kind { CHECK_ANY, CHECK_POSITIVE, CHECK_LOWER };

struct check_input {
    int rows, lanes; /* rows 0: there are no more inputs */
    enum check_kind kind;
    double *value; /* filled by check_open */
};

struct check {
    var *(*build)(struct tape *t, var *const *x, const void *arg);
    const void *arg;
    struct check_input in[CHECK_INPUTS];
    bool views;                  /* inputs are views into larger values */
    const struct params *params; /* parameters that build reads, as constants; may be NULL */
};

static inline double check_draw(int which, int place)
{
    double x;
    draw_normal((struct draw){.seed = 77, .purpose = 9, .sequence = (uint32_t)which, .step = (uint32_t)place}, 1, &x);
    return x;
}

static inline double check_number(const struct check_input *in, int which, int r, int l)
{
    double x = check_draw(which, r * in->lanes + l);
    int n = (int)lround(sqrt(in->rows)), i = r / n, j = r % n;
    if (in->kind == CHECK_POSITIVE)
        return 0.4 + fabs(x);
    if (in->kind == CHECK_LOWER)
        return j > i ? 0 : i == j ? 0.6 + fabs(x) : 0.5 * x;
    return x;
}

static inline void check_open(struct check *c)
{
    for (int i = 0; i < CHECK_INPUTS && c->in[i].rows; i++) {
        struct check_input *in = &c->in[i];
        in->value = xmalloc(sizeof(double) * (size_t)(in->rows * in->lanes));
        for (int r = 0; r < in->rows; r++)
            for (int l = 0; l < in->lanes; l++)
                in->value[r * in->lanes + l] = check_number(in, i, r, l);
    }
}

static inline void check_close(struct check *c)
{
    for (int i = 0; i < CHECK_INPUTS; i++)
        free(c->in[i].value);
}

/* An input as a value on the tape; *source is the leaf, *at where the input's first number stands in it. */
static inline var *check_hold(struct tape *t, const struct check_input *in, bool view, var **source, int *at)
{
    *at = 0;
    if (!view)
        return *source = leaf(t, in->rows, in->lanes, (const real *)in->value);
    int lanes = in->lanes + 3;
    real *wide = xcalloc((size_t)((in->rows + 2) * lanes), sizeof *wide);
    for (int r = 0; r < in->rows; r++)
        for (int l = 0; l < in->lanes; l++)
            wide[(r + 1) * lanes + 2 + l] = (real)in->value[r * in->lanes + l];
    *source = leaf(t, in->rows + 2, lanes, wide);
    *at = (*source)->ld + 2;
    free(wide);
    return lanes_of(t, rows_of(t, *source, 1, in->rows), 2, in->lanes);
}

/* The same numbers as a constant, for faults: no gradient passes here. */
static inline var *check_cut(struct tape *t, const var *a)
{
    var *out = constant(t, a->rows, a->lanes);
    for (int r = 0; r < a->rows; r++)
        memcpy(out->v + (size_t)r * (size_t)out->ld, a->v + (size_t)r * (size_t)a->ld, sizeof(real) * (size_t)a->lanes);
    return out;
}

/* The weighted sum; gradient (an array an input) may be NULL. */
static inline double check_run(struct tape *t, const struct check *c, double *const *gradient)
{
    real none = 0;
    var *source[CHECK_INPUTS], *x[CHECK_INPUTS] = {0};
    int at[CHECK_INPUTS];
    tape_begin(t, c->params, &none, 0);
    for (int i = 0; i < CHECK_INPUTS && c->in[i].rows; i++)
        x[i] = check_hold(t, &c->in[i], c->views, &source[i], &at[i]);
    var *y = c->build(t, x, c->arg);
    double sum = 0;
    real *seed = var_gradient(y);
    for (int r = 0; r < y->rows; r++)
        for (int l = 0; l < y->lanes; l++) {
            double weight = cos(1 + 0.7 * (r * y->lanes + l));
            sum += weight * (double)y->v[r * y->ld + l];
            seed[r * y->ld + l] += (real)weight;
        }
    if (!gradient)
        return sum;
    tape_backward(t);
    for (int i = 0; i < CHECK_INPUTS && c->in[i].rows; i++)
        for (int r = 0; r < c->in[i].rows; r++)
            for (int l = 0; l < c->in[i].lanes; l++)
                gradient[i][r * c->in[i].lanes + l] = var_arrived(source[i]) ? (double)source[i]->g[at[i] + r * source[i]->ld + l] : 0;
    return sum;
}

/* Numbers above the diagonal of a lower triangle stay 0. */
static inline bool check_is_fixed(const struct check_input *in, int entry)
{
    int n = (int)lround(sqrt(in->rows)), r = entry / in->lanes;
    return in->kind == CHECK_LOWER && r % n > r / n;
}

static inline double check_difference(struct tape *t, const struct check *c, double *value)
{
    double h = 1e-3, kept = *value, f[4];
    for (int i = 0; i < 4; i++) {
        *value = kept + (double[]){-2, -1, 1, 2}[i] * h;
        f[i] = check_run(t, c, NULL);
    }
    *value = kept;
    return (f[0] - 8 * f[1] + 8 * f[2] - f[3]) / (12 * h);
}

/* The largest error of any number of the gradient, relative to max(1, |difference|); NaN if there is one. */
static inline double check_worst_once(struct check *c)
{
    struct tape *t = tape_new();
    double *gradient[CHECK_INPUTS] = {0}, worst = 0;
    check_open(c);
    for (int i = 0; i < CHECK_INPUTS && c->in[i].rows; i++)
        gradient[i] = xcalloc((size_t)(c->in[i].rows * c->in[i].lanes), sizeof(double));
    check_run(t, c, gradient);
    for (int i = 0; i < CHECK_INPUTS && c->in[i].rows; i++)
        for (int j = 0; j < c->in[i].rows * c->in[i].lanes; j++) {
            if (check_is_fixed(&c->in[i], j))
                continue;
            double expected = check_difference(t, c, &c->in[i].value[j]);
            double error = fabs(gradient[i][j] - expected) / fmax(1, fabs(expected));
            if (!(error <= worst))
                worst = error;
        }
    for (int i = 0; i < CHECK_INPUTS; i++)
        free(gradient[i]);
    check_close(c);
    tape_free(t);
    return worst;
}

/* The same with the inputs as values of their own and as views. */
static inline double check_worst(struct check c)
{
    c.views = false;
    double own = check_worst_once(&c);
    c.views = true;
    double view = check_worst_once(&c);
    return own <= view || isnan(view) ? view : own;
}

#endif
