/* The tape: values in an arena, notes of how to undo, gradients that are cleared only when written. */
#include "grad/engine.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

/* How to undo one operation; its own record follows. */
struct note {
    struct note *before;
    op_backward undo;
};

struct tape {
    struct arena *arena;
    const struct params *params; /* NULL: none */
    real *gradient;              /* of the parameters, the caller's; NULL: nothing has a gradient */
    unsigned moving;             /* groups that collect a gradient */
    var **param;                 /* params->n vars made by param(), or NULL where not asked for yet */
    struct note *last;
    int failed_lane;
};

struct tape *tape_new(void)
{
    struct tape *t = xcalloc(1, sizeof *t);
    t->arena = arena_new();
    t->failed_lane = -1;
    return t;
}

void tape_free(struct tape *t)
{
    if (!t)
        return;
    arena_free(t->arena);
    free(t);
}

/* Clears the gradient of the entries whose group moves. */
static void clear_moving(const struct params *p, real *gradient, unsigned moving)
{
    for (int i = 0; i < p->n; i++) {
        const struct param *e = &p->entry[i];
        if (e->group & moving)
            memset(gradient + e->offset, 0, (size_t)e->rows * (size_t)e->cols * sizeof *gradient);
    }
}

void tape_begin(struct tape *t, const struct params *p, real *gradient, unsigned moving)
{
    struct arena *arena = t->arena;
    arena_reset(arena);
    *t = (struct tape){.arena = arena, .params = p, .gradient = gradient, .moving = moving, .failed_lane = -1};
    if (!p)
        return;
    size_t bytes = (size_t)p->n * sizeof(var *);
    t->param = arena_alloc(arena, bytes);
    memset(t->param, 0, bytes);
    if (gradient)
        clear_moving(p, gradient, moving);
}

void tape_backward(struct tape *t)
{
    struct note *note = t->last;
    t->last = NULL; /* undone once */
    for (; note; note = note->before)
        note->undo(t, note + 1);
}

int tape_failed_lane(const struct tape *t)
{
    return t->failed_lane;
}

void tape_note_failure(struct tape *t, int lane)
{
    if (t->failed_lane < 0)
        t->failed_lane = lane;
}

void *tape_alloc(struct tape *t, size_t bytes)
{
    return arena_alloc(t->arena, bytes);
}

/* ---- making values ---- */

static size_t round_up(size_t bytes)
{
    return (bytes + 63) / 64 * 64;
}

/* Memory for a var, `extra` bytes of a note, its value and, if it needs one, its gradient; *note is set behind the var. */
static var *var_new(struct tape *t, int rows, int lanes, bool needs, size_t extra, void **note)
{
    if (rows < 1 || lanes < 1 || (size_t)rows * (size_t)lanes > INT_MAX)
        bug("a value of %d×%d", rows, lanes);
    size_t head = round_up(sizeof(var) + extra), numbers = round_up((size_t)rows * (size_t)lanes * sizeof(real));
    char *memory = arena_alloc(t->arena, head + numbers * (needs ? 2 : 1));
    var *a = (var *)(void *)memory;
    *a = (var){.rows = rows, .lanes = lanes, .ld = lanes, .needs = needs};
    a->v = (real *)(void *)(memory + head);
    a->g = needs ? (real *)(void *)(memory + head + numbers) : NULL;
    if (note)
        *note = memory + sizeof(var);
    return a;
}

var *op_new(struct tape *t, int rows, int lanes, const var *const *inputs, int n, op_backward undo, size_t size, void **note)
{
    bool needs = false;
    for (int i = 0; i < n; i++)
        needs |= inputs[i] && inputs[i]->needs;
    *note = NULL;
    if (!needs)
        return var_new(t, rows, lanes, false, 0, NULL);
    void *memory;
    var *out = var_new(t, rows, lanes, true, sizeof(struct note) + size, &memory);
    struct note *entry = memory;
    *entry = (struct note){t->last, undo};
    t->last = entry;
    *note = entry + 1;
    return out;
}

var *param(struct tape *t, int index)
{
    const struct params *p = t->params;
    if (!p || index < 0 || index >= p->n)
        bug("param: index %d of %d parameters", index, p ? p->n : 0);
    if (t->param[index])
        return t->param[index];
    const struct param *e = &p->entry[index];
    bool needs = t->gradient && (e->group & t->moving);
    var *a = arena_alloc(t->arena, sizeof *a);
    *a = (var){.rows = e->rows, .lanes = e->cols, .ld = e->cols, .needs = needs, .touched = true};
    a->v = p->value + e->offset;
    a->g = needs ? t->gradient + e->offset : NULL;
    return t->param[index] = a;
}

var *constant(struct tape *t, int rows, int lanes)
{
    return var_new(t, rows, lanes, false, 0, NULL);
}

var *filled(struct tape *t, int rows, int lanes, double value)
{
    var *a = constant(t, rows, lanes);
    for (int i = 0; i < rows * lanes; i++)
        a->v[i] = (real)value;
    return a;
}

var *leaf(struct tape *t, int rows, int lanes, const real *values)
{
    var *a = var_new(t, rows, lanes, t->gradient != NULL, 0, NULL);
    memcpy(a->v, values, (size_t)rows * (size_t)lanes * sizeof *values);
    return a;
}

/* ---- gradients ---- */

/* The var whose memory a's is. */
static var *owner_of(var *a)
{
    return a->whole ? a->whole : a;
}

real *var_gradient(var *a)
{
    if (!a->needs)
        return NULL;
    var *owner = owner_of(a);
    if (!owner->touched) {
        memset(owner->g, 0, (size_t)owner->rows * (size_t)owner->ld * sizeof *owner->g);
        owner->touched = true;
    }
    return a->g;
}

bool var_gradient_first(var *a)
{
    if (!a->needs || a->whole || a->touched)
        return false;
    a->touched = true;
    return true;
}

const real *var_arrived(const var *a)
{
    const var *owner = a->whole ? a->whole : a;
    return a->needs && owner->touched ? a->g : NULL;
}

real *gradient_of(var *a, bool *first)
{
    *first = var_gradient_first(a);
    return *first ? a->g : var_gradient(a);
}

void var_seed(var *a, const real *weights, real scale)
{
    real *g = var_gradient(a);
    for (int i = 0; g && i < a->rows; i++)
        for (int l = 0; l < a->lanes; l++)
            g[(size_t)i * (size_t)a->ld + (size_t)l] += weights ? scale * weights[l] : scale;
}

void expect_shape(const char *operation, const var *a, int rows, int lanes)
{
    if (a->rows != rows || a->lanes != lanes)
        bug("%s: expected %d×%d, got %d×%d", operation, rows, lanes, a->rows, a->lanes);
}
