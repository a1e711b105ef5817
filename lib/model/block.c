/* A stream through a model some records at a time. */
#include "model/parts.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- does a record fit? ---- */

static int fits_steps(const struct array *a, const char *name, size_t steps, size_t width, struct error *e)
{
    if (a->dims < 1 || a->shape[0] != steps)
        return error_set(e, DSSM_BAD_INPUT, "field %s: expected %zu steps as in x, got %zu", name, steps, a->dims < 1 ? 0 : a->shape[0]);
    if (array_step(a) != width)
        return error_set(e, DSSM_BAD_INPUT, "field %s: the model expects %zu numbers a step, got %zu", name, width, array_step(a));
    return DSSM_OK;
}

/* Controls are finite wherever they act: at every step but the last. */
static int fits_controls(const struct array *u, struct error *e)
{
    size_t width = array_step(u);
    if (u->type != DT_F4 && u->type != DT_F8)
        return DSSM_OK;
    for (size_t i = 0; i < (u->shape[0] - 1) * width; i++)
        if (!isfinite(array_get(u, i)))
            return error_set(e, DSSM_BAD_INPUT, "field u: step %zu: expected a finite number", i / width + 1);
    return DSSM_OK;
}

int model_fits_record(const struct model *m, const struct record *r, struct error *e)
{
    const struct array *x = record_get(r, "x"), *u = record_get(r, "u"), *mask = record_get(r, "mask");
    if (!x)
        return error_set(e, DSSM_BAD_INPUT, "field x: expected an array, got nothing");
    if (x->dims < 1 || x->shape[0] < 1 || x->shape[0] > 1 << 24)
        return error_set(e, DSSM_BAD_INPUT, "field x: expected from 1 to %d steps, got %zu", 1 << 24, x->dims < 1 ? 0 : x->shape[0]);
    if (fits_steps(x, "x", x->shape[0], (size_t)m->dx, e))
        return e->code;
    if (mask && fits_steps(mask, "mask", x->shape[0], 1, e))
        return e->code;
    if (record_steps(r) != x->shape[0]) /* of an x that the header is silent about nobody else asks */
        return error_set(e, DSSM_BAD_INPUT, "field x: expected %zu steps as other fields have, got %zu", record_steps(r), x->shape[0]);
    if (m->du == 0)
        return DSSM_OK;
    if (!u)
        return error_set(e, DSSM_BAD_INPUT, "field u: the model expects %d controls a step, got nothing", m->du);
    return fits_steps(u, "u", x->shape[0], (size_t)m->du, e) ? e->code : fits_controls(u, e);
}

/* ---- blocks ---- */

struct block block_new(int threads)
{
    struct block b = {.room = MODEL_CHUNK * (threads < 1 ? 1 : threads)};
    b.record = xcalloc((size_t)b.room, sizeof *b.record);
    for (int i = 0; i < b.room; i++)
        record_init(&b.record[i]);
    return b;
}

int begins_sequence(const struct record *r, const char *before, struct error *e)
{
    if (before && strcmp(before, r->id) == 0)
        return error_set(e, DSSM_BAD_INPUT,
                         "id %.100s: goes on with the sequence before; expected each sequence in one record (pieces are for dssm-infer "
                         "--online alone; seq-split --pieces K --new-ids makes sequences of them)",
                         r->id);
    return DSSM_OK;
}

/* Forgets the records, but not the last one's id. */
static void block_empty(struct block *b)
{
    if (b->n > 0) {
        free(b->last_id);
        b->last_id = xstrdup(b->record[b->n - 1].id);
    }
    b->first += (uint64_t)b->n;
    b->n = 0;
}

int block_read(struct block *b, struct reader *r, const char *name, const struct model *m, struct error *e)
{
    block_empty(b);
    while (b->n < b->room) {
        int got = reader_next(r, &b->record[b->n], e);
        if (got < 0)
            return -1;
        if (got == 0)
            break;
        const char *before = b->n > 0 ? b->record[b->n - 1].id : b->last_id;
        if (begins_sequence(&b->record[b->n], before, e) || (m && model_fits_record(m, &b->record[b->n], e))) {
            error_prefix(e, "%s: record %llu", name, (unsigned long long)reader_count(r));
            return -1;
        }
        b->n++;
    }
    return b->n;
}

void block_free(struct block *b)
{
    for (int i = 0; i < b->room; i++)
        record_clear(&b->record[i]);
    free(b->record);
    free(b->last_id);
    *b = (struct block){0};
}
