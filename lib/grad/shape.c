/* Shapes: views, which cost nothing, and copies where memory must move. */
#include "grad/engine.h"

#include <string.h>

struct unary {
    var *out, *a;
};
struct several {
    var *out;
    int n;
    var *a[];
};

/* A view of rows×lanes of a, beginning `offset` numbers in. */
static var *view(struct tape *t, var *a, int rows, int lanes, size_t offset)
{
    var *part = tape_alloc(t, sizeof *part);
    *part = (var){.rows = rows, .lanes = lanes, .ld = a->ld, .needs = a->needs, .v = a->v + offset};
    part->g = a->needs ? a->g + offset : NULL;
    part->whole = a->whole ? a->whole : a;
    return part;
}

var *rows_of(struct tape *t, var *a, int from, int n)
{
    if (from < 0 || n < 1 || from > a->rows - n)
        bug("rows_of: rows %d..%d of %d×%d", from, from + n - 1, a->rows, a->lanes);
    return view(t, a, n, a->lanes, (size_t)from * (size_t)a->ld);
}

var *lanes_of(struct tape *t, var *a, int from, int n)
{
    if (from < 0 || n < 1 || from > a->lanes - n)
        bug("lanes_of: lanes %d..%d of %d×%d", from, from + n - 1, a->rows, a->lanes);
    return view(t, a, a->rows, n, (size_t)from);
}

var *step_of(struct tape *t, var *a, int step, int lanes)
{
    return lanes_of(t, a, step * lanes, lanes);
}

/* Copies a's value to `to`, whose rows are ld apart. */
static void copy_value(const var *a, real *to, int ld)
{
    for (int i = 0; i < a->rows; i++)
        memcpy(to + (size_t)i * (size_t)ld, a->v + (size_t)i * (size_t)a->ld, (size_t)a->lanes * sizeof *to);
}

/* The output of an operation on n inputs, its record filled. */
static var *several_new(struct tape *t, int rows, int lanes, int n, var *const *a, op_backward undo)
{
    void *note;
    size_t list = (size_t)n * sizeof(var *);
    var *out = op_new(t, rows, lanes, (const var *const *)a, n, undo, sizeof(struct several) + list, &note);
    struct several *s = note;
    if (s) {
        s->out = out;
        s->n = n;
        memcpy(s->a, a, list);
    }
    return out;
}

static void undo_stack_rows(struct tape *t, void *note)
{
    (void)t;
    const struct several *s = note;
    const real *g = var_arrived(s->out);
    if (!g)
        return;
    for (int i = 0; i < s->n; i++) {
        give(s->a[i], g, s->out->ld, 1);
        g += (size_t)s->a[i]->rows * (size_t)s->out->ld;
    }
}

var *stack_rows(struct tape *t, int n, var *const *a)
{
    int rows = 0;
    for (int i = 0; i < n; i++) {
        expect_shape("stack_rows", a[i], a[i]->rows, a[0]->lanes);
        rows += a[i]->rows;
    }
    var *out = several_new(t, rows, a[0]->lanes, n, a, undo_stack_rows);
    real *v = out->v;
    for (int i = 0; i < n; i++) {
        copy_value(a[i], v, out->ld);
        v += (size_t)a[i]->rows * (size_t)out->ld;
    }
    return out;
}

static void undo_stack_lanes(struct tape *t, void *note)
{
    (void)t;
    const struct several *s = note;
    const real *g = var_arrived(s->out);
    if (!g)
        return;
    for (int i = 0; i < s->n; i++) {
        give(s->a[i], g, s->out->ld, 1);
        g += s->a[i]->lanes;
    }
}

var *stack_lanes(struct tape *t, int n, var *const *a)
{
    int lanes = 0;
    for (int i = 0; i < n; i++) {
        expect_shape("stack_lanes", a[i], a[0]->rows, a[i]->lanes);
        lanes += a[i]->lanes;
    }
    var *out = several_new(t, a[0]->rows, lanes, n, a, undo_stack_lanes);
    real *v = out->v;
    for (int i = 0; i < n; i++) {
        copy_value(a[i], v, out->ld);
        v += a[i]->lanes;
    }
    return out;
}

static var *unary_new(struct tape *t, int rows, int lanes, var *a, op_backward undo)
{
    void *note;
    var *out = op_new(t, rows, lanes, (const var *const[]){a}, 1, undo, sizeof(struct unary), &note);
    if (note)
        *(struct unary *)note = (struct unary){out, a};
    return out;
}

static void undo_spread(struct tape *t, void *note)
{
    (void)t;
    const struct unary *u = note;
    const real *g = var_arrived(u->out);
    if (!g)
        return;
    real *ga = var_gradient(u->a);
    for (int i = 0; i < u->out->rows; i++)
        ga[(size_t)i * (size_t)u->a->ld] += row_sum(u->out->lanes, g + (size_t)i * (size_t)u->out->ld);
}

var *spread(struct tape *t, var *a, int lanes)
{
    expect_shape("spread", a, a->rows, 1);
    var *out = unary_new(t, a->rows, lanes, a, undo_spread);
    for (int i = 0; i < a->rows; i++) {
        real value = a->v[(size_t)i * (size_t)a->ld], *row = out->v + (size_t)i * (size_t)out->ld;
        for (int l = 0; l < lanes; l++)
            row[l] = value;
    }
    return out;
}

static void add_row(int n, const real *restrict from, real *restrict to)
{
    for (int l = 0; l < n; l++)
        to[l] += from[l];
}

static void undo_sum_rows(struct tape *t, void *note)
{
    (void)t;
    const struct unary *u = note;
    const real *g = var_arrived(u->out);
    if (g)
        give(u->a, g, 0, 1); /* the same row for all */
}

var *sum_rows(struct tape *t, var *a)
{
    var *out = unary_new(t, 1, a->lanes, a, undo_sum_rows);
    memcpy(out->v, a->v, (size_t)a->lanes * sizeof *out->v);
    for (int i = 1; i < a->rows; i++)
        add_row(a->lanes, a->v + (size_t)i * (size_t)a->ld, out->v);
    return out;
}

static void undo_sum_steps(struct tape *t, void *note)
{
    (void)t;
    const struct unary *u = note;
    const real *g = var_arrived(u->out);
    if (!g)
        return;
    int lanes = u->out->lanes, ld = u->a->ld;
    real *ga = var_gradient(u->a);
    for (int i = 0; i < u->a->rows; i++)
        for (int from = 0; from < u->a->lanes; from += lanes)
            add_row(lanes, g + (size_t)i * (size_t)lanes, ga + (size_t)i * (size_t)ld + from);
}

var *sum_steps(struct tape *t, var *a, int steps)
{
    int lanes = steps > 0 ? a->lanes / steps : 0;
    if (lanes * steps != a->lanes)
        bug("sum_steps: %d×%d in %d steps", a->rows, a->lanes, steps);
    var *out = unary_new(t, a->rows, lanes, a, undo_sum_steps);
    copy_value(&(var){.rows = a->rows, .lanes = lanes, .ld = a->ld, .v = a->v}, out->v, lanes);
    for (int i = 0; i < a->rows; i++)
        for (int s = 1; s < steps; s++)
            add_row(lanes, a->v + (size_t)i * (size_t)a->ld + (size_t)s * (size_t)lanes, out->v + (size_t)i * (size_t)lanes);
    return out;
}
