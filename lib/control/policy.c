/* Policies: a small network with bounded outputs, and the archive that it rests in. */
#include "control/control.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

/* A policy's parameters are one group; which of a model's group names it bears has no meaning, for it has a table of its own. */
enum { GROUP_OMEGA = GROUP_THETA };

#define AT(member) offsetof(struct policy_settings, member)
const struct option_row options_policy[] = {
    {"hidden", 0, OPT_SIZES, AT(hidden), "64-64", 1, 65536, NULL, "N-N", "hidden layers of the policy"},
    {"u-max", 0, OPT_REAL, AT(u_max), "0", 0, 1e12, NULL, "U",
     "bound of every control, in its unit; 0: the largest that the start states' stream has"},
    {"noise", 0, OPT_REAL, AT(noise), "0", 0, 100, NULL, "SD",
     "standard deviation of noise that is added to the network's output, before the bound"},
    {0},
};
#undef AT

static uint32_t params_crc(const struct params *p)
{
    return (uint32_t)crc32_z(0, (const Bytef *)p->value, p->size * sizeof *p->value);
}

/* ---- making ---- */

static void declare(struct policy *p, uint64_t seed)
{
    params_init(&p->params);
    p->net = mlp_declare(&p->params, "policy", p->dz + p->dg, &p->s.hidden, p->du, ACT_TANH, ACT_NONE, GROUP_OMEGA, seed);
    mlp_output_start(&p->params, &p->net, 0, p->du, 0, 0.1);
    p->centre = params_add(&p->params, "state.centre", p->dz + p->dg, 1, 0, 1);
    p->deviation = params_add(&p->params, "state.deviation", p->dz + p->dg, 1, 0, 1);
    params_fill(&p->params, p->deviation, 1);
}

struct policy *policy_new(const struct policy_settings *s, const struct model *m, int dg, uint64_t seed, struct error *e)
{
    double weights = 0, before = model_settings(m)->latent + dg;
    if (m->du == 0)
        return error_set(e, DSSM_USAGE, "the model has no controls, which a policy could choose"), NULL;
    for (int i = 0; i < s->hidden.n; before = s->hidden.v[i++])
        weights += before * s->hidden.v[i];
    if (weights > MODEL_MOST_WEIGHTS)
        return error_set(e, DSSM_USAGE, "--hidden: expected at most %d weights, got %.0f", MODEL_MOST_WEIGHTS, weights), NULL;
    struct policy *p = xcalloc(1, sizeof *p);
    *p = (struct policy){.s = *s, .dz = model_settings(m)->latent, .du = m->du, .dg = dg, .history = json_array()};
    p->model = json_pack("{s:s, s:I}", "kind", m->kind->name, "crc32", (json_int_t)params_crc(&m->params));
    declare(p, seed);
    return p;
}

void policy_free(struct policy *p)
{
    if (!p)
        return;
    params_free(&p->params);
    json_decref(p->goal);
    json_decref(p->model);
    json_decref(p->training);
    json_decref(p->history);
    free(p);
}

int policy_copy(struct policy *to, const struct policy *from, struct error *e)
{
    if (to->dg != from->dg)
        return error_set(e, DSSM_USAGE, to->dg ? "it was learned for one goal, not for any" : "it was learned for any goal, not for one");
    bool same = to->params.n == from->params.n;
    for (int i = 0; same && i < to->params.n; i++)
        same = to->params.entry[i].rows == from->params.entry[i].rows && to->params.entry[i].cols == from->params.entry[i].cols;
    if (!same)
        return error_set(e, DSSM_USAGE, "its network has other layers: give --hidden as that policy had it");
    memcpy(to->params.value, from->params.value, to->params.size * sizeof *to->params.value);
    return DSSM_OK;
}

/* ---- acting ---- */

var *policy_wish(struct tape *t, const struct policy *p, int first, var *z, var *goal)
{
    if (p->dg > 0)
        z = stack_rows(t, 2, (var *const[]){z, goal});
    struct mlp net = p->net;
    for (int i = 0; i < net.layers; i++) {
        net.weight[i] += first;
        net.bias[i] += first;
    }
    var *near = sub(t, z, spread(t, param(t, p->centre + first), z->lanes));
    return mlp_apply(t, &net, mul_rows(t, near, v_inverse(t, param(t, p->deviation + first))));
}

var *policy_bound(struct tape *t, const struct policy *p, var *wish, var *noise)
{
    if (noise)
        wish = add(t, wish, scale(t, noise, p->s.noise));
    return scale(t, v_tanh(t, wish), p->s.u_max);
}

var *policy_apply(struct tape *t, const struct policy *p, int first, var *z, var *goal, var *noise)
{
    return policy_bound(t, p, policy_wish(t, p, first, z, goal), noise);
}

/* ---- saving and loading ---- */

int policy_save(const struct policy *p, const char *path, struct error *e)
{
    struct archive a;
    archive_init(&a);
    json_object_update_new(a.meta, json_pack("{s:s, s:i, s:s, s:s, s:i, s:i, s:i}", "format", "dssm-policy", "version", 1,
                                             "program_version", DSSM_VERSION, "kind", "mlp", "dz", p->dz, "du", p->du, "dg", p->dg));
    json_object_set_new(a.meta, "settings", options_to_json(options_policy, &p->s));
    json_object_set(a.meta, "model", p->model);
    if (p->goal)
        json_object_set(a.meta, "goal", p->goal);
    if (p->training)
        json_object_set(a.meta, "training", p->training);
    json_object_set(a.meta, "history", p->history);
    params_to_archive(&p->params, p->params.value, "", &a);
    int status = resume_write(path, &a, e);
    archive_clear(&a);
    return status;
}

/* Is it a policy, and learned in this model? */
static int check_meta(const json_t *meta, const struct model *m, struct error *e)
{
    const char *format = json_string_value(json_object_get(meta, "format")), *kind = json_string_value(json_object_get(meta, "kind"));
    const json_t *model = json_object_get(meta, "model");
    if (!format || strcmp(format, "dssm-policy") != 0)
        return error_set(e, DSSM_BAD_INPUT, "meta.json: format: expected \"dssm-policy\", got \"%s\"", format ? format : "nothing");
    if (json_integer_value(json_object_get(meta, "version")) != 1)
        return error_set(e, DSSM_BAD_INPUT, "meta.json: version: expected 1, got another");
    if (!kind || strcmp(kind, "mlp") != 0)
        return error_set(e, DSSM_BAD_INPUT, "meta.json: kind: expected \"mlp\", got \"%s\"", kind ? kind : "nothing");
    if (json_integer_value(json_object_get(meta, "dz")) != model_settings(m)->latent ||
        json_integer_value(json_object_get(meta, "du")) != m->du ||
        json_integer_value(json_object_get(model, "crc32")) != (json_int_t)params_crc(&m->params))
        return error_set(e, DSSM_BAD_INPUT, "the policy was learned in another model, whose states mean something else");
    return DSSM_OK;
}

static struct policy *from_archive(const struct archive *a, const struct model *m, struct error *e)
{
    struct policy_settings s;
    options_defaults(options_policy, &s);
    const json_int_t dg = json_integer_value(json_object_get(a->meta, "dg")); /* which older files do not have */
    if (check_meta(a->meta, m, e))
        return NULL;
    if (dg < 0 || dg > model_settings(m)->latent)
        return error_set(e, DSSM_BAD_INPUT, "meta.json: dg: expected from 0 to %d, got %lld", model_settings(m)->latent, (long long)dg),
               NULL;
    if (options_from_json(options_policy, &s, json_object_get(a->meta, "settings"), e))
        return error_prefix(e, "meta.json"), NULL;
    struct policy *p = policy_new(&s, m, (int)dg, 0, e);
    if (!p) {
        if (e)
            e->code = DSSM_BAD_INPUT; /* here it is the file that is wrong, not the command line */
        return NULL;
    }
    int status = params_from_archive(&p->params, p->params.value, "", a, e);
    for (size_t i = 0; i < p->params.size && status == DSSM_OK; i++)
        if (!isfinite(p->params.value[i]))
            status = error_set(e, DSSM_BAD_INPUT, "expected finite numbers in all tensors");
    if (status) {
        policy_free(p);
        return NULL;
    }
    const json_t *history = json_object_get(a->meta, "history");
    p->goal = json_deep_copy(json_object_get(a->meta, "goal"));
    p->training = json_deep_copy(json_object_get(a->meta, "training"));
    if (json_is_array(history)) {
        json_decref(p->history);
        p->history = json_deep_copy(history);
    }
    return p;
}

struct policy *policy_load(const char *path, const struct model *m, struct error *e)
{
    struct archive a;
    FILE *f = input_open(path, e);
    if (!f)
        return NULL;
    struct policy *p = NULL;
    if (archive_read(&a, f, input_name(path), 0, e) == DSSM_OK && !(p = from_archive(&a, m, e)))
        error_prefix(e, "%s", input_name(path));
    archive_clear(&a);
    if (f != stdin)
        fclose(f);
    return p;
}
