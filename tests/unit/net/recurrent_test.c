/* The cells in single precision, as models run them: the same in every place. Everything else is told in double. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "cells.h"

static struct gru gru;
static struct lstm lstm;

static int declare_gru(struct params *p, int in, int units)
{
    gru = gru_declare(p, "cell", in, units, GROUP_PHI, 1, 3);
    return units;
}

static var *run_gru(struct tape *t, var *x, var *start, int steps, int lanes, var *alive, enum direction way)
{
    return gru_run(t, &gru, x, start, steps, lanes, alive, way);
}

static int declare_lstm(struct params *p, int in, int units)
{
    lstm = lstm_declare(p, "cell", in, units, GROUP_PHI, 1, 3);
    return 2 * units;
}

static var *run_lstm(struct tape *t, var *x, var *start, int steps, int lanes, var *alive, enum direction way)
{
    return lstm_run(t, &lstm, x, start, steps, lanes, alive, way);
}

static void gru_in_every_place(void **state)
{
    (void)state;
    check_places(&(struct cell){.declare = declare_gru, .run = run_gru});
}

static void lstm_in_every_place(void **state)
{
    (void)state;
    check_places(&(struct cell){.declare = declare_lstm, .run = run_lstm});
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gru_in_every_place),
        cmocka_unit_test(lstm_in_every_place),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
