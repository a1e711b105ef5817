/* Convolutions by plain loops, number by number: the truth for the tests of lib/net's convolutions and networks. */
#ifndef DSSM_TESTS_NET_PICTURES_H
#define DSSM_TESTS_NET_PICTURES_H

#include <math.h>
#include <stdlib.h>

#include "net/net.h"

/* Row of pixel (y, x), channel c. */
static inline int plain_row(struct image i, int y, int x, int c)
{
    return (y * i.width + x) * i.channels + c;
}

/* Column of K for tap (ky, kx) and channel c of the fine picture. */
static inline int plain_column(const struct conv *g, int ky, int kx, int c)
{
    return (ky * g->size + kx) * g->fine.channels + c;
}

/* One lane: out += K ∗ x, or with `back` out += Kᵀ ∗ x, K's rows `cols` apart. Goes over all pairs of a coarse pixel and a tap. */
static inline void plain_convolution(const struct conv *g, bool back, const double *K, const double *x, double *out)
{
    int cols = g->size * g->size * g->fine.channels;
    for (int i = 0; i < g->coarse.height; i++)
        for (int j = 0; j < g->coarse.width; j++)
            for (int ky = 0; ky < g->size; ky++)
                for (int kx = 0; kx < g->size; kx++) {
                    int y = g->stride * i + ky - g->pad, column = g->stride * j + kx - g->pad;
                    if (y < 0 || y >= g->fine.height || column < 0 || column >= g->fine.width)
                        continue;
                    for (int o = 0; o < g->coarse.channels; o++)
                        for (int c = 0; c < g->fine.channels; c++) {
                            double weight = K[o * cols + plain_column(g, ky, kx, c)];
                            int coarse = plain_row(g->coarse, i, j, o), fine = plain_row(g->fine, y, column, c);
                            out[back ? fine : coarse] += weight * x[back ? coarse : fine];
                        }
                }
}

#endif
