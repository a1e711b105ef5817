/* The gated transition of deep Markov models (Krishnan et al. 2017). */
#include "model/model.h"

#include <math.h>

struct gated gated_declare(struct params *p, int dz, int du, const struct gated_settings *s, uint64_t seed)
{
    struct gated g = {.dz = dz, .du = du, .V = -1};
    g.net = mlp_declare(p, "transition.net", dz + du, &s->hidden, 3 * dz, ACT_TANH, ACT_NONE, GROUP_PSI, seed);
    mlp_output_start(p, &g.net, 0, dz, -2, 1); /* linear to begin with, and still */
    mlp_output_start(p, &g.net, dz, dz, 0, 0.1);
    mlp_output_start(p, &g.net, 2 * dz, dz, log(s->variance), 0.1);
    g.W = params_add(p, "transition.W_minus_I", dz, dz, GROUP_PSI, 1);
    p->entry[g.W].decay = s->decay;
    if (du > 0)
        g.V = params_add(p, "transition.V", dz, du, GROUP_PSI, 1);
    g.b = params_add(p, "transition.b", dz, 1, GROUP_PSI, 1);
    return g;
}

/* W z + V u + b */
static var *linear_mean(struct tape *t, const struct gated *g, var *z, var *u)
{
    var *mean = add(t, z, dense(t, param(t, g->W), param(t, g->b), z, ACT_NONE));
    return u ? add(t, mean, matmul(t, param(t, g->V), u)) : mean;
}

struct gauss gated_apply(struct tape *t, const struct gated *g, var *z, var *u)
{
    if (g->du > 0 && !u)
        u = filled(t, g->du, z->lanes, 0);
    var *out = mlp_apply(t, &g->net, u ? stack_rows(t, 2, (var *const[]){z, u}) : z);
    var *gate = v_sigmoid(t, rows_of(t, out, 0, g->dz)), *h = rows_of(t, out, g->dz, g->dz), *linear = linear_mean(t, g, z, u);
    return (struct gauss){add(t, linear, mul(t, gate, sub(t, h, linear))),
                          shift(t, v_exp(t, rows_of(t, out, 2 * g->dz, g->dz)), VARIANCE_FLOOR)};
}
