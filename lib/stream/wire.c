/* Keys, texts and JSON on the wire. */
#include "wire.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

bool wire_text(const msgpack_object *o, const char **text, size_t *size)
{
    if (o->type != MSGPACK_OBJECT_STR && o->type != MSGPACK_OBJECT_BIN)
        return false;
    *text = o->type == MSGPACK_OBJECT_STR ? o->via.str.ptr : o->via.bin.ptr;
    *size = o->type == MSGPACK_OBJECT_STR ? o->via.str.size : o->via.bin.size;
    return true;
}

bool wire_text_is(const msgpack_object *o, const char *text)
{
    const char *t;
    size_t n;
    return wire_text(o, &t, &n) && n == strlen(text) && memcmp(t, text, n) == 0;
}

const msgpack_object *wire_get(const msgpack_object *map, const char *key)
{
    for (uint32_t i = 0; i < map->via.map.size; i++)
        if (wire_text_is(&map->via.map.ptr[i].key, key))
            return &map->via.map.ptr[i].val;
    return NULL;
}

/* jansson knows UTF-8. */
bool wire_is_text(const char *t, size_t n)
{
    if (n > 0 && memchr(t, 0, n))
        return false;
    json_t *j = json_stringn(n ? t : "", n);
    json_decref(j);
    return j != NULL;
}

static int compare_keys(const void *a, const void *b)
{
    const char *s = NULL, *t = NULL;
    size_t m = 0, n = 0;
    wire_text(*(const msgpack_object *const *)a, &s, &m);
    wire_text(*(const msgpack_object *const *)b, &t, &n);
    int c = memcmp(m ? s : "", n ? t : "", m < n ? m : n);
    return c ? c : (m > n) - (m < n);
}

/* The first key that occurs twice, or NULL: by sorting, so that a map of a million keys takes no hour. */
static const msgpack_object *find_twin(const msgpack_object *map)
{
    uint32_t n = map->via.map.size;
    const msgpack_object **key = xmalloc((n + 1) * sizeof *key), *twin = NULL;
    for (uint32_t i = 0; i < n; i++)
        key[i] = &map->via.map.ptr[i].key;
    qsort(key, n, sizeof *key, compare_keys);
    for (uint32_t i = 1; i < n && !twin; i++)
        if (compare_keys(&key[i - 1], &key[i]) == 0)
            twin = key[i];
    free(key);
    return twin;
}

int wire_check_keys(const msgpack_object *map, struct error *e)
{
    for (uint32_t i = 0; i < map->via.map.size; i++) {
        const char *t;
        size_t n;
        if (!wire_text(&map->via.map.ptr[i].key, &t, &n) || !wire_is_text(t, n))
            return error_set(e, DSSM_BAD_INPUT, "key %u of a map is no UTF-8 text", i + 1);
    }
    const msgpack_object *twin = find_twin(map);
    const char *t = "";
    size_t n = 0;
    if (!twin)
        return DSSM_OK;
    wire_text(twin, &t, &n);
    return error_set(e, DSSM_BAD_INPUT, "key %.*s occurs twice in one map", (int)(n < 200 ? n : 200), t);
}

static json_t *refuse(struct error *e, const char *what)
{
    error_set(e, DSSM_BAD_INPUT, "%s", what);
    return NULL;
}

static json_t *map_to_json(const msgpack_object *o, struct error *e)
{
    if (wire_check_keys(o, e))
        return NULL;
    json_t *j = json_object();
    for (uint32_t i = 0; i < o->via.map.size; i++) {
        const char *t = "";
        size_t n = 0;
        wire_text(&o->via.map.ptr[i].key, &t, &n);
        char *key = xasprintf("%.*s", (int)n, t);
        json_t *value = wire_to_json(&o->via.map.ptr[i].val, e);
        if (value)
            json_object_set_new(j, key, value);
        else if (e)
            error_prefix(e, "%.200s", key);
        free(key);
        if (!value) {
            json_decref(j);
            return NULL;
        }
    }
    return j;
}

static json_t *array_to_json(const msgpack_object *o, struct error *e)
{
    json_t *j = json_array();
    for (uint32_t i = 0; i < o->via.array.size; i++) {
        json_t *value = wire_to_json(&o->via.array.ptr[i], e);
        if (!value) {
            json_decref(j);
            return NULL;
        }
        json_array_append_new(j, value);
    }
    return j;
}

json_t *wire_to_json(const msgpack_object *o, struct error *e)
{
    json_t *j = NULL;
    switch (o->type) {
    case MSGPACK_OBJECT_NIL: return json_null();
    case MSGPACK_OBJECT_BOOLEAN: return json_boolean(o->via.boolean);
    case MSGPACK_OBJECT_NEGATIVE_INTEGER: return json_integer(o->via.i64);
    case MSGPACK_OBJECT_POSITIVE_INTEGER:
        return o->via.u64 <= INT64_MAX ? json_integer((json_int_t)o->via.u64) : refuse(e, "an integer beyond 2^63-1");
    case MSGPACK_OBJECT_FLOAT32:
    case MSGPACK_OBJECT_FLOAT64: return isfinite(o->via.f64) ? json_real(o->via.f64) : refuse(e, "a number that is not finite");
    case MSGPACK_OBJECT_STR:
        j = json_stringn(o->via.str.size ? o->via.str.ptr : "", o->via.str.size);
        return j ? j : refuse(e, "text that is no UTF-8");
    case MSGPACK_OBJECT_ARRAY: return array_to_json(o, e);
    case MSGPACK_OBJECT_MAP: return map_to_json(o, e);
    default: return refuse(e, "a value of a type that a header may not hold (bin or ext)");
    }
}

void wire_pack_text(msgpack_packer *p, const char *text, bool bin)
{
    size_t n = strlen(text);
    if (bin)
        msgpack_pack_bin_with_body(p, text, n);
    else
        msgpack_pack_str_with_body(p, text, n);
}

void wire_pack_json(msgpack_packer *p, const json_t *j)
{
    const char *key;
    json_t *value;
    size_t i;
    switch (json_typeof(j)) {
    case JSON_NULL: msgpack_pack_nil(p); return;
    case JSON_TRUE: msgpack_pack_true(p); return;
    case JSON_FALSE: msgpack_pack_false(p); return;
    case JSON_INTEGER: msgpack_pack_int64(p, json_integer_value(j)); return;
    case JSON_REAL: msgpack_pack_double(p, json_real_value(j)); return;
    case JSON_STRING: msgpack_pack_str_with_body(p, json_string_value(j), json_string_length(j)); return;
    case JSON_ARRAY:
        msgpack_pack_array(p, json_array_size(j));
        json_array_foreach(j, i, value)
            wire_pack_json(p, value);
        return;
    case JSON_OBJECT:
        msgpack_pack_map(p, json_object_size(j));
        json_object_foreach((json_t *)(uintptr_t)j, key, value) {
            wire_pack_text(p, key, false);
            wire_pack_json(p, value);
        }
        return;
    }
}
