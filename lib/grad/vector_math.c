/* Elementwise mathematics over a row of numbers. This file alone is compiled with -ffast-math, with
 * which gcc calls glibc's vector functions (libmvec); nothing here may rely on what those flags break,
 * and nobody else may use them. Errors: some 4 units in the last place, plus what the formula loses.
 * NaN in gives NaN out (tests see to it), infinities come out as the limits.
 *
 * The input may be the output (y == x), but may not overlap it otherwise. */
#include "grad/vector_math.h"

#include <string.h>
#include <tgmath.h>

#define INLINE static inline __attribute__((always_inline))

/* Rows are done in whole blocks; what is left is done in a padded copy, so that a number's result does not depend on its place. */
enum { BLOCK = 16 };

typedef real (*function)(real x);

INLINE void map_blocks(int n, const real *restrict x, real *restrict y, real bias, function f)
{
    n = n / BLOCK * BLOCK;
    for (int i = 0; i < n; i++)
        y[i] = f(x[i] + bias);
}

INLINE void map_blocks_in_place(int n, real *y, real bias, function f)
{
    n = n / BLOCK * BLOCK;
    for (int i = 0; i < n; i++)
        y[i] = f(y[i] + bias);
}

/* y = f(x + bias) */
INLINE void map(int n, const real *x, real *y, real bias, function f)
{
    if (x == y)
        map_blocks_in_place(n, y, bias, f);
    else
        map_blocks(n, x, y, bias, f);
    int done = n / BLOCK * BLOCK;
    if (done == n)
        return;
    real padded[BLOCK] = {0};
    memcpy(padded, x + done, (size_t)(n - done) * sizeof *x);
    map_blocks_in_place(BLOCK, padded, bias, f);
    memcpy(y + done, padded, (size_t)(n - done) * sizeof *y);
}

INLINE real f_exp(real x)
{
    return exp(x);
}

INLINE real f_log(real x)
{
    return log(x);
}

INLINE real f_tanh(real x)
{
    return tanh(x);
}

/* 1/(1+e⁻ˣ), without overflow: e to a negative power only. */
INLINE real f_sigmoid(real x)
{
    real e = exp(-fabs(x));
    return (x >= 0 ? 1 : e) / (1 + e);
}

/* ln(1+eˣ) = max(x,0) + ln(1+e^−|x|) */
INLINE real f_softplus(real x)
{
    return (x > 0 ? x : 0) + log1p(exp(-fabs(x)));
}

/* 1 − e⁻ʸ, the slope of softplus where its value is y. */
INLINE real f_softplus_slope(real y)
{
    return -expm1(-y);
}

void vm_exp(int n, const real *x, real *y)
{
    map(n, x, y, 0, f_exp);
}

void vm_log(int n, const real *x, real *y)
{
    map(n, x, y, 0, f_log);
}

void vm_tanh(int n, const real *x, real *y)
{
    map(n, x, y, 0, f_tanh);
}

void vm_sigmoid(int n, const real *x, real *y)
{
    map(n, x, y, 0, f_sigmoid);
}

void vm_softplus(int n, const real *x, real *y)
{
    map(n, x, y, 0, f_softplus);
}

void vm_softplus_slope(int n, const real *y, real *slope)
{
    map(n, y, slope, 0, f_softplus_slope);
}

void vm_shifted_tanh(int n, real *y, real bias)
{
    map(n, y, y, bias, f_tanh);
}

void vm_shifted_sigmoid(int n, real *y, real bias)
{
    map(n, y, y, bias, f_sigmoid);
}

void vm_shifted_softplus(int n, real *y, real bias)
{
    map(n, y, y, bias, f_softplus);
}
