/* Updates on sub-sequences: which, how long, and from where. All of it follows from seed and update, so that a training that goes on
 * from a checkpoint draws the same. */
#include "train/run.h"

enum { NOISE_CROP_LENGTH = 101, NOISE_CROP_START }; /* purposes, beside trainer.c's */

bool crop_due(const struct train_settings *s, int update)
{
    return s->crop_every > 0 && (update + 1) % s->crop_every == 0;
}

/* A whole number from 0 to below n. */
static int draw_below(struct draw d, int n)
{
    double u;
    draw_uniform(d, 1, &u);
    return (int)(u * n);
}

int crop_length(const struct train_settings *s, uint64_t seed, int update, int longest)
{
    if (s->crop_shortest >= longest)
        return longest;
    return s->crop_shortest + draw_below((struct draw){.seed = seed, .purpose = NOISE_CROP_LENGTH, .update = (uint32_t)update},
                                         longest - s->crop_shortest + 1);
}

int crop_start(uint64_t seed, int update, int sequence, int steps, int length)
{
    if (steps <= length)
        return 0;
    return draw_below((struct draw){seed, NOISE_CROP_START, (uint32_t)update, (uint32_t)sequence, 0}, steps - length + 1);
}
