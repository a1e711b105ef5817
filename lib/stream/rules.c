/* The rules of formats/stream.md that go beyond the form of a message: S4-S6 on the header, S13-S16 on records. */
#include "rules.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Reads a step's shape; its product must be a size. */
static int read_step_shape(const json_t *shape, struct field_rule *f, struct error *e)
{
    size_t i, count = 1;
    json_t *n;
    if (!json_is_array(shape) || json_array_size(shape) >= ARRAY_MAX_DIMS)
        return error_set(e, DSSM_BAD_INPUT, "shape: expected a list of at most %d integers", ARRAY_MAX_DIMS - 1);
    json_array_foreach(shape, i, n) {
        if (!json_is_integer(n) || json_integer_value(n) < 0)
            return error_set(e, DSSM_BAD_INPUT, "shape: expected integers ≥ 0");
        f->shape[i] = (size_t)json_integer_value(n);
        if (__builtin_mul_overflow(count, f->shape[i], &count) || count > SIZE_MAX / 8)
            return error_set(e, DSSM_BAD_INPUT, "shape: more numbers than a machine has");
    }
    f->dims = (int)json_array_size(shape);
    return DSSM_OK;
}

/* kinds and names: one text for each component of a step. */
static int check_components(const json_t *list, const char *key, const struct field_rule *f, struct error *e)
{
    size_t count = 1, i;
    json_t *text;
    if (!list)
        return DSSM_OK;
    for (int d = 0; d < f->dims; d++)
        count *= f->shape[d];
    if (!json_is_array(list) || json_array_size(list) != count)
        return error_set(e, DSSM_BAD_INPUT, "%s: expected a list of %zu texts, one a component", key, count);
    json_array_foreach(list, i, text) {
        const char *t = json_string_value(text);
        if (!t)
            return error_set(e, DSSM_BAD_INPUT, "%s: expected texts", key);
        if (strcmp(key, "kinds") == 0 && strcmp(t, "line") != 0 && strcmp(t, "circle") != 0)
            return error_set(e, DSSM_BAD_INPUT, "kinds: expected line or circle, got %.100s", t);
    }
    return DSSM_OK;
}

static int check_text(const json_t *field, const char *key, struct error *e)
{
    const json_t *text = json_object_get(field, key);
    return !text || json_is_string(text) ? DSSM_OK : error_set(e, DSSM_BAD_INPUT, "%s: expected text", key);
}

static bool is_mask(const char *name)
{
    return strcmp(name, "mask") == 0;
}

static int read_field_rule(const json_t *field, struct field_rule *f, struct error *e)
{
    const char *dtype = json_string_value(json_object_get(field, "dtype"));
    if (!json_is_object(field))
        return error_set(e, DSSM_BAD_INPUT, "expected a map");
    if (!dtype)
        return error_set(e, DSSM_BAD_INPUT, "dtype: missing");
    if (!dtype_parse(dtype, &f->type))
        return error_set(e, DSSM_BAD_INPUT, "dtype: expected <f4 <f8 <i4 <i8 <u2 |u1 or |b1, got %.100s", dtype);
    if (read_step_shape(json_object_get(field, "shape"), f, e) || check_text(field, "meaning", e) || check_text(field, "unit", e) ||
        check_components(json_object_get(field, "kinds"), "kinds", f, e) ||
        check_components(json_object_get(field, "names"), "names", f, e))
        return DSSM_BAD_INPUT;
    if (is_mask(f->name) && (f->dims != 0 || (f->type != DT_B1 && f->type != DT_U1)))
        return error_set(e, DSSM_BAD_INPUT, "expected dtype |b1 or |u1 and shape []");
    return DSSM_OK;
}

static int check_head(const json_t *header, struct error *e)
{
    const char *format = json_string_value(json_object_get(header, "format"));
    const json_t *version = json_object_get(header, "version"), *history = json_object_get(header, "history");
    size_t i;
    json_t *entry;
    if (!format || strcmp(format, "dssm-stream") != 0)
        return error_set(e, DSSM_BAD_INPUT, "header: format: expected dssm-stream, got %.100s", format ? format : "no text");
    if (!json_is_integer(version))
        return error_set(e, DSSM_BAD_INPUT, "header: version: expected 1, got no integer");
    if (json_integer_value(version) != 1)
        return error_set(e, DSSM_BAD_INPUT, "header: version: expected 1, got %lld", (long long)json_integer_value(version));
    if (!json_is_object(json_object_get(header, "fields")))
        return error_set(e, DSSM_BAD_INPUT, "header: fields: expected a map");
    if (history && !json_is_array(history))
        return error_set(e, DSSM_BAD_INPUT, "header: history: expected a list of maps");
    json_array_foreach(history, i, entry)
        if (!json_is_object(entry))
            return error_set(e, DSSM_BAD_INPUT, "header: history: expected a list of maps");
    return DSSM_OK;
}

int rules_begin(struct rules *r, const json_t *header, struct error *e)
{
    const char *name;
    json_t *field, *fields = json_object_get(header, "fields");
    *r = (struct rules){0};
    if (check_head(header, e))
        return DSSM_BAD_INPUT;
    r->field = xcalloc(json_object_size(fields) + 1, sizeof *r->field);
    json_object_foreach(fields, name, field) {
        struct field_rule *f = &r->field[r->n++];
        f->name = xstrdup(name);
        int code = strcmp(name, "id") && strcmp(name, "end") && strcmp(name, "format")
                       ? read_field_rule(field, f, e)
                       : error_set(e, DSSM_BAD_INPUT, "the name is reserved");
        if (code) {
            if (e)
                error_prefix(e, "header: field %.200s", name);
            rules_end(r);
            return DSSM_BAD_INPUT;
        }
    }
    return DSSM_OK;
}

void rules_end(struct rules *r)
{
    for (int i = 0; i < r->n; i++)
        free(r->field[i].name);
    free(r->field);
    free(r->last_id);
    *r = (struct rules){0};
}

/* "[T,16,16]" */
static const char *shape_text(char *out, size_t size, const size_t *step, int dims)
{
    int n = snprintf(out, size, "[T");
    for (int i = 0; i < dims; i++)
        n += snprintf(out + n, size - (size_t)n, ",%zu", step[i]);
    snprintf(out + n, size - (size_t)n, "]");
    return out;
}

static int check_shape(const struct array *a, const struct field_rule *f, struct error *e)
{
    char want[24 * ARRAY_MAX_DIMS], got[24 * ARRAY_MAX_DIMS];
    bool same = a->dims == f->dims + 1;
    for (int i = 0; same && i < f->dims; i++)
        same = a->shape[i + 1] == f->shape[i];
    if (same)
        return DSSM_OK;
    shape_text(want, sizeof want, f->shape, f->dims);
    if (a->dims == 0)
        return error_set(e, DSSM_BAD_INPUT, "field %s: expected shape %s, got []", f->name, want);
    return error_set(e, DSSM_BAD_INPUT, "field %s: expected shape %s, got %s", f->name, want,
                     shape_text(got, sizeof got, a->shape + 1, a->dims - 1));
}

/* A declared field: there, of its type and shape. The mask is checked apart. */
static int check_field(const struct record *rec, const struct field_rule *f, struct error *e)
{
    const struct array *a = record_get(rec, f->name);
    if (!a) {
        for (int i = 0; i < rec->n; i++)
            if (strcmp(rec->field[i].name, f->name) == 0)
                return error_set(e, DSSM_BAD_INPUT, "field %s: expected an array", f->name);
        return error_set(e, DSSM_BAD_INPUT, "field %s: declared in the header, not in the record", f->name);
    }
    if (is_mask(f->name))
        return DSSM_OK;
    if (a->type != f->type)
        return error_set(e, DSSM_BAD_INPUT, "field %s: expected dtype %s, got %s", f->name, dtype_name(f->type), dtype_name(a->type));
    return check_shape(a, f, e);
}

/* The mask, declared or not: [T] of 0 and 1. */
static int check_mask(const struct record *rec, struct error *e)
{
    static char name[] = "mask";
    const struct field_rule rule = {.name = name};
    const struct array *a = NULL;
    for (int i = 0; i < rec->n; i++)
        if (is_mask(rec->field[i].name)) {
            if (rec->field[i].raw)
                return error_set(e, DSSM_BAD_INPUT, "field mask: expected an array");
            a = &rec->field[i].array;
        }
    if (!a)
        return DSSM_OK;
    if (a->type != DT_B1 && a->type != DT_U1)
        return error_set(e, DSSM_BAD_INPUT, "field mask: expected dtype |b1 or |u1, got %s", dtype_name(a->type));
    if (check_shape(a, &rule, e))
        return DSSM_BAD_INPUT;
    for (size_t t = 0; t < a->shape[0]; t++)
        if (((const uint8_t *)a->data)[t] > 1)
            return error_set(e, DSSM_BAD_INPUT, "field mask: step %zu: expected 0 or 1, got %u", t + 1, ((const uint8_t *)a->data)[t]);
    return DSSM_OK;
}

/* The first axis of every field is as long as that of x (or of the first field). */
static int check_steps(const struct rules *r, const struct record *rec, struct error *e)
{
    const char *first = NULL;
    size_t steps = 0;
    for (int i = 0; i < r->n; i++)
        if (!first || strcmp(r->field[i].name, "x") == 0)
            first = r->field[i].name;
    if (!first)
        return DSSM_OK;
    steps = record_get(rec, first)->shape[0];
    if (steps == 0)
        return error_set(e, DSSM_BAD_INPUT, "field %s: expected at least one step, got 0", first);
    for (int i = 0; i <= r->n; i++) {
        const char *name = i < r->n ? r->field[i].name : "mask";
        const struct array *a = record_get(rec, name);
        bool one_less = a && a->shape[0] + 1 == steps && strcmp(name, "u") == 0;
        if (a && a->shape[0] != steps)
            return error_set(e, DSSM_BAD_INPUT, "field %s: expected %zu steps as %s has, got %zu%s", name, steps, first, a->shape[0],
                             one_less ? " (the last control has no effect: any finite row will do)" : "");
    }
    return DSSM_OK;
}

static bool step_is_finite(const struct array *a, size_t t)
{
    size_t n = array_step(a);
    for (size_t i = t * n; i < (t + 1) * n; i++)
        if (!isfinite(array_get(a, i)))
            return false;
    return true;
}

/* Controls are finite wherever they act: everywhere but in the last step of a sequence, which may go on in the next record. */
static int check_controls(struct rules *r, const struct record *rec, struct error *e)
{
    const struct array *u = NULL;
    for (int i = 0; i < r->n; i++)
        if (strcmp(r->field[i].name, "u") == 0)
            u = record_get(rec, "u");
    if (r->last_open && strcmp(r->last_id, rec->id) == 0)
        return error_set(e, DSSM_BAD_INPUT, "field u: goes on from a record with this id whose last control is not finite");
    r->last_open = false;
    if (!u || (u->type != DT_F4 && u->type != DT_F8))
        return DSSM_OK;
    for (size_t t = 0; t + 1 < u->shape[0]; t++)
        if (!step_is_finite(u, t))
            return error_set(e, DSSM_BAD_INPUT, "field u: step %zu: expected a finite control", t + 1);
    r->last_open = !step_is_finite(u, u->shape[0] - 1);
    return DSSM_OK;
}

int rules_check(struct rules *r, const struct record *rec, struct error *e)
{
    for (int i = 0; i < r->n; i++)
        if (check_field(rec, &r->field[i], e))
            return DSSM_BAD_INPUT;
    if (check_mask(rec, e) || check_steps(r, rec, e) || check_controls(r, rec, e))
        return DSSM_BAD_INPUT;
    if (!r->last_id || strcmp(r->last_id, rec->id) != 0) {
        free(r->last_id);
        r->last_id = xstrdup(rec->id);
    }
    return DSSM_OK;
}
