/* What the files of convolutions share and nobody else needs: the three sums that a layer is made of, forward and backward.
 *
 * A kernel K is coarse.channels × (size·size·fine.channels): row co, column (ky·size + kx)·fine.channels + ci. The fine pixel that tap
 * (ky, kx) of coarse pixel (i, j) lies on is (stride·i + ky − pad, stride·j + kx − pad); outside of the picture there is nothing. */
#ifndef DSSM_NET_CONV_H
#define DSSM_NET_CONV_H

#include "net/net.h"

/* Rows of lanes: a value's numbers, or its gradient's. */
struct lanes {
    real *v;
    size_t ld;
    int n; /* lanes */
};

/* What becomes of an output's sums: added to what is there, or assigned as act(sum + bias of the channel). */
struct finish {
    bool add;
    const var *bias; /* channels×1 or NULL */
    enum activation act;
};

/* coarse = K fine: every pixel from the patch under its kernel (conv_lanes.c; scratch is taken from the tape) */
void conv_down(struct tape *t, const struct conv *c, const var *K, struct lanes fine, struct lanes coarse, struct finish end);
/* fine = Kᵀ coarse: the same products, summed the other way */
void conv_up(struct tape *t, const struct conv *c, const var *K, struct lanes coarse, struct lanes fine, struct finish end);
/* gradient of K (rows ld apart) += Σ over pixels and lanes, coarse · patch of fine */
void conv_outer(const struct conv *c, struct lanes coarse, struct lanes fine, real *gradient, size_t ld);

static inline real *pixel_at(struct lanes a, struct image image, int y, int x)
{
    return a.v + ((size_t)y * (size_t)image.width + (size_t)x) * (size_t)image.channels * a.ld;
}

/* The taps from *from to *to − 1 of coarse place i lie inside 0..side−1. */
static inline void taps_inside(const struct conv *c, int i, int side, int *from, int *to)
{
    int first = c->stride * i - c->pad;
    *from = first < 0 ? -first : 0;
    *to = first + c->size > side ? side - first : c->size;
}

#endif
