/* A bound on what flows back through a state, dream by dream. */
#include "control/loop.h"

#include <math.h>
#include <string.h>

/* A state whose gradient is shortened on its way back. */
struct tame {
    var *in, *out;
    double most;
};

static void undo_tame(struct tape *t, void *note)
{
    (void)t;
    const struct tame *o = note;
    const real *g = var_arrived(o->out);
    real *to = g ? var_gradient(o->in) : NULL;
    if (!to)
        return;
    for (int l = 0; l < o->out->lanes; l++) {
        double square = 0;
        for (int i = 0; i < o->out->rows; i++)
            square += (double)g[(size_t)i * (size_t)o->out->ld + (size_t)l] * (double)g[(size_t)i * (size_t)o->out->ld + (size_t)l];
        real factor = square > o->most * o->most ? (real)(o->most / sqrt(square)) : 1;
        for (int i = 0; i < o->out->rows; i++)
            to[(size_t)i * (size_t)o->in->ld + (size_t)l] += factor * g[(size_t)i * (size_t)o->out->ld + (size_t)l];
    }
}

var *tame(struct tape *t, var *a, double most)
{
    void *note;
    var *out = op_new(t, a->rows, a->lanes, (const var *const[]){a}, 1, undo_tame, sizeof(struct tame), &note);
    for (int i = 0; i < a->rows; i++)
        memcpy(out->v + (size_t)i * (size_t)out->ld, a->v + (size_t)i * (size_t)a->ld, sizeof(real) * (size_t)a->lanes);
    if (note)
        *(struct tame *)note = (struct tame){a, out, most};
    return out;
}
