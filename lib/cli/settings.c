/* Settings to and from JSON, by the same table that reads the command line. */
#include "cli/cli_private.h"

#include <math.h>
#include <string.h>

/* The key of a row: its name with _ for -. */
static void key_of(const struct option_row *row, char *key, size_t size)
{
    snprintf(key, size, "%s", row->name);
    for (char *c = key; *c; c++)
        if (*c == '-')
            *c = '_';
}

/* Sizes as an array of integers. */
static json_t *sizes_to_json(const struct int_list *list)
{
    json_t *array = json_array();
    for (int i = 0; i < list->n; i++)
        json_array_append_new(array, json_integer(list->v[i]));
    return array;
}

/* Dense layers likewise; with convolutions the text of the command line. */
static json_t *layers_to_json(const struct layer_list *l)
{
    char text[256];
    return l->convolutions ? json_string(layers_text(l, text, sizeof text)) : sizes_to_json(&l->dense);
}

json_t *seed_json(uint64_t seed)
{
    char text[32];
    if (seed <= INT64_MAX)
        return json_integer((json_int_t)seed);
    snprintf(text, sizeof text, "%llu", (unsigned long long)seed);
    return json_string(text);
}

static json_t *choice_to_json(const struct option_row *row, int index)
{
    char choice[64];
    if (!option_choice(row, index, choice, sizeof choice))
        bug("option --%s has no choice %d", row->name, index);
    return json_string(choice);
}

/* One value as JSON; a number that is not finite and a text that is NULL become null. */
static json_t *value_to_json(const struct option_row *row, const void *from)
{
    const void *value = (const char *)from + row->offset;
    switch (row->kind) {
    case OPT_FLAG: return json_boolean(*(const bool *)value);
    case OPT_INT: return json_integer(*(const int *)value);
    case OPT_SEED: return seed_json(*(const uint64_t *)value);
    case OPT_REAL: return isfinite(*(const double *)value) ? json_real(*(const double *)value) : json_null();
    case OPT_TEXT: return text_json(*(const char *const *)value);
    case OPT_CHOICE: return choice_to_json(row, *(const int *)value);
    case OPT_SIZES: return sizes_to_json(value);
    case OPT_LAYERS: return layers_to_json(value);
    }
    bug("option --%s has no kind", row->name);
}

json_t *options_to_json(const struct option_row *rows, const void *from)
{
    json_t *object = json_object();
    for (const struct option_row *row = rows; row->name; row++) {
        char key[64];
        key_of(row, key, sizeof key);
        json_object_set_new(object, key, value_to_json(row, from));
    }
    return object;
}

/* An array of integers as "256-128", the notation of the command line; false when it holds anything else. */
static bool sizes_as_text(const json_t *array, char *text, size_t size)
{
    size_t used = 0, i;
    const json_t *item;
    json_array_foreach(array, i, item) {
        if (!json_is_integer(item) || used + 24 > size)
            return false;
        used += (size_t)snprintf(text + used, size - used, "%s%" JSON_INTEGER_FORMAT, i ? "-" : "", json_integer_value(item));
    }
    if (i == 0)
        snprintf(text, size, "none");
    return true;
}

/* A JSON value in the notation of the command line, so that one function checks both; false for a type that no option has. */
static bool value_as_text(const struct option_row *row, const json_t *value, char *text, size_t size)
{
    if (json_is_integer(value))
        snprintf(text, size, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
    else if (json_is_real(value))
        snprintf(text, size, "%.17g", json_real_value(value));
    else if (json_is_boolean(value))
        snprintf(text, size, "%s", json_is_true(value) ? "true" : "false");
    else if (json_is_array(value) && (row->kind == OPT_SIZES || row->kind == OPT_LAYERS))
        return sizes_as_text(value, text, size);
    else
        return false;
    return true;
}

static int value_from_json(const struct option_row *row, void *into, const json_t *value, struct error *e)
{
    char text[256];
    if (json_is_string(value)) /* also what owns an OPT_TEXT */
        return option_value_set(row, into, json_string_value(value), e);
    if (row->kind == OPT_TEXT && json_is_null(value)) {
        *(const char **)((char *)into + row->offset) = NULL;
        return DSSM_OK;
    }
    if (row->kind == OPT_TEXT)
        return error_set(e, DSSM_BAD_INPUT, "expected a string or null");
    if (!value_as_text(row, value, text, sizeof text)) {
        static const char *const names[] = {"an object", "an array", "a string", "an integer", "a real", "true", "false", "null"};
        return error_set(e, DSSM_BAD_INPUT, "expected %s, got %s",
                         row->kind == OPT_SIZES || row->kind == OPT_LAYERS ? "an array of up to 8 integers" : "one value",
                         names[json_typeof(value)]);
    }
    return option_value_set(row, into, text, e);
}

/* The row of a key, or NULL with the error set. */
static const struct option_row *row_of(const struct option_row *rows, const char *wanted, struct error *e)
{
    struct near near = near_start(wanted);
    char key[64], hint[128];
    for (const struct option_row *row = rows; row->name; row++) {
        key_of(row, key, sizeof key);
        if (strcmp(key, wanted) == 0)
            return row;
        near_offer(&near, key);
    }
    error_set(e, DSSM_BAD_INPUT, "unknown setting %s%s", wanted, near_hint(&near, "", hint, sizeof hint));
    return NULL;
}

int options_from_json(const struct option_row *rows, void *into, const json_t *json, struct error *e)
{
    if (!json_is_object(json))
        return error_set(e, DSSM_BAD_INPUT, "settings: expected a JSON object");
    const char *key;
    const json_t *value;
    json_object_foreach((json_t *)json, key, value) { /* the macro wants it mutable, but only reads */
        const struct option_row *row = row_of(rows, key, e);
        if (!row)
            return DSSM_BAD_INPUT;
        if (value_from_json(row, into, value, e)) {
            error_prefix(e, "setting %s", key);
            if (e)
                e->code = DSSM_BAD_INPUT;
            return DSSM_BAD_INPUT;
        }
    }
    return DSSM_OK;
}

char *json_text(const json_t *value)
{
    return value ? json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT | JSON_REAL_PRECISION(9)) : xstrdup("nothing");
}
