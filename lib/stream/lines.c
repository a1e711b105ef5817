/* JSON lines: the header, then an object a record. A number that is not finite is null. */
#include "convert.h"
#include "scan.h"
#include "wire.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- writing ---- */

struct lines_sink {
    struct sink sink;
    FILE *file;
};

/* Axes from `axis` on of the array, beginning at element *at: nested lists. */
static void print_axis(FILE *f, const struct array *a, int axis, size_t *at)
{
    if (axis == a->dims) {
        number_print(f, a, (*at)++, "null");
        return;
    }
    putc('[', f);
    for (size_t i = 0; i < a->shape[axis]; i++) {
        if (i > 0)
            putc(',', f);
        print_axis(f, a, axis + 1, at);
    }
    putc(']', f);
}

static void print_text(FILE *f, const char *text)
{
    json_t *j = json_string(text);
    json_dumpf(j, f, JSON_ENCODE_ANY | JSON_COMPACT);
    json_decref(j);
}

/* A value that is no array. One that JSON cannot hold (bin, ext) is refused. */
static int print_raw(FILE *f, const struct field *field, struct error *e)
{
    msgpack_zone zone;
    msgpack_object o;
    size_t offset = 0;
    msgpack_zone_init(&zone, 1024);
    json_t *j = NULL;
    if (msgpack_unpack(field->raw, field->raw_size, &offset, &zone, &o) == MSGPACK_UNPACK_SUCCESS)
        j = wire_to_json(&o, e);
    else
        error_set(e, DSSM_BAD_INPUT, "no msgpack value");
    if (j)
        json_dumpf(j, f, JSON_ENCODE_ANY | JSON_COMPACT);
    json_decref(j);
    msgpack_zone_destroy(&zone);
    return j ? DSSM_OK : error_prefix(e, "field %.200s", field->name);
}

static int lines_put(struct sink *s, const struct record *rec, struct error *e)
{
    FILE *f = ((struct lines_sink *)s)->file;
    fputs("{\"id\":", f);
    print_text(f, rec->id);
    for (int i = 0; i < rec->n; i++) {
        size_t at = 0;
        putc(',', f);
        print_text(f, rec->field[i].name);
        putc(':', f);
        if (!rec->field[i].raw)
            print_axis(f, &rec->field[i].array, 0, &at);
        else if (print_raw(f, &rec->field[i], e))
            return e->code;
    }
    fputs("}\n", f);
    return DSSM_OK;
}

static int lines_end(struct sink *s, struct error *e)
{
    return ferror(((struct lines_sink *)s)->file) ? error_set(e, DSSM_FAILURE, "cannot write") : DSSM_OK;
}

static void lines_sink_close(struct sink *s)
{
    free(s);
}

struct sink *sink_lines(FILE *f, const json_t *header, struct error *e)
{
    struct lines_sink *s = xcalloc(1, sizeof *s);
    (void)e;
    s->sink = (struct sink){lines_put, lines_end, lines_sink_close};
    s->file = f;
    json_dumpf(header, f, JSON_COMPACT);
    putc('\n', f);
    return &s->sink;
}

/* ---- reading ---- */

struct lines_source {
    struct source source;
    FILE *file;
    const char *name;
    enum dtype type;
    char *line;
    size_t room, number; /* of the line, from 1 */
    json_t *first;       /* the first record, read already because it tells the fields */
};

/* The next line as an object: 1, 0 at the end, -1 on error. */
static int next_object(struct lines_source *s, json_t **object, struct error *e)
{
    size_t length;
    json_error_t why;
    int more = text_line(s->file, &s->line, &s->room, &length, e);
    s->number++;
    if (more > 0) {
        *object = json_loadb(s->line, length, JSON_REJECT_DUPLICATES, &why);
        if (json_is_object(*object))
            return 1;
        if (*object)
            error_set(e, DSSM_BAD_INPUT, "expected a JSON object");
        else
            error_set(e, DSSM_BAD_INPUT, "no JSON: %s", why.text);
        json_decref(*object);
        more = -1;
    }
    if (more < 0)
        error_prefix(e, "%s: line %zu", s->name, s->number);
    return more;
}

/* The shape of nested lists, by their first elements. False if what is at the bottom is neither number nor null. */
static bool shape_of(const json_t *v, struct array *a)
{
    for (a->dims = 0; json_is_array(v); v = json_array_get(v, 0)) {
        if (a->dims == ARRAY_MAX_DIMS)
            return false;
        a->shape[a->dims++] = json_array_size(v);
        if (json_array_size(v) == 0)
            return true;
    }
    return a->dims > 0 && (json_is_number(v) || json_is_null(v));
}

/* False if the shape has more numbers than the line has characters: its lists cannot all be as long as the first ones. */
static bool fits_line(const struct lines_source *s, const struct array *a)
{
    size_t count = 1;
    for (int i = 0; i < a->dims; i++)
        if (__builtin_mul_overflow(count, a->shape[i], &count))
            return false;
    return count <= s->room;
}

/* Copies nested lists into the array; all must have its shape. */
static int fill_axis(const json_t *v, struct array *a, int axis, size_t *at, struct error *e)
{
    if (axis == a->dims) {
        size_t i = (*at)++;
        if (json_is_integer(v))
            return number_set_integer(a, i, json_integer_value(v), e);
        if (json_is_real(v) || json_is_null(v))
            return number_set(a, i, json_is_null(v) ? NAN : json_real_value(v), e);
        return error_set(e, DSSM_BAD_INPUT, "expected numbers and null");
    }
    if (!json_is_array(v) || json_array_size(v) != a->shape[axis])
        return error_set(e, DSSM_BAD_INPUT, "expected lists of equal lengths");
    for (size_t i = 0; i < a->shape[axis]; i++)
        if (fill_axis(json_array_get(v, i), a, axis + 1, at, e))
            return e->code;
    return DSSM_OK;
}

static int put_raw(struct record *rec, const char *name, const json_t *v, struct error *e)
{
    msgpack_sbuffer bytes;
    msgpack_packer p;
    struct scan scan;
    msgpack_sbuffer_init(&bytes);
    msgpack_packer_init(&p, &bytes, msgpack_sbuffer_write);
    wire_pack_json(&p, v);
    scan_begin(&scan, stream_limits_default.record_bytes, stream_limits_default.elements, stream_limits_default.depth - 1);
    bool fits = scan_value(&scan, (const uint8_t *)bytes.data, bytes.size, e) == SCAN_DONE;
    if (fits)
        record_put_raw(rec, name, bytes.data, bytes.size);
    msgpack_sbuffer_destroy(&bytes);
    return fits ? DSSM_OK : e->code;
}

/* The type of a field: as described, |b1 for a mask, else the standard one. */
static enum dtype type_of(const struct lines_source *s, const char *name)
{
    enum dtype type = strcmp(name, "mask") == 0 ? DT_B1 : s->type;
    const json_t *field = header_get_field(s->source.header, name);
    const char *text = json_string_value(json_object_get(field, "dtype"));
    if (text)
        dtype_parse(text, &type);
    return type;
}

static int put_value(const struct lines_source *s, struct record *rec, const char *name, const json_t *v, struct error *e)
{
    struct array shape = {0};
    size_t at = 0;
    bool declared = header_get_field(s->source.header, name) != NULL;
    if (!shape_of(v, &shape))
        return declared ? error_set(e, DSSM_BAD_INPUT, "expected lists of numbers") : put_raw(rec, name, v, e);
    if (!fits_line(s, &shape))
        return error_set(e, DSSM_BAD_INPUT, "expected lists of equal lengths");
    struct array a = array_new(type_of(s, name), shape.dims, shape.shape);
    if (fill_axis(v, &a, 0, &at, e)) {
        free(a.data);
        return e->code;
    }
    record_put(rec, name, a);
    return DSSM_OK;
}

static int to_record(const struct lines_source *s, const json_t *object, struct record *rec, struct error *e)
{
    const char *name;
    json_t *v, *id = json_object_get(object, "id");
    char number[24];
    snprintf(number, sizeof number, "%lld", (long long)json_integer_value(id));
    if (!json_is_string(id) && !json_is_integer(id))
        return error_set(e, DSSM_BAD_INPUT, "id: expected text or an integer");
    record_set_id(rec, json_is_string(id) ? json_string_value(id) : number);
    json_object_foreach((json_t *)(uintptr_t)object, name, v)
        if (strcmp(name, "id") != 0 && put_value(s, rec, name, v, e))
            return error_prefix(e, "field %.200s", name);
    return DSSM_OK;
}

static int lines_next(struct source *source, struct record *rec, struct error *e)
{
    struct lines_source *s = (struct lines_source *)source;
    json_t *object = s->first;
    s->first = NULL;
    record_clear(rec);
    int more = object ? 1 : next_object(s, &object, e);
    if (more <= 0)
        return more;
    if (to_record(s, object, rec, e)) {
        error_prefix(e, "%s: line %zu", s->name, s->number);
        more = -1;
    }
    json_decref(object);
    return more;
}

/* Fields that are meant as such whatever they look like: a value that is none is refused, not passed on as something unknown. */
static bool is_known_field(const char *name)
{
    static const char *const known[] = {"x", "u", "s", "mask"};
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (strcmp(name, known[i]) == 0)
            return true;
    return false;
}

/* Describes the fields of a record that came without a header: those of known names, and every list of numbers whose first axis is as
 * long as x's. */
static json_t *guess_header(const struct lines_source *s, const json_t *object)
{
    const char *name;
    json_t *v, *header = header_new(), *x = json_object_get(object, "x");
    json_object_foreach((json_t *)(uintptr_t)object, name, v) {
        struct array a = {0};
        bool fits = strcmp(name, "id") != 0 && shape_of(v, &a) && (!x || a.shape[0] == json_array_size(x));
        if (fits || is_known_field(name))
            header_field(header, name, strcmp(name, "mask") == 0 ? DT_B1 : s->type, a.dims - 1, a.shape + 1, NULL, NULL, NULL, NULL);
    }
    return header;
}

static void lines_source_close(struct source *source)
{
    struct lines_source *s = (struct lines_source *)source;
    json_decref(s->first);
    json_decref(s->source.header);
    free(s->line);
    free(s);
}

struct source *source_lines(FILE *f, const char *name, enum dtype type, struct error *e)
{
    struct lines_source *s = xcalloc(1, sizeof *s);
    *s = (struct lines_source){.source = {NULL, lines_next, lines_source_close}, .file = f, .name = name, .type = type};
    int more = next_object(s, &s->first, e);
    if (more == 0)
        error_set(e, DSSM_CUT_SHORT, "%s: empty", name);
    if (more <= 0) {
        s->first = NULL;
        lines_source_close(&s->source);
        return NULL;
    }
    if (json_object_get(s->first, "format")) {
        s->source.header = s->first;
        s->first = NULL;
    } else {
        s->source.header = guess_header(s, s->first);
    }
    return &s->source;
}
