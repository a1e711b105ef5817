/* Beliefs about the states of sequences: a chunk of them side by side, chunks on the workers of a pool. */
#include "model/parts.h"

#include <stdlib.h>

struct beliefs_job {
    const struct model *m;
    const struct record *records;
    int count;
    uint32_t first;
    enum inference how;
    const struct beliefs_settings *s;
    struct beliefs *out;
};

/* Copies lane b of z to draw number `draw` of an array [T, draws, Dz]. */
static void put_draw(struct array *to, const var *z, int B, int b, size_t draw)
{
    size_t steps = to->shape[0], draws = to->shape[1];
    float *out = to->data;
    for (size_t t = 0; t < steps; t++)
        for (int i = 0; i < z->rows; i++)
            out[(t * draws + draw) * (size_t)z->rows + (size_t)i] = (float)z->v[(size_t)i * (size_t)z->ld + t * (size_t)B + (size_t)b];
}

static void put_draws(struct tape *t, const struct batch *b, const struct inferred *z, const struct beliefs_settings *s,
                      struct beliefs *out)
{
    int dz = z->mean->rows;
    var *L = chol(t, z->cov, dz);
    for (int l = 0; l < b->B; l++)
        out[l].sample = array_new(DT_F4, 3, (const size_t[]){out[l].mean.shape[0], (size_t)s->draws, (size_t)dz});
    for (int draw = 0; draw < s->draws; draw++) {
        struct noise own = s->noise;
        own.update += (uint32_t)draw;
        var *sample = sample_full(t, z->mean, L, noise_steps(t, &own, NOISE_STATE, b, dz, 0, b->T));
        for (int l = 0; l < b->B; l++)
            put_draw(&out[l].sample, sample, b->B, l, (size_t)draw);
    }
}

static void put_decoded(const struct model *m, struct tape *t, const struct batch *b, const struct inferred *z, struct beliefs *out)
{
    const var *x = m->kind->decode(m, t, (struct latent){z->mean, z->memory});
    for (int l = 0; l < b->B; l++)
        out[l].x = unbatch(x->v, x->rows, (size_t)x->ld, b->B, l, (int)out[l].mean.shape[0]);
}

void beliefs_of_batch(const struct model *m, struct tape *t, const struct batch *b, const struct record *records, enum inference how,
                      struct carry *carry, const struct beliefs_settings *s, struct beliefs *out)
{
    tape_begin(t, &m->params, NULL, 0);
    struct inferred z = m->kind->infer(m, t, b, &(struct noise){.off = true}, how, carry);
    int dz = z.mean->rows;
    for (int l = 0; l < b->B; l++) {
        int steps = (int)record_steps(&records[l]);
        out[l] = (struct beliefs){.mean = unbatch(z.mean->v, dz, (size_t)z.mean->ld, b->B, l, steps),
                                  .cov = unbatch(z.cov->v, dz * dz, (size_t)z.cov->ld, b->B, l, steps)};
        out[l].cov.dims = 3;
        out[l].cov.shape[1] = out[l].cov.shape[2] = (size_t)dz;
    }
    if (s && s->draws > 0)
        put_draws(t, b, &z, s, out);
    if (s && s->decode)
        put_decoded(m, t, b, &z, out);
}

static void beliefs_chunk(void *arg, int i, int worker)
{
    (void)worker;
    const struct beliefs_job *j = arg;
    int from = i * MODEL_CHUNK;
    struct batch b;
    struct tape *t = tape_new();
    batch_chunk(&b, j->m, j->records, j->count, j->first, i, 0);
    beliefs_of_batch(j->m, t, &b, j->records + from, j->how, NULL, j->s, j->out + from);
    tape_free(t);
    batch_free(&b);
}

void beliefs_infer(const struct model *m, const struct record *records, int count, uint32_t first, enum inference how,
                   const struct beliefs_settings *s, struct pool *pool, struct beliefs *out)
{
    struct beliefs_job j = {m, records, count, first, how, s, out};
    pool_run(pool, (count + MODEL_CHUNK - 1) / MODEL_CHUNK, beliefs_chunk, &j);
}

void beliefs_free(struct beliefs *b)
{
    free(b->mean.data);
    free(b->cov.data);
    free(b->sample.data);
    free(b->x.data);
    *b = (struct beliefs){0};
}
