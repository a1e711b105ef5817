/* Sequences of a data set, whole or in part, with their numbers at hand: borrowed where they are in memory, else read from the file. */
#include "model/model.h"

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

/* The data of x as they stand in the file. Caller frees. The whole of it is read, since a part tells nothing of the checksum. */
static int read_x(const struct dataset *d, int i, const struct field *x, void **data, struct error *e)
{
    size_t bytes = array_bytes(&x->array);
    *data = xmalloc(bytes);
    int status = backing_read(d->backing, x->at, bytes, *data, e);
    if (status == DSSM_OK && (uint32_t)crc32_z(0, *data, bytes) != d->x_crc[i])
        status = error_set(e, DSSM_BAD_INPUT, "the file has changed since it was first read");
    if (status == DSSM_OK)
        return DSSM_OK;
    free(*data);
    return error_prefix(e, "%s: record %d: field x", backing_name(d->backing), i + 1);
}

int dataset_piece(const struct dataset *d, int i, size_t first, size_t steps, struct record *out, struct error *e)
{
    const struct record *r = &d->record[i];
    size_t all = record_steps(r), kept = steps < all - first ? steps : all - first;
    if (first >= all || steps < 1)
        bug("dataset_piece: sequence %d has %zu steps, not %zu from %zu on", i, all, steps, first);
    *out = (struct record){.id = r->id, .field = xmalloc((size_t)r->n * sizeof *out->field)};
    for (int k = 0; k < r->n; k++) {
        struct field f = r->field[k];
        if (f.raw || f.array.dims < 1 || f.array.shape[0] != all) /* nothing that a batch is made of */
            continue;
        size_t step = array_step(&f.array) * dtype_size(f.array.type);
        if (d->backing && strcmp(f.name, "x") == 0) {
            if (read_x(d, i, &f, &f.array.data, e)) {
                free(out->field);
                return e->code;
            }
            if (first > 0) /* to the front, so that what is freed is what was allocated */
                memmove(f.array.data, (char *)f.array.data + first * step, kept * step);
        } else {
            f.array.data = (char *)f.array.data + first * step;
        }
        f.array.shape[0] = kept;
        out->field[out->n++] = f;
    }
    return DSSM_OK;
}

int dataset_pieces(const struct dataset *d, int from, int n, struct record *out, struct error *e)
{
    for (int i = 0; i < n; i++)
        if (dataset_piece(d, from + i, 0, record_steps(&d->record[from + i]), &out[i], e)) {
            dataset_pieces_free(d, out, i);
            return e->code;
        }
    return DSSM_OK;
}

void dataset_pieces_free(const struct dataset *d, struct record *pieces, int n)
{
    for (int i = 0; i < n; i++) {
        if (d->backing)
            free(record_get(&pieces[i], "x")->data);
        free(pieces[i].field);
        pieces[i] = (struct record){0};
    }
}

void dataset_expect(const struct dataset *d, const int *pick, int n)
{
    for (int i = 0; d->backing && i < n; i++) {
        const struct record *r = &d->record[pick[i]];
        for (int k = 0; k < r->n; k++)
            if (strcmp(r->field[k].name, "x") == 0)
                backing_expect(d->backing, r->field[k].at, array_bytes(&r->field[k].array));
    }
}
