/* For benches of updates: a model with all that one update of it needs. */
#ifndef DSSM_BENCH_TRAINEE_H
#define DSSM_BENCH_TRAINEE_H

#include "model/model.h"
#include "train/train.h"

#include <stdlib.h>

enum { SEQUENCES = 50 }; /* an update */

struct trainee {
    struct model *model;
    struct gradient_engine *engine;
    struct adam adam;
    real *gradient;
    int pick[SEQUENCES];
};

/* x_field: what a stream's header says of x, or NULL. */
static struct trainee trainee_new(const struct model_kind *kind, const void *settings, const json_t *x_field, const struct dataset *d,
                                  struct pool *pool)
{
    struct error e;
    struct trainee t;
    t.model = model_new(kind, settings, d->dx, d->du, x_field, 1, &e);
    if (!t.model)
        bug("%s", e.text);
    t.engine = gradient_new(t.model, d, SEQUENCES, pool);
    t.adam = adam_new(&t.model->params);
    t.gradient = xcalloc(t.model->params.size, sizeof(real));
    for (int i = 0; i < SEQUENCES; i++)
        t.pick[i] = i;
    return t;
}

static void trainee_free(struct trainee *t)
{
    gradient_free(t->engine);
    adam_free(&t->adam);
    free(t->gradient);
    model_free(t->model);
}

/* A whole update: batch, forward, backward, Adam. */
static void trainee_update(struct trainee *t, int steps, int number)
{
    struct noise noise = {1, (uint32_t)number, false};
    struct batch_result result;
    struct error e;
    if (gradient_forward(t->engine, t->pick, SEQUENCES, NULL, steps, GROUP_ALL, &noise, &result, &e))
        bug("%s", e.text);
    gradient_backward(t->engine, (struct objective_weights){1, 1}, GROUP_ALL, t->gradient);
    adam_step(&t->adam, &t->model->params, t->gradient, GROUP_ALL, 1e-5);
}

static inline double least(double a, double b)
{
    return a < b ? a : b;
}

#endif
