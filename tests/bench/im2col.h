/* The sums of a convolution by products of matrices, for comparison with lib/net/conv_lanes.c: the patches of a row of coarse pixels, for
 * some lanes at a time, are copied side by side (im2col), and one GEMM does the sums. The copy is a tile of at most TILE numbers, whatever
 * the number of lanes. */
#ifndef DSSM_BENCH_IM2COL_H
#define DSSM_BENCH_IM2COL_H

#include "net/conv.h"

#include <cblas.h>
#include <string.h>

enum { TILE = 1 << 17 };

static void gemm(bool ta, bool tb, int n, int m, int k, const real *A, int lda, const real *B, int ldb, real beta, real *C, int ldc)
{
    CBLAS_TRANSPOSE opa = ta ? CblasTrans : CblasNoTrans, opb = tb ? CblasTrans : CblasNoTrans;
    cblas_sgemm(CblasRowMajor, opa, opb, n, m, k, 1, A, lda, B, ldb, beta, C, ldc);
}

/* Room for the patches and the coarse numbers of a row's pixels over `lanes` lanes; columns pixel·lanes + lane. */
struct tile {
    real *patches, *coarse;
    int rows, lanes;
};

static struct tile tile_new(struct tape *t, const struct conv *c, int lanes)
{
    struct tile tile = {.rows = c->size * c->size * c->fine.channels};
    int wide = c->coarse.width, most = TILE / (tile.rows * wide);
    tile.lanes = most < 8 ? 8 : most < lanes ? most / 8 * 8 : lanes;
    if (tile.lanes > lanes)
        tile.lanes = lanes;
    tile.patches = tape_alloc(t, (size_t)tile.rows * (size_t)wide * (size_t)tile.lanes * sizeof(real));
    tile.coarse = tape_alloc(t, (size_t)c->coarse.channels * (size_t)wide * (size_t)tile.lanes * sizeof(real));
    return tile;
}

/* Walks over the rows of all patches of coarse row i, for lanes at..at+n−1: copies them from fine to the tile, or adds them to fine. */
static void move_patches(const struct conv *c, const struct tile *tile, int i, struct lanes fine, int at, int n, bool back)
{
    size_t ld = (size_t)c->coarse.width * (size_t)n;
    int y0, y1, x0, x1, ci = c->fine.channels;
    taps_inside(c, i, c->fine.height, &y0, &y1);
    for (int r = 0; r < tile->rows; r++)
        for (int j = 0; j < c->coarse.width; j++) {
            int ky = r / ci / c->size, kx = r / ci % c->size;
            real *column = tile->patches + (size_t)r * ld + (size_t)j * (size_t)n;
            taps_inside(c, j, c->fine.width, &x0, &x1);
            bool inside = ky >= y0 && ky < y1 && kx >= x0 && kx < x1;
            if (!inside) {
                if (!back)
                    memset(column, 0, (size_t)n * sizeof *column);
                continue;
            }
            real *row = pixel_at(fine, c->fine, c->stride * i - c->pad + ky, c->stride * j - c->pad + kx) + (size_t)(r % ci) * fine.ld + at;
            if (back)
                for (int l = 0; l < n; l++)
                    row[l] += column[l];
            else
                memcpy(column, row, (size_t)n * sizeof *column);
        }
}

/* The coarse numbers of row i from or to the tile. */
static void move_coarse(const struct conv *c, const struct tile *tile, int i, struct lanes coarse, int at, int n, bool back)
{
    size_t ld = (size_t)c->coarse.width * (size_t)n;
    for (int j = 0; j < c->coarse.width; j++)
        for (int o = 0; o < c->coarse.channels; o++) {
            real *column = tile->coarse + (size_t)o * ld + (size_t)j * (size_t)n;
            real *row = pixel_at(coarse, c->coarse, i, j) + (size_t)o * coarse.ld + at;
            if (!back)
                memcpy(column, row, (size_t)n * sizeof *row);
            else
                memcpy(row, column, (size_t)n * sizeof *row);
        }
}

static void im2col_down(struct tape *t, const struct conv *c, const var *K, struct lanes fine, struct lanes coarse)
{
    struct tile tile = tile_new(t, c, fine.n);
    for (int at = 0; at < fine.n; at += tile.lanes)
        for (int i = 0; i < c->coarse.height; i++) {
            int n = fine.n - at < tile.lanes ? fine.n - at : tile.lanes, columns = c->coarse.width * n;
            move_patches(c, &tile, i, fine, at, n, false);
            gemm(false, false, c->coarse.channels, columns, tile.rows, K->v, K->ld, tile.patches, columns, 0, tile.coarse, columns);
            move_coarse(c, &tile, i, coarse, at, n, true);
        }
}

static void im2col_up(struct tape *t, const struct conv *c, const var *K, struct lanes coarse, struct lanes fine)
{
    struct tile tile = tile_new(t, c, fine.n);
    size_t rows = (size_t)c->fine.height * (size_t)c->fine.width * (size_t)c->fine.channels;
    for (size_t r = 0; r < rows; r++)
        memset(fine.v + r * fine.ld, 0, (size_t)fine.n * sizeof(real));
    for (int at = 0; at < fine.n; at += tile.lanes)
        for (int i = 0; i < c->coarse.height; i++) {
            int n = fine.n - at < tile.lanes ? fine.n - at : tile.lanes, columns = c->coarse.width * n;
            move_coarse(c, &tile, i, coarse, at, n, false);
            gemm(true, false, tile.rows, columns, c->coarse.channels, K->v, K->ld, tile.coarse, columns, 0, tile.patches, columns);
            move_patches(c, &tile, i, fine, at, n, true);
        }
}

static void im2col_outer(struct tape *t, const struct conv *c, struct lanes coarse, struct lanes fine, real *gradient, size_t ld)
{
    struct tile tile = tile_new(t, c, fine.n);
    for (int at = 0; at < fine.n; at += tile.lanes)
        for (int i = 0; i < c->coarse.height; i++) {
            int n = fine.n - at < tile.lanes ? fine.n - at : tile.lanes, columns = c->coarse.width * n;
            move_patches(c, &tile, i, fine, at, n, false);
            move_coarse(c, &tile, i, coarse, at, n, false);
            gemm(false, true, c->coarse.channels, tile.rows, columns, tile.coarse, columns, tile.patches, columns, 1, gradient, (int)ld);
        }
}

#endif
