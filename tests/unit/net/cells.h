/* What the tests of the recurrent cells share: a cell with inputs and first state in one table of parameters, so that every number that
 * a run depends on is checked against differences in the same loop; a reference that goes number by number; and the cases themselves. */
#ifndef DSSM_TESTS_NET_CELLS_H
#define DSSM_TESTS_NET_CELLS_H

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "net/net.h"

/* A cell as the cases see it. */
struct cell {
    int (*declare)(struct params *p, int in, int units); /* keeps the cell for the other functions; returns the rows of its state */
    var *(*step)(struct tape *t, var *state, var *x);
    var *(*run)(struct tape *t, var *x, var *start, int steps, int lanes, var *alive, enum direction way);
    void (*reference)(const struct params *p, const double *x, double *state); /* one step of one lane, in place */
};

enum { MOST_ROWS = 40, MOST_IN = 8 };

struct layout {
    int in, units, steps, lanes;
    bool start, alive, view; /* a first state of its own; uneven lengths; x and start as views of larger values */
    enum direction way;
};

struct problem {
    const struct cell *cell;
    struct layout l;
    struct params p;
    int rows, own; /* of the state; how many parameters are the cell's */
    int x, start;  /* parameter indices: in×(T·B) and rows×B, or two rows and three lanes more in a view */
};

static inline int entry_of(struct problem *q, const char *name, int rows, int lanes, unsigned group)
{
    int more = q->l.view;
    return params_add(&q->p, name, rows + 2 * more, lanes + 3 * more, group, 1);
}

static inline struct problem problem_open(const struct cell *cell, struct layout l)
{
    struct problem q = {.cell = cell, .l = l};
    params_init(&q.p);
    q.rows = cell->declare(&q.p, l.in, l.units);
    q.own = q.p.n;
    q.x = entry_of(&q, "x", l.in, l.steps * l.lanes, GROUP_THETA);
    q.start = entry_of(&q, "start", q.rows, l.lanes, GROUP_PSI0);
    for (int i = 0; i < q.p.n; i++)
        params_normal(&q.p, i, 5, 0, i < q.own ? 0.6 : 1);
    return q;
}

static inline void problem_close(struct problem *q)
{
    params_free(&q->p);
}

/* Sequence b is alive in the first T − 2b mod T steps, at least one. */
static inline double alive_at(const struct layout *l, int step, int lane)
{
    int length = l->steps - 2 * lane % l->steps;
    return !l->alive || step < length;
}

static inline var *alive_of(struct tape *t, const struct layout *l)
{
    if (!l->alive)
        return NULL;
    var *a = constant(t, 1, l->steps * l->lanes);
    for (int i = 0; i < l->steps * l->lanes; i++)
        a->v[i] = (real)alive_at(l, i / l->lanes, i % l->lanes);
    return a;
}

/* x or start as the run takes it. */
static inline var *input_of(struct tape *t, const struct problem *q, int index, int rows, int lanes)
{
    var *all = param(t, index);
    return q->l.view ? lanes_of(t, rows_of(t, all, 1, rows), 2, lanes) : all;
}

static inline var *x_of(struct tape *t, const struct problem *q)
{
    return input_of(t, q, q->x, q->l.in, q->l.steps * q->l.lanes);
}

static inline var *start_of(struct tape *t, const struct problem *q)
{
    return q->l.start ? input_of(t, q, q->start, q->rows, q->l.lanes) : NULL;
}

static inline var *by_run(struct tape *t, const struct problem *q)
{
    return q->cell->run(t, x_of(t, q), start_of(t, q), q->l.steps, q->l.lanes, alive_of(t, &q->l), q->l.way);
}

/* The same out of single steps: where a sequence is not alive its state is kept by choosing, as a model would. */
static inline var *by_steps(struct tape *t, const struct problem *q)
{
    const struct layout *l = &q->l;
    var *x = x_of(t, q), *alive = alive_of(t, l), *now = start_of(t, q), *all[16];
    now = now ? now : filled(t, q->rows, l->lanes, 0);
    for (int i = 0; i < l->steps; i++) {
        int s = l->way == FORWARD ? i : l->steps - 1 - i;
        var *next = q->cell->step(t, now, step_of(t, x, s, l->lanes));
        now = alive ? add(t, now, mul_lanes(t, sub(t, next, now), step_of(t, alive, s, l->lanes))) : next;
        all[s] = now;
    }
    return stack_lanes(t, l->steps, all);
}

/* ---- values ---- */

static inline double number_of(const var *a, int row, int lane)
{
    return (double)a->v[(size_t)row * (size_t)a->ld + (size_t)lane];
}

/* The largest difference between a run and the reference, lane by lane. */
static inline double worst_value(const struct problem *q, var *(*build)(struct tape *, const struct problem *))
{
    const struct layout *l = &q->l;
    struct tape *t = tape_new();
    tape_begin(t, &q->p, NULL, 0);
    var *out = build(t, q), *x = x_of(t, q), *start = start_of(t, q);
    double worst = out->rows == q->rows && out->lanes == l->steps * l->lanes ? 0 : INFINITY;
    for (int b = 0; b < l->lanes && worst < INFINITY; b++) {
        double state[MOST_ROWS] = {0}, in[MOST_IN];
        for (int r = 0; start && r < q->rows; r++)
            state[r] = number_of(start, r, b);
        for (int i = 0; i < l->steps; i++) {
            int s = l->way == FORWARD ? i : l->steps - 1 - i;
            for (int r = 0; r < l->in; r++)
                in[r] = number_of(x, r, s * l->lanes + b);
            if (alive_at(l, s, b) != 0)
                q->cell->reference(&q->p, in, state);
            for (int r = 0; r < q->rows; r++) {
                double error = fabs(number_of(out, r, s * l->lanes + b) - state[r]);
                worst = error <= worst ? worst : error;
            }
        }
    }
    tape_free(t);
    return worst;
}

/* ---- gradients ---- */

/* Every number of the state after a step has a weight of its own; `last` leaves the other steps out, so that most of the output's
 * gradient is 0. */
static inline double weight_of(const struct layout *l, int row, int lane, bool last)
{
    int end = l->way == FORWARD ? l->steps - 1 : 0;
    return last && lane / l->lanes != end ? 0 : cos(1 + 0.7 * (row * l->steps * l->lanes + lane));
}

/* The weighted sum of all states; its gradient by all parameters whose group moves, unless gradient is NULL. */
static inline double weighted(const struct problem *q, var *(*build)(struct tape *, const struct problem *), bool last, real *gradient,
                              unsigned moving)
{
    static struct tape *t;
    if (!t)
        t = tape_new();
    tape_begin(t, &q->p, gradient, moving);
    var *out = build(t, q);
    real *seed = var_gradient(out);
    double sum = 0;
    for (int r = 0; r < out->rows; r++)
        for (int l = 0; l < out->lanes; l++) {
            double w = weight_of(&q->l, r, l, last);
            sum += w * number_of(out, r, l);
            if (seed)
                seed[r * out->ld + l] += (real)w;
        }
    if (gradient)
        tape_backward(t);
    return sum;
}

/* Five-point difference of the sum by one number. */
static inline double difference_by(const struct problem *q, bool last, real *value)
{
    double h = 1e-3, f[4];
    real kept = *value;
    for (int i = 0; i < 4; i++) {
        *value = kept + (real)((double[]){-2, -1, 1, 2}[i] * h);
        f[i] = weighted(q, by_run, last, NULL, 0);
    }
    *value = kept;
    return (f[0] - 8 * f[1] + 8 * f[2] - f[3]) / (12 * h);
}

/* The largest error of the run's gradient by anything, relative to max(1, |difference|). */
static inline double worst_gradient(const struct problem *q, bool last)
{
    real *gradient = xcalloc(q->p.size, sizeof *gradient);
    double worst = 0;
    weighted(q, by_run, last, gradient, GROUP_ALL);
    for (size_t i = 0; i < q->p.size; i++) {
        double expected = difference_by(q, last, q->p.value + i);
        double error = fabs((double)gradient[i] - expected) / fmax(1, fabs(expected));
        if (!(error <= worst))
            worst = error;
    }
    free(gradient);
    return worst;
}

/* The largest difference between the gradients of two ways to build the same. */
static inline double gradients_apart(const struct problem *q, var *(*one)(struct tape *, const struct problem *),
                                     var *(*two)(struct tape *, const struct problem *))
{
    real *a = xcalloc(q->p.size, sizeof *a), *b = xcalloc(q->p.size, sizeof *b);
    double worst = fabs(weighted(q, one, false, a, GROUP_ALL) - weighted(q, two, false, b, GROUP_ALL));
    for (size_t i = 0; i < q->p.size; i++) {
        double error = fabs((double)(a[i] - b[i]));
        worst = error <= worst ? worst : error;
    }
    free(a);
    free(b);
    return worst;
}

/* ---- the cases ---- */

static const struct layout layouts[] = {
    {1, 1, 1, 1, false, false, false, FORWARD}, {2, 3, 1, 1, true, false, true, FORWARD},   {3, 2, 5, 1, true, false, false, BACKWARD},
    {2, 3, 4, 5, false, false, false, FORWARD}, {2, 3, 4, 5, true, false, true, BACKWARD},  {4, 3, 5, 3, true, true, false, FORWARD},
    {4, 3, 5, 3, true, true, true, BACKWARD},   {2, 2, 3, 19, false, true, true, FORWARD},  {2, 2, 3, 19, false, true, false, BACKWARD},
    {1, 5, 2, 2, true, true, false, BACKWARD},  {3, 4, 6, 2, false, true, false, BACKWARD}, {3, 4, 6, 1, false, false, true, FORWARD},
};
enum { LAYOUTS = sizeof layouts / sizeof *layouts };

static inline void expect_below(double worst, double bound, const char *what, const struct layout *l)
{
    if (!(worst < bound))
        fail_msg("%s: %g (in %d, units %d, steps %d, lanes %d, start %d, alive %d, view %d, %s)", what, worst, l->in, l->units, l->steps,
                 l->lanes, l->start, l->alive, l->view, l->way == FORWARD ? "forward" : "backward");
}

static inline void check_values(const struct cell *cell)
{
    for (int i = 0; i < LAYOUTS; i++) {
        struct problem q = problem_open(cell, layouts[i]);
        expect_below(worst_value(&q, by_run), 1e-13, "run", &q.l);
        expect_below(worst_value(&q, by_steps), 1e-13, "steps", &q.l);
        problem_close(&q);
    }
}

static inline void check_gradients(const struct cell *cell)
{
    for (int i = 0; i < LAYOUTS; i++) {
        struct problem q = problem_open(cell, layouts[i]);
        expect_below(worst_gradient(&q, false), 1e-9, "gradient", &q.l);
        expect_below(worst_gradient(&q, true), 1e-9, "gradient of the last state", &q.l);
        expect_below(gradients_apart(&q, by_run, by_steps), 1e-12, "run and steps", &q.l);
        problem_close(&q);
    }
}

/* A group that does not move gets no gradient and changes nobody else's. */
static inline void check_moving_groups(const struct cell *cell)
{
    static const unsigned some[] = {GROUP_PHI, GROUP_THETA, GROUP_PSI0, GROUP_PHI | GROUP_PSI0, GROUP_THETA | GROUP_PSI0, GROUP_PSI};
    struct problem q = problem_open(cell, (struct layout){3, 4, 5, 3, true, true, false, FORWARD});
    real *all = xcalloc(q.p.size, sizeof *all), *part = xcalloc(q.p.size, sizeof *part);
    weighted(&q, by_run, false, all, GROUP_ALL);
    for (size_t k = 0; k < sizeof some / sizeof *some; k++) {
        for (size_t i = 0; i < q.p.size; i++)
            part[i] = 7;
        weighted(&q, by_run, false, part, some[k]);
        for (int i = 0; i < q.p.n; i++)
            for (int j = 0; j < q.p.entry[i].rows * q.p.entry[i].cols; j++) {
                size_t at = q.p.entry[i].offset + (size_t)j;
                double expected = q.p.entry[i].group & some[k] ? (double)all[at] : 7;
                if (!(fabs((double)part[at] - expected) < 1e-13))
                    fail_msg("groups %u: %s has %g instead of %g", some[k], q.p.entry[i].name, (double)part[at], expected);
            }
    }
    free(all);
    free(part);
    problem_close(&q);
}

/* Where a sequence is over its state stays, to the bit, and no gradient comes out of it; backward in time it has the first state until
 * the sequence begins. */
static inline void check_frozen(const struct cell *cell)
{
    for (int way = FORWARD; way <= BACKWARD; way++) {
        struct problem q = problem_open(cell, (struct layout){3, 4, 6, 3, true, true, false, (enum direction)way});
        const struct layout *l = &q.l;
        real *gradient = xcalloc(q.p.size, sizeof *gradient), *gx = gradient + q.p.entry[q.x].offset;
        struct tape *t = tape_new();
        weighted(&q, by_run, false, gradient, GROUP_ALL);
        tape_begin(t, &q.p, NULL, 0);
        var *out = by_run(t, &q), *start = start_of(t, &q);
        int frozen = 0;
        for (int i = 0; i < l->steps * l->lanes; i++) {
            int s = i / l->lanes, b = i % l->lanes, before = way == FORWARD ? s - 1 : s + 1;
            if (alive_at(l, s, b) != 0)
                continue;
            frozen++;
            for (int r = 0; r < l->in; r++)
                assert_true(gx[r * l->steps * l->lanes + i] == 0);
            for (int r = 0; r < q.rows; r++)
                assert_true(number_of(out, r, i) ==
                            (before == l->steps ? number_of(start, r, b) : number_of(out, r, before * l->lanes + b)));
        }
        assert_int_equal(frozen, 2 + 4);
        tape_free(t);
        free(gradient);
        problem_close(&q);
    }
}

/* A sequence's states are the same wherever it stands among as many others. To rounding: OpenBLAS adds up the columns of a product in an
 * order that depends on their place, on processors with AVX2. */
static inline void check_places(const struct cell *cell)
{
    for (int lanes = 2; lanes <= 50; lanes += 6) {
        double rounding = sizeof(real) == sizeof(float) ? 2e-6 : 4e-15;
        struct problem q = problem_open(cell, (struct layout){8, 7, 4, lanes, true, true, false, FORWARD});
        struct tape *t = tape_new();
        tape_begin(t, &q.p, NULL, 0);
        var *x = constant(t, 8, 4 * lanes), *start = constant(t, q.rows, lanes), *first = by_run(t, &q);
        for (int turn = 1; turn < lanes; turn++) { /* sequence b goes to lane (b + turn) mod lanes */
            const real *x0 = params_value(&q.p, q.x), *start0 = params_value(&q.p, q.start);
            var *alive = alive_of(t, &q.l);
            for (int i = 0; i < 4 * lanes; i++) {
                int from = i / lanes * lanes + (i + lanes - turn) % lanes;
                alive->v[i] = (real)alive_at(&q.l, i / lanes, from % lanes);
                for (int r = 0; r < 8; r++)
                    x->v[r * 4 * lanes + i] = x0[r * 4 * lanes + from];
                for (int r = 0; i < lanes && r < q.rows; r++)
                    start->v[r * lanes + i] = start0[r * lanes + from];
            }
            var *out = cell->run(t, x, start, 4, lanes, alive, FORWARD);
            for (int r = 0; r < q.rows; r++)
                for (int i = 0; i < 4 * lanes; i++)
                    assert_true(fabs(number_of(out, r, i) - number_of(first, r, i / lanes * lanes + (i + lanes - turn) % lanes)) <=
                                rounding);
        }
        tape_free(t);
        problem_close(&q);
    }
}

#endif
