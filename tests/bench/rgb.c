/* One update on pictures of 64×64×3 (batch 50 × 30 frames, EKVAE, default convolutions) on two threads, against the sums of its
 * convolutions alone: those that the networks' layers need forward and backward, for two chunks of 25 × 30 lanes, on memory of their own.
 */
#include "net/conv.h"
#include "trainee.h"

#include <string.h>

enum { STEPS = 30, SIDE = 64, PIXELS = SIDE * SIDE * 3, CHUNKS = 2, LANES = 25 * STEPS, ROUNDS = 5 };

/* ---- the sums ---- */

struct layer {
    struct conv conv;
    struct lanes fine, coarse;
    var *kernel;
    real *gradient;
};

/* What one chunk works on. */
struct sums {
    struct tape *tape;
    int layers;
    struct layer layer[NETWORK_MOST_CONVOLUTIONS];
};

static struct lanes numbers(int rows)
{
    struct lanes a = {xmalloc((size_t)rows * LANES * sizeof(real)), LANES, LANES};
    for (size_t i = 0; i < (size_t)rows * LANES; i++)
        a.v[i] = (real)1e-3 * (real)(i % 97);
    return a;
}

static void sums_begin(struct sums *s)
{
    struct conv conv[NETWORK_MOST_CONVOLUTIONS];
    struct error e;
    s->tape = tape_new();
    s->layers = network_plan((struct image){SIDE, SIDE, 3}, &(struct layer_list){.convolutions = true}, conv, &e);
    for (int i = 0; i < s->layers; i++) {
        int weights = conv[i].size * conv[i].size * conv[i].fine.channels;
        s->layer[i] =
            (struct layer){.conv = conv[i], .fine = numbers(image_rows(conv[i].fine)), .coarse = numbers(image_rows(conv[i].coarse))};
        s->layer[i].gradient = xcalloc((size_t)conv[i].coarse.channels * (size_t)weights, sizeof(real));
    }
}

static void sums_end(struct sums *s)
{
    for (int i = 0; i < s->layers; i++) {
        free(s->layer[i].fine.v);
        free(s->layer[i].coarse.v);
        free(s->layer[i].gradient);
    }
    tape_free(s->tape);
}

/* Encoder: down forward, the kernel's gradient and up (but not into the picture itself) backward. Decoder: up forward, both backward. */
static void chunk_sums(void *arg, int chunk, int worker)
{
    (void)worker;
    struct sums *s = (struct sums *)arg + chunk;
    const struct finish end = {.act = ACT_NONE};
    tape_begin(s->tape, NULL, NULL, 0);
    for (int i = 0; i < s->layers; i++) {
        struct layer *l = &s->layer[i];
        int weights = l->conv.size * l->conv.size * l->conv.fine.channels;
        l->kernel = filled(s->tape, l->conv.coarse.channels, weights, 1e-3);
        for (int network = 0; network < 2; network++) {
            conv_down(s->tape, &l->conv, l->kernel, l->fine, l->coarse, end);
            conv_outer(&l->conv, l->coarse, l->fine, l->gradient, (size_t)weights);
            if (network == 1 || i > 0)
                conv_up(s->tape, &l->conv, l->kernel, l->coarse, l->fine, end);
        }
    }
}

/* ---- the update ---- */

static struct dataset make_data(void)
{
    struct dataset d = {.n = SEQUENCES, .dx = PIXELS, .du = 2, .longest = STEPS, .record = xcalloc(SEQUENCES, sizeof *d.record)};
    for (int i = 0; i < SEQUENCES; i++) {
        struct array x = array_new(DT_U1, 2, (size_t[]){STEPS, PIXELS}), u = array_new(DT_F4, 2, (size_t[]){STEPS, 2});
        for (size_t k = 0; k < (size_t)STEPS * PIXELS; k++)
            ((uint8_t *)x.data)[k] = (uint8_t)(k * 7 + (size_t)i);
        record_init(&d.record[i]);
        record_set_id(&d.record[i], "noise");
        record_put(&d.record[i], "x", x);
        record_put(&d.record[i], "u", u);
    }
    return d;
}

static struct trainee make_trainee(const struct dataset *d, struct pool *pool)
{
    const struct model_kind *kind = model_kind_find("ekvae");
    struct model_settings *settings = xcalloc(1, kind->settings_size);
    model_defaults(kind, settings);
    settings->encoder.convolutions = settings->decoder.convolutions = true;
    settings->encoder.dense.n = settings->decoder.dense.n = 0;
    json_t *x = json_pack("{s:s, s:[i,i,i]}", "dtype", "|u1", "shape", SIDE, SIDE, 3);
    struct trainee t = trainee_new(kind, settings, x, d, pool);
    json_decref(x);
    free(settings);
    return t;
}

int main(void)
{
    blas_start();
    struct dataset d = make_data();
    struct pool *pool = pool_new(2);
    struct trainee t = make_trainee(&d, pool);
    struct sums sums[CHUNKS];
    for (int i = 0; i < CHUNKS; i++)
        sums_begin(&sums[i]);
    trainee_update(&t, STEPS, 0); /* memory is there from now on */
    double update = 1e9, alone = 1e9;
    for (int r = 0; r < ROUNDS; r++) { /* in turns, the best of each */
        double began = seconds_now();
        pool_run(pool, CHUNKS, chunk_sums, sums);
        alone = least(alone, seconds_now() - began);
        began = seconds_now();
        trainee_update(&t, STEPS, r + 1);
        update = least(update, seconds_now() - began);
    }
    printf("rgb_update_over_convolutions: ratio %.2f (update of 50×30 frames of 64×64×3 %.0f ms, its convolutions alone %.0f ms, two "
           "threads)\n",
           update / alone, 1e3 * update, 1e3 * alone);
    for (int i = 0; i < CHUNKS; i++)
        sums_end(&sums[i]);
    trainee_free(&t);
    pool_free(pool);
    dataset_free(&d);
    return 0;
}
