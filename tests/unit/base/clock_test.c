/* The clock goes forward, in seconds. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <time.h>

#include "base/base.h"

static void seconds_pass(void **state)
{
    (void)state;
    double before = seconds_now(), last = before;
    for (int i = 0; i < 1000; i++) {
        double now = seconds_now();
        assert_true(now >= last);
        last = now;
    }
    nanosleep(&(struct timespec){0, 20000000}, NULL);
    double passed = seconds_now() - before;
    assert_true(passed >= 0.02 && passed < 60);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(seconds_pass)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
