/* The gated recurrent unit: its values by plain loops, and the gradient by everything that a run depends on. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "cells.h"

static struct gru gru;

static int declare(struct params *p, int in, int units)
{
    gru = gru_declare(p, "cell", in, units, GROUP_PHI, 1, 3);
    return units;
}

static var *step(struct tape *t, var *state, var *x)
{
    return gru_step(t, &gru, state, x);
}

static var *run(struct tape *t, var *x, var *start, int steps, int lanes, var *alive, enum direction way)
{
    return gru_run(t, &gru, x, start, steps, lanes, alive, way);
}

/* Row r of a parameter times a vector. */
static double row_times(const struct params *p, int index, int r, const double *x)
{
    int cols = p->entry[index].cols;
    double sum = 0;
    for (int j = 0; j < cols; j++)
        sum += (double)params_value(p, index)[r * cols + j] * x[j];
    return sum;
}

static double sigmoid(double x)
{
    return 1 / (1 + exp(-x));
}

static void reference(const struct params *p, const double *x, double *h)
{
    int n = gru.units;
    const real *b = params_value(p, gru.b), *c = params_value(p, gru.c);
    double next[MOST_ROWS];
    for (int i = 0; i < n; i++) {
        double r = sigmoid(row_times(p, gru.W, i, x) + row_times(p, gru.U, i, h) + (double)b[i]);
        double u = sigmoid(row_times(p, gru.W, n + i, x) + row_times(p, gru.U, n + i, h) + (double)b[n + i]);
        double fresh =
            tanh(row_times(p, gru.W, 2 * n + i, x) + (double)b[2 * n + i] + r * (row_times(p, gru.U, 2 * n + i, h) + (double)c[i]));
        next[i] = (1 - u) * fresh + u * h[i];
    }
    memcpy(h, next, sizeof *h * (size_t)n);
}

static const struct cell cell = {declare, step, run, reference};

static void start_values(void **state)
{
    (void)state;
    struct params p;
    params_init(&p);
    struct gru g = gru_declare(&p, "cell", 3, 4, GROUP_PSI, 0.5, 3);
    static const char *const name[] = {"cell.W", "cell.U", "cell.b", "cell.c"};
    const int index[] = {g.W, g.U, g.b, g.c}, rows[] = {12, 12, 12, 4}, cols[] = {3, 4, 1, 1};
    assert_int_equal(g.units, 4);
    assert_int_equal(p.n, 4);
    for (int i = 0; i < 4; i++) {
        const struct param *e = &p.entry[index[i]];
        assert_string_equal(e->name, name[i]);
        assert_int_equal(e->rows, rows[i]);
        assert_int_equal(e->cols, cols[i]);
        assert_int_equal(e->group, GROUP_PSI);
        assert_true(e->rate == 0.5);
        for (int j = 0; j < rows[i] * cols[i]; j++) {
            double value = (double)p.value[e->offset + (size_t)j];
            assert_true(i < 2 ? value != 0 && fabs(value) <= sqrt(6.0 / (rows[i] + cols[i])) : value == 0);
        }
    }
    params_free(&p);
}

static void values(void **state)
{
    (void)state;
    check_values(&cell);
}

static void gradients(void **state)
{
    (void)state;
    check_gradients(&cell);
}

static void moving_groups(void **state)
{
    (void)state;
    check_moving_groups(&cell);
}

static void frozen_where_not_alive(void **state)
{
    (void)state;
    check_frozen(&cell);
}

static void same_bits_in_every_place(void **state)
{
    (void)state;
    check_places(&cell);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(start_values),
        cmocka_unit_test(values),
        cmocka_unit_test(gradients),
        cmocka_unit_test(moving_groups),
        cmocka_unit_test(frozen_where_not_alive),
        cmocka_unit_test(same_bits_in_every_place),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
