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
