/* Sequences and a small model for the tests of what goes over whole sequences. */
#ifndef DSSM_TESTS_SEQUENCES_H
#define DSSM_TESTS_SEQUENCES_H

#include "model/model.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { SEQ_DX = 4, SEQ_DU = 2, SEQ_DZ = 3 };

static inline double seq_draw(int sequence, int what, int place)
{
    double x;
    draw_normal((struct draw){99, 11, (uint32_t)what, (uint32_t)sequence, (uint32_t)place}, 1, &x);
    return x;
}

static inline struct array seq_array(int sequence, int what, size_t steps, size_t width)
{
    struct array a = array_new(DT_F4, 2, (const size_t[]){steps, width});
    for (size_t i = 0; i < steps * width; i++)
        array_set(&a, i, seq_draw(sequence, what, (int)i));
    return a;
}

/* Sequence number i: x [steps, 4], u [steps, 2] and true states s [steps, 2], which x shows. */
static inline void seq_record(struct record *r, int i, size_t steps)
{
    char id[16];
    struct array s = seq_array(i, 3, steps, 2), x = seq_array(i, 1, steps, SEQ_DX);
    snprintf(id, sizeof id, "s%d", i);
    record_init(r);
    record_set_id(r, id);
    for (size_t t = 0; t < steps; t++) {
        array_set(&x, t * SEQ_DX, array_get(&s, t * 2));
        array_set(&x, t * SEQ_DX + 1, array_get(&s, t * 2 + 1));
    }
    record_put(r, "x", x);
    record_put(r, "u", seq_array(i, 2, steps, SEQ_DU));
    record_put(r, "s", s);
}

/* n sequences of 3 to 9 steps, some frames missing. */
static inline struct record *seq_records(int n)
{
    struct record *r = xcalloc((size_t)n, sizeof *r);
    for (int i = 0; i < n; i++) {
        size_t steps = 3 + (size_t)(i * 5 % 7);
        seq_record(&r[i], i, steps);
        if (i % 4 == 1)
            array_set((struct array *)(uintptr_t)record_get(&r[i], "x"), SEQ_DX, NAN); /* step 2 */
    }
    return r;
}

static inline void seq_free(struct record *r, int n)
{
    for (int i = 0; i < n; i++)
        record_clear(&r[i]);
    free(r);
}

/* Index of a parameter; a name that there is not is a mistake of the test. */
static inline int seq_param(const struct model *m, const char *name)
{
    int index = params_find(&m->params, name);
    if (index < 0)
        bug("seq_param: there is no %s", name);
    return index;
}

/* A small EKVAE with random parameters whose transition is far from the identity. */
static inline struct model *seq_model(int du)
{
    const struct model_kind *kind = model_kind_find("ekvae");
    struct error e;
    void *settings = xcalloc(1, kind->settings_size);
    model_defaults(kind, settings);
    ((struct model_settings *)settings)->encoder.dense = (struct int_list){1, {6}};
    ((struct model_settings *)settings)->decoder.dense = (struct int_list){1, {5}};
    ((struct model_settings *)settings)->sigma_x2 = 0.1;
    struct model *m = model_new(kind, settings, SEQ_DX, du, NULL, 5, &e);
    if (!m)
        bug("seq_model: %s", e.text);
    params_normal(&m->params, seq_param(m, "first.mean"), 6, 0.3, 0.2);
    params_normal(&m->params, seq_param(m, "transition.log_Q"), 7, -3, 0.3);
    free(settings);
    return m;
}

/* The first steps of a record, as a record of its own. */
static inline void seq_cut(struct record *to, const struct record *from, size_t first, size_t n)
{
    record_init(to);
    record_set_id(to, from->id);
    for (int i = 0; i < from->n; i++)
        record_put(to, from->field[i].name, array_steps(&from->field[i].array, first, n));
}

/* Largest difference of two arrays of the same shape; a NaN matches a NaN alone; infinity if the shapes differ. */
static inline double seq_difference(const struct array *a, const struct array *b)
{
    double most = 0;
    if (a->dims != b->dims || memcmp(a->shape, b->shape, sizeof *a->shape * (size_t)a->dims) != 0)
        return INFINITY;
    for (size_t i = 0; i < array_count(a); i++) {
        double x = array_get(a, i), y = array_get(b, i);
        if (isnan(x) || isnan(y))
            most = isnan(x) && isnan(y) ? most : INFINITY;
        else
            most = fmax(most, fabs(x - y));
    }
    return most;
}

static inline bool seq_same(const struct array *a, const struct array *b)
{
    return a->type == b->type && seq_difference(a, b) == 0;
}

#endif
