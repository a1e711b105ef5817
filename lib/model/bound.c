/* The evidence bound over whole data sets, chunk by chunk on a pool. */
#include "model/model.h"

#include <stdlib.h>

enum { CHUNK = 25 };

struct bound_job {
    const struct model *m;
    const struct record *records;
    int n;
    const struct noise *noise;
    double *distortion, *rate;
};

/* Longest of n records, steps. */
static int longest(const struct record *r, int n)
{
    size_t most = 0;
    for (int i = 0; i < n; i++)
        if (record_steps(&r[i]) > most)
            most = record_steps(&r[i]);
    return (int)most;
}

static void bound_chunk(void *arg, int i, int worker)
{
    (void)worker;
    struct bound_job *j = arg;
    int from = i * CHUNK, n = j->n - from < CHUNK ? j->n - from : CHUNK, pick[CHUNK];
    for (int l = 0; l < n; l++)
        pick[l] = from + l;
    struct batch b;
    struct tape *t = tape_new();
    batch_fill(&b, j->records, pick, n, j->m->dx, j->m->du, 0, longest(j->records + from, n));
    tape_begin(t, &j->m->params, NULL, 0);
    struct loss loss = j->m->kind->loss(j->m, t, &b, j->noise);
    for (int l = 0; l < n; l++) {
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
    pool_run(pool, (n + CHUNK - 1) / CHUNK, bound_chunk, &j);
    struct bound sum = {0, 0};
    for (int i = 0; i < n; i++) {
        sum.distortion += j.distortion[i] / n;
        sum.rate += j.rate[i] / n;
    }
    free(own);
    return sum;
}
