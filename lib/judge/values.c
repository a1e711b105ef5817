/* Arrays of a record as numbers to compute with. */
#include "judge/judge.h"

#include <string.h>

void judge_values(const struct array *a, double *out)
{
    size_t n = array_count(a);
    const uint8_t *byte = a->data;
    for (size_t i = 0; i < n; i++)
        out[i] = a->type == DT_U1 ? byte[i] / 255.0 : array_get(a, i);
}

const struct array *judge_field(const struct record *rec, const char *name, struct error *e)
{
    const struct array *a = record_get(rec, name);
    if (!a)
        error_set(e, DSSM_BAD_INPUT, "field %s: not in the record", name);
    else if (a->dims < 1 || a->shape[0] < 1)
        error_set(e, DSSM_BAD_INPUT, "field %s: expected at least one step, got none", name);
    else
        return a;
    return NULL;
}

double *judge_pair(const struct record *rec, const char *from, const char *to, size_t q, size_t *steps, size_t *d, struct error *e)
{
    const struct array *z = judge_field(rec, from, e), *s = z ? judge_field(rec, to, e) : NULL;
    if (!s)
        return NULL;
    *steps = z->shape[0];
    *d = array_step(z);
    if (array_step(s) != q || s->shape[0] != *steps) {
        error_set(e, DSSM_BAD_INPUT, "field %s: expected %zu steps of %zu numbers, got %zu of %zu", to, *steps, q, s->shape[0],
                  array_step(s));
        return NULL;
    }
    double *values = xmalloc((array_count(z) + array_count(s)) * sizeof *values);
    judge_values(z, values);
    judge_values(s, values + array_count(z));
    return values;
}
