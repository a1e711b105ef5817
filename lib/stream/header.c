/* The header: what the fields are and where the stream came from. */
#include "cli/cli.h"
#include "stream/stream.h"
#include <string.h>

json_t *header_new(void)
{
    json_t *h = json_object();
    json_object_set_new(h, "format", json_string("dssm-stream"));
    json_object_set_new(h, "version", json_integer(1));
    json_object_set_new(h, "fields", json_object());
    json_object_set_new(h, "history", json_array());
    return h;
}

json_t *header_copy(const json_t *header)
{
    return json_deep_copy(header);
}

/* The value of a key, made if it is not there. */
static json_t *member(json_t *object, const char *key, json_t *(*make)(void))
{
    json_t *value = json_object_get(object, key);
    if (!value) {
        json_object_set_new(object, key, make());
        value = json_object_get(object, key);
    }
    return value;
}

/* "line,circle" as a list of texts. */
static json_t *list_of(const char *commas)
{
    json_t *list = json_array();
    for (const char *p = commas; *p;) {
        size_t n = strcspn(p, ",");
        json_array_append_new(list, json_stringn(p, n));
        p += n + (p[n] == ',');
    }
    return list;
}

void header_field(json_t *header, const char *name, enum dtype type, int dims, const size_t *step_shape, const char *meaning,
                  const char *unit, const char *kinds, const char *names)
{
    json_t *field = json_object(), *shape = json_array();
    for (int i = 0; i < dims; i++)
        json_array_append_new(shape, json_integer((json_int_t)step_shape[i]));
    json_object_set_new(field, "dtype", json_string(dtype_name(type)));
    json_object_set_new(field, "shape", shape);
    if (meaning)
        json_object_set_new(field, "meaning", json_string(meaning));
    if (unit)
        json_object_set_new(field, "unit", json_string(unit));
    if (kinds)
        json_object_set_new(field, "kinds", list_of(kinds));
    if (names)
        json_object_set_new(field, "names", list_of(names));
    json_object_set_new(member(header, "fields", json_object), name, field);
}

void header_remove_field(json_t *header, const char *name)
{
    json_object_del(json_object_get(header, "fields"), name);
}

void header_history(json_t *header, const char *program, const char *command, bool has_seed, uint64_t seed)
{
    json_t *entry = json_object();
    json_object_set_new(entry, "program", json_string(program));
    json_object_set_new(entry, "version", json_string(DSSM_VERSION));
    json_object_set_new(entry, "command", text_json(command));
    if (has_seed)
        json_object_set_new(entry, "seed", seed_json(seed));
    json_array_append_new(member(header, "history", json_array), entry);
}

const json_t *header_get_field(const json_t *header, const char *name)
{
    return json_object_get(json_object_get(header, "fields"), name);
}

void header_shape(const json_t *header, const char *name, struct array *a)
{
    const json_t *shape = json_object_get(header_get_field(header, name), "shape");
    a->dims = 1 + (int)json_array_size(shape);
    for (size_t i = 0; i < json_array_size(shape); i++)
        a->shape[i + 1] = (size_t)json_integer_value(json_array_get(shape, i));
}
