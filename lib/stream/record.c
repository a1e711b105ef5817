/* One sequence: its id and its fields by name. */
#include "stream/stream.h"
#include <stdlib.h>
#include <string.h>

void record_init(struct record *r)
{
    *r = (struct record){0};
}

/* Frees what a field owns. */
static void field_clear(struct field *f)
{
    free(f->name);
    free(f->array.data);
    free(f->raw);
}

void record_clear(struct record *r)
{
    for (int i = 0; i < r->n; i++)
        field_clear(&r->field[i]);
    free(r->field);
    free(r->id);
    record_init(r);
}

static struct field *find(const struct record *r, const char *name)
{
    for (int i = 0; i < r->n; i++)
        if (strcmp(r->field[i].name, name) == 0)
            return &r->field[i];
    return NULL;
}

const struct array *record_get(const struct record *r, const char *name)
{
    const struct field *f = find(r, name);
    return f && !f->raw ? &f->array : NULL;
}

/* The field of that name, emptied; a new one at the end if there is none. */
static struct field *place_for(struct record *r, const char *name)
{
    struct field *f = find(r, name);
    char *copy = xstrdup(name); /* name may belong to the field that is replaced */
    if (f) {
        field_clear(f);
    } else {
        r->field = xrealloc(r->field, (size_t)(r->n + 1) * sizeof *r->field);
        f = &r->field[r->n++];
    }
    *f = (struct field){.name = copy};
    return f;
}

void record_put(struct record *r, const char *name, struct array a)
{
    place_for(r, name)->array = a;
}

void record_put_raw(struct record *r, const char *name, const void *bytes, size_t size)
{
    void *copy = xmalloc(size ? size : 1);
    memcpy(copy, bytes, size);
    struct field *f = place_for(r, name);
    f->raw = copy;
    f->raw_size = size;
}

void record_remove(struct record *r, const char *name)
{
    struct field *f = find(r, name);
    if (!f)
        return;
    field_clear(f);
    size_t behind = (size_t)(r->field + r->n - f - 1);
    memmove(f, f + 1, behind * sizeof *f);
    r->n--;
}

void record_set_id(struct record *r, const char *id)
{
    char *copy = xstrdup(id);
    free(r->id);
    r->id = copy;
}

void record_move(struct record *to, struct record *from)
{
    if (to == from)
        return;
    record_clear(to);
    *to = *from;
    record_init(from);
}

size_t record_steps(const struct record *r)
{
    const struct array *a = NULL;
    for (int i = 0; !a && i < r->n; i++)
        if (!r->field[i].raw)
            a = &r->field[i].array;
    return a && a->dims > 0 ? a->shape[0] : 0;
}

void record_cut(struct record *to, const struct record *from, const json_t *header, size_t first, size_t n)
{
    record_clear(to);
    record_set_id(to, from->id);
    size_t steps = record_steps(from);
    for (int i = 0; i < from->n; i++) {
        const struct field *f = &from->field[i];
        if (f->raw)
            record_put_raw(to, f->name, f->raw, f->raw_size);
        else if (f->array.dims > 0 && f->array.shape[0] == steps && (header_get_field(header, f->name) || strcmp(f->name, "mask") == 0))
            record_put(to, f->name, array_steps(&f->array, first, n));
        else
            record_put(to, f->name, array_copy(&f->array));
    }
}
