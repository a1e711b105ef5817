/* Dropping frames: mask 0 says that a step was not observed. */
#include "mask.h"
#include <string.h>

enum { PURPOSE_MASK = 0x5304 };

struct drop {
    double rate;
    size_t from, to; /* steps of a sequence from 1; to 0: the last */
    enum dtype type; /* of the mask that is written */
};

/* True if a sequence's frame (step from 0) is dropped. Depends on sequence and step alone, not on how the sequence is cut into records. */
static bool is_dropped(const struct drop *d, uint64_t seed, uint64_t sequence, size_t step)
{
    double uniform;
    if (step + 1 < d->from || (d->to && step + 1 > d->to))
        return false;
    draw_uniform((struct draw){.seed = seed,
                               .purpose = PURPOSE_MASK,
                               .update = (uint32_t)(sequence >> 32),
                               .sequence = (uint32_t)sequence,
                               .step = (uint32_t)step},
                 1, &uniform);
    return uniform < d->rate;
}

struct array mask_of(const struct record *rec, enum dtype type)
{
    size_t steps = record_steps(rec);
    const struct array *old = record_get(rec, "mask");
    struct array mask = array_new(type, 1, &steps);
    if (old)
        memcpy(mask.data, old->data, steps); /* |u1 and |b1 alike */
    else
        memset(mask.data, 1, steps);
    return mask;
}

static int mask_records(struct filter *f, const struct drop *d, struct error *e)
{
    struct follower at = {0};
    struct record rec;
    int more = 0, code = DSSM_OK;
    record_init(&rec);
    while (code == DSSM_OK && (more = reader_next(f->reader, &rec, e)) > 0) {
        follow(&at, &rec);
        struct array mask = mask_of(&rec, d->type);
        for (size_t t = 0; t < mask.shape[0]; t++)
            if (is_dropped(d, f->how->seed, at.sequences - 1, at.first + t))
                ((uint8_t *)mask.data)[t] = 0;
        record_put(&rec, "mask", mask);
        code = writer_put(f->writer, &rec, e);
    }
    record_clear(&rec);
    follow_end(&at);
    return more < 0 ? e->code : code; /* more is not below 0 when writing failed */
}

enum dtype mask_declare(json_t *header)
{
    enum dtype type = DT_B1;
    const json_t *field = header_get_field(header, "mask");
    if (field)
        dtype_parse(json_string_value(json_object_get(field, "dtype")), &type);
    else
        header_field(header, "mask", type, 0, NULL, "1: the step was observed", NULL, NULL, NULL);
    return type;
}

int stream_mask(const struct passage *how, double rate, size_t from, size_t to, struct error *e)
{
    struct filter f;
    struct drop d = {.rate = rate, .from = from, .to = to};
    int code = filter_open(&f, how, e);
    if (code == DSSM_OK) {
        d.type = mask_declare(f.header);
        code = filter_begin(&f, e);
    }
    if (code == DSSM_OK)
        code = mask_records(&f, &d, e);
    if (code == DSSM_OK)
        code = filter_end(&f, e);
    filter_close(&f, e);
    return code;
}
