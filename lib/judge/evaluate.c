/* A model's bound, what its beliefs tell of the true states, and how far its predictions are off, on the sequences of a data set. */
#include "judge/judge.h"

#include "model/model.h"

#include <math.h>
#include <stdlib.h>

/* One way of predicting, and its errors. */
struct contest {
    const char *key;
    bool from_last, sampled, early; /* early: also over the first EARLY_STEPS steps */
    struct mse *all, *first;
};
enum { CONTESTS = 4, EARLY_STEPS = 11 };

struct evaluation {
    const struct model *m;
    const struct dataset *d;
    const struct evaluation_settings *s;
    struct pool *pool;
    struct bound bound;
    double steps;              /* of all sequences */
    struct quantity *quantity; /* NULL without true states */
    struct r2 *r2;
    struct contest contest[CONTESTS];
};

static json_t *number(double v)
{
    return isfinite(v) ? json_real(v) : json_null();
}

/* Records whose beliefs or predictions are in memory at once: whole chunks, one a thread. */
static int block_size(const struct evaluation *v)
{
    return MODEL_CHUNK * pool_threads(v->pool);
}

/* ---- beliefs against true states ---- */

static void begin_states(struct evaluation *v)
{
    struct error none;
    int q = header_get_field(v->d->header, "s") ? quantities_read(v->d->header, "s", &v->quantity, &none) : 0,
        dz = model_settings(v->m)->latent;
    if (q > 0)
        v->r2 = r2_new(dz, q, v->quantity, dz <= 30);
}

static void add_states(struct evaluation *v, const struct record *rec, const struct array *z)
{
    const struct array *s = record_get(rec, "s");
    double *values = xmalloc((array_count(z) + array_count(s)) * sizeof *values);
    judge_values(z, values);
    judge_values(s, values + array_count(z));
    r2_add(v->r2, z->shape[0], values, values + array_count(z));
    free(values);
}

/* Records from..from+n-1. */
static int judge_states_block(struct evaluation *v, int from, int n, struct error *e)
{
    struct record *r = xcalloc((size_t)n, sizeof *r);
    if (dataset_pieces(v->d, from, n, r, e)) {
        free(r);
        return e->code;
    }
    enum inference how = v->s->filtered || model_settings(v->m)->filter ? INFER_FILTERED : INFER_SMOOTHED;
    struct beliefs *z = xcalloc((size_t)n, sizeof *z);
    beliefs_infer(v->m, r, n, (uint32_t)from, how, NULL, v->pool, z);
    for (int i = 0; i < n; i++) {
        add_states(v, &v->d->record[from + i], &z[i].mean);
        beliefs_free(&z[i]);
    }
    dataset_pieces_free(v->d, r, n);
    free(r);
    free(z);
    return DSSM_OK;
}

static int judge_states(struct evaluation *v, struct error *e)
{
    int block = block_size(v);
    for (int from = 0; v->r2 && from < v->d->n; from += block)
        if (judge_states_block(v, from, v->d->n - from < block ? v->d->n - from : block, e))
            return e->code;
    return DSSM_OK;
}

/* ---- predictions against observations ---- */

static void begin_contests(struct evaluation *v)
{
    static const struct contest all[CONTESTS] = {
        {.key = "mse_smoothed", .sampled = true, .early = true},
        {.key = "mse_smoothed_mean", .early = true},
        {.key = "mse_filtered", .from_last = true, .sampled = true},
        {.key = "mse_filtered_mean", .from_last = true},
    };
    for (int i = 0; i < CONTESTS; i++) {
        v->contest[i] = all[i];
        v->contest[i].all = mse_new(all[i].from_last ? (size_t)v->s->context - 1 : 0, 0);
        v->contest[i].first = all[i].early ? mse_new(0, EARLY_STEPS) : NULL;
    }
}

static void add_errors(struct contest *c, const struct record *rec, const struct array *predicted)
{
    const struct array *x = record_get(rec, "x"), *mask = record_get(rec, "mask");
    size_t steps = x->shape[0], width = array_step(x), n = array_count(x);
    double *values = xmalloc(2 * n * sizeof *values);
    uint8_t *seen = mask ? xmalloc(steps) : NULL;
    for (size_t t = 0; mask && t < steps; t++)
        seen[t] = array_get(mask, t) != 0;
    judge_values(x, values);
    judge_values(predicted, values + n);
    mse_add(c->all, steps, width, values, values + n, seen);
    if (c->first)
        mse_add(c->first, steps, width, values, values + n, seen);
    free(values);
    free(seen);
}

/* Predicts records from..from+n-1 and adds their errors. */
static int judge_block(struct evaluation *v, struct contest *c, const struct noise *noise, int from, int n, struct error *e)
{
    struct record *r = xcalloc((size_t)n, sizeof *r);
    if (dataset_pieces(v->d, from, n, r, e)) {
        free(r);
        return e->code;
    }
    const struct predict_settings how = {.context = v->s->context, .from_last = c->from_last, .sample_start = c->sampled};
    struct prediction *p = xcalloc((size_t)n, sizeof *p);
    predict_run(v->m, r, n, (uint32_t)from, &how, noise, v->pool, p);
    for (int i = 0; i < n; i++) {
        add_errors(c, &r[i], &p[i].x);
        prediction_free(&p[i]);
    }
    dataset_pieces_free(v->d, r, n);
    free(r);
    free(p);
    return DSSM_OK;
}

/* Draw by draw over all records, so that errors are added in one order whatever the blocks are. */
static int judge_predictions(struct evaluation *v, struct contest *c, struct error *e)
{
    int draws = c->sampled && !v->s->no_noise ? v->s->samples : 1, block = block_size(v);
    for (int draw = 0; draw < draws; draw++) {
        struct noise noise = {v->s->seed, (uint32_t)draw, v->s->no_noise};
        for (int from = 0; from < v->d->n; from += block)
            if (judge_block(v, c, &noise, from, v->d->n - from < block ? v->d->n - from : block, e))
                return e->code;
    }
    return DSSM_OK;
}

/* ---- the bound ---- */

static int judge_bound(struct evaluation *v, struct error *e)
{
    int draws = v->s->no_noise ? 1 : v->s->samples;
    for (int draw = 0; draw < draws; draw++) {
        struct noise noise = {v->s->seed, (uint32_t)draw, v->s->no_noise};
        struct bound b;
        if (dataset_bound(v->m, v->d, &noise, v->pool, &b, e))
            return e->code;
        v->bound.distortion += b.distortion / draws;
        v->bound.rate += b.rate / draws;
    }
    return DSSM_OK;
}

static void count_steps(struct evaluation *v)
{
    for (int i = 0; i < v->d->n; i++)
        v->steps += (double)record_steps(&v->d->record[i]);
}

/* ---- the report ---- */

/* A mean with a prediction that failed is no number. */
static double honest(const struct mse_score *s, double value)
{
    return s->unpredicted ? NAN : value;
}

static void put(json_t *out, const char *key, const char *suffix, double value)
{
    char *name = xasprintf("%s%s", key, suffix);
    json_object_set_new(out, name, number(value));
    free(name);
}

static void report_contest(json_t *out, const struct contest *c)
{
    struct mse_score s = mse_score(c->all);
    put(out, c->key, "", honest(&s, s.mse));
    put(out, c->key, "_median", honest(&s, s.median));
    if (c->first) {
        s = mse_score(c->first);
        put(out, c->key, "_first_11", honest(&s, s.mse));
    }
}

static json_t *report(struct evaluation *v, struct error *e)
{
    double constant = v->d->observed / v->d->n * v->m->dx * 0.5 * log(2 * M_PI * model_settings(v->m)->sigma_x2);
    json_t *out = json_pack("{s:i, s:I, s:I}", "sequences", v->d->n, "steps", (json_int_t)v->steps, "observed", (json_int_t)v->d->observed);
    put(out, "elbo", "", -v->bound.distortion - v->bound.rate);
    put(out, "distortion", "", v->bound.distortion);
    put(out, "distortion_excess", "", v->bound.distortion - constant);
    put(out, "rate", "", v->bound.rate);
    if (v->r2 && r2_json(v->r2, out, e)) {
        json_decref(out);
        return NULL;
    }
    for (int i = 0; i < CONTESTS; i++)
        report_contest(out, &v->contest[i]);
    return out;
}

json_t *evaluate_model(const struct model *m, const struct dataset *d, const struct evaluation_settings *s, struct pool *pool,
                       struct error *e)
{
    struct evaluation v = {.m = m, .d = d, .s = s, .pool = pool};
    begin_states(&v);
    begin_contests(&v);
    count_steps(&v);
    int status = judge_bound(&v, e);
    if (status == DSSM_OK)
        status = judge_states(&v, e);
    for (int i = 0; i < CONTESTS && status == DSSM_OK; i++)
        status = judge_predictions(&v, &v.contest[i], e);
    json_t *out = status == DSSM_OK ? report(&v, e) : NULL;
    for (int i = 0; i < CONTESTS; i++) {
        mse_free(v.contest[i].all);
        mse_free(v.contest[i].first);
    }
    r2_free(v.r2);
    free(v.quantity);
    return out;
}
