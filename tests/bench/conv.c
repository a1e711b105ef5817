/* Convolutions in two ways: directly over lanes, and by im2col and GEMM. The layers of networks for pictures of 64×64×3, a chunk's lanes
 * (25 sequences of 30 steps), one thread; each of the three sums that a layer needs, forward and backward. Ratio: seconds by GEMM over
 * seconds over lanes; above 1 the library's way is the faster one. */
#include "im2col.h"

#include <cblas.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { LANES = 750, ROUNDS = 5 };

static struct tape *tape;

struct layer {
    struct conv conv;
    var *K;
    struct lanes fine, coarse;
    real *gradient;
};

static struct lanes numbers(int rows)
{
    struct lanes a = {xmalloc((size_t)rows * LANES * sizeof(real)), LANES, LANES};
    for (size_t i = 0; i < (size_t)rows * LANES; i++)
        a.v[i] = (real)1e-3 * (real)(i % 97);
    return a;
}

static void over_lanes(const struct layer *l, int sum)
{
    const struct finish end = {.act = ACT_NONE};
    if (sum == 0)
        conv_down(tape, &l->conv, l->K, l->fine, l->coarse, end);
    else if (sum == 1)
        conv_up(tape, &l->conv, l->K, l->coarse, l->fine, end);
    else
        conv_outer(&l->conv, l->coarse, l->fine, l->gradient, (size_t)l->K->ld);
}

static void by_gemm(const struct layer *l, int sum)
{
    if (sum == 0)
        im2col_down(tape, &l->conv, l->K, l->fine, l->coarse);
    else if (sum == 1)
        im2col_up(tape, &l->conv, l->K, l->coarse, l->fine);
    else
        im2col_outer(tape, &l->conv, l->coarse, l->fine, l->gradient, (size_t)l->K->ld);
}

/* Processor time: what else the machine does matters less. */
static double seconds_of_this_thread(void)
{
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static double seconds_of(const struct layer *l, void (*way)(const struct layer *, int), int sum)
{
    double began = seconds_of_this_thread();
    way(l, sum);
    return seconds_of_this_thread() - began;
}

static void compare(int side, int fine, int coarse)
{
    static const char *const names[] = {"down", "up", "outer"};
    struct layer l = {.conv = conv_of((struct image){side, side, fine}, coarse, 4, 2, 1)};
    tape_begin(tape, NULL, NULL, 0);
    l.K = filled(tape, coarse, 16 * fine, 1e-3);
    l.fine = numbers(image_rows(l.conv.fine));
    l.coarse = numbers(image_rows(l.conv.coarse));
    l.gradient = xcalloc((size_t)coarse * 16 * (size_t)fine, sizeof(real));
    double flops = 2.0 * l.conv.coarse.height * l.conv.coarse.width * coarse * 16 * fine * LANES;
    for (int sum = 0; sum < 3; sum++) {
        double direct = INFINITY, gemm = INFINITY;
        for (int r = 0; r < ROUNDS; r++) { /* in turns, the best of each */
            direct = fmin(direct, seconds_of(&l, over_lanes, sum));
            gemm = fmin(gemm, seconds_of(&l, by_gemm, sum));
        }
        printf("conv_%d_%d_to_%d_%s_gemm_over_lanes: ratio %.2f (%.1f ms, over lanes %.1f ms: %.0f GFLOP/s)\n", side, fine, coarse,
               names[sum], gemm / direct, 1e3 * gemm, 1e3 * direct, 1e-9 * flops / direct);
    }
    free(l.fine.v);
    free(l.coarse.v);
    free(l.gradient);
}

int main(void)
{
    openblas_set_num_threads(1);
    tape = tape_new();
    compare(64, 3, 8);
    compare(32, 8, 16);
    compare(16, 16, 32);
    compare(8, 32, 32);
    compare(64, 3, 16);
    compare(32, 16, 32);
    compare(16, 32, 64);
    compare(8, 64, 64);
    tape_free(tape);
    return 0;
}
