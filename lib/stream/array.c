/* Arrays: a type, a shape, row-major numbers. */
#include "stream/stream.h"
#include <math.h>
#include <string.h>

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "streams are little endian and read without swapping");

static const struct {
    const char *name;
    size_t size;
} types[] = {[DT_F4] = {"<f4", 4}, [DT_F8] = {"<f8", 8}, [DT_I4] = {"<i4", 4}, [DT_I8] = {"<i8", 8},
             [DT_U2] = {"<u2", 2}, [DT_U1] = {"|u1", 1}, [DT_B1] = {"|b1", 1}};

size_t dtype_size(enum dtype t)
{
    return types[t].size;
}

const char *dtype_name(enum dtype t)
{
    return types[t].name;
}

bool dtype_parse(const char *name, enum dtype *t)
{
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
        if (strcmp(name, types[i].name) == 0) {
            *t = (enum dtype)i;
            return true;
        }
    return false;
}

static size_t product(const size_t *shape, int from, int to)
{
    size_t count = 1;
    for (int i = from; i < to; i++)
        count *= shape[i];
    return count;
}

size_t array_count(const struct array *a)
{
    return product(a->shape, 0, a->dims);
}

size_t array_step(const struct array *a)
{
    return product(a->shape, 1, a->dims);
}

size_t array_bytes(const struct array *a)
{
    return array_count(a) * dtype_size(a->type);
}

double array_get(const struct array *a, size_t i)
{
    switch (a->type) {
    case DT_F4: return (double)((const float *)a->data)[i];
    case DT_F8: return ((const double *)a->data)[i];
    case DT_I4: return (double)((const int32_t *)a->data)[i];
    case DT_I8: return (double)((const int64_t *)a->data)[i];
    case DT_U2: return (double)((const uint16_t *)a->data)[i];
    case DT_U1:
    case DT_B1: return (double)((const uint8_t *)a->data)[i];
    }
    bug("array_get: unknown dtype %d", (int)a->type);
}

bool array_finite(const struct array *a)
{
    if (a->type != DT_F4 && a->type != DT_F8)
        return true;
    size_t n = array_count(a);
    for (size_t i = 0; i < n; i++)
        if (!isfinite(array_get(a, i)))
            return false;
    return true;
}

void array_set(struct array *a, size_t i, double value)
{
    switch (a->type) {
    case DT_F4: ((float *)a->data)[i] = (float)value; return;
    case DT_F8: ((double *)a->data)[i] = value; return;
    case DT_I4: ((int32_t *)a->data)[i] = (int32_t)value; return;
    case DT_I8: ((int64_t *)a->data)[i] = (int64_t)value; return;
    case DT_U2: ((uint16_t *)a->data)[i] = (uint16_t)value; return;
    case DT_U1:
    case DT_B1: ((uint8_t *)a->data)[i] = (uint8_t)value; return;
    }
    bug("array_set: unknown dtype %d", (int)a->type);
}

const char *array_shape(const struct array *a, char text[ARRAY_SHAPE_TEXT])
{
    int n = snprintf(text, ARRAY_SHAPE_TEXT, a ? "[" : "nothing");
    for (int i = 0; a && i < a->dims; i++)
        n += snprintf(text + n, (size_t)(ARRAY_SHAPE_TEXT - n), i ? ",%zu" : "%zu", a->shape[i]);
    if (a)
        snprintf(text + n, (size_t)(ARRAY_SHAPE_TEXT - n), "]");
    return text;
}

struct array array_new(enum dtype t, int dims, const size_t *shape)
{
    if (dims < 0 || dims > ARRAY_MAX_DIMS)
        bug("array_new: %d axes, at most %d are possible", dims, ARRAY_MAX_DIMS);
    struct array a = {.type = t, .dims = dims};
    for (int i = 0; i < dims; i++)
        a.shape[i] = shape[i];
    size_t count = array_count(&a);
    a.data = xcalloc(count ? count : 1, dtype_size(t));
    return a;
}

struct array array_copy(const struct array *a)
{
    struct array b = *a;
    size_t bytes = array_bytes(a);
    b.data = xmalloc(bytes ? bytes : 1);
    memcpy(b.data, a->data, bytes);
    return b;
}

struct array array_steps(const struct array *a, size_t from, size_t n)
{
    struct array b = *a;
    size_t step = array_step(a) * dtype_size(a->type), bytes = n * step;
    b.shape[0] = n;
    b.data = xmalloc(bytes ? bytes : 1);
    memcpy(b.data, (const char *)a->data + from * step, bytes);
    return b;
}
