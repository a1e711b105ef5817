/* Long short-term memory. */
#include "net/net.h"

#include <stdlib.h>

static int add_entry(struct params *p, const char *name, const char *kind, int rows, int cols, unsigned group, double rate)
{
    char *entry = xasprintf("%s.%s", name, kind);
    int index = params_add(p, entry, rows, cols, group, rate);
    free(entry);
    return index;
}

struct lstm lstm_declare(struct params *p, const char *name, int in, int units, unsigned group, double rate, uint64_t seed)
{
    struct lstm l = {.units = units};
    l.W = add_entry(p, name, "W", 4 * units, in, group, rate);
    l.U = add_entry(p, name, "U", 4 * units, units, group, rate);
    l.b = add_entry(p, name, "b", 4 * units, 1, group, rate);
    params_glorot(p, l.W, seed);
    params_glorot(p, l.U, seed);
    for (int i = 0; i < units; i++)
        params_value(p, l.b)[units + i] = 1;
    return l;
}

/* The step, given W x + b of it. */
static var *step_from(struct tape *t, const struct lstm *l, var *state, var *wx)
{
    int n = l->units;
    var *h = rows_of(t, state, 0, n), *c = rows_of(t, state, n, n);
    var *sum = add(t, wx, matmul(t, param(t, l->U), h));
    var *gates = v_sigmoid(t, rows_of(t, sum, 0, 3 * n)), *g = v_tanh(t, rows_of(t, sum, 3 * n, n));
    var *next_c = add(t, mul(t, rows_of(t, gates, n, n), c), mul(t, rows_of(t, gates, 0, n), g));
    var *next_h = mul(t, rows_of(t, gates, 2 * n, n), v_tanh(t, next_c));
    return stack_rows(t, 2, (var *const[]){next_h, next_c});
}

static var *input_of(struct tape *t, const struct lstm *l, var *x)
{
    return dense(t, param(t, l->W), param(t, l->b), x, ACT_NONE);
}

var *lstm_step(struct tape *t, const struct lstm *l, var *state, var *x)
{
    return step_from(t, l, state, input_of(t, l, x));
}

var *lstm_run(struct tape *t, const struct lstm *l, var *x, var *start, int steps, int lanes, var *alive, enum direction way)
{
    var **all = tape_alloc(t, sizeof(var *) * (size_t)steps), *wx = input_of(t, l, x);
    var *now = start ? start : filled(t, 2 * l->units, lanes, 0);
    for (int i = 0; i < steps; i++) {
        int s = way == FORWARD ? i : steps - 1 - i;
        var *next = step_from(t, l, now, step_of(t, wx, s, lanes));
        now = alive ? add(t, now, mul_lanes(t, sub(t, next, now), step_of(t, alive, s, lanes))) : next;
        all[s] = now;
    }
    return stack_lanes(t, steps, all);
}
