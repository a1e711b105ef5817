/* Goals that are observations: a picture tells a position, a sequence a velocity. */
#include "control/control.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Da: how many numbers of z a frame shows. 0 with e for a model that does not divide z so. */
static int shown_numbers(const struct model *m, struct error *e)
{
    if (!m->kind->encode) {
        error_set(e, DSSM_USAGE, "a goal needs a model whose state is divided into position and velocity (ekvae), got one of kind %s",
                  m->kind->name);
        return 0;
    }
    struct tape *t = tape_new();
    tape_begin(t, &m->params, NULL, 0);
    int shown = m->kind->encode(m, t, filled(t, m->dx, 1, 0))->rows;
    tape_free(t);
    return shown;
}

static int check_frames(const struct model *m, const struct dataset *d, const char *name, struct error *e)
{
    if (d->dx != m->dx)
        return error_set(e, DSSM_BAD_INPUT, "%s: field x: the model expects %d numbers a step, got %d", name, m->dx, d->dx);
    for (int i = 0; i < d->n; i++)
        if (record_seen(&d->record[i]) > 0)
            return DSSM_OK;
    return error_set(e, DSSM_BAD_INPUT, "%s: field x: expected an observed frame of the goal, got none", name);
}

static int check_numbers(const struct goal *g, const char *name, struct error *e)
{
    for (int i = 0; i < g->n; i++)
        if (!isfinite(g->value[i]))
            return error_set(e, DSSM_BAD_INPUT, "%s: what the model makes of the goal is not finite", name);
    return DSSM_OK;
}

/* Adds the encoded frames of one record that were observed; returns how many. */
static int add_frames(struct goal *g, const struct model *m, struct tape *t, const struct record *r)
{
    struct batch b;
    int frames = 0;
    batch_fill(&b, r, &(int){0}, 1, m->dx, 0, 0, (int)record_steps(r));
    tape_begin(t, &m->params, NULL, 0);
    const var *a = m->kind->encode(m, t, batch_value(t, b.x, m->dx, b.T));
    for (int s = 0; s < b.T; s++) {
        if (b.seen[s] == 0)
            continue;
        frames++;
        for (int i = 0; i < g->n; i++)
            g->value[i] += (double)a->v[(size_t)i * (size_t)a->ld + (size_t)s];
    }
    batch_free(&b);
    return frames;
}

int goal_position(struct goal *g, const struct model *m, const struct dataset *d, const char *name, struct error *e)
{
    int shown = shown_numbers(m, e), frames = 0;
    if (shown == 0 || check_frames(m, d, name, e))
        return e->code;
    *g = (struct goal){.kind = "position", .from = 0, .n = shown};
    struct tape *t = tape_new();
    for (int i = 0; i < d->n; i++)
        frames += add_frames(g, m, t, &d->record[i]);
    tape_free(t);
    for (int i = 0; i < g->n; i++)
        g->value[i] /= frames;
    return check_numbers(g, name, e);
}

int goal_velocity(struct goal *g, const struct model *m, const struct dataset *d, const char *name, struct pool *pool, struct error *e)
{
    int shown = shown_numbers(m, e), dz = model_settings(m)->latent;
    if (shown == 0 || check_frames(m, d, name, e) || model_fits(m, d, name, e))
        return e->code;
    if (shown == dz)
        return error_set(e, DSSM_USAGE, "the model's state has no numbers for a velocity: a frame shows all %d", dz);
    *g = (struct goal){.kind = "velocity", .from = shown, .n = dz - shown};
    struct beliefs *z = xcalloc((size_t)d->n, sizeof *z);
    double steps = 0;
    beliefs_infer(m, d->record, d->n, 0, INFER_SMOOTHED, 0, &(struct noise){.off = true}, pool, z);
    for (int i = 0; i < d->n; i++) {
        for (size_t s = 0; s < z[i].mean.shape[0]; s++, steps++)
            for (int k = 0; k < g->n; k++)
                g->value[k] += array_get(&z[i].mean, s * (size_t)dz + (size_t)(shown + k));
        beliefs_free(&z[i]);
    }
    free(z);
    for (int k = 0; k < g->n; k++)
        g->value[k] /= steps;
    return check_numbers(g, name, e);
}

var *goal_reward(struct tape *t, const struct goal *g, var *z)
{
    var *away = constant(t, g->n, 1);
    for (int i = 0; i < g->n; i++)
        away->v[i] = (real)-g->value[i];
    var *square = sum_rows(t, v_square(t, add_rows(t, rows_of(t, z, g->from, g->n), away)));
    double twice = 2 * g->width * g->width;
    return g->width > 0 ? scale(t, shift(t, v_exp(t, scale(t, square, -1 / twice)), -1), twice) : scale(t, square, -1);
}

json_t *goal_json(const struct goal *g)
{
    json_t *value = json_array();
    for (int i = 0; i < g->n; i++)
        json_array_append_new(value, json_real(g->value[i]));
    return json_pack("{s:s, s:i, s:o, s:f}", "kind", g->kind, "from", g->from, "value", value, "width", g->width);
}
