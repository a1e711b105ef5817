/* Sequences in an archive for numpy: fields [N,T,…] if all have as many steps; else one sequence after the other [ΣT,…] and `lengths` [N].
 * meta.json keeps header and ids. */
#include "convert.h"
#include <stdlib.h>
#include <string.h>

/* ---- writing: all is collected, since a tensor is written whole ---- */

struct archive_sink {
    struct sink sink;
    FILE *file;
    json_t *header, *ids;
    struct archive archive; /* fields as [ΣT,…], grown by doubling */
    size_t *room;           /* bytes that each tensor's memory has */
    size_t *length, lengths, length_room;
};

static void append(struct archive_sink *s, int i, const struct array *a)
{
    struct array *all = &s->archive.tensor[i].array;
    size_t have = array_bytes(all), more = array_bytes(a);
    if (have + more > s->room[i]) {
        s->room[i] = 2 * (have + more);
        all->data = xrealloc(all->data, s->room[i]);
    }
    if (more > 0)
        memcpy((char *)all->data + have, a->data, more);
    all->shape[0] += a->shape[0];
}

static int archive_sink_put(struct sink *sink, const struct record *rec, struct error *e)
{
    struct archive_sink *s = (struct archive_sink *)sink;
    (void)e;
    for (int i = 0; i < s->archive.n; i++)
        append(s, i, record_get(rec, s->archive.tensor[i].name));
    if (s->lengths == s->length_room) {
        s->length_room = s->length_room ? 2 * s->length_room : 1024;
        s->length = xrealloc(s->length, s->length_room * sizeof *s->length);
    }
    s->length[s->lengths++] = record_steps(rec);
    json_array_append_new(s->ids, json_string(rec->id));
    return DSSM_OK;
}

static bool all_equal(const struct archive_sink *s)
{
    for (size_t i = 1; i < s->lengths; i++)
        if (s->length[i] != s->length[0])
            return false;
    return s->lengths > 0;
}

/* [N·T,…] as [N,T,…]: the same bytes. False if there is no axis left. */
static bool split_axis(struct array *a, size_t n, size_t steps)
{
    if (a->dims == ARRAY_MAX_DIMS)
        return false;
    memmove(a->shape + 2, a->shape + 1, (size_t)(a->dims - 1) * sizeof *a->shape);
    a->shape[0] = n;
    a->shape[1] = steps;
    a->dims++;
    return true;
}

static int archive_sink_end(struct sink *sink, struct error *e)
{
    struct archive_sink *s = (struct archive_sink *)sink;
    bool equal = all_equal(s);
    for (int i = 0; i < s->archive.n; i++)
        equal = equal && s->archive.tensor[i].array.dims < ARRAY_MAX_DIMS;
    for (int i = 0; i < s->archive.n && equal; i++)
        split_axis(&s->archive.tensor[i].array, s->lengths, s->length[0]);
    if (!equal) {
        struct array lengths = array_new(DT_I8, 1, &s->lengths);
        for (size_t i = 0; i < s->lengths; i++)
            ((int64_t *)lengths.data)[i] = (int64_t)s->length[i];
        archive_put(&s->archive, "lengths", lengths);
    }
    json_object_set_new(s->archive.meta, "format", json_string("dssm-sequences"));
    json_object_set_new(s->archive.meta, "version", json_integer(1));
    json_object_set(s->archive.meta, "header", s->header);
    json_object_set(s->archive.meta, "ids", s->ids);
    return archive_write(&s->archive, s->file, e);
}

static void archive_sink_close(struct sink *sink)
{
    struct archive_sink *s = (struct archive_sink *)sink;
    archive_clear(&s->archive);
    json_decref(s->header);
    json_decref(s->ids);
    free(s->room);
    free(s->length);
    free(s);
}

struct sink *sink_archive(FILE *f, const json_t *header, struct error *e)
{
    const char *name;
    json_t *field, *n, *fields = json_object_get(header, "fields");
    size_t k;
    if (json_object_get(fields, "lengths"))
        return error_set(e, DSSM_BAD_INPUT, "field lengths: the name is taken in an archive"), NULL;
    struct archive_sink *s = xcalloc(1, sizeof *s);
    s->sink = (struct sink){archive_sink_put, archive_sink_end, archive_sink_close};
    s->file = f;
    s->header = header_copy(header);
    s->ids = json_array();
    archive_init(&s->archive);
    s->room = xcalloc(json_object_size(fields) + 1, sizeof *s->room);
    json_object_foreach(fields, name, field) {
        struct array a = {.dims = 1};
        dtype_parse(json_string_value(json_object_get(field, "dtype")), &a.type);
        json_array_foreach(json_object_get(field, "shape"), k, n)
            a.shape[a.dims++] = (size_t)json_integer_value(n);
        archive_put(&s->archive, name, a);
    }
    return &s->sink;
}

/* ---- reading ---- */

struct archive_source {
    struct source source;
    const char *name;
    struct archive archive;
    const struct array *lengths; /* [N], or NULL: all tensors are [N,T,…] */
    size_t n, next, first;       /* sequences; the next one; its first step in [ΣT,…] */
};

/* Steps of sequence i, or 0 if `lengths` says something impossible. */
static size_t steps_of(const struct archive_source *s, size_t i)
{
    double n = array_get(s->lengths, i);
    return n >= 1 && n < 0x1p53 ? (size_t)n : 0;
}

static struct array sequence_of(const struct archive_source *s, const struct array *a, size_t steps)
{
    if (s->lengths)
        return array_steps(a, s->first, steps);
    struct array one = array_steps(a, s->next, 1); /* [1,T,…] */
    memmove(one.shape, one.shape + 1, (size_t)(one.dims - 1) * sizeof *one.shape);
    one.dims--;
    return one;
}

/* After the last sequence: 0 if lengths adds up to the steps that are there. */
static int check_all_used(const struct archive_source *s, struct error *e)
{
    for (int i = 0; i < s->archive.n && s->lengths; i++) {
        const struct array *a = &s->archive.tensor[i].array;
        if (a != s->lengths && a->shape[0] != s->first)
            return error_set(e, DSSM_BAD_INPUT, "%s: lengths adds up to %zu steps, but there are %zu", s->name, s->first, a->shape[0]), -1;
    }
    return 0;
}

static int archive_next(struct source *source, struct record *rec, struct error *e)
{
    struct archive_source *s = (struct archive_source *)source;
    char number[24];
    record_clear(rec);
    if (s->next == s->n)
        return check_all_used(s, e);
    size_t steps = s->lengths ? steps_of(s, s->next) : 0;
    const char *id = json_string_value(json_array_get(json_object_get(s->archive.meta, "ids"), s->next));
    snprintf(number, sizeof number, "%zu", s->next);
    record_set_id(rec, id && *id ? id : number);
    for (int i = 0; i < s->archive.n; i++) {
        const struct tensor *t = &s->archive.tensor[i];
        if (&t->array == s->lengths)
            continue;
        if (s->lengths && (steps == 0 || t->array.shape[0] - s->first < steps))
            return error_set(e, DSSM_BAD_INPUT, "%s: sequence %zu: field %.100s: lengths asks for more steps than there are, or none",
                             s->name, s->next + 1, t->name),
                   -1;
        record_put(rec, t->name, sequence_of(s, &t->array, steps));
    }
    s->first += steps;
    s->next++;
    return 1;
}

/* Every tensor has an axis of sequences (and steps), as long as the others'. */
static int check_tensors(struct archive_source *s, struct error *e)
{
    s->lengths = archive_get(&s->archive, "lengths");
    if (s->lengths && s->lengths->dims != 1)
        return error_set(e, DSSM_BAD_INPUT, "%s: lengths: expected one axis", s->name);
    const struct tensor *first = NULL;
    for (int i = 0; i < s->archive.n; i++) {
        const struct tensor *t = &s->archive.tensor[i];
        if (&t->array == s->lengths)
            continue;
        if (t->array.dims < (s->lengths ? 1 : 2))
            return error_set(e, DSSM_BAD_INPUT, "%s: %.100s: expected shape %s, got %d axes", s->name, t->name,
                             s->lengths ? "[ΣT,…]" : "[N,T,…]", t->array.dims);
        first = first ? first : t;
        if (t->array.shape[0] != first->array.shape[0])
            return error_set(e, DSSM_BAD_INPUT, "%s: %.100s: expected a first axis of %zu as %.100s has, got %zu", s->name, t->name,
                             first->array.shape[0], first->name, t->array.shape[0]);
    }
    if (!first)
        return error_set(e, DSSM_BAD_INPUT, "%s: no tensors", s->name);
    s->n = s->lengths ? s->lengths->shape[0] : first->array.shape[0];
    return DSSM_OK;
}

/* The header that the archive keeps, or one made from its tensors. */
static json_t *header_of(const struct archive_source *s)
{
    json_t *kept = json_object_get(s->archive.meta, "header");
    if (json_is_object(kept))
        return json_deep_copy(kept);
    json_t *header = header_new();
    int axes = s->lengths ? 1 : 2;
    for (int i = 0; i < s->archive.n; i++) {
        const struct array *a = &s->archive.tensor[i].array;
        if (a != s->lengths)
            header_field(header, s->archive.tensor[i].name, a->type, a->dims - axes, a->shape + axes, NULL, NULL, NULL, NULL);
    }
    return header;
}

static void archive_source_close(struct source *source)
{
    struct archive_source *s = (struct archive_source *)source;
    json_decref(s->source.header);
    archive_clear(&s->archive);
    free(s);
}

struct source *source_archive(FILE *f, const char *name, struct error *e)
{
    struct archive_source *s = xcalloc(1, sizeof *s);
    *s = (struct archive_source){.source = {NULL, archive_next, archive_source_close}, .name = name};
    if (archive_read(&s->archive, f, name, 0, e) || check_tensors(s, e)) {
        archive_source_close(&s->source);
        return NULL;
    }
    s->source.header = header_of(s);
    return &s->source;
}
