/* dssm-info: what is in the file of a model, or of a policy. */
#include "cli/cli.h"
#include "control/control.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct settings {
    bool json;
    struct common common;
};
static const struct option_row rows[] = {
    {"json", 0, OPT_FLAG, offsetof(struct settings, json), NULL, 0, 0, NULL, NULL, "Print one line of JSON instead of text."},
    {0},
};
static struct settings settings;
static const struct option_group groups[] = {{"Output", rows, &settings}, {"Common", options_quiet, &settings.common}, {0}};
static const struct program program = {
    .name = "dssm-info",
    .reads_writes = "model or policy in, text or JSON out: kind, sizes, settings, parameters, training, history",
    .operands = "MODEL|POLICY",
    .operands_min = 1,
    .operands_max = 1,
    .examples = "dssm-info m.npz\n"
                "dssm-info --json m.npz | jq .settings\n"
                "dssm-info swing-up.npz\n",
    .groups = groups,
};

/* ---- the file as JSON ---- */

/* Euclidean length of a parameter, as one vector. */
static double norm(const struct params *p, const struct param *entry)
{
    double square = 0;
    for (size_t i = 0; i < (size_t)entry->rows * (size_t)entry->cols; i++)
        square += (double)p->value[entry->offset + i] * (double)p->value[entry->offset + i];
    return sqrt(square);
}

static const char *group_name(unsigned group)
{
    switch (group) {
    case 0: return "fixed";
    case GROUP_THETA: return "theta";
    case GROUP_PHI: return "phi";
    case GROUP_PSI: return "psi";
    case GROUP_PSI0: return "psi0";
    case GROUP_PHI0: return "phi0";
    case GROUP_BELIEF: return "belief";
    default: bug("dssm-info: parameter group %u", group);
    }
}

/* What parameters are called that no group of a model's moves: a policy's. */
static const char *policy_group(unsigned group)
{
    return group ? "omega" : "fixed";
}

static json_t *parameter_list(const struct params *p, const char *name_of(unsigned group))
{
    json_t *list = json_array();
    for (int i = 0; i < p->n; i++) {
        const struct param *entry = &p->entry[i];
        double length = norm(p, entry);
        json_array_append_new(list, json_pack("{s:s, s:[i, i], s:s, s:o}", "name", entry->name, "shape", entry->rows, entry->cols, "group",
                                              name_of(entry->group), "norm", isfinite(length) ? json_real(length) : json_null()));
    }
    return list;
}

/* What meta.json says, with what follows from the parameters. */
static json_t *with_parameters(json_t *meta, const struct params *p, const char *name_of(unsigned group))
{
    json_object_set_new(meta, "numbers", json_integer((json_int_t)p->size));
    json_object_set_new(meta, "crc32", json_integer(params_crc32(p)));
    json_object_set_new(meta, "parameters", parameter_list(p, name_of));
    return meta;
}

static json_t *about_model(const struct model *m)
{
    json_t *all = model_meta(m);
    json_object_set_new(all, "title", json_string(m->kind->title));
    json_object_set_new(all, "carried", json_integer(m->kind->carry_rows(m)));
    return with_parameters(all, &m->params, group_name);
}

/* ---- the file as text ---- */

/* Keys and plain values of an object, a line each. */
static void print_object(const json_t *object)
{
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)object, key, value) {
        char *text = json_is_string(value) ? xstrdup(json_string_value(value))
                                           : json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT | JSON_REAL_PRECISION(7));
        if (!json_is_object(value))
            printf("  %-18s %s\n", key, text ? text : "");
        free(text);
    }
}

static void print_section(const json_t *all, const char *key, const char *title)
{
    const json_t *object = json_object_get(all, key);
    if (json_object_size(object) == 0)
        return;
    printf("\n%s\n", title);
    print_object(object);
}

/* The settings of the training that are no settings of the model, which stand above. */
static void print_training_settings(const json_t *all)
{
    json_t *rest = json_object(), *value;
    const char *key;
    json_object_foreach(json_object_get(json_object_get(all, "training"), "settings"), key, value)
        if (!json_object_get(json_object_get(all, "settings"), key))
            json_object_set(rest, key, value);
    if (json_object_size(rest) > 0)
        printf("\ntraining settings\n");
    print_object(rest);
    json_decref(rest);
}

/* A table: name, shape, group, norm. */
static void print_parameters(const json_t *list)
{
    size_t i;
    json_t *entry;
    printf("\n%-30s %13s  %-6s %12s\n", "parameter", "shape", "group", "norm");
    json_array_foreach(list, i, entry) {
        const json_t *shape = json_object_get(entry, "shape"), *length = json_object_get(entry, "norm");
        char sizes[32], number[32] = "not finite";
        snprintf(sizes, sizeof sizes, "%lldx%lld", (long long)json_integer_value(json_array_get(shape, 0)),
                 (long long)json_integer_value(json_array_get(shape, 1)));
        if (json_is_real(length))
            snprintf(number, sizeof number, "%.5g", json_real_value(length));
        printf("%-30s %13s  %-6s %12s\n", json_string_value(json_object_get(entry, "name")), sizes,
               json_string_value(json_object_get(entry, "group")), number);
    }
}

static void print_history(const json_t *history)
{
    size_t i;
    json_t *entry;
    printf("\nhistory\n");
    json_array_foreach(history, i, entry) {
        const char *command = json_string_value(json_object_get(entry, "command"));
        printf("  %s\n", command ? command : "?");
    }
}

/* What both kinds of file have. */
static void print_rest(const json_t *all)
{
    print_section(all, "settings", "settings");
    print_section(all, "training", "training");
    print_section(json_object_get(all, "training"), "calibration", "calibration");
    print_training_settings(all);
    print_parameters(json_object_get(all, "parameters"));
    print_history(json_object_get(all, "history"));
}

static void print_model(const struct model *m, const char *name, const json_t *all)
{
    printf("%s: %s (%s), %s version\n", name, m->kind->name, m->kind->title, model_settings(m)->filter ? "filter" : "smoother");
    printf("%d observed numbers, %d controls and %d latent numbers a step; %zu parameters\n", m->dx, m->du, model_settings(m)->latent,
           m->params.size);
    if (m->kind->carry_rows(m) > 0)
        printf("goes on record by record (dssm-infer --online), carrying %d numbers\n", m->kind->carry_rows(m));
    else
        printf("looks ahead, so does not go on record by record (dssm-infer --online): a version trained with --filter does\n");
    printf("parameters have crc32 %lld, by which policies know their model\n",
           (long long)json_integer_value(json_object_get(all, "crc32")));
    print_section(all, "x", "x");
    print_rest(all);
}

static void print_policy(const struct policy *p, const char *name, const json_t *all)
{
    const json_t *model = json_object_get(all, "model");
    const char *kind = json_string_value(json_object_get(model, "kind"));
    printf("%s: policy (mlp), learned in the model (%s) whose parameters have crc32 %lld\n", name, kind ? kind : "?",
           (long long)json_integer_value(json_object_get(model, "crc32")));
    printf("%d latent numbers and %d of a goal in, %d controls out; %zu parameters\n", p->dz, p->dg, p->du, p->params.size);
    print_section(all, "goal", "goal");
    print_rest(all);
}

/* ---- the program ---- */

static void print_json(const json_t *all)
{
    json_dumpf(all, stdout, JSON_REAL_PRECISION(9));
    putchar('\n');
}

static int show_model(const struct archive *a, const char *name, struct error *e)
{
    struct model *m = model_from_archive(a, e);
    if (!m)
        return e->code;
    json_t *all = about_model(m);
    if (settings.json)
        print_json(all);
    else
        print_model(m, name, all);
    json_decref(all);
    model_free(m);
    return DSSM_OK;
}

static int show_policy(const struct archive *a, const char *name, struct error *e)
{
    struct policy *p = policy_from_archive(a, NULL, e);
    if (!p)
        return e->code;
    json_t *all = with_parameters(policy_meta(p), &p->params, policy_group);
    if (settings.json)
        print_json(all);
    else
        print_policy(p, name, all);
    json_decref(all);
    policy_free(p);
    return DSSM_OK;
}

static int run(const struct operands *operands, const char *command, struct error *e)
{
    (void)command;
    struct archive a;
    const char *name = input_name(operands->v[0]);
    if (archive_load(&a, operands->v[0], e))
        return e->code;
    const char *format = json_string_value(json_object_get(a.meta, "format"));
    int code = format && strcmp(format, "dssm-policy") == 0 ? show_policy(&a, name, e) : show_model(&a, name, e);
    archive_clear(&a);
    return code ? error_prefix(e, "%s", name) : DSSM_OK;
}

int main(int argc, char **argv)
{
    return program_main(&program, argc, argv, run);
}
