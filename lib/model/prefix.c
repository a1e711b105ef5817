/* Filtered beliefs by brute force: the smoother over each prefix, of which only the last step counts. */
#include "model/model.h"

#include <string.h>

/* Copies rows×lanes out of a matrix with rows `from_wide` apart to one with rows `to_wide` apart. */
static void copy_block(const real *from, size_t from_wide, real *to, size_t to_wide, int rows, int lanes)
{
    for (int i = 0; i < rows; i++)
        memcpy(to + (size_t)i * to_wide, from + (size_t)i * from_wide, sizeof(real) * (size_t)lanes);
}

/* The first `steps` steps of a batch; its arrays are the tape's. */
static struct batch prefix_of(struct tape *t, const struct batch *b, int steps)
{
    int lanes = steps * b->B;
    size_t wide = (size_t)b->T * (size_t)b->B, n = (size_t)lanes;
    struct batch p = *b;
    p.T = steps;
    p.x = tape_alloc(t, sizeof(real) * n * (size_t)b->dx);
    copy_block(b->x, wide, p.x, n, b->dx, lanes);
    if (b->u) {
        p.u = tape_alloc(t, sizeof(real) * n * (size_t)b->du);
        copy_block(b->u, wide, p.u, n, b->du, lanes);
    }
    return p; /* seen and alive are one row: their beginning is the prefix's */
}

/* Copies the last of `steps` steps of a to step steps−1 of `to`. */
static void keep_last(const var *a, var *to, int steps, int B)
{
    size_t at = (size_t)(steps - 1) * (size_t)B;
    if (a)
        copy_block(a->v + at, (size_t)a->ld, to->v + at, (size_t)to->ld, a->rows, B);
}

struct inferred filtered_by_prefix(const struct model *m, struct tape *t, const struct batch *b, const struct noise *n)
{
    int dz = model_settings(m)->latent, lanes = b->T * b->B, memory = m->kind->memory_rows ? m->kind->memory_rows(m) : 0;
    struct inferred all = {constant(t, dz, lanes), constant(t, dz * dz, lanes), memory > 0 ? constant(t, memory, lanes) : NULL};
    struct tape *own = tape_new();
    for (int steps = 1; steps <= b->T; steps++) {
        tape_begin(own, &m->params, NULL, 0);
        struct batch p = prefix_of(own, b, steps);
        struct inferred z = m->kind->infer(m, own, &p, n, INFER_SMOOTHED, NULL);
        keep_last(z.mean, all.mean, steps, b->B);
        keep_last(z.cov, all.cov, steps, b->B);
        keep_last(z.memory, all.memory, steps, b->B);
    }
    tape_free(own);
    return all;
}
