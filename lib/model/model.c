/* A model's life: made, saved, loaded. */
#include "model/parts.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

/* ---- making ---- */

void model_defaults(const struct model_kind *kind, void *settings)
{
    struct option_row *rows = options_with_defaults(options_model, kind->defaults);
    options_defaults(rows, settings);
    options_defaults(kind->options, settings);
    free(rows);
}

static struct model *model_blank(const struct model_kind *kind, const void *settings, int dx, int du)
{
    struct model *m = xcalloc(1, sizeof *m);
    m->kind = kind;
    m->dx = dx;
    m->du = du;
    m->settings = memcpy(xmalloc(kind->settings_size), settings, kind->settings_size);
    m->parts = xcalloc(1, kind->parts_size);
    params_init(&m->params);
    m->history = json_array();
    return m;
}

/* Weights between the layers that a table's lists of sizes speak of: a bound on what a network takes, whatever its ends are. */
static int check_sizes(const struct option_row *rows, const void *settings, int ends, struct error *e)
{
    for (; rows->name; rows++) {
        const void *value = (const char *)settings + rows->offset;
        const struct layer_list *layers = rows->kind == OPT_LAYERS ? value : NULL;
        if (rows->kind != OPT_SIZES && (!layers || layers->convolutions)) /* those with convolutions: coder_check() */
            continue;
        const struct int_list *sizes = layers ? &layers->dense : value;
        double weights = 0;
        for (int i = 0; i <= sizes->n; i++)
            weights += (double)(i > 0 ? sizes->v[i - 1] : ends) * (i < sizes->n ? sizes->v[i] : ends);
        if (sizes->n > 0 && weights > MODEL_MOST_WEIGHTS)
            return error_set(e, DSSM_USAGE, "--%s: expected at most %d weights, got %.0f with %d numbers at either end", rows->name,
                             MODEL_MOST_WEIGHTS, weights, ends);
    }
    return DSSM_OK;
}

struct model *model_new(const struct model_kind *kind, const void *settings, int dx, int du, const json_t *x_field, uint64_t seed,
                        struct error *e)
{
    int latent = ((const struct model_settings *)settings)->latent;
    if (check_sizes(options_model, settings, dx, e) || coder_check(settings, dx, x_field, e) ||
        check_sizes(kind->options, settings, latent + du, e) || (kind->check && kind->check(settings, dx, du, e)))
        return NULL;
    struct model *m = model_blank(kind, settings, dx, du);
    m->x_field = x_field ? json_deep_copy(x_field) : NULL;
    kind->declare(m, seed);
    return m;
}

void model_restart(struct model *m, uint64_t seed)
{
    params_free(&m->params);
    params_init(&m->params);
    m->kind->declare(m, seed);
}

void model_free(struct model *m)
{
    if (!m)
        return;
    params_free(&m->params);
    json_decref(m->x_field);
    json_decref(m->history);
    json_decref(m->training);
    free(m->settings);
    free(m->parts);
    free(m);
}

/* ---- saving ---- */

json_t *model_meta(const struct model *m)
{
    json_t *meta = json_object(), *settings = options_to_json(options_model, m->settings),
           *own = options_to_json(m->kind->options, m->settings);
    json_object_update(settings, own);
    json_decref(own);
    json_object_set_new(meta, "format", json_string("dssm-model"));
    json_object_set_new(meta, "version", json_integer(1));
    json_object_set_new(meta, "program_version", json_string(DSSM_VERSION));
    json_object_set_new(meta, "kind", json_string(m->kind->name));
    json_object_set_new(meta, "dx", json_integer(m->dx));
    json_object_set_new(meta, "du", json_integer(m->du));
    json_object_set_new(meta, "settings", settings);
    if (m->x_field)
        json_object_set(meta, "x", m->x_field);
    if (m->training)
        json_object_set(meta, "training", m->training);
    json_object_set(meta, "history", m->history);
    return meta;
}

uint32_t params_crc32(const struct params *p)
{
    return (uint32_t)crc32_z(0, (const Bytef *)p->value, p->size * sizeof *p->value);
}

void params_to_archive(const struct params *p, const real *values, const char *prefix, struct archive *a)
{
    for (int i = 0; i < p->n; i++) {
        const struct param *entry = &p->entry[i];
        struct array array = array_new(sizeof(real) == 4 ? DT_F4 : DT_F8, 2, (size_t[]){(size_t)entry->rows, (size_t)entry->cols});
        memcpy(array.data, values + entry->offset, array_bytes(&array));
        char *name = xasprintf("%s%s", prefix, entry->name);
        archive_put(a, name, array);
        free(name);
    }
}

int params_from_archive(const struct params *p, real *values, const char *prefix, const struct archive *a, struct error *e)
{
    for (int i = 0; i < p->n; i++) {
        const struct param *entry = &p->entry[i];
        char name[256];
        snprintf(name, sizeof name, "%s%s", prefix, entry->name);
        const struct array *array = archive_get(a, name);
        if (!array && entry->group == GROUP_BELIEF)
            continue; /* a model from before there were any: not calibrated */
        char got[ARRAY_SHAPE_TEXT];
        if (!array || array->dims != 2 || array->shape[0] != (size_t)entry->rows || array->shape[1] != (size_t)entry->cols)
            return error_set(e, DSSM_BAD_INPUT, "tensor %s: expected shape [%d,%d], got %s", name, entry->rows, entry->cols,
                             array_shape(array, got));
        for (size_t j = 0; j < array_count(array); j++)
            values[entry->offset + j] = (real)array_get(array, j);
    }
    return DSSM_OK;
}

int model_save(const struct model *m, const char *path, struct error *e)
{
    struct archive a;
    archive_init(&a);
    json_decref(a.meta);
    a.meta = model_meta(m);
    params_to_archive(&m->params, m->params.value, "", &a);
    struct output *out = output_open(path, e);
    int status = !out ? e->code : archive_write(&a, output_file(out), e);
    if (out && status == DSSM_OK)
        status = output_commit(out, e);
    else
        output_abort(out, e);
    archive_clear(&a);
    return status;
}

json_t *model_made_x(const struct model *m, const json_t *x, const char *meaning)
{
    json_t *field = x ? json_deep_copy(x) : json_pack("{s:[i]}", "shape", m->dx);
    const char *dtype = json_string_value(json_object_get(field, "dtype"));
    if (dtype && strcmp(dtype, "|u1") == 0) /* whose unit is value/255 */
        json_object_del(field, "unit");
    json_object_set_new(field, "dtype", json_string("<f4"));
    json_object_set_new(field, "meaning", json_string(meaning));
    return field;
}

/* ---- loading ---- */

/* "meta.json: KEY: expected WHAT, got …" */
static int refuse_meta(const json_t *meta, const char *key, const char *what, struct error *e)
{
    char *got = json_text(json_object_get(meta, key));
    error_set(e, DSSM_BAD_INPUT, "meta.json: %s: expected %s, got %.100s", key, what, got);
    free(got);
    return DSSM_BAD_INPUT;
}

int meta_check(const json_t *meta, const char *format, struct error *e)
{
    const char *got = json_string_value(json_object_get(meta, "format"));
    char wanted[64];
    snprintf(wanted, sizeof wanted, "\"%s\"", format);
    if (!got || strcmp(got, format) != 0)
        return refuse_meta(meta, "format", wanted, e);
    if (json_integer_value(json_object_get(meta, "version")) != 1)
        return refuse_meta(meta, "version", "1", e);
    return DSSM_OK;
}

int meta_size(const json_t *meta, const char *key, int low, int *out, struct error *e)
{
    enum { HIGH = 1 << 24 }; /* a bound that no sane file leaves */
    const json_t *value = json_object_get(meta, key);
    char wanted[64];
    snprintf(wanted, sizeof wanted, "a whole number from %d to %d", low, HIGH);
    if (!json_is_integer(value) || json_integer_value(value) < low || json_integer_value(value) > HIGH)
        return refuse_meta(meta, key, wanted, e);
    *out = (int)json_integer_value(value);
    return DSSM_OK;
}

static int read_settings(const struct model_kind *kind, const json_t *meta, void *settings, struct error *e)
{
    model_defaults(kind, settings);
    json_t *all = json_object(), *own = json_object();
    const char *key;
    json_t *value;
    for (const struct option_row *row = kind->options; row->name; row++) {
        char name[64];
        snprintf(name, sizeof name, "%s", row->name);
        for (char *c = name; *c; c++)
            if (*c == '-')
                *c = '_';
        if ((value = json_object_get(json_object_get(meta, "settings"), name)))
            json_object_set(own, name, value);
    }
    json_object_foreach(json_object_get(meta, "settings"), key, value)
        if (!json_object_get(own, key))
            json_object_set(all, key, value);
    int status = options_from_json(options_model, settings, all, e);
    if (status == DSSM_OK)
        status = options_from_json(kind->options, settings, own, e);
    if (status)
        error_prefix(e, "meta.json: settings");
    json_decref(all);
    json_decref(own);
    return status;
}

/* A model whose numbers are none would answer with none, and not say why. */
static int check_finite(const struct params *p, struct error *e)
{
    for (int i = 0; i < p->n; i++)
        for (size_t j = 0; j < (size_t)p->entry[i].rows * (size_t)p->entry[i].cols; j++)
            if (!isfinite(p->value[p->entry[i].offset + j]))
                return error_set(e, DSSM_BAD_INPUT, "tensor %s: expected finite numbers", p->entry[i].name);
    return DSSM_OK;
}

struct model *model_from_archive(const struct archive *a, struct error *e)
{
    const char *name = json_string_value(json_object_get(a->meta, "kind"));
    if (meta_check(a->meta, "dssm-model", e))
        return NULL;
    const struct model_kind *kind = name ? model_kind_find(name) : NULL;
    if (!kind)
        return error_set(e, DSSM_BAD_INPUT, "meta.json: kind: \"%s\" is not a model that this version knows", name ? name : ""), NULL;
    int dx = 0, du = 0;
    void *settings = xcalloc(1, kind->settings_size);
    struct model *m = NULL;
    if (!meta_size(a->meta, "dx", 1, &dx, e) && !meta_size(a->meta, "du", 0, &du, e) && !read_settings(kind, a->meta, settings, e) &&
        !(m = model_new(kind, settings, dx, du, json_object_get(a->meta, "x"), 0, e))) {
        error_prefix(e, "meta.json: settings");
        if (e)
            e->code = DSSM_BAD_INPUT; /* here it is the file that is wrong, not the command line */
    }
    free(settings);
    if (m && (params_from_archive(&m->params, m->params.value, "", a, e) || check_finite(&m->params, e))) {
        model_free(m);
        return NULL;
    }
    if (m) {
        json_decref(m->history);
        json_t *history = json_object_get(a->meta, "history");
        m->history = json_is_array(history) ? json_deep_copy(history) : json_array();
        m->training = json_deep_copy(json_object_get(a->meta, "training"));
    }
    return m;
}

struct model *model_load(const char *path, struct error *e)
{
    struct archive a;
    struct model *m = NULL;
    if (archive_load(&a, path, e) == DSSM_OK && !(m = model_from_archive(&a, e)))
        error_prefix(e, "%s", input_name(path));
    archive_clear(&a);
    return m;
}

int model_fits(const struct model *m, const struct dataset *d, const char *name, struct error *e)
{
    if (d->dx != m->dx)
        return error_set(e, DSSM_BAD_INPUT, "%s: field x: the model expects %d numbers a step, got %d", name, m->dx, d->dx);
    if (m->du > 0 && d->du != m->du)
        return error_set(e, DSSM_BAD_INPUT, "%s: field u: the model expects %d numbers a step, got %d", name, m->du, d->du);
    return DSSM_OK;
}
