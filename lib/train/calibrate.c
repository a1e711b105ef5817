/* Calibration: a trained model's noises, for beliefs that are made from means, by the likelihood of the filter's innovations. */
#include "train/train.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define AT(member) offsetof(struct calibrate_settings, member)
const struct option_row options_calibrate[] = {
    {"updates", 'u', OPT_INT, AT(updates), "300", 1, 1e9, NULL, "N", "Steps of Adam."},
    {"batch", 'b', OPT_INT, AT(batch), "50", 1, 1e6, NULL, "N", "Sequences in each."},
    {"learning-rate", 0, OPT_REAL, AT(learning_rate), "0.03", 1e-9, 10, NULL, "R",
     "Of logarithms of variances, and of the first mean; constant for a half, then falling."},
    {0},
};
#undef AT

enum { NOISE_ORDER = 101 }; /* purpose; also one of crop.c, which a calibration does not meet */

struct calibrating {
    struct model *m;
    const struct dataset *d;
    const struct calibrate_settings *s;
    struct gradient_engine *engine;
    struct adam adam;
    real *gradient, *before; /* the parameters as they were */
    int *order;
};

static int told_of(const struct model *m, const struct dataset *d, struct pool *pool, struct surprise_told *out, struct error *e)
{
    struct bound b;
    if (dataset_surprise(m, d, pool, &b, e))
        return e->code;
    double steps = d->observed / d->n; /* a sequence's */
    *out = (struct surprise_told){(b.distortion + b.rate) / steps, 2 * b.distortion / (steps * model_measured(m))};
    return DSSM_OK;
}

/* The sequences of an update: consecutive pieces of an order that is drawn anew for each time through the data. */
static const int *pick_batch(struct calibrating *c, int update, int *n)
{
    *n = c->s->batch < c->d->n ? c->s->batch : c->d->n;
    int in_epoch = c->d->n / *n, place = update % in_epoch;
    if (place == 0)
        draw_shuffle((struct draw){c->s->seed, NOISE_ORDER, (uint32_t)(update / in_epoch), 0, 0}, c->d->n, c->order);
    if (place + 1 < in_epoch)
        dataset_expect(c->d, c->order + (place + 1) * *n, *n);
    return c->order + place * *n;
}

static int one_update(struct calibrating *c, int update, struct error *e)
{
    int n;
    const int *pick = pick_batch(c, update, &n);
    struct batch_result b;
    if (gradient_forward(c->engine, pick, n, NULL, dataset_longest(c->d, pick, n), GROUP_BELIEF, &(struct noise){.off = true}, &b, e))
        return e->code;
    double norm = gradient_backward(c->engine, (struct objective_weights){1, 1}, GROUP_BELIEF, c->gradient);
    if (!isfinite(b.distortion + b.rate) || !(norm < GRADIENT_WILD))
        return error_set(e, DSSM_DIVERGED, "diverged at update %d: -ln p is %g, its gradient's norm %g", update + 1, b.distortion + b.rate,
                         norm);
    struct train_settings rate = {.learning_rate = c->s->learning_rate, .flat_share = 0.5, .final_share = 0.01};
    adam_step(&c->adam, &c->m->params, c->gradient, GROUP_BELIEF, learning_rate_at(&rate, update, c->s->updates));
    return DSSM_OK;
}

static int loop(struct calibrating *c, struct progress *progress, struct error *e)
{
    for (int i = 0; i < c->s->updates; i++) {
        if (one_update(c, i, e))
            return e->code;
        progress_show(progress, (i + 1.0) / c->s->updates, "update %d", i + 1);
    }
    return DSSM_OK;
}

static void note(struct model *m, const struct dataset *d, const struct calibrate_settings *s, const struct calibration_told *told)
{
    if (!m->training)
        m->training = json_object();
    json_t *said = options_to_json(options_calibrate, s);
    json_object_update_new(said, json_pack("{s:o, s:I, s:f, s:f, s:f, s:f}", "seed", seed_json(s->seed), "data_crc32", (json_int_t)d->hash,
                                           "surprise_before", told->before.nats, "surprise_after", told->after.nats, "square_before",
                                           told->before.square, "square_after", told->after.square));
    json_object_set_new(m->training, "calibration", said);
}

/* So much more, in nats a step, is rounding, not a way that went astray. */
static const double NEARLY_AS_LIKELY = 1e-3;

/* Fits; where there was nothing left to fit, the model stays as it was. */
static int fit(struct calibrating *c, struct progress *progress, struct pool *pool, struct calibration_told *told, struct error *e)
{
    if (told_of(c->m, c->d, pool, &told->before, e) || loop(c, progress, e) || told_of(c->m, c->d, pool, &told->after, e))
        return e->code;
    if (!(told->after.nats <= told->before.nats + NEARLY_AS_LIKELY))
        return error_set(e, DSSM_DIVERGED, "diverged: a step's -ln p was %g and is %g; try a lower --learning-rate", told->before.nats,
                         told->after.nats);
    if (told->after.nats > told->before.nats) {
        memcpy(c->m->params.value, c->before, c->m->params.size * sizeof(real));
        told->after = told->before;
    }
    note(c->m, c->d, c->s, told);
    return DSSM_OK;
}

int calibrate_run(struct model *m, const struct dataset *d, const struct calibrate_settings *s, struct progress *progress,
                  struct pool *pool, struct calibration_told *told, struct error *e)
{
    struct calibrating c = {.m = m, .d = d, .s = s, .adam = adam_new(&m->params)};
    c.engine = gradient_new(m, d, s->batch < d->n ? s->batch : d->n, pool);
    gradient_set_loss(c.engine, m->kind->surprise);
    c.gradient = xcalloc(m->params.size, sizeof *c.gradient);
    c.before = memcpy(xmalloc(m->params.size * sizeof *c.before), m->params.value, m->params.size * sizeof *c.before);
    c.order = xcalloc((size_t)d->n, sizeof *c.order);
    int status = fit(&c, progress, pool, told, e);
    free(c.order);
    free(c.before);
    free(c.gradient);
    adam_free(&c.adam);
    gradient_free(c.engine);
    return status;
}
