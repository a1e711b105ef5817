/* Start states: what a model believes about the states of sequences. */
#include "control/control.h"

#include <math.h>
#include <stdatomic.h>
#include <stdlib.h>

struct job {
    const struct model *m;
    const struct dataset *d;
    int *first; /* column of each sequence's first step */
    struct beginnings *out;
    atomic_int lost; /* a sequence whose belief is no Gaussian, or -1 */
};

/* Copies one lane of a value (NULL: nothing) to the rows from `row` on of a column; returns the row behind them. */
static int put_column(struct beginnings *b, int row, size_t column, const var *a, int lane)
{
    for (int i = 0; a && i < a->rows; i++)
        b->v[(size_t)(row + i) * (size_t)b->n + column] = a->v[(size_t)i * (size_t)a->ld + (size_t)lane];
    return row + (a ? a->rows : 0);
}

static void believe_chunk(void *arg, int chunk, int worker)
{
    (void)worker;
    struct job *j = arg;
    struct batch b;
    struct tape *t = tape_new();
    batch_chunk(&b, j->m, j->d->record, j->d->n, 0, chunk, 0);
    tape_begin(t, &j->m->params, NULL, 0);
    enum inference how = model_settings(j->m)->filter ? INFER_FILTERED : INFER_SMOOTHED;
    struct inferred z = j->m->kind->infer(j->m, t, &b, &(struct noise){.off = true}, how, NULL);
    var *L = chol(t, z.cov, z.mean->rows);
    if (tape_failed_lane(t) >= 0)
        j->lost = chunk * MODEL_CHUNK + tape_failed_lane(t) % b.B;
    for (int s = 0; s < b.T; s++)
        for (int l = 0; l < b.B; l++) {
            int lane = s * b.B + l;
            size_t column = (size_t)j->first[chunk * MODEL_CHUNK + l] + (size_t)s;
            if (b.alive[lane] != 0)
                put_column(j->out, put_column(j->out, put_column(j->out, 0, column, z.mean, lane), column, L, lane), column, z.memory,
                           lane);
        }
    tape_free(t);
    batch_free(&b);
}

int beginnings_of(struct beginnings *b, const struct model *m, const struct dataset *d, struct pool *pool, struct error *e)
{
    struct job j = {.m = m, .d = d, .first = xcalloc((size_t)d->n, sizeof *j.first), .out = b, .lost = -1};
    *b = (struct beginnings){.dz = model_settings(m)->latent, .memory = m->kind->memory_rows ? m->kind->memory_rows(m) : 0};
    for (int i = 0; i < d->n; i++) {
        j.first[i] = b->n;
        b->n += (int)record_steps(&d->record[i]);
    }
    b->v = xcalloc((size_t)(b->dz + b->dz * b->dz + b->memory) * (size_t)b->n, sizeof *b->v);
    pool_run(pool, (d->n + MODEL_CHUNK - 1) / MODEL_CHUNK, believe_chunk, &j);
    free(j.first);
    if (j.lost < 0)
        return DSSM_OK;
    beginnings_free(b);
    return error_set(e, DSSM_BAD_INPUT, "record %d: the model's belief about its states is no Gaussian", j.lost + 1);
}

double goal_number(const struct goal *g, const struct beginnings *b, int k, int i)
{
    int other = (k + b->n / 2) % b->n;
    return g->any ? (double)b->v[(size_t)(g->from + i) * (size_t)b->n + (size_t)other] : g->value[i];
}

double goal_away(const struct goal *g, const struct beginnings *b, int k, int i)
{
    double away = (double)b->v[(size_t)(g->from + i) * (size_t)b->n + (size_t)k] - goal_number(g, b, k, i);
    return g->spread[i] > 0 ? away / g->spread[i] : away;
}

double goal_distance(const struct goal *g, const struct beginnings *b)
{
    double square = 0;
    for (int i = 0; i < g->n; i++)
        for (int k = 0; k < b->n; k++) {
            double away = goal_away(g, b, k, i);
            square += away * away;
        }
    return sqrt(square / b->n);
}

/* Mean and deviation over all beliefs of the mean of number i. */
static void mean_and_deviation(const struct beginnings *b, int i, double *mean, double *deviation)
{
    const real *z = b->v + (size_t)i * (size_t)b->n;
    double sum = 0, square = 0;
    for (int k = 0; k < b->n; k++)
        sum += (double)z[k];
    *mean = sum / b->n;
    for (int k = 0; k < b->n; k++)
        square += ((double)z[k] - *mean) * ((double)z[k] - *mean);
    *deviation = sqrt(square / b->n);
}

/* Mean over all beliefs of the variance of number i: squares of row i of the Cholesky factors. */
static double mean_variance(const struct beginnings *b, int i)
{
    const real *L = b->v + (size_t)(b->dz + i * b->dz) * (size_t)b->n;
    double sum = 0;
    for (size_t k = 0; k < (size_t)b->dz * (size_t)b->n; k++)
        sum += (double)L[k] * (double)L[k];
    return sum / b->n;
}

void goal_spread(struct goal *g, const struct beginnings *b)
{
    for (int i = 0; i < g->n; i++) {
        double mean, deviation;
        mean_and_deviation(b, g->from + i, &mean, &deviation);
        double spread = sqrt(deviation * deviation + mean_variance(b, g->from + i));
        g->spread[i] = spread > 1e-6 ? spread : 1;
    }
}

void policy_centre(struct policy *p, const struct goal *g, const struct beginnings *b)
{
    for (int i = 0; i < b->dz; i++) {
        double mean, deviation;
        mean_and_deviation(b, i, &mean, &deviation);
        params_value(&p->params, p->centre)[i] = (real)mean;
        params_value(&p->params, p->deviation)[i] = (real)(deviation > 1e-6 ? deviation : 1);
    }
    for (int i = 0; i < p->dg; i++) {
        params_value(&p->params, p->centre)[p->dz + i] = params_value(&p->params, p->centre)[g->from + i];
        params_value(&p->params, p->deviation)[p->dz + i] = params_value(&p->params, p->deviation)[g->from + i];
    }
}

void beginnings_free(struct beginnings *b)
{
    free(b->v);
    *b = (struct beginnings){0};
}
