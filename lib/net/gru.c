/* The gated recurrent unit. */
#include "net/recurrent.h"

struct gru gru_declare(struct params *p, const char *name, int in, int units, unsigned group, double rate, uint64_t seed)
{
    struct gru g = {.units = units};
    g.W = recurrent_param(p, name, "W", 3 * units, in, group, rate);
    g.U = recurrent_param(p, name, "U", 3 * units, units, group, rate);
    g.b = recurrent_param(p, name, "b", 3 * units, 1, group, rate);
    g.c = recurrent_param(p, name, "c", units, 1, group, rate);
    params_glorot(p, g.W, seed);
    params_glorot(p, g.U, seed);
    return g;
}

/* Parts of a step: r, u, m = Un h + cn, and n, of which forward finds Wn x + bn. */
static void forward(int n, real *kept, real *state)
{
    real *restrict r = kept, *restrict u = kept + n, *restrict m = kept + 2 * n, *restrict fresh = kept + 3 * n, *restrict h = state;
    vm_sigmoid(2 * n, kept, kept);
    for (int i = 0; i < n; i++)
        fresh[i] += r[i] * m[i];
    vm_tanh(n, fresh, fresh);
    for (int i = 0; i < n; i++)
        h[i] = fresh[i] + u[i] * (h[i] - fresh[i]);
}

static void backward(int n, const real *kept, const real *before, real *state_g, real *sums_g)
{
    const real *restrict r = kept, *restrict u = kept + n, *restrict m = kept + 2 * n, *restrict fresh = kept + 3 * n;
    real *restrict g = state_g, *restrict gr = sums_g, *restrict gu = sums_g + n, *restrict gm = sums_g + 2 * n;
    real *restrict gn = sums_g + 3 * n;
    for (int i = 0; i < n; i++) {
        real into_n = g[i] * (1 - u[i]) * (1 - fresh[i] * fresh[i]);
        gn[i] = into_n;
        gm[i] = into_n * r[i];
        gr[i] = into_n * m[i] * r[i] * (1 - r[i]);
        gu[i] = g[i] * (before[i] - fresh[i]) * u[i] * (1 - u[i]);
        g[i] *= u[i];
    }
}

static const struct cell_rule rule = {.gates = 3, .state = 1, .kept = 4, .apart = true, .forward = forward, .backward = backward};

var *gru_run(struct tape *t, const struct gru *g, var *x, var *start, int steps, int lanes, var *alive, enum direction way)
{
    var *wx = dense(t, param(t, g->W), param(t, g->b), x, ACT_NONE);
    return recurrent_run(t, &rule, wx, param(t, g->U), param(t, g->c), start, steps, lanes, alive, way);
}

var *gru_step(struct tape *t, const struct gru *g, var *h, var *x)
{
    return gru_run(t, g, x, h, 1, x->lanes, NULL, FORWARD);
}
