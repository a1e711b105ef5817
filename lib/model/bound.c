/* The evidence bound over whole data sets, chunk by chunk on a pool. */
#include "model/model.h"

#include <stdlib.h>

struct bound_job {
    const struct model *m;
    model_loss *loss;
    const struct record *records; /* or NULL: those of data */
    const struct dataset *data;
    int n;
    const struct noise *noise;
    double *distortion, *rate;
    struct error *error; /* of each chunk */
};

/* The batch of chunk i; of a data set, the chunk's records are at hand only meanwhile. */
static int fill_chunk(const struct bound_job *j, int i, struct batch *b, struct error *e)
{
    int from = i * MODEL_CHUNK, n = j->n - from < MODEL_CHUNK ? j->n - from : MODEL_CHUNK;
    if (j->records) {
        batch_chunk(b, j->m, j->records, j->n, 0, i, 0);
        return DSSM_OK;
    }
    struct record pieces[MODEL_CHUNK];
    if (dataset_pieces(j->data, from, n, pieces, e))
        return e->code;
    batch_chunk(b, j->m, pieces, n, (uint32_t)from, 0, 0);
    dataset_pieces_free(j->data, pieces, n);
    return DSSM_OK;
}

static void bound_chunk(void *arg, int i, int worker)
{
    (void)worker;
    struct bound_job *j = arg;
    int from = i * MODEL_CHUNK;
    struct batch b;
    j->error[i].code = fill_chunk(j, i, &b, &j->error[i]);
    if (j->error[i].code)
        return;
    struct tape *t = tape_new();
    tape_begin(t, &j->m->params, NULL, 0);
    struct loss loss = j->loss(j->m, t, &b, j->noise);
    for (int l = 0; l < b.B; l++) {
        j->distortion[from + l] = (double)loss.distortion->v[l];
        j->rate[from + l] = (double)loss.rate->v[l];
    }
    tape_free(t);
    batch_free(&b);
}

/* Means over the job's records. */
static int run(struct bound_job *j, struct pool *pool, struct bound *out, struct error *e)
{
    int chunks = (j->n + MODEL_CHUNK - 1) / MODEL_CHUNK;
    j->error = xcalloc((size_t)chunks, sizeof *j->error);
    pool_run(pool, chunks, bound_chunk, j);
    const struct error *failed = j->error;
    while (failed < j->error + chunks && !failed->code)
        failed++;
    int status = DSSM_OK;
    *out = (struct bound){0, 0};
    if (failed < j->error + chunks)
        status = error_set(e, failed->code, "%s", failed->text);
    else
        for (int i = 0; i < j->n; i++) {
            out->distortion += j->distortion[i] / j->n;
            out->rate += j->rate[i] / j->n;
        }
    free(j->error);
    return status;
}

struct bound model_bound(const struct model *m, const struct record *records, int n, const struct noise *noise, struct pool *pool,
                         double *distortion, double *rate)
{
    double *own = xmalloc(sizeof(double) * (size_t)n * 2);
    struct bound_job j = {.m = m,
                          .loss = m->kind->loss,
                          .records = records,
                          .n = n,
                          .noise = noise,
                          .distortion = distortion ? distortion : own,
                          .rate = rate ? rate : own + n};
    struct bound out;
    run(&j, pool, &out, NULL); /* records in memory leave nothing to fail */
    free(own);
    return out;
}

static int run_dataset(struct bound_job j, struct pool *pool, struct bound *out, struct error *e)
{
    double *own = xmalloc(sizeof(double) * (size_t)j.data->n * 2);
    j.n = j.data->n, j.distortion = own, j.rate = own + j.n;
    int status = run(&j, pool, out, e);
    free(own);
    return status;
}

int dataset_bound(const struct model *m, const struct dataset *d, const struct noise *noise, struct pool *pool, struct bound *out,
                  struct error *e)
{
    return run_dataset((struct bound_job){.m = m, .loss = m->kind->loss, .data = d, .noise = noise}, pool, out, e);
}

int dataset_surprise(const struct model *m, const struct dataset *d, struct pool *pool, struct bound *out, struct error *e)
{
    if (!m->kind->surprise)
        bug("dataset_surprise: the %s has none", m->kind->title);
    return run_dataset((struct bound_job){.m = m, .loss = m->kind->surprise, .data = d}, pool, out, e);
}
