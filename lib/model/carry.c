/* What a filter carries from record to record. */
#include "model/model.h"

#include <stdlib.h>
#include <string.h>

int model_goes_on(const struct model *m, struct error *e)
{
    if (m->kind->carry_rows(m) > 0)
        return DSSM_OK;
    return error_set(e, DSSM_USAGE, "the model (%s) looks ahead and cannot go on record by record; train one with --filter for that",
                     m->kind->name);
}

struct carry carry_new(const struct model *m, int lanes)
{
    struct carry c = {.rows = m->kind->carry_rows(m), .lanes = lanes};
    if (c.rows == 0)
        bug("carry_new: a model (%s) that looks ahead has nothing to carry", m->kind->name);
    c.v = xcalloc((size_t)c.rows * (size_t)lanes, sizeof(real));
    return c;
}

void carry_free(struct carry *c)
{
    free(c->v);
    *c = (struct carry){0};
}

var *carry_get(struct tape *t, const struct carry *c, int from, int n)
{
    return n > 0 ? rows_of(t, batch_value(t, c->v, c->rows, c->lanes), from, n) : NULL;
}

int carry_put(struct carry *c, int from, const var *a)
{
    for (int i = 0; a && i < a->rows; i++)
        memcpy(c->v + (size_t)(from + i) * (size_t)c->lanes, a->v + (size_t)i * (size_t)a->ld, sizeof(real) * (size_t)c->lanes);
    return from + (a ? a->rows : 0);
}

void carry_end(struct carry *c, int from, const struct batch *b)
{
    size_t wide = (size_t)b->T * (size_t)b->B, last = wide - (size_t)b->B, lanes = (size_t)c->lanes;
    for (int i = 0; i < b->du; i++)
        memcpy(c->v + (size_t)(from + i) * lanes, b->u + (size_t)i * wide + last, sizeof(real) * lanes);
    c->steps += b->T;
}
