/* Steps that come one by one, as records of a stream. */
#include "control/loop.h"

#include <stdlib.h>
#include <string.h>

/* A piece of a sequence goes out when it has so many bytes: a quarter of what a record may take. */
static const size_t PIECE_BYTES = (size_t)16 << 20;

struct episode episode_new(const char *id, const json_t *header, struct writer *w)
{
    return (struct episode){.id = xstrdup(id), .header = header, .writer = w};
}

static size_t bytes_of(const struct record *r)
{
    size_t bytes = 0;
    for (int i = 0; i < r->n; i++)
        bytes += r->field[i].raw ? r->field[i].raw_size : array_bytes(&r->field[i].array);
    return bytes;
}

int episode_add(struct episode *s, struct record *step, struct error *e)
{
    size_t bytes = bytes_of(step);
    if (s->n > 0 && s->bytes + bytes > PIECE_BYTES && episode_write(s, e))
        return e->code;
    if (s->n == s->room) {
        s->room = s->room ? 2 * s->room : 64;
        s->step = xrealloc(s->step, sizeof *s->step * (size_t)s->room);
    }
    record_init(&s->step[s->n]);
    record_move(&s->step[s->n++], step);
    s->bytes += bytes;
    return DSSM_OK;
}

/* One field of all steps, one behind the other. */
static struct array join(const struct episode *s, const char *name)
{
    struct array all = *record_get(&s->step[0], name);
    all.shape[0] = (size_t)s->n;
    all = array_new(all.type, all.dims, all.shape);
    char *to = all.data;
    for (int i = 0; i < s->n; i++) {
        const struct array *one = record_get(&s->step[i], name);
        memcpy(to, one->data, array_bytes(one));
        to += array_bytes(one);
    }
    return all;
}

/* mask of all steps; no data if none has one, or the header declares it. */
static struct array join_mask(const struct episode *s)
{
    struct array all = array_new(DT_U1, 1, &(size_t){(size_t)s->n});
    bool any = false;
    for (int i = 0; i < s->n; i++) {
        const struct array *one = record_get(&s->step[i], "mask");
        any |= one != NULL;
        array_set(&all, (size_t)i, one ? array_get(one, 0) != 0 : 1);
    }
    if (any && !header_get_field(s->header, "mask"))
        return all;
    free(all.data);
    return (struct array){0};
}

int episode_write(struct episode *s, struct error *e)
{
    struct record all;
    const char *name;
    json_t *description;
    if (s->n == 0)
        return DSSM_OK;
    record_init(&all);
    record_set_id(&all, s->id);
    json_object_foreach(json_object_get(s->header, "fields"), name, description)
        record_put(&all, name, join(s, name));
    struct array mask = join_mask(s);
    if (mask.data)
        record_put(&all, "mask", mask);
    int status = writer_put(s->writer, &all, e);
    if (status == DSSM_OK)
        status = writer_flush(s->writer, e);
    record_clear(&all);
    for (int i = 0; i < s->n; i++)
        record_clear(&s->step[i]);
    s->written += (uint64_t)s->n;
    s->n = 0;
    s->bytes = 0;
    return status;
}

void episode_free(struct episode *s)
{
    for (int i = 0; i < s->n; i++)
        record_clear(&s->step[i]);
    free(s->step);
    free(s->id);
    *s = (struct episode){0};
}
