/* From sequences to the engine's layout, and the noise that goes with it. */
#include "model/model.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* n numbers of an array, from number `at` on, to out[0], out[stride], …; |u1 is value/255. */
static void put_numbers(const struct array *a, size_t at, size_t n, real *out, size_t stride)
{
    if (a->type == DT_U1)
        for (size_t i = 0; i < n; i++)
            out[i * stride] = (real)((const uint8_t *)a->data)[at + i] * (real)(1 / 255.0);
    else if (a->type == DT_F4)
        for (size_t i = 0; i < n; i++)
            out[i * stride] = (real)((const float *)a->data)[at + i];
    else
        for (size_t i = 0; i < n; i++)
            out[i * stride] = (real)array_get(a, at + i);
}

/* Was this step observed? Not where mask is 0 or a number of x is NaN. */
static bool is_seen(const struct array *x, const struct array *mask, size_t step)
{
    if (mask && array_get(mask, step) == 0)
        return false;
    if (x->type != DT_F4 && x->type != DT_F8)
        return true;
    size_t width = array_step(x);
    for (size_t i = 0; i < width; i++)
        if (!isfinite(array_get(x, step * width + i)))
            return false;
    return true;
}

size_t record_seen(const struct record *r)
{
    const struct array *x = record_get(r, "x"), *mask = record_get(r, "mask");
    size_t seen = 0;
    for (size_t t = 0; t < x->shape[0]; t++)
        seen += is_seen(x, mask, t);
    return seen;
}

/* u of a step: the last one acts on nothing here, but may in online use. */
static void fill_control(const struct batch *b, const struct array *u, size_t step, size_t steps, size_t at)
{
    size_t width = (size_t)b->du, lanes = (size_t)b->T * (size_t)b->B;
    if (step + 1 < steps)
        put_numbers(u, step * width, width, b->u + at, lanes);
    else if (step < steps)
        for (size_t i = 0; i < width; i++) {
            double value = array_get(u, step * width + i);
            b->u[i * lanes + at] = isfinite(value) ? (real)value : 0;
        }
}

/* Which steps of one sequence there are and were seen, and its controls, into lane b. */
static void fill_lane(struct batch *b, const struct record *r, int lane, int from)
{
    const struct array *x = record_get(r, "x"), *u = b->u ? record_get(r, "u") : NULL, *mask = record_get(r, "mask");
    if (!x->data)
        bug("batch_fill: x of record %s is in a file: take pieces of the data set", r->id);
    for (int t = 0; t < b->T; t++) {
        size_t at = (size_t)t * (size_t)b->B + (size_t)lane, step = (size_t)(from + t);
        bool alive = step < x->shape[0], seen = alive && is_seen(x, mask, step);
        b->alive[at] = alive;
        b->seen[at] = seen;
        b->all_seen &= seen;
        if (u)
            fill_control(b, u, step, x->shape[0], at);
    }
}

/* The frames of step t. A few rows of all sequences at a time: the lanes of a step stand side by side, and what is written stays in the
 * cache until its line is full. */
static void fill_frames(const struct batch *b, const struct array *const *x, int t)
{
    enum { ROWS = 32 };
    size_t lanes = (size_t)b->T * (size_t)b->B, width = (size_t)b->dx, first = (size_t)t * (size_t)b->B;
    size_t step = (size_t)(b->first_step + t);
    for (size_t row = 0; row < width; row += ROWS) {
        size_t n = width - row < ROWS ? width - row : ROWS;
        for (size_t l = 0; l < (size_t)b->B; l++) {
            real *out = b->x + row * lanes + first + l;
            if (b->seen[first + l] != 0)
                put_numbers(x[l], step * width + row, n, out, lanes);
            else
                for (size_t i = 0; i < n; i++)
                    out[i * lanes] = 0;
        }
    }
}

void batch_refill(struct batch *b, const struct record *records, const int *pick, int B, int dx, int du, int from, int T)
{
    size_t lanes = (size_t)T * (size_t)B, room = b->room, numbers = (size_t)dx * lanes;
    real *x = b->x;
    b->x = NULL;
    batch_free(b);
    if (numbers > room) {
        free(x);
        x = xmalloc(numbers * sizeof(real));
        room = numbers;
    }
    *b = (struct batch){.T = T, .B = B, .dx = dx, .du = du, .x = x, .room = room, .all_seen = true, .first_step = from};
    b->u = du > 0 ? xcalloc((size_t)du * lanes, sizeof(real)) : NULL;
    b->seen = xcalloc(lanes, sizeof(real));
    b->alive = xcalloc(lanes, sizeof(real));
    b->sequence = xcalloc((size_t)B, sizeof *b->sequence);
    const struct array *frames[B];
    for (int i = 0; i < B; i++) {
        b->sequence[i] = (uint32_t)pick[i];
        frames[i] = record_get(&records[pick[i]], "x");
        fill_lane(b, &records[pick[i]], i, from);
    }
    for (int t = 0; t < T; t++)
        fill_frames(b, frames, t);
}

void batch_fill(struct batch *b, const struct record *records, const int *pick, int B, int dx, int du, int from, int T)
{
    *b = (struct batch){0};
    batch_refill(b, records, pick, B, dx, du, from, T);
}

void batch_chunk(struct batch *b, const struct model *m, const struct record *records, int count, uint32_t first, int chunk, int steps)
{
    int from = chunk * MODEL_CHUNK, n = count - from < MODEL_CHUNK ? count - from : MODEL_CHUNK, pick[MODEL_CHUNK] = {0};
    size_t longest = 0;
    for (int i = 0; i < n; i++) {
        size_t length = record_steps(&records[from + i]);
        pick[i] = from + i;
        longest = length > longest ? length : longest;
    }
    batch_fill(b, records, pick, n, m->dx, m->du, 0, steps > 0 && (size_t)steps < longest ? steps : (int)longest);
    for (int i = 0; i < n; i++)
        b->sequence[i] += first;
}

void batch_free(struct batch *b)
{
    free(b->x);
    free(b->u);
    free(b->seen);
    free(b->alive);
    free(b->sequence);
    *b = (struct batch){0};
}

struct array unbatch(const real *values, int rows, size_t wide, int B, int b, int steps)
{
    struct array a = array_new(DT_F4, 2, (const size_t[]){(size_t)steps, (size_t)rows});
    float *out = a.data;
    for (int i = 0; i < rows; i++)
        for (int t = 0; t < steps; t++)
            out[(size_t)t * (size_t)rows + (size_t)i] = (float)values[(size_t)i * wide + (size_t)t * (size_t)B + (size_t)b];
    return a;
}

var *batch_value(struct tape *t, const real *values, int rows, int lanes)
{
    var *out = tape_alloc(t, sizeof *out);
    *out = (var){.rows = rows, .lanes = lanes, .ld = lanes, .v = (real *)(uintptr_t)values};
    return out;
}

var *noise_steps(struct tape *t, const struct noise *n, enum noise_purpose purpose, const struct batch *b, int rows, int from, int steps)
{
    if (!n || n->off)
        return NULL;
    var *out = constant(t, rows, steps * b->B);
    for (int s = 0; s < steps; s++)
        for (int i = 0; i < b->B; i++) {
            struct draw d = {n->seed, purpose, n->update, b->sequence[i], (uint32_t)(b->first_step + from + s)};
            draw_normal_strided(d, rows, out->v + s * b->B + i, (size_t)out->ld);
        }
    return out;
}
