/* Arrays and records on the wire: msgpack-numpy's five keys nd, type, kind, shape, data. */
#include "wire.h"
#include <stdlib.h>
#include <string.h>

bool wire_is_array(const msgpack_object *map)
{
    const msgpack_object *nd = wire_get(map, "nd");
    return nd && nd->type == MSGPACK_OBJECT_BOOLEAN && nd->via.boolean;
}

/* Refuses every kind but "": msgpack-numpy's "O" is a pickle, that is, code. */
static int check_kind(const msgpack_object *kind, struct error *e)
{
    if (!kind)
        return error_set(e, DSSM_BAD_INPUT, "array without key kind");
    if (wire_text_is(kind, "O"))
        return error_set(e, DSSM_BAD_INPUT, "array of kind O: a pickle is code and is never read");
    if (!wire_text_is(kind, ""))
        return error_set(e, DSSM_BAD_INPUT, "array of a kind other than \"\" (structured or object)");
    return DSSM_OK;
}

static int read_type(const msgpack_object *type, enum dtype *t, struct error *e)
{
    const char *text;
    size_t n;
    char name[16] = "";
    if (!type || !wire_text(type, &text, &n))
        return error_set(e, DSSM_BAD_INPUT, "array without a text under key type");
    if (n > 0 && n < sizeof name && !memchr(text, 0, n))
        memcpy(name, text, n);
    if (dtype_parse(name, t))
        return DSSM_OK;
    if (name[0] == '>')
        return error_set(e, DSSM_BAD_INPUT, "array of type %s: big endian; expected <f4 <f8 <i4 <i8 <u2 |u1 or |b1", name);
    return error_set(e, DSSM_BAD_INPUT, "array of unknown type %s; expected <f4 <f8 <i4 <i8 <u2 |u1 or |b1", name);
}

static int read_shape(const msgpack_object *shape, struct array *a, struct error *e)
{
    if (!shape || shape->type != MSGPACK_OBJECT_ARRAY)
        return error_set(e, DSSM_BAD_INPUT, "array without a list under key shape");
    if (shape->via.array.size > ARRAY_MAX_DIMS)
        return error_set(e, DSSM_BAD_INPUT, "array of %u axes; at most %d are allowed", shape->via.array.size, ARRAY_MAX_DIMS);
    a->dims = (int)shape->via.array.size;
    for (int i = 0; i < a->dims; i++) {
        const msgpack_object *n = &shape->via.array.ptr[i];
        if (n->type != MSGPACK_OBJECT_POSITIVE_INTEGER)
            return error_set(e, DSSM_BAD_INPUT, "array whose shape holds something else than integers ≥ 0");
        a->shape[i] = (size_t)n->via.u64;
    }
    return DSSM_OK;
}

/* Bytes that the shape asks for; false if they are no size_t. */
static bool bytes_asked(const struct array *a, size_t *bytes)
{
    *bytes = dtype_size(a->type);
    for (int i = 0; i < a->dims; i++)
        if (__builtin_mul_overflow(*bytes, a->shape[i], bytes))
            return false;
    return true;
}

/* A truth is 0 or 1. */
static int check_truths(const uint8_t *v, size_t n, struct error *e)
{
    for (size_t i = 0; i < n; i++)
        if (v[i] > 1)
            return error_set(e, DSSM_BAD_INPUT, "array of type |b1: expected bytes 0 and 1, got %u", v[i]);
    return DSSM_OK;
}

int wire_to_array(const msgpack_object *map, struct array *a, struct error *e)
{
    *a = (struct array){0};
    if (check_kind(wire_get(map, "kind"), e) || read_type(wire_get(map, "type"), &a->type, e) || read_shape(wire_get(map, "shape"), a, e))
        return DSSM_BAD_INPUT;
    const msgpack_object *data = wire_get(map, "data");
    if (!data || data->type != MSGPACK_OBJECT_BIN)
        return error_set(e, DSSM_BAD_INPUT, "array without bin under key data");
    size_t bytes;
    if (!bytes_asked(a, &bytes))
        return error_set(e, DSSM_BAD_INPUT, "array whose shape asks for more bytes than a machine has, got %u", data->via.bin.size);
    if (bytes != data->via.bin.size)
        return error_set(e, DSSM_BAD_INPUT, "array whose shape asks for %zu bytes, got %u", bytes, data->via.bin.size);
    a->data = xmalloc(bytes ? bytes : 1);
    if (bytes)
        memcpy(a->data, data->via.bin.ptr, bytes);
    return a->type == DT_B1 ? check_truths(a->data, bytes, e) : DSSM_OK;
}

void wire_pack_array(msgpack_packer *p, const struct array *a, bool bin_keys)
{
    msgpack_pack_map(p, 5);
    wire_pack_text(p, "nd", bin_keys);
    msgpack_pack_true(p);
    wire_pack_text(p, "type", bin_keys);
    wire_pack_text(p, dtype_name(a->type), false);
    wire_pack_text(p, "kind", bin_keys);
    wire_pack_text(p, "", bin_keys);
    wire_pack_text(p, "shape", bin_keys);
    msgpack_pack_array(p, (size_t)a->dims);
    for (int i = 0; i < a->dims; i++)
        msgpack_pack_uint64(p, a->shape[i]);
    wire_pack_text(p, "data", bin_keys);
    msgpack_pack_bin_with_body(p, a->data, array_bytes(a));
}

/* id: text as it is, an integer as its decimal text. */
static int read_id(const msgpack_object *id, struct record *rec, struct error *e)
{
    const char *text;
    size_t n;
    char *copy = NULL;
    if (!id)
        return error_set(e, DSSM_BAD_INPUT, "id: missing");
    if (wire_text(id, &text, &n) && n > 0 && wire_is_text(text, n))
        copy = xasprintf("%.*s", (int)n, text);
    else if (id->type == MSGPACK_OBJECT_POSITIVE_INTEGER)
        copy = xasprintf("%llu", (unsigned long long)id->via.u64);
    else if (id->type == MSGPACK_OBJECT_NEGATIVE_INTEGER)
        copy = xasprintf("%lld", (long long)id->via.i64);
    if (!copy)
        return error_set(e, DSSM_BAD_INPUT, "id: expected text that is not empty, or an integer");
    rec->id = copy;
    return DSSM_OK;
}

/* Where in the stream the data of a map that is an array stand; 0 if that cannot be told. */
static uint64_t place_of(const msgpack_object *map, const struct message *from)
{
    const msgpack_object *data = wire_get(map, "data");
    if (!from || data->via.bin.size == 0)
        return 0;
    uintptr_t first = (uintptr_t)from->bytes, here = (uintptr_t)data->via.bin.ptr;
    return here > first && here + data->via.bin.size <= first + from->size ? from->at + (here - first) : 0;
}

static int read_field(const msgpack_object *value, const struct message *from, struct field *f, struct error *e)
{
    if (value->type == MSGPACK_OBJECT_MAP) {
        if (wire_check_keys(value, e))
            return DSSM_BAD_INPUT;
        if (wire_is_array(value)) {
            if (wire_to_array(value, &f->array, e))
                return DSSM_BAD_INPUT;
            f->at = place_of(value, from);
            return DSSM_OK;
        }
    }
    msgpack_sbuffer bytes;
    msgpack_sbuffer_init(&bytes);
    msgpack_packer p;
    msgpack_packer_init(&p, &bytes, msgpack_sbuffer_write);
    if (msgpack_pack_object(&p, *value)) {
        msgpack_sbuffer_destroy(&bytes);
        return error_set(e, DSSM_FAILURE, "out of memory");
    }
    f->raw_size = bytes.size;
    f->raw = msgpack_sbuffer_release(&bytes);
    return DSSM_OK;
}

int wire_to_record(const msgpack_object *map, const struct message *from, struct record *rec, struct error *e)
{
    record_clear(rec);
    if (read_id(wire_get(map, "id"), rec, e))
        return e ? e->code : DSSM_BAD_INPUT;
    rec->field = xcalloc(map->via.map.size, sizeof *rec->field);
    for (uint32_t i = 0; i < map->via.map.size; i++) {
        const char *t = "";
        size_t n = 0;
        wire_text(&map->via.map.ptr[i].key, &t, &n);
        if (n == 2 && memcmp(t, "id", 2) == 0)
            continue;
        struct field *f = &rec->field[rec->n++];
        f->name = xasprintf("%.*s", (int)n, t);
        if (read_field(&map->via.map.ptr[i].val, from, f, e)) {
            if (e)
                error_prefix(e, "field %.200s", f->name);
            return DSSM_BAD_INPUT;
        }
    }
    return DSSM_OK;
}

void wire_pack_record(msgpack_packer *p, const struct record *rec, bool bin_keys)
{
    msgpack_pack_map(p, (size_t)rec->n + 1);
    wire_pack_text(p, "id", false);
    wire_pack_text(p, rec->id, false);
    for (int i = 0; i < rec->n; i++) {
        const struct field *f = &rec->field[i];
        wire_pack_text(p, f->name, false);
        if (f->raw)
            p->callback(p->data, f->raw, f->raw_size);
        else
            wire_pack_array(p, &f->array, bin_keys);
    }
}
