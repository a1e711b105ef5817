/* What working across lanes and glibc's vector mathematics are worth, against the same work done number by number or matrix by
 * matrix in the same run. Larger is better. */
#include <cblas.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "grad/grad.h"

enum { LANES = 64, N = 3, NUMBERS = 4096, TIMES = 400, ROUNDS = 9 };

static real x[NUMBERS], y[NUMBERS], A[N * N * LANES], B[N * N * LANES], C[N * N * LANES];

static void vector_tanh(void)
{
    vm_tanh(NUMBERS, x, y);
}

static void plain_tanh(void)
{
    for (int i = 0; i < NUMBERS; i++)
        y[i] = tanhf(x[i]);
}

static struct tape *tape;
static var *a, *b;

static void product_across_lanes(void)
{
    for (int i = 0; i < 16; i++)
        mat_mul(tape, a, b, N, N, N);
}

static void product_by_gemm(void)
{
    for (int i = 0; i < 16 * LANES; i++) {
        int at = i % LANES * N * N;
        cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, N, N, N, 1, A + at, N, B + at, N, 0, C + at, N);
    }
}

/* Seconds for TIMES calls; the tape's memory is taken back before each. */
static double seconds_of(void (*work)(void))
{
    double begin = seconds_now();
    for (int i = 0; i < TIMES; i++) {
        tape_begin(tape, NULL, NULL, 0);
        a = constant(tape, N * N, LANES);
        b = constant(tape, N * N, LANES);
        for (int j = 0; j < N * N * LANES; j++)
            a->v[j] = b->v[j] = A[j];
        work();
    }
    return seconds_now() - begin;
}

/* The least of several rounds, taken in turns, so that a disturbance hits both or neither. */
static void compare(const char *name, void (*ours)(void), void (*theirs)(void))
{
    double our = INFINITY, their = INFINITY;
    for (int i = 0; i < ROUNDS; i++) {
        our = fmin(our, seconds_of(ours));
        their = fmin(their, seconds_of(theirs));
    }
    printf("%s: ratio %.1f\n", name, their / our);
}

int main(void)
{
    for (int i = 0; i < NUMBERS; i++)
        x[i] = (real)(i % 400) / 100 - 2;
    for (int i = 0; i < N * N * LANES; i++)
        A[i] = B[i] = (real)(i % 17) / 16;
    tape = tape_new();
    compare("tanh by tanhf / tanh by vectors", vector_tanh, plain_tanh);
    compare("3x3 products by sgemm / across lanes", product_across_lanes, product_by_gemm);
    tape_free(tape);
    return 0;
}
