/* The gated recurrent unit. */
#include "net/net.h"

#include <stdlib.h>

static int add_entry(struct params *p, const char *name, const char *kind, int rows, int cols, unsigned group, double rate)
{
    char *entry = xasprintf("%s.%s", name, kind);
    int index = params_add(p, entry, rows, cols, group, rate);
    free(entry);
    return index;
}

struct gru gru_declare(struct params *p, const char *name, int in, int units, unsigned group, double rate, uint64_t seed)
{
    struct gru g = {.units = units};
    g.W = add_entry(p, name, "W", 3 * units, in, group, rate);
    g.U = add_entry(p, name, "U", 3 * units, units, group, rate);
    g.b = add_entry(p, name, "b", 3 * units, 1, group, rate);
    g.c = add_entry(p, name, "c", units, 1, group, rate);
    params_glorot(p, g.W, seed);
    params_glorot(p, g.U, seed);
    return g;
}

/* The step, given W x + b of it. */
static var *step_from(struct tape *t, const struct gru *g, var *h, var *wx)
{
    int n = g->units;
    var *uh = matmul(t, param(t, g->U), h);
    var *gates = v_sigmoid(t, add(t, rows_of(t, wx, 0, 2 * n), rows_of(t, uh, 0, 2 * n)));
    var *r = rows_of(t, gates, 0, n), *u = rows_of(t, gates, n, n);
    var *fresh = v_tanh(t, add(t, rows_of(t, wx, 2 * n, n), mul(t, r, add_rows(t, rows_of(t, uh, 2 * n, n), param(t, g->c)))));
    return add(t, fresh, mul(t, u, sub(t, h, fresh)));
}

static var *input_of(struct tape *t, const struct gru *g, var *x)
{
    return dense(t, param(t, g->W), param(t, g->b), x, ACT_NONE);
}

var *gru_step(struct tape *t, const struct gru *g, var *h, var *x)
{
    return step_from(t, g, h, input_of(t, g, x));
}

var *gru_run(struct tape *t, const struct gru *g, var *x, var *start, int steps, int lanes, var *alive, enum direction way)
{
    var **h = tape_alloc(t, sizeof(var *) * (size_t)steps), *wx = input_of(t, g, x);
    var *now = start ? start : filled(t, g->units, lanes, 0);
    for (int i = 0; i < steps; i++) {
        int s = way == FORWARD ? i : steps - 1 - i;
        var *next = step_from(t, g, now, step_of(t, wx, s, lanes));
        now = alive ? add(t, now, mul_lanes(t, sub(t, next, now), step_of(t, alive, s, lanes))) : next;
        h[s] = now;
    }
    return stack_lanes(t, steps, h);
}
