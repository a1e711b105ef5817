/* Predictions from the first steps of sequences, and sequences from the learned prior. */
#include "model/model.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- rolling a chunk on ---- */

/* What a chunk is rolled with: L lanes, each from its own step on. */
struct roll {
    int L, steps;
    int first[MODEL_CHUNK]; /* step that a lane is rolled from */
    real *u;                /* du×(steps·L), NULL if the model has no controls */
    real *x, *z;            /* rows×((steps+1)·L) */
};

static struct roll roll_new(const struct model *m, int L, int steps)
{
    size_t lanes = (size_t)L * (size_t)(steps + 1);
    struct roll r = {.L = L, .steps = steps};
    r.u = m->du > 0 ? xcalloc((size_t)m->du * lanes, sizeof(real)) : NULL;
    r.x = xcalloc((size_t)m->dx * lanes, sizeof(real));
    r.z = xcalloc((size_t)model_settings(m)->latent * lanes, sizeof(real));
    return r;
}

static void roll_free(struct roll *r)
{
    free(r->u);
    free(r->x);
    free(r->z);
}

/* Controls of one lane: those of the array while there are any that are finite, then 0. */
static void roll_controls(struct roll *r, int lane, int du, const struct array *u)
{
    size_t wide = (size_t)r->L * (size_t)r->steps;
    size_t first = (size_t)r->first[lane];
    for (int s = 0; s < r->steps && first + (size_t)s < u->shape[0]; s++)
        for (int i = 0; i < du; i++) {
            double value = array_get(u, (first + (size_t)s) * (size_t)du + (size_t)i);
            r->u[(size_t)i * wide + (size_t)(s * r->L + lane)] = isfinite(value) ? (real)value : 0;
        }
}

/* Lane b as [length, rows], NaN before the first step that was rolled. */
static struct array roll_take(const struct roll *r, const real *values, int rows, int b, int length)
{
    size_t wide = (size_t)r->L * (size_t)(r->steps + 1);
    struct array a = array_new(DT_F4, 2, (const size_t[]){(size_t)length, (size_t)rows});
    float *out = a.data;
    for (int t = 0; t < length; t++)
        for (int i = 0; i < rows; i++)
            *out++ = t < r->first[b] ? NAN : (float)values[(size_t)i * wide + (size_t)((t - r->first[b]) * r->L + b)];
    return a;
}

static struct prediction roll_prediction(const struct model *m, const struct roll *r, int b, int length)
{
    return (struct prediction){roll_take(r, r->x, m->dx, b, length), roll_take(r, r->z, model_settings(m)->latent, b, length)};
}

/* ---- from the first steps ---- */

struct predict_job {
    const struct model *m;
    const struct record *records;
    int count;
    uint32_t first;
    const struct predict_settings *s;
    const struct noise *noise;
    struct prediction *out;
};

/* The smoothed z_1, or the filtered z_K, given the batch of the first steps. */
static struct latent start_state(const struct predict_job *j, struct tape *t, const struct batch *b)
{
    const struct noise off = {.off = true}, *n = j->s->sample_start ? j->noise : &off;
    struct inferred all = j->m->kind->infer(j->m, t, b, n, j->s->from_last ? INFER_FILTERED : INFER_SMOOTHED, NULL);
    int at = j->s->from_last ? b->T - 1 : 0;
    var *mean = step_of(t, all.mean, at, b->B), *cov = step_of(t, all.cov, at, b->B);
    var *noise = noise_steps(t, n, NOISE_STATE, b, mean->rows, j->s->from_last ? j->s->context - 1 : 0, 1); /* whatever the batch is */
    struct latent z = {noise ? sample_full(t, mean, chol(t, cov, mean->rows), noise) : mean, NULL};
    if (all.memory)
        z.memory = step_of(t, all.memory, at, b->B);
    return z;
}

int predict_first(const struct predict_settings *s, int steps)
{
    if (!s->from_last)
        return 0;
    return s->context < steps ? s->context - 1 : steps - 1;
}

/* Room to roll n records, each from where it starts to its end and the horizon. */
static struct roll roll_records(const struct predict_job *j, const struct record *records, int n)
{
    int first[MODEL_CHUNK] = {0}, most = 0;
    for (int l = 0; l < n; l++) {
        int steps = (int)record_steps(&records[l]);
        first[l] = predict_first(j->s, steps);
        most = steps - 1 - first[l] > most ? steps - 1 - first[l] : most;
    }
    struct roll r = roll_new(j->m, n, most + j->s->horizon);
    memcpy(r.first, first, sizeof first);
    for (int l = 0; l < n && r.u && !j->s->no_controls; l++)
        roll_controls(&r, l, j->m->du, record_get(&records[l], "u"));
    return r;
}

static void predict_chunk(void *arg, int i, int worker)
{
    (void)worker;
    const struct predict_job *j = arg;
    const struct predict_settings *s = j->s;
    const struct record *records = j->records + i * MODEL_CHUNK;
    struct batch context;
    batch_chunk(&context, j->m, j->records, j->count, j->first, i, s->context);
    struct roll r = roll_records(j, records, context.B);
    struct tape *t = tape_new();
    tape_begin(t, &j->m->params, NULL, 0);
    rollout_run(j->m, t, start_state(j, t, &context), &context, r.u, r.steps, j->noise, s->sample_steps, r.x, r.z);
    for (int l = 0; l < context.B; l++)
        j->out[i * MODEL_CHUNK + l] = roll_prediction(j->m, &r, l, (int)record_steps(&records[l]) + s->horizon);
    tape_free(t);
    roll_free(&r);
    batch_free(&context);
}

void predict_run(const struct model *m, const struct record *records, int count, uint32_t first, const struct predict_settings *s,
                 const struct noise *n, struct pool *pool, struct prediction *out)
{
    struct predict_job j = {m, records, count, first, s, n, out};
    pool_run(pool, (count + MODEL_CHUNK - 1) / MODEL_CHUNK, predict_chunk, &j);
}

/* ---- from the prior ---- */

struct generate_job {
    const struct model *m;
    const struct array *u; /* or NULL */
    int count, steps;
    uint32_t first;
    bool sample_steps;
    const struct noise *noise;
    struct prediction *out;
};

/* Steps of sequence number l. */
static int steps_of(const struct generate_job *j, int l)
{
    return j->u ? (int)j->u[l].shape[0] : j->steps;
}

static void generate_chunk(void *arg, int i, int worker)
{
    (void)worker;
    const struct generate_job *j = arg;
    int from = i * MODEL_CHUNK, n = j->count - from < MODEL_CHUNK ? j->count - from : MODEL_CHUNK, longest = 1;
    uint32_t sequence[MODEL_CHUNK];
    for (int l = 0; l < n; l++) {
        sequence[l] = j->first + (uint32_t)(from + l);
        longest = steps_of(j, from + l) > longest ? steps_of(j, from + l) : longest;
    }
    struct batch lanes = {.T = 1, .B = n, .dx = j->m->dx, .du = j->m->du, .sequence = sequence};
    struct roll r = roll_new(j->m, n, longest - 1);
    for (int l = 0; l < n && r.u && j->u; l++)
        roll_controls(&r, l, j->m->du, &j->u[from + l]);
    struct tape *t = tape_new();
    tape_begin(t, &j->m->params, NULL, 0);
    rollout_run(j->m, t, j->m->kind->start(j->m, t, &lanes, j->noise), &lanes, r.u, r.steps, j->noise, j->sample_steps, r.x, r.z);
    for (int l = 0; l < n; l++)
        j->out[from + l] = roll_prediction(j->m, &r, l, steps_of(j, from + l));
    tape_free(t);
    roll_free(&r);
}

void generate_run(const struct model *m, const struct array *u, int count, int steps, uint32_t first, bool sample_steps,
                  const struct noise *n, struct pool *pool, struct prediction *out)
{
    struct generate_job j = {m, u, count, steps, first, sample_steps, n, out};
    pool_run(pool, (count + MODEL_CHUNK - 1) / MODEL_CHUNK, generate_chunk, &j);
}

void prediction_free(struct prediction *p)
{
    free(p->x.data);
    free(p->z.data);
    *p = (struct prediction){0};
}
