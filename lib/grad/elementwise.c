/* Number by number: sums, products, functions. */
#include "grad/engine.h"

#include "grad/vector_math.h"

#include <string.h>
#include <tgmath.h>

#define INLINE static inline __attribute__((always_inline))

struct unary {
    var *out, *a;
    real s;
};
struct binary {
    var *out, *a, *b;
};

/* Rows and their length; one long row where all that is walked through is contiguous. */
struct span {
    int rows, n;
};
static struct span span_of(const var *a, bool flat)
{
    return flat ? (struct span){1, a->rows * a->lanes} : (struct span){a->rows, a->lanes};
}
static bool is_flat(const var *a)
{
    return a->ld == a->lanes;
}
static size_t at(const var *a, int row)
{
    return (size_t)row * (size_t)a->ld;
}

static var *unary_new(struct tape *t, var *a, double s, op_backward undo)
{
    void *note;
    var *out = op_new(t, a->rows, a->lanes, (const var *const[]){a}, 1, undo, sizeof(struct unary), &note);
    if (note)
        *(struct unary *)note = (struct unary){out, a, (real)s};
    return out;
}

static var *binary_new(struct tape *t, var *a, var *b, op_backward undo)
{
    void *note;
    var *out = op_new(t, a->rows, a->lanes, (const var *const[]){a, b}, 2, undo, sizeof(struct binary), &note);
    if (note)
        *(struct binary *)note = (struct binary){out, a, b};
    return out;
}

/* ---- two inputs of one shape ---- */

typedef real (*rule)(real a, real b);

INLINE void zip_row(int n, const real *restrict a, const real *restrict b, real *restrict out, rule f)
{
    for (int l = 0; l < n; l++)
        out[l] = f(a[l], b[l]);
}

INLINE void zip(const var *a, const var *b, var *out, rule f)
{
    struct span s = span_of(a, is_flat(a) && is_flat(b));
    for (int i = 0; i < s.rows; i++)
        zip_row(s.n, a->v + at(a, i), b->v + at(b, i), out->v + at(out, i), f);
}

INLINE real rule_add(real a, real b)
{
    return a + b;
}
INLINE real rule_sub(real a, real b)
{
    return a - b;
}
INLINE real rule_mul(real a, real b)
{
    return a * b;
}

static void undo_add(struct tape *t, void *note)
{
    (void)t;
    const struct binary *o = note;
    const real *g = var_arrived(o->out);
    if (!g)
        return;
    give(o->a, g, o->out->ld, 1);
    give(o->b, g, o->out->ld, 1);
}

var *add(struct tape *t, var *a, var *b)
{
    expect_shape("add", b, a->rows, a->lanes);
    var *out = binary_new(t, a, b, undo_add);
    zip(a, b, out, rule_add);
    return out;
}

static void undo_sub(struct tape *t, void *note)
{
    (void)t;
    const struct binary *o = note;
    const real *g = var_arrived(o->out);
    if (!g)
        return;
    give(o->a, g, o->out->ld, 1);
    give(o->b, g, o->out->ld, -1);
}

var *sub(struct tape *t, var *a, var *b)
{
    expect_shape("sub", b, a->rows, a->lanes);
    var *out = binary_new(t, a, b, undo_sub);
    zip(a, b, out, rule_sub);
    return out;
}

static void undo_mul(struct tape *t, void *note)
{
    (void)t;
    const struct binary *o = note;
    const real *g = var_arrived(o->out);
    if (!g)
        return;
    give_product(o->a, g, o->out->ld, o->b->v, o->b->ld, 1);
    give_product(o->b, g, o->out->ld, o->a->v, o->a->ld, 1);
}

var *mul(struct tape *t, var *a, var *b)
{
    expect_shape("mul", b, a->rows, a->lanes);
    var *out = binary_new(t, a, b, undo_mul);
    zip(a, b, out, rule_mul);
    return out;
}

/* ---- a number or a row for all ---- */

static void scale_row(int n, const real *restrict a, real s, real c, real *restrict out)
{
    for (int l = 0; l < n; l++)
        out[l] = s * a[l] + c;
}

static void undo_scale(struct tape *t, void *note)
{
    (void)t;
    const struct unary *o = note;
    const real *g = var_arrived(o->out);
    if (g)
        give(o->a, g, o->out->ld, o->s);
}

/* s·a + c */
static var *affine(struct tape *t, var *a, double s, double c)
{
    var *out = unary_new(t, a, s, undo_scale);
    struct span p = span_of(a, is_flat(a));
    for (int i = 0; i < p.rows; i++)
        scale_row(p.n, a->v + at(a, i), (real)s, (real)c, out->v + at(out, i));
    return out;
}

var *scale(struct tape *t, var *a, double s)
{
    return affine(t, a, s, 0);
}

var *shift(struct tape *t, var *a, double c)
{
    return affine(t, a, 1, c);
}

static void add_products(int n, const real *restrict a, const real *restrict b, real *restrict to)
{
    for (int l = 0; l < n; l++)
        to[l] += a[l] * b[l];
}

static void undo_mul_lanes(struct tape *t, void *note)
{
    (void)t;
    const struct binary *o = note;
    const real *g = var_arrived(o->out);
    if (!g)
        return;
    give_product(o->a, g, o->out->ld, o->b->v, 0, 1);
    real *gw = var_gradient(o->b);
    for (int i = 0; gw && i < o->a->rows; i++)
        add_products(o->a->lanes, g + at(o->out, i), o->a->v + at(o->a, i), gw);
}

var *mul_lanes(struct tape *t, var *a, var *w)
{
    expect_shape("mul_lanes", w, 1, a->lanes);
    var *out = binary_new(t, a, w, undo_mul_lanes);
    for (int i = 0; i < a->rows; i++)
        zip_row(a->lanes, a->v + at(a, i), w->v, out->v + at(out, i), rule_mul);
    return out;
}

static void undo_add_rows(struct tape *t, void *note)
{
    (void)t;
    const struct binary *o = note;
    const real *g = var_arrived(o->out);
    if (!g)
        return;
    give(o->a, g, o->out->ld, 1);
    real *gb = var_gradient(o->b);
    for (int i = 0; gb && i < o->a->rows; i++)
        gb[at(o->b, i)] += row_sum(o->a->lanes, g + at(o->out, i));
}

var *add_rows(struct tape *t, var *a, var *b)
{
    expect_shape("add_rows", b, a->rows, 1);
    var *out = binary_new(t, a, b, undo_add_rows);
    for (int i = 0; i < a->rows; i++)
        scale_row(a->lanes, a->v + at(a, i), 1, b->v[at(b, i)], out->v + at(out, i));
    return out;
}

static void add_scaled(int n, const real *restrict g, real s, real *restrict to)
{
    for (int l = 0; l < n; l++)
        to[l] += s * g[l];
}

static void undo_mul_rows(struct tape *t, void *note)
{
    (void)t;
    const struct binary *o = note;
    const real *g = var_arrived(o->out);
    if (!g)
        return;
    real *ga = var_gradient(o->a), *gb = var_gradient(o->b);
    for (int i = 0; i < o->a->rows; i++) {
        if (ga)
            add_scaled(o->a->lanes, g + at(o->out, i), o->b->v[at(o->b, i)], ga + at(o->a, i));
        if (gb)
            gb[at(o->b, i)] += row_dot(o->a->lanes, g + at(o->out, i), o->a->v + at(o->a, i));
    }
}

var *mul_rows(struct tape *t, var *a, var *b)
{
    expect_shape("mul_rows", b, a->rows, 1);
    var *out = binary_new(t, a, b, undo_mul_rows);
    for (int i = 0; i < a->rows; i++)
        scale_row(a->lanes, a->v + at(a, i), b->v[at(b, i)], 0, out->v + at(out, i));
    return out;
}

/* ---- functions: y = f(x), undone by a slope that x and y give ---- */

typedef real (*slope)(real x, real y);

INLINE void slope_row(int n, const real *restrict g, const real *restrict x, const real *restrict y, real *restrict to, bool first, slope f)
{
    if (first)
        for (int l = 0; l < n; l++)
            to[l] = g[l] * f(x[l], y[l]);
    else
        for (int l = 0; l < n; l++)
            to[l] += g[l] * f(x[l], y[l]);
}

INLINE void undo_function(void *note, slope f)
{
    const struct unary *o = note;
    const real *g = var_arrived(o->out);
    if (!g)
        return;
    bool first;
    real *to = gradient_of(o->a, &first);
    struct span s = span_of(o->a, is_flat(o->a));
    for (int i = 0; i < s.rows; i++)
        slope_row(s.n, g + at(o->out, i), o->a->v + at(o->a, i), o->out->v + at(o->out, i), to + at(o->a, i), first, f);
}

/* out = f(a) by a function of vector_math.c. */
static var *apply(struct tape *t, var *a, void (*f)(int n, const real *x, real *y), op_backward undo)
{
    var *out = unary_new(t, a, 0, undo);
    struct span s = span_of(a, is_flat(a));
    for (int i = 0; i < s.rows; i++)
        f(s.n, a->v + at(a, i), out->v + at(out, i));
    return out;
}

INLINE real slope_exp(real x, real y)
{
    (void)x;
    return y;
}

static void undo_exp(struct tape *t, void *note)
{
    (void)t;
    undo_function(note, slope_exp);
}

var *v_exp(struct tape *t, var *a)
{
    return apply(t, a, vm_exp, undo_exp);
}

INLINE real slope_log(real x, real y)
{
    (void)y;
    return 1 / x;
}

static void undo_log(struct tape *t, void *note)
{
    (void)t;
    undo_function(note, slope_log);
}

var *v_log(struct tape *t, var *a)
{
    return apply(t, a, vm_log, undo_log);
}

INLINE real slope_tanh(real x, real y)
{
    (void)x;
    return 1 - y * y;
}

static void undo_tanh(struct tape *t, void *note)
{
    (void)t;
    undo_function(note, slope_tanh);
}

var *v_tanh(struct tape *t, var *a)
{
    return apply(t, a, vm_tanh, undo_tanh);
}

INLINE real slope_sigmoid(real x, real y)
{
    (void)x;
    return y * (1 - y);
}

static void undo_sigmoid(struct tape *t, void *note)
{
    (void)t;
    undo_function(note, slope_sigmoid);
}

var *v_sigmoid(struct tape *t, var *a)
{
    return apply(t, a, vm_sigmoid, undo_sigmoid);
}

static void square_row(int n, const real *x, real *y)
{
    for (int l = 0; l < n; l++)
        y[l] = x[l] * x[l];
}

INLINE real slope_square(real x, real y)
{
    (void)y;
    return 2 * x;
}

static void undo_square(struct tape *t, void *note)
{
    (void)t;
    undo_function(note, slope_square);
}

var *v_square(struct tape *t, var *a)
{
    return apply(t, a, square_row, undo_square);
}

static void sqrt_row(int n, const real *x, real *y)
{
    for (int l = 0; l < n; l++)
        y[l] = sqrt(x[l]);
}

INLINE real slope_sqrt(real x, real y)
{
    (void)x;
    return (real)0.5 / y;
}

static void undo_sqrt(struct tape *t, void *note)
{
    (void)t;
    undo_function(note, slope_sqrt);
}

var *v_sqrt(struct tape *t, var *a)
{
    return apply(t, a, sqrt_row, undo_sqrt);
}

static void inverse_row(int n, const real *x, real *y)
{
    for (int l = 0; l < n; l++)
        y[l] = 1 / x[l];
}

INLINE real slope_inverse(real x, real y)
{
    (void)x;
    return -y * y;
}

static void undo_inverse(struct tape *t, void *note)
{
    (void)t;
    undo_function(note, slope_inverse);
}

var *v_inverse(struct tape *t, var *a)
{
    return apply(t, a, inverse_row, undo_inverse);
}

/* ---- softmax over rows: y_i = e^(x_i − max) / Σ_j e^(x_j − max) ---- */

INLINE real rule_max(real a, real b)
{
    return a < b ? b : a;
}

/* ga_i += y_i (g_i − Σ_j g_j y_j) */
static void softmax_row(int n, const real *restrict g, const real *restrict y, const real *restrict dot, real *restrict to)
{
    for (int l = 0; l < n; l++)
        to[l] += y[l] * (g[l] - dot[l]);
}

static void undo_softmax(struct tape *t, void *note)
{
    const struct unary *o = note;
    const var *y = o->out;
    const real *g = var_arrived(y);
    if (!g)
        return;
    real *dot = tape_alloc(t, (size_t)y->lanes * sizeof *dot), *ga = var_gradient(o->a);
    lanes_dot(y->lanes, y->rows, g, (size_t)y->ld, y->v, (size_t)y->ld, 1, NULL, dot);
    for (int i = 0; i < y->rows; i++)
        softmax_row(y->lanes, g + at(y, i), y->v + at(y, i), dot, ga + at(o->a, i));
}

static void add_to_row(int n, const real *restrict a, real *restrict to)
{
    for (int l = 0; l < n; l++)
        to[l] += a[l];
}

static void divide_row(int n, const real *restrict by, real *restrict y)
{
    for (int l = 0; l < n; l++)
        y[l] /= by[l];
}

static void largest_row(int n, const real *restrict a, real *restrict largest)
{
    for (int l = 0; l < n; l++)
        largest[l] = rule_max(largest[l], a[l]);
}

var *softmax(struct tape *t, var *a)
{
    var *out = unary_new(t, a, 0, undo_softmax);
    size_t bytes = (size_t)a->lanes * sizeof(real);
    real *row = tape_alloc(t, bytes); /* the largest of every lane, then the sum */
    memcpy(row, a->v, bytes);
    for (int i = 1; i < a->rows; i++)
        largest_row(a->lanes, a->v + at(a, i), row);
    for (int i = 0; i < a->rows; i++)
        zip_row(a->lanes, a->v + at(a, i), row, out->v + at(out, i), rule_sub);
    vm_exp(a->rows * a->lanes, out->v, out->v);
    memcpy(row, out->v, bytes);
    for (int i = 1; i < a->rows; i++)
        add_to_row(a->lanes, out->v + at(out, i), row);
    for (int i = 0; i < a->rows; i++)
        divide_row(a->lanes, row, out->v + at(out, i));
    return out;
}
