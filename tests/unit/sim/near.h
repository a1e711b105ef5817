/* Numbers that should be near others, for the tests of this folder. */
#ifndef SIM_NEAR_H
#define SIM_NEAR_H

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

static inline void assert_near(double got, double expected, double tolerance)
{
    if (!(fabs(got - expected) <= tolerance))
        fail_msg("expected %.12f, got %.12f", expected, got);
}

#endif
