/* Predictions and generated sequences, over any kind of model. */
#include "model/model.h"

#include <string.h>

/* Copies a value's rows (lanes wide) to lanes from..of an array with `wide` lanes. */
static void put_lanes(const var *a, real *out, size_t wide, size_t from)
{
    for (int i = 0; i < a->rows; i++)
        memcpy(out + (size_t)i * wide + from, a->v + (size_t)i * (size_t)a->ld, sizeof(real) * (size_t)a->lanes);
}

void rollout_run(const struct model *m, struct tape *t, struct latent now, const struct batch *b, const real *u, int steps,
                 const struct noise *n, bool sample, real *x_out, real *z_out)
{
    int L = now.z->lanes;
    size_t wide = (size_t)(steps + 1) * (size_t)L;
    var *controls = u && m->du > 0 ? batch_value(t, u, m->du, steps * L) : NULL;
    for (int s = 0;; s++) {
        put_lanes(m->kind->decode(m, t, now), x_out, wide, (size_t)s * (size_t)L);
        if (z_out)
            put_lanes(now.z, z_out, wide, (size_t)s * (size_t)L);
        if (s == steps)
            return;
        var *memory = now.memory;
        struct gauss next = m->kind->step(m, t, now, controls ? step_of(t, controls, s, L) : NULL, &memory);
        var *noise = sample ? noise_steps(t, n, NOISE_ROLLOUT, b, next.mean->rows, s + 1, 1) : NULL;
        now = (struct latent){sample_diag(t, next, noise), memory};
    }
}
