/* The sums of convolutions, directly over lanes: no copy of a patch, no product of matrices. Since a pixel's channels stand below each
 * other and a row's pixels too, a patch is as many runs of rows as the kernel is high; each output's sum goes over these runs with a few
 * registers of lanes at a time. A lane's sum has one order, wherever the lane stands.
 *
 * The other way, im2col and GEMM, was measured on the layers of pictures of 64×64×3 with 750 lanes (`make bench`, conv): going down it
 * takes 1.1 to 2.0 times as long, up 1.5 to 3.7, for the kernel's gradient 1.5 to 2.7; most where channels are few and the copy of the
 * patches costs as much as their sums, least at 32 and 64 channels. So there is no rule by shape. */
#include "net/conv.h"

#include <string.h>

/* A register of lanes, at any address. */
#if defined(__AVX512F__)
enum { VEC_BYTES = 64 };
#elif defined(__AVX__)
enum { VEC_BYTES = 32 };
#else
enum { VEC_BYTES = 16 };
#endif
typedef real vec __attribute__((vector_size(VEC_BYTES), aligned(sizeof(real)), may_alias));
enum { VEC = VEC_BYTES / sizeof(real) };

/* A tile of sums that stays in registers: outputs × registers of lanes (down, up), or outputs × rows of a patch (outer). */
enum { OUTPUTS = 4, ACROSS = 3 };
typedef real weights __attribute__((vector_size(OUTPUTS * sizeof(real)), aligned(sizeof(real)), may_alias));

/* Keeps a loaded row in its register: gcc would rather load it again with each product, and loads are what a tile has too many of. */
static inline __attribute__((always_inline)) vec held(vec row)
{
#ifdef __x86_64__
    __asm__("" : "+x"(row));
#endif
    return row;
}

/* Weights are packed by OUTPUTS: block k has those of outputs 4k, 4k+1, …, for each row that a sum goes over; 0 where there is no output.
 */
struct packed {
    real *v;
    size_t block; /* numbers a block */
};

/* A run of rows that a sum goes over, with the first block's weights. */
struct run {
    const real *weights, *rows;
    int n;
};

enum { MOST_RUNS = CONV_MOST_SIZE * CONV_MOST_SIZE };

/* ---- sums of a pixel's channels ---- */

/* Loops over a tile are unrolled early (gcc does it late by itself, and then keeps the sums in memory around the tile: a third of a thin
 * layer's time). */
static inline __attribute__((always_inline)) void sum_tile(int outputs, int across, const struct run *run, int runs, size_t skip, int at,
                                                           size_t ld, real *out, size_t ldo)
{
    vec sum[OUTPUTS][ACROSS] = {0};
    for (int k = 0; k < runs; k++) {
        const real *w = run[k].weights + skip, *x = run[k].rows + at;
        for (int r = 0; r < run[k].n; r++, w += OUTPUTS, x += ld) {
            vec row[ACROSS];
#pragma GCC unroll 4
            for (int a = 0; a < across; a++)
                row[a] = held(*(const vec *)(x + a * VEC));
#pragma GCC unroll 4
            for (int i = 0; i < outputs; i++)
#pragma GCC unroll 4
                for (int a = 0; a < across; a++)
                    sum[i][a] += w[i] * row[a];
        }
    }
#pragma GCC unroll 4
    for (int i = 0; i < outputs; i++)
#pragma GCC unroll 4
        for (int a = 0; a < across; a++)
            *(vec *)(out + (size_t)i * ldo + at + a * VEC) = sum[i][a];
}

/* The same for lanes too few to fill a register, which the outputs' weights fill instead. */
static void sum_few(int outputs, const struct run *run, int runs, size_t skip, int lanes, size_t ld, real *out, size_t ldo)
{
    for (int l = 0; l < lanes; l++) {
        weights sum = {0};
        for (int k = 0; k < runs; k++) {
            const real *w = run[k].weights + skip, *x = run[k].rows + l;
            for (int r = 0; r < run[k].n; r++, w += OUTPUTS, x += ld)
                sum += *(const weights *)w * *x;
        }
        for (int i = 0; i < outputs; i++)
            out[(size_t)i * ldo + (size_t)l] = sum[i];
    }
}

static void sum_outputs(int outputs, bool wide, const struct run *run, int runs, size_t skip, int at, size_t ld, real *out, size_t ldo)
{
    switch (outputs + (wide ? OUTPUTS : 0)) {
    case 1: sum_tile(1, 1, run, runs, skip, at, ld, out, ldo); break;
    case 2: sum_tile(2, 1, run, runs, skip, at, ld, out, ldo); break;
    case 3: sum_tile(3, 1, run, runs, skip, at, ld, out, ldo); break;
    case 4: sum_tile(4, 1, run, runs, skip, at, ld, out, ldo); break;
    case 5: sum_tile(1, ACROSS, run, runs, skip, at, ld, out, ldo); break;
    case 6: sum_tile(2, ACROSS, run, runs, skip, at, ld, out, ldo); break;
    case 7: sum_tile(3, ACROSS, run, runs, skip, at, ld, out, ldo); break;
    default: sum_tile(OUTPUTS, ACROSS, run, runs, skip, at, ld, out, ldo); break;
    }
}

/* All channels of one pixel, lane block by lane block; the last one may do again what the one before it did. */
static void sum_pixel(const struct run *run, int runs, const struct packed *p, int channels, struct lanes in, real *out, size_t ldo)
{
    for (int at = 0; at < in.n;) {
        bool few = in.n < VEC, wide = at + ACROSS * VEC <= in.n;
        int from = few || wide || at + VEC <= in.n ? at : in.n - VEC;
        for (int c = 0; c < channels; c += OUTPUTS) {
            int outputs = channels - c < OUTPUTS ? channels - c : OUTPUTS;
            size_t skip = (size_t)(c / OUTPUTS) * p->block;
            real *to = out + (size_t)c * ldo;
            if (few)
                sum_few(outputs, run, runs, skip, in.n, in.ld, to, ldo);
            else
                sum_outputs(outputs, wide, run, runs, skip, from, in.ld, to, ldo);
        }
        at = few ? in.n : from + (wide ? ACROSS : 1) * VEC;
    }
}

/* bias and activation on the channels of a pixel */
static void finish_pixel(real *pixel, size_t ld, int lanes, int channels, const struct finish *end)
{
    if (!end->bias && end->act == ACT_NONE)
        return;
    for (int c = 0; c < channels; c++)
        activation_apply(lanes, pixel + (size_t)c * ld, end->bias ? end->bias->v[(size_t)c * (size_t)end->bias->ld] : 0, end->act);
}

/* A pixel's sums to where they belong; aside: room for them where they are to be added. */
static void put_pixel(const struct run *run, int runs, const struct packed *p, int channels, struct lanes in, real *out, size_t ldo,
                      real *aside, const struct finish *end)
{
    size_t n = (size_t)in.n;
    sum_pixel(run, runs, p, channels, in, end->add ? aside : out, end->add ? n : ldo);
    if (!end->add)
        finish_pixel(out, ldo, in.n, channels, end);
    for (int c = 0; end->add && c < channels; c++)
        for (size_t l = 0; l < n; l++)
            out[(size_t)c * ldo + l] += aside[(size_t)c * n + l];
}

static struct packed pack_new(struct tape *t, int outputs, int rows)
{
    struct packed p = {.block = (size_t)rows * OUTPUTS};
    size_t bytes = (size_t)((outputs + OUTPUTS - 1) / OUTPUTS) * p.block * sizeof(real);
    p.v = memset(tape_alloc(t, bytes), 0, bytes);
    return p;
}

static real *packed_at(const struct packed *p, int output, int row)
{
    return p->v + (size_t)(output / OUTPUTS) * p->block + (size_t)row * OUTPUTS + (size_t)(output % OUTPUTS);
}

static void *room_aside(struct tape *t, int channels, int lanes, const struct finish *end)
{
    return end->add ? tape_alloc(t, (size_t)channels * (size_t)lanes * sizeof(real)) : NULL;
}

/* ---- from fine to coarse ---- */

/* Rows of the patch in its own order. */
static struct packed pack_down(struct tape *t, const var *K)
{
    struct packed p = pack_new(t, K->rows, K->lanes);
    for (int co = 0; co < K->rows; co++)
        for (int r = 0; r < K->lanes; r++)
            *packed_at(&p, co, r) = K->v[(size_t)co * (size_t)K->ld + (size_t)r];
    return p;
}

void conv_down(struct tape *t, const struct conv *c, const var *K, struct lanes fine, struct lanes coarse, struct finish end)
{
    int ci = c->fine.channels;
    struct packed p = pack_down(t, K);
    real *aside = room_aside(t, c->coarse.channels, fine.n, &end);
    for (int i = 0; i < c->coarse.height; i++)
        for (int j = 0; j < c->coarse.width; j++) {
            struct run run[CONV_MOST_SIZE];
            int y0, y1, x0, x1, n = 0;
            taps_inside(c, i, c->fine.height, &y0, &y1);
            taps_inside(c, j, c->fine.width, &x0, &x1);
            for (int ky = y0; ky < y1; ky++)
                run[n++] = (struct run){p.v + (size_t)((ky * c->size + x0) * ci) * OUTPUTS,
                                        pixel_at(fine, c->fine, c->stride * i - c->pad + ky, c->stride * j - c->pad + x0), (x1 - x0) * ci};
            put_pixel(run, n, &p, c->coarse.channels, fine, pixel_at(coarse, c->coarse, i, j), coarse.ld, aside, &end);
        }
}

/* ---- from coarse to fine ---- */

/* The kernel of the way back: outputs ci, rows (ky, kx, co). */
static struct packed pack_up(struct tape *t, const struct conv *c, const var *K)
{
    int taps = c->size * c->size, ci = c->fine.channels, co = c->coarse.channels;
    struct packed p = pack_new(t, ci, taps * co);
    for (int o = 0; o < co; o++)
        for (int tap = 0; tap < taps; tap++)
            for (int i = 0; i < ci; i++)
                *packed_at(&p, i, tap * co + o) = K->v[(size_t)o * (size_t)K->ld + (size_t)(tap * ci + i)];
    return p;
}

/* The coarse places whose kernel covers fine place y: from *from to *to − 1. */
static void covers(const struct conv *c, int y, int places, int *from, int *to)
{
    int low = y + c->pad - c->size + 1, high = (y + c->pad) / c->stride;
    *from = low <= 0 ? 0 : (low + c->stride - 1) / c->stride;
    *to = high < places ? high + 1 : places;
}

void conv_up(struct tape *t, const struct conv *c, const var *K, struct lanes coarse, struct lanes fine, struct finish end)
{
    int co = c->coarse.channels;
    struct packed p = pack_up(t, c, K);
    real *aside = room_aside(t, c->fine.channels, fine.n, &end);
    for (int y = 0; y < c->fine.height; y++)
        for (int x = 0; x < c->fine.width; x++) {
            struct run run[MOST_RUNS];
            int i0, i1, j0, j1, n = 0;
            covers(c, y, c->coarse.height, &i0, &i1);
            covers(c, x, c->coarse.width, &j0, &j1);
            for (int i = i0; i < i1; i++)
                for (int j = j0; j < j1; j++) {
                    int tap = (y + c->pad - c->stride * i) * c->size + x + c->pad - c->stride * j;
                    run[n++] = (struct run){p.v + (size_t)(tap * co) * OUTPUTS, pixel_at(coarse, c->coarse, i, j), co};
                }
            put_pixel(run, n, &p, c->fine.channels, coarse, pixel_at(fine, c->fine, y, x), fine.ld, aside, &end);
        }
}

/* ---- the kernel's gradient ---- */

static inline __attribute__((always_inline)) real vec_total(vec v)
{
    real sum = v[0];
    for (int i = 1; i < VEC; i++)
        sum += v[i];
    return sum;
}

/* Σ over lanes of `outputs` coarse rows times `rows` rows of a patch. keep: 1 where the last register has lanes that no other has. */
static inline __attribute__((always_inline)) void dot_tile(int outputs, int rows, int lanes, const real *g, size_t ldg, const real *x,
                                                           size_t ldx, const vec *keep, real *out, size_t ldo)
{
    vec sum[OUTPUTS][ACROSS] = {0};
    int l = 0;
    for (; l + VEC <= lanes; l += VEC) {
        vec row[ACROSS];
        for (int r = 0; r < rows; r++)
            row[r] = held(*(const vec *)(x + (size_t)r * ldx + l));
        for (int i = 0; i < outputs; i++) {
            vec gi = held(*(const vec *)(g + (size_t)i * ldg + l));
            for (int r = 0; r < rows; r++)
                sum[i][r] += gi * row[r];
        }
    }
    if (l < lanes)
        for (int r = 0; r < rows; r++)
            for (int i = 0; i < outputs; i++)
                sum[i][r] += *keep * *(const vec *)(g + (size_t)i * ldg + lanes - VEC) * *(const vec *)(x + (size_t)r * ldx + lanes - VEC);
    for (int i = 0; i < outputs; i++)
        for (int r = 0; r < rows; r++)
            out[(size_t)i * ldo + (size_t)r] += vec_total(sum[i][r]);
}

static void dot_few(int outputs, int rows, int lanes, const real *g, size_t ldg, const real *x, size_t ldx, real *out, size_t ldo)
{
    for (int i = 0; i < outputs; i++)
        for (int r = 0; r < rows; r++) {
            real sum = 0;
            for (int l = 0; l < lanes; l++)
                sum += g[(size_t)i * ldg + (size_t)l] * x[(size_t)r * ldx + (size_t)l];
            out[(size_t)i * ldo + (size_t)r] += sum;
        }
}

static void dot_rows(int outputs, int rows, int lanes, const real *g, size_t ldg, const real *x, size_t ldx, const vec *keep, real *out,
                     size_t ldo)
{
    if (lanes < VEC)
        dot_few(outputs, rows, lanes, g, ldg, x, ldx, out, ldo);
    else if (outputs == OUTPUTS && rows == ACROSS)
        dot_tile(OUTPUTS, ACROSS, lanes, g, ldg, x, ldx, keep, out, ldo);
    else if (outputs == OUTPUTS && rows == 2)
        dot_tile(OUTPUTS, 2, lanes, g, ldg, x, ldx, keep, out, ldo);
    else if (outputs == OUTPUTS)
        dot_tile(OUTPUTS, 1, lanes, g, ldg, x, ldx, keep, out, ldo);
    else
        for (int i = 0; i < outputs; i++)
            for (int r = 0; r < rows; r++)
                dot_tile(1, 1, lanes, g + (size_t)i * ldg, ldg, x + (size_t)r * ldx, ldx, keep, out + (size_t)i * ldo + r, ldo);
}

void conv_outer(const struct conv *c, struct lanes coarse, struct lanes fine, real *gradient, size_t ld)
{
    int ci = c->fine.channels, co = c->coarse.channels;
    vec keep = {0};
    for (int i = 0; i < VEC; i++)
        keep[i] = i >= VEC - coarse.n % VEC;
    for (int i = 0; i < c->coarse.height; i++)
        for (int j = 0; j < c->coarse.width; j++) {
            int y0, y1, x0, x1;
            const real *g = pixel_at(coarse, c->coarse, i, j);
            taps_inside(c, i, c->fine.height, &y0, &y1);
            taps_inside(c, j, c->fine.width, &x0, &x1);
            for (int ky = y0; ky < y1; ky++) {
                const real *x = pixel_at(fine, c->fine, c->stride * i - c->pad + ky, c->stride * j - c->pad + x0);
                real *to = gradient + (size_t)(ky * c->size + x0) * (size_t)ci;
                int n = (x1 - x0) * ci;
                for (int r = 0; r < n; r += ACROSS)
                    for (int o = 0; o < co; o += OUTPUTS)
                        dot_rows(co - o < OUTPUTS ? co - o : OUTPUTS, n - r < ACROSS ? n - r : ACROSS, coarse.n, g + (size_t)o * coarse.ld,
                                 coarse.ld, x + (size_t)r * fine.ld, fine.ld, &keep, to + (size_t)o * ld + r, ld);
            }
        }
}
