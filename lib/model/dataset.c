/* Sequences in memory, as they came from a stream. */
#include "model/model.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

/* The array `name` of a record, [T, width]; width is set by the first record that has it and checked in all others. */
static int check_array(const struct record *r, const char *name, int *width, struct error *e)
{
    const struct array *a = record_get(r, name);
    if (!a)
        return error_set(e, DSSM_BAD_INPUT, "field %s: expected an array, got nothing", name);
    if (a->dims < 1 || a->shape[0] < 1)
        return error_set(e, DSSM_BAD_INPUT, "field %s: expected at least one step", name);
    size_t step = array_step(a);
    if (step < 1 || step > 1 << 24)
        return error_set(e, DSSM_BAD_INPUT, "field %s: expected 1 to %d numbers a step, got %zu", name, 1 << 24, step);
    if (*width < 0)
        *width = (int)step;
    if (step != (size_t)*width)
        return error_set(e, DSSM_BAD_INPUT, "field %s: expected %d numbers a step, got %zu", name, *width, step);
    return DSSM_OK;
}

/* u must be finite wherever it acts: at every step but the last. */
static int check_controls(const struct array *u, size_t steps, struct error *e)
{
    if (u->shape[0] != steps)
        return error_set(e, DSSM_BAD_INPUT, "field u: expected %zu steps as in x, got %zu", steps, u->shape[0]);
    for (size_t i = 0; i < (steps - 1) * array_step(u); i++)
        if (!isfinite(array_get(u, i)))
            return error_set(e, DSSM_BAD_INPUT, "field u: step %zu: expected a finite number", i / array_step(u) + 1);
    return DSSM_OK;
}

static int check_record(struct dataset *d, const struct record *r, struct error *e)
{
    if (check_array(r, "x", &d->dx, e))
        return e->code;
    size_t steps = record_get(r, "x")->shape[0];
    const struct array *mask = record_get(r, "mask");
    if (mask && (mask->dims != 1 || mask->shape[0] != steps)) /* the stream's rules do not see an x that its header is silent about */
        return error_set(e, DSSM_BAD_INPUT, "field mask: expected %zu steps as in x", steps);
    if (d->n == 0 && !record_get(r, "u"))
        d->du = 0;
    if (d->du != 0 && (check_array(r, "u", &d->du, e) || check_controls(record_get(r, "u"), steps, e)))
        return e->code;
    if (steps > d->longest)
        d->longest = steps;
    return DSSM_OK;
}

static uint32_t hash_array(uint32_t hash, const struct array *a)
{
    hash = (uint32_t)crc32(hash, (const Bytef *)a->shape, (uInt)((size_t)a->dims * sizeof *a->shape));
    return (uint32_t)crc32_z(hash, a->data, array_bytes(a));
}

static void add_record(struct dataset *d, struct record *r)
{
    if ((d->n & (d->n - 1)) == 0)
        d->record = xrealloc(d->record, sizeof *d->record * (size_t)(d->n ? 2 * d->n : 1));
    d->hash = hash_array((uint32_t)crc32(d->hash, (const Bytef *)r->id, (uInt)strlen(r->id)), record_get(r, "x"));
    if (d->du > 0)
        d->hash = hash_array(d->hash, record_get(r, "u"));
    if (record_get(r, "mask"))
        d->hash = hash_array(d->hash, record_get(r, "mask"));
    record_init(&d->record[d->n]);
    record_move(&d->record[d->n++], r);
}

int dataset_read(struct dataset *d, FILE *f, const char *name, struct error *e)
{
    *d = (struct dataset){.dx = -1, .du = -1};
    struct reader *reader = reader_open(f, name, NULL, e);
    if (!reader)
        return e->code;
    d->header = json_deep_copy(reader_header(reader));
    struct record r;
    record_init(&r);
    int got;
    while ((got = reader_next(reader, &r, e)) > 0) {
        if (check_record(d, &r, e)) {
            error_prefix(e, "%s: record %d", name, d->n + 1);
            got = -1;
            break;
        }
        add_record(d, &r);
    }
    record_clear(&r);
    reader_close(reader);
    if (got == 0 && d->n == 0)
        got = -error_set(e, DSSM_BAD_INPUT, "%s: expected at least one sequence, got none", name);
    if (got < 0)
        dataset_free(d);
    return got < 0 ? e->code : DSSM_OK;
}

void dataset_free(struct dataset *d)
{
    for (int i = 0; i < d->n; i++)
        record_clear(&d->record[i]);
    free(d->record);
    json_decref(d->header);
    *d = (struct dataset){0};
}
