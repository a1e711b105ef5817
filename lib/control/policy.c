/* Policies: a small network with bounded outputs, and the archive that it rests in. */
#include "control/control.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A policy's parameters are one group; which of a model's group names it bears has no meaning, for it has a table of its own. */
enum { GROUP_OMEGA = GROUP_THETA };

#define AT(member) offsetof(struct policy_settings, member)
const struct option_row options_policy[] = {
    {"hidden", 0, OPT_SIZES, AT(hidden), "64-64", 1, 65536, NULL, "N-N", "hidden layers of the policy"},
    {"u-max", 0, OPT_REAL, AT(u_max), "0", 0, CONTROL_MOST, NULL, "U",
     "bound of every control, in its unit; 0: the largest that the start states' stream has"},
    {"noise", 0, OPT_REAL, AT(noise), "0", 0, 100, NULL, "SD",
     "standard deviation of noise that is added to the network's output, before the bound"},
    {0},
};
#undef AT

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

/* One of dz numbers of the state, without a model. */
static struct policy *policy_blank(const struct policy_settings *s, int dz, int du, int dg, uint64_t seed, struct error *e)
{
    double weights = 0, before = (double)dz + dg;
    for (int i = 0; i < s->hidden.n; before = s->hidden.v[i++])
        weights += before * s->hidden.v[i];
    if (weights > MODEL_MOST_WEIGHTS)
        return error_set(e, DSSM_USAGE, "--hidden: expected at most %d weights, got %.0f", MODEL_MOST_WEIGHTS, weights), NULL;
    struct policy *p = xcalloc(1, sizeof *p);
    *p = (struct policy){.s = *s, .dz = dz, .du = du, .dg = dg, .history = json_array()};
    declare(p, seed);
    return p;
}

struct policy *policy_new(const struct policy_settings *s, const struct model *m, int dg, uint64_t seed, struct error *e)
{
    if (m->du == 0)
        return error_set(e, DSSM_USAGE, "the model has no controls, which a policy could choose"), NULL;
    struct policy *p = policy_blank(s, model_settings(m)->latent, m->du, dg, seed, e);
    if (p)
        p->model = json_pack("{s:s, s:I}", "kind", m->kind->name, "crc32", (json_int_t)params_crc32(&m->params));
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

json_t *policy_meta(const struct policy *p)
{
    json_t *meta = json_pack("{s:s, s:i, s:s, s:s, s:i, s:i, s:i}", "format", "dssm-policy", "version", 1, "program_version", DSSM_VERSION,
                             "kind", "mlp", "dz", p->dz, "du", p->du, "dg", p->dg);
    json_object_set_new(meta, "settings", options_to_json(options_policy, &p->s));
    json_object_set(meta, "model", p->model);
    if (p->goal)
        json_object_set(meta, "goal", p->goal);
    if (p->training)
        json_object_set(meta, "training", p->training);
    json_object_set(meta, "history", p->history);
    return meta;
}

int policy_save(const struct policy *p, const char *path, struct error *e)
{
    struct archive a;
    archive_init(&a);
    json_decref(a.meta);
    a.meta = policy_meta(p);
    params_to_archive(&p->params, p->params.value, "", &a);
    int status = resume_write(path, &a, e);
    archive_clear(&a);
    return status;
}

struct sizes {
    int dz, du, dg;
};

/* Is it a policy, and learned in this model (if there is one)? Its sizes. */
static int check_meta(const json_t *meta, const struct model *m, struct sizes *n, struct error *e)
{
    const char *kind = json_string_value(json_object_get(meta, "kind"));
    *n = (struct sizes){0};
    if (meta_check(meta, "dssm-policy", e))
        return e->code;
    if (!kind || strcmp(kind, "mlp") != 0)
        return error_set(e, DSSM_BAD_INPUT, "meta.json: kind: expected \"mlp\", got \"%s\"", kind ? kind : "nothing");
    if (meta_size(meta, "dz", 1, &n->dz, e) || meta_size(meta, "du", 1, &n->du, e))
        return e->code;
    if (json_object_get(meta, "dg") && meta_size(meta, "dg", 0, &n->dg, e)) /* which older files do not have */
        return e->code;
    if (n->dg > n->dz)
        return error_set(e, DSSM_BAD_INPUT, "meta.json: dg: expected from 0 to %d, got %d", n->dz, n->dg);
    const json_int_t crc = json_integer_value(json_object_get(json_object_get(meta, "model"), "crc32"));
    if (m && (n->dz != model_settings(m)->latent || n->du != m->du || crc != (json_int_t)params_crc32(&m->params)))
        return error_set(e, DSSM_BAD_INPUT, "the policy was learned in another model, whose states mean something else");
    return DSSM_OK;
}

struct policy *policy_from_archive(const struct archive *a, const struct model *m, struct error *e)
{
    struct policy_settings s;
    struct sizes n;
    options_defaults(options_policy, &s);
    if (check_meta(a->meta, m, &n, e))
        return NULL;
    if (options_from_json(options_policy, &s, json_object_get(a->meta, "settings"), e))
        return error_prefix(e, "meta.json"), NULL;
    struct policy *p = policy_blank(&s, n.dz, n.du, n.dg, 0, e);
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
    p->model = json_deep_copy(json_object_get(a->meta, "model"));
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
    struct policy *p = NULL;
    if (archive_load(&a, path, e) == DSSM_OK && !(p = policy_from_archive(&a, m, e)))
        error_prefix(e, "%s", input_name(path));
    archive_clear(&a);
    return p;
}
