/* Elementwise mathematics over a row of numbers. This file alone is compiled with -ffast-math, with
 * which gcc calls glibc's vector functions (libmvec); nothing here may rely on what those flags break,
 * and nobody else may use them. Errors: some 4 units in the last place, plus what the formula loses.
 * NaN in gives NaN out (tests see to it), infinities come out as the limits.
 *
 * The input may be the output (y == x), but may not overlap it otherwise. */
#include "grad/vector_math.h"

#include <string.h>
#include <tgmath.h>

/* Rows are done in whole blocks; what is left over is done in a padded copy by the same code, so that a number's result does
 * not depend on its place. */
enum { BLOCK = 16 };

#if defined(__has_attribute) && __has_attribute(noipa)
#define ONE_COPY __attribute__((noipa)) /* no second copy of the code for a known n */
#else
#define ONE_COPY __attribute__((noinline))
#endif

/* y = f(y + bias) for n numbers, whole blocks. */
typedef void (*blocks)(int n, real *y, real bias);

/* The same for any n. */
static void in_place(int n, real *y, real bias, blocks f)
{
    int whole = n / BLOCK * BLOCK;
    f(whole, y, bias);
    if (whole == n)
        return;
    real padded[BLOCK] = {0};
    size_t bytes = (size_t)(n - whole) * sizeof *y;
    memcpy(padded, y + whole, bytes);
    f(BLOCK, padded, bias);
    memcpy(y + whole, padded, bytes);
}

/* y = f(x) */
static void map(int n, const real *x, real *y, blocks f)
{
    if (x != y)
        memcpy(y, x, (size_t)n * sizeof *y);
    in_place(n, y, 0, f);
}

ONE_COPY static void exp_blocks(int n, real *y, real bias)
{
    for (int i = 0; i < n / BLOCK * BLOCK; i++)
        y[i] = exp(y[i] + bias);
}

ONE_COPY static void log_blocks(int n, real *y, real bias)
{
    for (int i = 0; i < n / BLOCK * BLOCK; i++)
        y[i] = log(y[i] + bias);
}

ONE_COPY static void tanh_blocks(int n, real *y, real bias)
{
    for (int i = 0; i < n / BLOCK * BLOCK; i++)
        y[i] = tanh(y[i] + bias);
}

/* 1/(1+e⁻ˣ), without overflow: e to a negative power only. */
ONE_COPY static void sigmoid_blocks(int n, real *y, real bias)
{
    for (int i = 0; i < n / BLOCK * BLOCK; i++) {
        real x = y[i] + bias, e = exp(-fabs(x));
        y[i] = (x >= 0 ? 1 : e) / (1 + e);
    }
}

void vm_exp(int n, const real *x, real *y)
{
    map(n, x, y, exp_blocks);
}

void vm_log(int n, const real *x, real *y)
{
    map(n, x, y, log_blocks);
}

void vm_tanh(int n, const real *x, real *y)
{
    map(n, x, y, tanh_blocks);
}

void vm_sigmoid(int n, const real *x, real *y)
{
    map(n, x, y, sigmoid_blocks);
}

void vm_shifted_tanh(int n, real *y, real bias)
{
    in_place(n, y, bias, tanh_blocks);
}

void vm_shifted_sigmoid(int n, real *y, real bias)
{
    in_place(n, y, bias, sigmoid_blocks);
}
