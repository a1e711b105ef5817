/* Long short-term memory. */
#include "net/recurrent.h"

#include <string.h>

struct lstm lstm_declare(struct params *p, const char *name, int in, int units, unsigned group, double rate, uint64_t seed)
{
    struct lstm l = {.units = units};
    l.W = recurrent_param(p, name, "W", 4 * units, in, group, rate);
    l.U = recurrent_param(p, name, "U", 4 * units, units, group, rate);
    l.b = recurrent_param(p, name, "b", 4 * units, 1, group, rate);
    params_glorot(p, l.W, seed);
    params_glorot(p, l.U, seed);
    for (int i = 0; i < units; i++)
        params_value(p, l.b)[units + i] = 1;
    return l;
}

/* Parts of a step: i, f, o, g, and tanh(c'). */
static void forward(int n, real *kept, real *state)
{
    const real *restrict in = kept, *restrict forget = kept + n, *restrict out = kept + 2 * n, *restrict g = kept + 3 * n;
    real *restrict tanh_c = kept + 4 * n, *restrict h = state, *restrict c = state + n;
    vm_sigmoid(3 * n, kept, kept);
    vm_tanh(n, kept + 3 * n, kept + 3 * n);
    for (int i = 0; i < n; i++)
        c[i] = forget[i] * c[i] + in[i] * g[i];
    vm_tanh(n, c, tanh_c);
    for (int i = 0; i < n; i++)
        h[i] = out[i] * tanh_c[i];
}

static void backward(int n, const real *kept, const real *before, real *state_g, real *sums_g)
{
    const real *restrict in = kept, *restrict forget = kept + n, *restrict out = kept + 2 * n, *restrict g = kept + 3 * n;
    const real *restrict tanh_c = kept + 4 * n, *restrict c = before;
    real *restrict h_g = state_g, *restrict c_g = state_g + n;
    real *restrict in_g = sums_g, *restrict forget_g = sums_g + n, *restrict out_g = sums_g + 2 * n, *restrict g_g = sums_g + 3 * n;
    for (int i = 0; i < n; i++) {
        real into_c = c_g[i] + h_g[i] * out[i] * (1 - tanh_c[i] * tanh_c[i]);
        out_g[i] = h_g[i] * tanh_c[i] * out[i] * (1 - out[i]);
        in_g[i] = into_c * g[i] * in[i] * (1 - in[i]);
        forget_g[i] = into_c * c[i] * forget[i] * (1 - forget[i]);
        g_g[i] = into_c * in[i] * (1 - g[i] * g[i]);
        c_g[i] = into_c * forget[i];
    }
    memset(h_g, 0, (size_t)n * sizeof *h_g);
}

static const struct cell_rule rule = {.gates = 4, .state = 2, .kept = 5, .apart = false, .forward = forward, .backward = backward};

var *lstm_run(struct tape *t, const struct lstm *l, var *x, var *start, int steps, int lanes, var *alive, enum direction way)
{
    var *wx = dense(t, param(t, l->W), param(t, l->b), x, ACT_NONE);
    return recurrent_run(t, &rule, wx, param(t, l->U), NULL, start, steps, lanes, alive, way);
}

var *lstm_step(struct tape *t, const struct lstm *l, var *state, var *x)
{
    return lstm_run(t, l, x, state, 1, x->lanes, NULL, FORWARD);
}
