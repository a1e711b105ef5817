/* The evidence bound over whole data sets, chunk by chunk on a pool. */
#include "model/model.h"

#include <stdlib.h>

struct bound_job {
    const struct model *m;
    const struct record *records;
    int n;
    const struct noise *noise;
    double *distortion, *rate;
};

static void bound_chunk(void *arg, int i, int worker)
{
    (void)worker;
    struct bound_job *j = arg;
    int from = i * MODEL_CHUNK;
    struct batch b;
    struct tape *t = tape_new();
    batch_chunk(&b, j->m, j->records, j->n, 0, i, 0);
    tape_begin(t, &j->m->params, NULL, 0);
    struct loss loss = j->m->kind->loss(j->m, t, &b, j->noise);
    for (int l = 0; l < b.B; l++) {
        j->distortion[from + l] = (double)loss.distortion->v[l];
        j->rate[from + l] = (double)loss.rate->v[l];
    }
    tape_free(t);
    batch_free(&b);
}

struct bound model_bound(const struct model *m, const struct record *records, int n, const struct noise *noise, struct pool *pool,
                         double *distortion, double *rate)
{
    double *own = xmalloc(sizeof(double) * (size_t)n * 2);
    struct bound_job j = {m, records, n, noise, distortion ? distortion : own, rate ? rate : own + n};
    pool_run(pool, (n + MODEL_CHUNK - 1) / MODEL_CHUNK, bound_chunk, &j);
    struct bound sum = {0, 0};
    for (int i = 0; i < n; i++) {
        sum.distortion += j.distortion[i] / n;
        sum.rate += j.rate[i] / n;
    }
    free(own);
    return sum;
}
