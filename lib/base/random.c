/* Counter-based random numbers: Philox 4x32-10 (Salmon et al. 2011) from Random123. */
#include "base/base.h"

#include <math.h>
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wconversion"
#pragma GCC diagnostic ignored "-Wsign-conversion"
#pragma GCC diagnostic ignored "-Wundef"
#include <Random123/philox.h>
#pragma GCC diagnostic pop

/* Four random words: counter (update, sequence, step, purpose·2¹⁶ + block), key the seed. */
static philox4x32_ctr_t four_words(const struct draw *d, uint32_t block)
{
    philox4x32_ctr_t counter = {{d->update, d->sequence, d->step, d->purpose << 16 ^ block}};
    philox4x32_key_t key = {{(uint32_t)d->seed, (uint32_t)(d->seed >> 32)}};
    return philox4x32(counter, key);
}

/* A word as a number in (0, 1): the middle of one of 2³² equal cells. */
static double unit(uint32_t word)
{
    return ((double)word + 0.5) * 0x1p-32;
}

void draw_uniform(struct draw d, int n, double *out)
{
    for (int i = 0; i < n; i += 4) {
        philox4x32_ctr_t words = four_words(&d, (uint32_t)(i / 4));
        for (int j = 0; j < 4 && i + j < n; j++)
            out[i + j] = unit(words.v[j]);
    }
}

/* Four standard normal numbers from four words (Box and Muller 1958). */
static void four_normals(philox4x32_ctr_t words, double out[4])
{
    for (int pair = 0; pair < 2; pair++) {
        double radius = sqrt(-2 * log(unit(words.v[2 * pair])));
        double angle = 2 * M_PI * unit(words.v[2 * pair + 1]);
        out[2 * pair] = radius * cos(angle);
        out[2 * pair + 1] = radius * sin(angle);
    }
}

void draw_normal(struct draw d, int n, double *out)
{
    double four[4];
    for (int i = 0; i < n; i += 4) {
        four_normals(four_words(&d, (uint32_t)(i / 4)), four);
        for (int j = 0; j < 4 && i + j < n; j++)
            out[i + j] = four[j];
    }
}

void draw_normal_strided(struct draw d, int n, real *out, size_t stride)
{
    double four[4];
    for (int i = 0; i < n; i += 4) {
        four_normals(four_words(&d, (uint32_t)(i / 4)), four);
        for (int j = 0; j < 4 && i + j < n; j++)
            out[(size_t)(i + j) * stride] = (real)four[j];
    }
}

void draw_shuffle(struct draw d, int n, int *order)
{
    for (int i = 0; i < n; i++)
        order[i] = i;
    for (int i = n - 1; i > 0; i--) { /* Fisher and Yates; one draw an exchange */
        double u;
        struct draw one = d;
        one.step = (uint32_t)i;
        draw_uniform(one, 1, &u);
        int j = (int)(u * (i + 1)), kept = order[i];
        order[i] = order[j];
        order[j] = kept;
    }
}
