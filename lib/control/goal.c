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

/* The mean of the encoded frames of records first..first+n-1 of the data. */
static int position_of(struct goal *g, const struct model *m, const struct dataset *d, int first, int n, int shown, const char *name,
                       struct error *e)
{
    int frames = 0;
    *g = (struct goal){.kind = "position", .from = 0, .n = shown};
    struct tape *t = tape_new();
    for (int i = first; i < first + n; i++)
        frames += add_frames(g, m, t, &d->record[i]);
    tape_free(t);
    if (frames == 0)
        return error_set(e, DSSM_BAD_INPUT, "%s: record %d: field x: expected an observed frame of the goal, got none", name, first + 1);
    for (int i = 0; i < g->n; i++)
        g->value[i] /= frames;
    return check_numbers(g, name, e);
}

int goal_position(struct goal *g, const struct model *m, const struct dataset *d, const char *name, struct error *e)
{
    int shown = shown_numbers(m, e);
    if (shown == 0 || check_frames(m, d, name, e))
        return e->code;
    return position_of(g, m, d, 0, d->n, shown, name, e);
}

int goal_positions(struct goal *g, const struct model *m, const struct dataset *d, const char *name, struct error *e)
{
    int shown = shown_numbers(m, e);
    if (shown == 0 || check_frames(m, d, name, e))
        return e->code;
    for (int i = 0; i < d->n; i++)
        if (position_of(&g[i], m, d, i, 1, shown, name, e))
            return e->code;
    return DSSM_OK;
}

int goal_any_position(struct goal *g, const struct model *m, struct error *e)
{
    int shown = shown_numbers(m, e);
    if (shown == 0)
        return e->code;
    *g = (struct goal){.kind = "position", .from = 0, .n = shown, .any = true};
    return DSSM_OK;
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
    beliefs_infer(m, d->record, d->n, 0, INFER_SMOOTHED, NULL, pool, z);
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

/* (z − g)/s, n×L. */
static var *away_from(struct tape *t, const struct goal *g, var *z, var *told)
{
    var *now = rows_of(t, z, g->from, g->n), *minus = constant(t, g->n, 1), *per = constant(t, g->n, 1);
    bool spread = false;
    for (int i = 0; i < g->n; i++) {
        minus->v[i] = (real)-g->value[i];
        per->v[i] = g->spread[i] > 0 ? (real)(1 / g->spread[i]) : 1;
        spread |= g->spread[i] > 0;
    }
    var *away = g->any ? sub(t, now, told) : add_rows(t, now, minus);
    return spread ? mul_rows(t, away, per) : away;
}

var *goal_reward(struct tape *t, const struct goal *g, var *z, var *told)
{
    var *square = sum_rows(t, v_square(t, away_from(t, g, z, told)));
    double twice = 2 * g->width * g->width;
    return g->width > 0 ? scale(t, shift(t, v_exp(t, scale(t, square, -1 / twice)), -1), twice) : scale(t, square, -1);
}

static json_t *numbers_json(const double *v, int n)
{
    json_t *all = json_array();
    for (int i = 0; i < n; i++)
        json_array_append_new(all, json_real(v[i]));
    return all;
}

json_t *goal_json(const struct goal *g)
{
    json_t *all = json_pack("{s:s, s:i, s:f}", "kind", g->kind, "from", g->from, "width", g->width);
    if (g->any) {
        json_object_set_new(all, "n", json_integer(g->n));
        json_object_set_new(all, "any", json_true());
    } else {
        json_object_set_new(all, "value", numbers_json(g->value, g->n));
    }
    if (g->spread[0] > 0)
        json_object_set_new(all, "spread", numbers_json(g->spread, g->n));
    return all;
}
