/* What recurrent recognition models (DKS, DVBS, RSSM) know of a sequence: features of frames, and GRUs over them and the controls. */
#include "model/parts.h"

/* Found on pictures of a pendulum, data/measured/recurrent-study.md. */
const struct option_default recognition_defaults[] = {
    {"updates", "12000"},        {"starts", "2"},      {"start-updates", "3000"},  {"flat-share", "0.5"},   {"crop-every", "2"},
    {"initial-phase", "coders"}, {"d0", "rmse:0.036"}, {"lambda-bound", "0.0009"}, {"prior-after", "6000"}, {0},
};

int recognition_check(const void *settings, int dx, int du, struct error *e)
{
    const struct model_settings *s = settings;
    (void)dx, (void)du;
    if (s->encoder.convolutions && s->encoder.dense.n == 0)
        return error_set(e, DSSM_USAGE, "--encoder: expected at least one layer behind the convolutions, got none");
    return DSSM_OK;
}

struct recognition recognition_declare(struct model *m, bool looks_back, bool looks_ahead, int units, uint64_t seed)
{
    struct layer_list hidden = model_settings(m)->encoder;
    struct recognition r = {.units = units, .du = m->du, .looks_back = looks_back, .looks_ahead = looks_ahead};
    r.raw = hidden.dense.n == 0;
    r.features = r.raw ? m->dx : hidden.dense.v[--hidden.dense.n];
    if (!r.raw)
        r.encoder = network_from_picture(&m->params, "encoder", picture_of(m), &hidden, r.features, ACT_TANH, GROUP_PHI, seed);
    if (looks_back)
        r.back = gru_declare(&m->params, "recognition.back", r.features + m->du, units, GROUP_PHI, 1, seed);
    if (looks_ahead)
        r.ahead = gru_declare(&m->params, "recognition.ahead", r.features + m->du, units, GROUP_PHI, 1, seed);
    return r;
}

/* What is known of the next frame beside the GRU: the way to it, whether that is known, and the control that leads there. */
static int next_rows(const struct recognition *r)
{
    return r->raw && r->looks_ahead ? r->features + 1 + r->du : 0;
}

int recognition_rows(const struct recognition *r)
{
    return r->features + r->units * (r->looks_back + r->looks_ahead) + next_rows(r);
}

void recognition_straighten(struct model *m, const struct recognition *r, const char *name, struct mlp *head)
{
    if (r->raw)
        mlp_add_straight(&m->params, name, head);
}

var *controls_before(struct tape *t, const struct batch *b, var *push)
{
    if (!b->u)
        return NULL;
    var *first = push ? push : filled(t, b->du, b->B, 0);
    if (b->T == 1)
        return first;
    var *rest = lanes_of(t, batch_value(t, b->u, b->du, b->T * b->B), 0, (b->T - 1) * b->B);
    return stack_lanes(t, 2, (var *const[]){first, rest});
}

/* Values of all steps a step earlier; behind the last one 0. */
static var *step_ahead(struct tape *t, var *a, const struct batch *b)
{
    var *none = filled(t, a->rows, b->B, 0);
    return b->T == 1 ? none : stack_lanes(t, 2, (var *const[]){lanes_of(t, a, b->B, (b->T - 1) * b->B), none});
}

/* next_rows×(T·B): 0 where a frame of the two was not observed. */
static var *towards_next(struct tape *t, const struct batch *b, var *e, var *u)
{
    var *seen = batch_value(t, b->seen, 1, b->T * b->B), *known = mul(t, seen, step_ahead(t, seen, b));
    var *parts[] = {mul_lanes(t, sub(t, step_ahead(t, e, b), e), known), known, u ? mul_lanes(t, step_ahead(t, u, b), known) : NULL};
    return stack_rows(t, u ? 3 : 2, parts);
}

var *recognition_apply(struct tape *t, const struct recognition *r, const struct batch *b, struct recognition_past past)
{
    int lanes = b->T * b->B, n = 0;
    var *seen = b->all_seen ? NULL : batch_value(t, b->seen, 1, lanes), *parts[4];
    var *x = batch_value(t, b->x, b->dx, lanes), *e = r->raw ? x : network_apply(t, &r->encoder, x), *u = controls_before(t, b, past.push);
    if (seen)
        e = mul_lanes(t, e, seen);
    var *in = u ? stack_rows(t, 2, (var *const[]){e, u}) : e;
    if (r->looks_back)
        parts[n++] = gru_run(t, &r->back, in, past.state, b->T, b->B, seen, FORWARD);
    if (r->looks_ahead)
        parts[n++] = gru_run(t, &r->ahead, in, NULL, b->T, b->B, seen, BACKWARD);
    parts[n++] = e;
    if (next_rows(r) > 0)
        parts[n++] = towards_next(t, b, e, u);
    return n > 1 ? stack_rows(t, n, parts) : e;
}

int recurrent_carry_rows(const struct recognition *r, int dz)
{
    return r->looks_ahead ? 0 : dz + r->units + r->du;
}

var *recurrent_carry_get(struct tape *t, const struct recognition *r, int dz, const struct carry *c, struct recognition_past *past)
{
    *past = (struct recognition_past){0};
    if (!c || c->steps == 0)
        return NULL;
    *past = (struct recognition_past){carry_get(t, c, dz, r->units), carry_get(t, c, dz + r->units, r->du)};
    return carry_get(t, c, 0, dz);
}

void recurrent_carry_put(struct carry *c, struct tape *t, const struct recognition *r, const struct batch *b, var *z, var *h)
{
    if (!c)
        return;
    int last = b->T - 1, row = carry_put(c, 0, step_of(t, z, last, b->B));
    carry_end(c, carry_put(c, row, rows_of(t, step_of(t, h, last, b->B), 0, r->units)), b);
}
