/* Long short-term memory: its values by plain loops, and the gradient by everything that a run depends on. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "cells.h"

static struct lstm lstm;

static int declare(struct params *p, int in, int units)
{
    lstm = lstm_declare(p, "cell", in, units, GROUP_PHI, 1, 3);
    return 2 * units;
}

static var *step(struct tape *t, var *state, var *x)
{
    return lstm_step(t, &lstm, state, x);
}

static var *run(struct tape *t, var *x, var *start, int steps, int lanes, var *alive, enum direction way)
{
    return lstm_run(t, &lstm, x, start, steps, lanes, alive, way);
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

static void reference(const struct params *p, const double *x, double *state)
{
    int n = lstm.units;
    const real *b = params_value(p, lstm.b);
    double h[MOST_ROWS], *c = state + n;
    for (int i = 0; i < n; i++) {
        double sum[4];
        for (int k = 0; k < 4; k++)
            sum[k] = row_times(p, lstm.W, k * n + i, x) + row_times(p, lstm.U, k * n + i, state) + (double)b[k * n + i];
        c[i] = sigmoid(sum[1]) * c[i] + sigmoid(sum[0]) * tanh(sum[3]);
        h[i] = sigmoid(sum[2]) * tanh(c[i]);
    }
    memcpy(state, h, sizeof *h * (size_t)n);
}

static const struct cell cell = {declare, step, run, reference};

static void start_values(void **state)
{
    (void)state;
    struct params p;
    params_init(&p);
    struct lstm l = lstm_declare(&p, "cell", 3, 4, GROUP_PSI, 0.5, 3);
    static const char *const name[] = {"cell.W", "cell.U", "cell.b"};
    const int index[] = {l.W, l.U, l.b}, cols[] = {3, 4, 1};
    assert_int_equal(l.units, 4);
    assert_int_equal(p.n, 3);
    for (int i = 0; i < 3; i++) {
        const struct param *e = &p.entry[index[i]];
        assert_string_equal(e->name, name[i]);
        assert_int_equal(e->rows, 16);
        assert_int_equal(e->cols, cols[i]);
        assert_int_equal(e->group, GROUP_PSI);
        assert_true(e->rate == 0.5);
        for (int j = 0; j < 16 * cols[i]; j++) {
            double value = (double)p.value[e->offset + (size_t)j];
            bool forget = j >= 4 && j < 8;
            assert_true(i < 2 ? value != 0 && fabs(value) <= sqrt(6.0 / (16 + cols[i])) : value == (forget ? 1 : 0));
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
