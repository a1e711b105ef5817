/* Predictions and generated sequences, over any kind of model. */
#include "model/model.h"

#include <stdlib.h>
#include <string.h>

/* Copies a value's rows (lanes wide) to lanes from..of an array with `wide` lanes. */
static void put_lanes(const var *a, real *out, size_t wide, size_t from)
{
    for (int i = 0; i < a->rows; i++)
        memcpy(out + (size_t)i * wide + from, a->v + (size_t)i * (size_t)a->ld, sizeof(real) * (size_t)a->lanes);
}

enum { STEPS_ON_A_TAPE = 64 };

/* A value's numbers, outside the tape; NULL of NULL. Caller frees. */
static real *rescue(const var *a)
{
    real *out = a ? xmalloc(sizeof(real) * (size_t)a->rows * (size_t)a->lanes) : NULL;
    if (a)
        put_lanes(a, out, (size_t)a->lanes, 0);
    return out;
}

/* Begins the tape anew with nothing on it but the state, so that its memory is bounded however long a rollout is. */
static struct latent fresh_tape(const struct model *m, struct tape *t, struct latent now)
{
    real *z = rescue(now.z), *memory = rescue(now.memory);
    int rows = now.z->rows, memory_rows = now.memory ? now.memory->rows : 0, L = now.z->lanes;
    tape_begin(t, &m->params, NULL, 0);
    now = (struct latent){leaf(t, rows, L, z), memory ? leaf(t, memory_rows, L, memory) : NULL};
    free(z);
    free(memory);
    return now;
}

void rollout_run(const struct model *m, struct tape *t, struct latent now, const struct batch *b, const real *u, int steps,
                 const struct noise *n, bool sample, real *x_out, real *z_out)
{
    int L = now.z->lanes;
    size_t wide = (size_t)(steps + 1) * (size_t)L;
    for (int s = 0;; s++) {
        put_lanes(m->kind->decode(m, t, now), x_out, wide, (size_t)s * (size_t)L);
        if (z_out)
            put_lanes(now.z, z_out, wide, (size_t)s * (size_t)L);
        if (s == steps)
            return;
        if (s % STEPS_ON_A_TAPE == STEPS_ON_A_TAPE - 1)
            now = fresh_tape(m, t, now);
        var *memory = now.memory, *control = u && m->du > 0 ? step_of(t, batch_value(t, u, m->du, steps * L), s, L) : NULL;
        struct gauss next = m->kind->step(m, t, now, control, &memory);
        var *noise = sample ? noise_steps(t, n, NOISE_ROLLOUT, b, next.mean->rows, s + 1, 1) : NULL;
        now = (struct latent){gauss_sample(t, next, noise), memory};
    }
}
