/* Beliefs about the states of sequences: a chunk of them side by side, chunks on the workers of a pool. */
#include "model/model.h"

#include <stdlib.h>

struct beliefs_job {
    const struct model *m;
    const struct record *records;
    int count;
    uint32_t first;
    enum inference how;
    int samples;
    const struct noise *noise;
    struct beliefs *out;
};

/* Copies lane b of z into draw `draw` of `draws` of an array [T, draws, Dz]. */
static void put_draw(struct array *to, const var *z, int B, int b, int draw, int draws)
{
    int steps = (int)to->shape[0];
    float *out = to->data;
    for (int t = 0; t < steps; t++)
        for (int i = 0; i < z->rows; i++)
            out[((size_t)t * (size_t)draws + (size_t)draw) * (size_t)z->rows + (size_t)i] =
                (float)z->v[(size_t)i * (size_t)z->ld + (size_t)t * (size_t)B + (size_t)b];
}

static void infer_means(const struct beliefs_job *j, struct tape *t, const struct batch *b, struct beliefs *out)
{
    tape_begin(t, &j->m->params, NULL, 0);
    struct inferred z = j->m->kind->infer(j->m, t, b, &(struct noise){.off = true}, j->how, NULL);
    int dz = z.mean->rows;
    for (int l = 0; l < b->B; l++) {
        size_t steps = out[l].mean.shape[0];
        out[l].mean = unbatch(z.mean->v, dz, (size_t)z.mean->ld, b->B, l, (int)steps);
        out[l].cov = unbatch(z.cov->v, dz * dz, (size_t)z.cov->ld, b->B, l, (int)steps);
        out[l].cov.dims = 3;
        out[l].cov.shape[1] = out[l].cov.shape[2] = (size_t)dz;
    }
}

static void infer_draw(const struct beliefs_job *j, struct tape *t, const struct batch *b, int draw, struct beliefs *out)
{
    struct noise n = *j->noise;
    n.update += (uint32_t)draw;
    tape_begin(t, &j->m->params, NULL, 0);
    struct inferred z = j->m->kind->infer(j->m, t, b, &n, j->how, NULL);
    int dz = z.mean->rows;
    var *sample = sample_full(t, z.mean, chol(t, z.cov, dz), noise_steps(t, &n, NOISE_STATE, b, dz, 0, b->T));
    for (int l = 0; l < b->B; l++)
        put_draw(&out[l].sample, sample, b->B, l, draw, j->samples);
}

static void beliefs_chunk(void *arg, int i, int worker)
{
    (void)worker;
    const struct beliefs_job *j = arg;
    struct batch b;
    struct tape *t = tape_new();
    struct beliefs *out = j->out + i * MODEL_CHUNK;
    size_t dz = (size_t)model_settings(j->m)->latent;
    batch_chunk(&b, j->m, j->records, j->count, j->first, i, 0);
    for (int l = 0; l < b.B; l++) {
        size_t steps = record_steps(&j->records[i * MODEL_CHUNK + l]);
        out[l] = (struct beliefs){.mean.shape[0] = steps};
        if (j->samples > 0)
            out[l].sample = array_new(DT_F4, 3, (const size_t[]){steps, (size_t)j->samples, dz});
    }
    infer_means(j, t, &b, out);
    for (int draw = 0; draw < j->samples; draw++)
        infer_draw(j, t, &b, draw, out);
    tape_free(t);
    batch_free(&b);
}

void beliefs_infer(const struct model *m, const struct record *records, int count, uint32_t first, enum inference how, int samples,
                   const struct noise *n, struct pool *pool, struct beliefs *out)
{
    struct beliefs_job j = {m, records, count, first, how, samples, n, out};
    pool_run(pool, (count + MODEL_CHUNK - 1) / MODEL_CHUNK, beliefs_chunk, &j);
}

void beliefs_free(struct beliefs *b)
{
    free(b->mean.data);
    free(b->cov.data);
    free(b->sample.data);
    *b = (struct beliefs){0};
}
