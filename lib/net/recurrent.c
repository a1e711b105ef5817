/* A recurrent cell's way through time, forward and back as one operation.
 *
 * Numbers of one step are taken together without gaps (a "block"), so that a cell's elementwise work is a few long loops and the product
 * with U reads and writes what is in the cache. W x + b of all steps was one product before; the gradients of W and U are one product
 * over all lanes at the end, since the gradients of all steps' gates then stand side by side. */
#include "net/recurrent.h"

#include <cblas.h>
#include <stdlib.h>
#include <string.h>

struct run {
    const struct cell_rule *rule;
    var *out, *wx, *U, *c, *start, *alive; /* c, start and alive may be NULL */
    int steps, lanes, units;
    enum direction way;
    real *kept; /* a block of rule->kept parts a step */
};

/* ---- products ---- */

/* out += U x, or Uᵀ x, for blocks: x k×lanes, out m×lanes. One lane is a product with a vector, which reads U as it lies. */
static void add_product(const var *U, bool transposed, const real *x, real *out, int lanes)
{
    CBLAS_TRANSPOSE op = transposed ? CblasTrans : CblasNoTrans;
    int m = transposed ? U->lanes : U->rows, k = transposed ? U->rows : U->lanes;
#ifdef DSSM_DOUBLE
    if (lanes == 1)
        cblas_dgemv(CblasRowMajor, op, U->rows, U->lanes, 1, U->v, U->ld, x, 1, 1, out, 1);
    else
        cblas_dgemm(CblasRowMajor, op, CblasNoTrans, m, lanes, k, 1, U->v, U->ld, x, lanes, 1, out, lanes);
#else
    if (lanes == 1)
        cblas_sgemv(CblasRowMajor, op, U->rows, U->lanes, 1, U->v, U->ld, x, 1, 1, out, 1);
    else
        cblas_sgemm(CblasRowMajor, op, CblasNoTrans, m, lanes, k, 1, U->v, U->ld, x, lanes, 1, out, lanes);
#endif
}

/* gradient (rows×cols) += g hᵀ over `lanes` */
static void add_outer(int rows, int cols, int lanes, const real *g, int ldg, const real *h, int ldh, real *gradient, int ld)
{
#ifdef DSSM_DOUBLE
    cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasTrans, rows, cols, lanes, 1, g, ldg, h, ldh, 1, gradient, ld);
#else
    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, rows, cols, lanes, 1, g, ldg, h, ldh, 1, gradient, ld);
#endif
}

/* ---- blocks ---- */

/* Row i of a value (or gradient) with this distance between rows. */
static size_t row_at(int i, int ld)
{
    return (size_t)i * (size_t)ld;
}

/* `rows` rows of `lanes` numbers from one distance to another. */
static void copy_rows(int rows, int lanes, const real *from, int ld_from, real *to, int ld_to)
{
    if (ld_from == lanes && ld_to == lanes) {
        memcpy(to, from, row_at(rows, lanes) * sizeof *to);
        return;
    }
    for (int i = 0; i < rows; i++)
        memcpy(to + row_at(i, ld_to), from + row_at(i, ld_from), (size_t)lanes * sizeof *to);
}

static void add_rows_to(int rows, int lanes, const real *restrict from, int ld_from, real *restrict to, int ld_to)
{
    for (int i = 0; i < rows; i++)
        for (int l = 0; l < lanes; l++)
            to[row_at(i, ld_to) + (size_t)l] += from[row_at(i, ld_from) + (size_t)l];
}

/* The step that was taken before this one, or −1 if it was the first. */
static int step_before(const struct run *r, int step)
{
    int before = r->way == FORWARD ? step - 1 : step + 1;
    return before < r->steps ? before : -1;
}

/* Part `part` of the state before a step, as a block. */
static void state_before(const struct run *r, int step, int part, real *block)
{
    int before = step_before(r, step), from = part * r->units;
    if (before >= 0)
        copy_rows(r->units, r->lanes, r->out->v + row_at(from, r->out->ld) + before * r->lanes, r->out->ld, block, r->lanes);
    else if (r->start)
        copy_rows(r->units, r->lanes, r->start->v + row_at(from, r->start->ld), r->start->ld, block, r->lanes);
    else
        memset(block, 0, row_at(r->units, r->lanes) * sizeof *block);
}

/* Which lanes of a step are alive, or NULL if all are. */
static const real *mask_of(const struct run *r, int step)
{
    const real *mask = r->alive ? r->alive->v + step * r->lanes : NULL;
    for (int l = 0; mask && l < r->lanes; l++)
        if (mask[l] == 0)
            return mask;
    return NULL;
}

/* The rows of `block` where the mask is 0 become those of `other`. */
static void replace_dead(const struct run *r, const real *mask, real *restrict block, const real *restrict other)
{
    int lanes = r->lanes;
    for (int i = 0; i < r->rule->state * r->units; i++)
        for (int l = 0; l < lanes; l++)
            block[row_at(i, lanes) + (size_t)l] = mask[l] != 0 ? block[row_at(i, lanes) + (size_t)l] : other[row_at(i, lanes) + (size_t)l];
}

/* Takes out of the gradient of the state after what belongs to lanes that are not alive; it goes to the state before unchanged. */
static void set_dead_aside(const struct run *r, const real *mask, real *restrict state_g, real *restrict aside)
{
    int lanes = r->lanes;
    for (int i = 0; i < r->rule->state * r->units; i++)
        for (int l = 0; l < lanes; l++) {
            size_t at = row_at(i, lanes) + (size_t)l;
            aside[at] = mask[l] != 0 ? 0 : state_g[at];
            state_g[at] = mask[l] != 0 ? state_g[at] : 0;
        }
}

/* ---- forward ---- */

/* The gates' sums of a step into its block. */
static void sums_of(const struct run *r, int step, const real *h, real *block)
{
    int lanes = r->lanes, joined = (r->rule->gates - r->rule->apart) * r->units;
    const real *wx = r->wx->v + step * lanes;
    copy_rows(joined, lanes, wx, r->wx->ld, block, lanes);
    if (r->rule->apart) {
        real *last = block + row_at(joined, lanes);
        for (int i = 0; i < r->units; i++)
            for (int l = 0; l < lanes; l++)
                last[row_at(i, lanes) + (size_t)l] = r->c->v[row_at(i, r->c->ld)];
        copy_rows(r->units, lanes, wx + row_at(joined, r->wx->ld), r->wx->ld, last + row_at(r->units, lanes), lanes);
    }
    add_product(r->U, false, h, block, lanes);
}

static void run_forward(struct tape *t, const struct run *r, bool keep)
{
    int n = r->units * r->lanes, rows = r->rule->state * r->units;
    size_t bytes = row_at(rows, r->lanes) * sizeof(real);
    real *state = tape_alloc(t, bytes), *old = r->alive ? tape_alloc(t, bytes) : NULL;
    for (int part = 0; part < r->rule->state; part++)
        state_before(r, r->way == FORWARD ? 0 : r->steps - 1, part, state + part * n);
    for (int i = 0; i < r->steps; i++) {
        int step = r->way == FORWARD ? i : r->steps - 1 - i;
        const real *mask = mask_of(r, step);
        real *block = r->kept + (keep ? row_at(step * r->rule->kept, n) : 0);
        if (mask)
            memcpy(old, state, bytes);
        sums_of(r, step, state, block);
        r->rule->forward(n, block, state);
        if (mask)
            replace_dead(r, mask, state, old);
        copy_rows(rows, r->lanes, state, r->lanes, r->out->v + step * r->lanes, r->out->ld);
    }
}

/* ---- backward ---- */

/* Scratch of the way back: blocks, and gradients of the gates' sums over all lanes. */
struct back {
    real *state_g, *aside, *before, *sums_g;
    real *joined_g; /* of W x + b, (gates·units)×(T·B): wx's own gradient if it has one */
    real *apart_g;  /* of U h + c where it is apart, units×(T·B) */
    real *c_g;      /* the same, summed over steps: a block */
};

static real *cleared(struct tape *t, size_t n)
{
    real *a = tape_alloc(t, n * sizeof *a);
    return memset(a, 0, n * sizeof *a);
}

static struct back back_new(struct tape *t, struct run *r)
{
    const struct cell_rule *rule = r->rule;
    int n = r->units * r->lanes;
    struct back b = {.state_g = cleared(t, row_at(rule->state, n))};
    b.aside = tape_alloc(t, row_at(rule->state, n) * sizeof(real));
    b.before = tape_alloc(t, (size_t)n * sizeof(real));
    b.sums_g = tape_alloc(t, row_at(rule->gates + rule->apart, n) * sizeof(real));
    if (r->wx->needs && !var_gradient_first(r->wx))
        bug("recurrent_run: W x is used elsewhere too");
    b.joined_g = r->wx->needs ? r->wx->g : tape_alloc(t, row_at(rule->gates * r->steps, n) * sizeof(real));
    b.apart_g = rule->apart ? tape_alloc(t, row_at(r->steps, n) * sizeof(real)) : NULL;
    b.c_g = rule->apart ? cleared(t, (size_t)n) : NULL;
    return b;
}

/* A step's gradients of the gates' sums go beside those of the other steps. */
static void spread_sums(const struct run *r, struct back *b, int step)
{
    int lanes = r->lanes, all = r->out->lanes, n = r->units * lanes, joined = (r->rule->gates - r->rule->apart) * r->units;
    real *to = b->joined_g + step * lanes;
    copy_rows(joined, lanes, b->sums_g, lanes, to, all);
    if (!r->rule->apart)
        return;
    const real *last = b->sums_g + row_at(joined, lanes);
    copy_rows(r->units, lanes, last, lanes, b->apart_g + step * lanes, all);
    copy_rows(r->units, lanes, last + n, lanes, to + row_at(joined, all), all);
    for (int i = 0; i < n; i++)
        b->c_g[i] += last[i];
}

static void step_back(const struct run *r, struct back *b, int step)
{
    int n = r->units * r->lanes, rows = r->rule->state * r->units;
    const real *mask = mask_of(r, step);
    add_rows_to(rows, r->lanes, r->out->g + step * r->lanes, r->out->ld, b->state_g, r->lanes);
    if (mask)
        set_dead_aside(r, mask, b->state_g, b->aside);
    state_before(r, step, r->rule->state - 1, b->before);
    r->rule->backward(n, r->kept + row_at(step * r->rule->kept, n), b->before, b->state_g, b->sums_g);
    add_product(r->U, true, b->sums_g, b->state_g, r->lanes);
    if (mask)
        add_rows_to(rows, r->lanes, b->aside, r->lanes, b->state_g, r->lanes);
    spread_sums(r, b, step);
}

/* Rows from..from+rows−1 of U's gradient: all steps but the first against the states of the steps before, the first against start. */
static void give_U(struct run *r, int from, int rows, const real *g)
{
    int lanes = r->lanes, all = r->out->lanes, later = all - lanes, cols = r->U->lanes;
    real *gradient = var_gradient(r->U);
    if (!gradient)
        return;
    gradient += row_at(from, r->U->ld);
    bool ahead = r->way == FORWARD;
    if (later > 0)
        add_outer(rows, cols, later, g + (ahead ? lanes : 0), all, r->out->v + (ahead ? 0 : lanes), r->out->ld, gradient, r->U->ld);
    if (r->start)
        add_outer(rows, cols, lanes, g + (ahead ? 0 : later), all, r->start->v, r->start->ld, gradient, r->U->ld);
}

static void give_c(const struct run *r, const real *c_g)
{
    real *gradient = var_gradient(r->c);
    for (int i = 0; gradient && i < r->units; i++) {
        real sum = 0;
        for (int l = 0; l < r->lanes; l++)
            sum += c_g[row_at(i, r->lanes) + (size_t)l];
        gradient[row_at(i, r->c->ld)] += sum;
    }
}

static void undo_run(struct tape *t, void *note)
{
    struct run *r = note;
    if (!var_arrived(r->out))
        return;
    struct back b = back_new(t, r);
    for (int i = r->steps - 1; i >= 0; i--)
        step_back(r, &b, r->way == FORWARD ? i : r->steps - 1 - i);
    int joined = (r->rule->gates - r->rule->apart) * r->units;
    give_U(r, 0, joined, b.joined_g);
    if (r->rule->apart) {
        give_U(r, joined, r->units, b.apart_g);
        give_c(r, b.c_g);
    }
    real *start_g = r->start ? var_gradient(r->start) : NULL;
    if (start_g)
        add_rows_to(r->start->rows, r->lanes, b.state_g, r->lanes, start_g, r->start->ld);
}

/* ---- the operation ---- */

static void expect(const char *what, const var *a, int rows, int lanes)
{
    if (a && (a->rows != rows || a->lanes != lanes))
        bug("recurrent_run: %s is %d×%d instead of %d×%d", what, a->rows, a->lanes, rows, lanes);
}

var *recurrent_run(struct tape *t, const struct cell_rule *rule, var *wx, var *U, var *c, var *start, int steps, int lanes, var *alive,
                   enum direction way)
{
    int units = U->lanes;
    expect("W x", wx, rule->gates * units, steps * lanes);
    expect("U", U, rule->gates * units, units);
    expect("c", c, units, 1);
    expect("start", start, rule->state * units, lanes);
    expect("alive", alive, 1, steps * lanes);
    void *note;
    var *out = op_new(t, rule->state * units, steps * lanes, (const var *const[]){wx, U, c, start}, 4, undo_run, sizeof(struct run), &note);
    struct run r = {rule, out, wx, U, c, start, alive, steps, lanes, units, way, NULL};
    r.kept = tape_alloc(t, row_at(rule->kept * (note ? steps : 1), units * lanes) * sizeof(real));
    run_forward(t, &r, note != NULL);
    if (note)
        *(struct run *)note = r;
    return out;
}

int recurrent_param(struct params *p, const char *name, const char *kind, int rows, int cols, unsigned group, double rate)
{
    char *entry = xasprintf("%s.%s", name, kind);
    int index = params_add(p, entry, rows, cols, group, rate);
    free(entry);
    return index;
}
