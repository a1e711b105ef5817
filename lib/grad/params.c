/* Parameters: one flat vector with a table of names, shapes and groups. */
#include "grad/grad.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* The purpose under which initial values are drawn (struct draw). */
enum { PURPOSE_INITIAL = 0x5041 };

void params_init(struct params *p)
{
    *p = (struct params){0};
}

void params_free(struct params *p)
{
    for (int i = 0; i < p->n; i++)
        free(p->entry[i].name);
    free(p->entry);
    free(p->value);
    params_init(p);
}

int params_add(struct params *p, const char *name, int rows, int cols, unsigned group, double rate)
{
    if (params_find(p, name) >= 0)
        bug("params_add: the name %s is taken", name);
    if (rows < 1 || cols < 1)
        bug("params_add: %s: shape %d×%d", name, rows, cols);
    size_t count = (size_t)rows * (size_t)cols;
    p->entry = xrealloc(p->entry, (size_t)(p->n + 1) * sizeof *p->entry);
    p->value = xrealloc(p->value, (p->size + count) * sizeof *p->value);
    memset(p->value + p->size, 0, count * sizeof *p->value);
    p->entry[p->n] = (struct param){xstrdup(name), rows, cols, p->size, group, rate, 0};
    p->size += count;
    return p->n++;
}

int params_find(const struct params *p, const char *name)
{
    for (int i = 0; i < p->n; i++)
        if (strcmp(p->entry[i].name, name) == 0)
            return i;
    return -1;
}

/* bug() unless index is an entry; returns the entry. */
static const struct param *entry_of(const struct params *p, int index)
{
    if (index < 0 || index >= p->n)
        bug("parameter %d of %d", index, p->n);
    return &p->entry[index];
}

real *params_value(const struct params *p, int index)
{
    return p->value + entry_of(p, index)->offset;
}

/* FNV-1a, 32 bits: the name as a number, so that an entry's values do not depend on its place in the table. */
static uint32_t name_hash(const char *name)
{
    uint32_t hash = 2166136261u;
    for (; *name; name++)
        hash = (hash ^ (unsigned char)*name) * 16777619u;
    return hash;
}

static struct draw draw_of(const struct param *e, uint64_t seed)
{
    return (struct draw){.seed = seed, .purpose = PURPOSE_INITIAL, .sequence = name_hash(e->name)};
}

void params_normal(struct params *p, int index, uint64_t seed, double mean, double spread)
{
    const struct param *e = entry_of(p, index);
    int n = e->rows * e->cols;
    real *value = p->value + e->offset;
    double *draws = xmalloc((size_t)n * sizeof *draws);
    draw_normal(draw_of(e, seed), n, draws);
    for (int i = 0; i < n; i++)
        value[i] = (real)(mean + spread * draws[i]);
    free(draws);
}

void params_uniform(struct params *p, int index, uint64_t seed, double bound)
{
    const struct param *e = entry_of(p, index);
    int n = e->rows * e->cols;
    real *value = p->value + e->offset;
    double *draws = xmalloc((size_t)n * sizeof *draws);
    draw_uniform(draw_of(e, seed), n, draws);
    for (int i = 0; i < n; i++)
        value[i] = (real)(bound * (2 * draws[i] - 1));
    free(draws);
}

void params_glorot(struct params *p, int index, uint64_t seed)
{
    const struct param *e = entry_of(p, index);
    params_uniform(p, index, seed, sqrt(6.0 / (e->rows + e->cols)));
}

void params_fill(struct params *p, int index, double value)
{
    const struct param *e = entry_of(p, index);
    for (size_t i = 0; i < (size_t)e->rows * (size_t)e->cols; i++)
        p->value[e->offset + i] = (real)value;
}
