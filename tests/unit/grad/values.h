/* What the value tests of lib/grad share: inputs from a fixed seed, held plainly or as views, and comparisons with plain
 * computations in double. The float and the double build of a test differ in the tolerance alone. */
#ifndef DSSM_TESTS_GRAD_VALUES_H
#define DSSM_TESTS_GRAD_VALUES_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "grad/grad.h"

#define TOLERANCE (sizeof(real) == sizeof(double) ? 1e-12 : 4e-6)

static inline double number(const var *a, int row, int lane)
{
    return (double)a->v[(size_t)row * (size_t)a->ld + (size_t)lane];
}
static inline double slope_number(const var *a, int row, int lane)
{
    return (double)a->g[(size_t)row * (size_t)a->ld + (size_t)lane];
}

static inline bool is_near(double got, double expected, double tolerance)
{
    if (isnan(expected) || isnan(got))
        return isnan(expected) && isnan(got);
    if (isinf(expected) || isinf(got))
        return got == expected;
    return fabs(got - expected) <= tolerance * fmax(1, fabs(expected));
}
#define assert_near(got, expected)                                                                                                         \
    do {                                                                                                                                   \
        double got_ = (got), expected_ = (expected);                                                                                       \
        if (!is_near(got_, expected_, TOLERANCE))                                                                                          \
            fail_msg("got %.17g, expected %.17g", got_, expected_);                                                                        \
    } while (0)

static inline double drawn(int which, int place)
{
    double x;
    draw_normal((struct draw){.seed = 11, .purpose = 3, .sequence = (uint32_t)which, .step = (uint32_t)place}, 1, &x);
    return x;
}

/* A leaf of standard normal numbers; as a view it lies inside a larger leaf (ld > lanes). */
static inline var *normal_leaf(struct tape *t, int rows, int lanes, int which, bool view)
{
    int top = view ? 1 : 0, left = view ? 2 : 0, all_rows = rows + 2 * top, all = lanes + 2 * left;
    real *values = xcalloc((size_t)(all_rows * all), sizeof *values);
    for (int i = 0; i < rows; i++)
        for (int l = 0; l < lanes; l++)
            values[(i + top) * all + l + left] = (real)drawn(which, i * lanes + l);
    var *a = leaf(t, all_rows, all, values);
    free(values);
    return view ? lanes_of(t, rows_of(t, a, top, rows), left, lanes) : a;
}

/* Lower triangles with a diagonal above ½, (n·n)×lanes. */
static inline var *lower_leaf(struct tape *t, int n, int lanes, int which)
{
    var *L = normal_leaf(t, n * n, lanes, which, false);
    for (int i = 0; i < n; i++)
        for (int j = 0; j < n; j++)
            for (int l = 0; l < lanes; l++) {
                real *x = &L->v[(i * n + j) * L->ld + l];
                *x = j > i ? 0 : i == j ? (real)0.5 + (real)fabs((double)*x) : (real)0.3 * *x;
            }
    return L;
}

/* A tape on which leaves have gradients, and no parameters. */
static real no_parameters;
static inline struct tape *fresh_tape(void)
{
    struct tape *t = tape_new();
    tape_begin(t, NULL, &no_parameters, GROUP_ALL);
    return t;
}

#endif
