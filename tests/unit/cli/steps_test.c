/* Steps as a user names them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "cli/cli.h"

static void ranges(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t first, last;
    } rows[] = {{NULL, 1, 0}, {"6-10", 6, 10}, {"6-6", 6, 6}, {"6-", 6, 0}, {"6", 6, 6}, {"999999999-", 999999999, 0}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        size_t first = 77, last = 77;
        assert_int_equal(steps_parse(rows[i].text, &first, &last, NULL), DSSM_OK);
        assert_int_equal(first, rows[i].first);
        assert_int_equal(last, rows[i].last);
    }
}

static void what_is_none(void **state)
{
    (void)state;
    static const char *const bad[] = {"",
                                      "0",
                                      "3-2",
                                      "-2",
                                      "a",
                                      "1-2-3",
                                      "1,2",
                                      " 1",
                                      "1x",
                                      "1-x",
                                      "-",
                                      "1000000000",
                                      "1-1000000000",
                                      "18446744073709551617",
                                      "1-18446744073709551618"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct error e = {0};
        size_t first, last;
        assert_int_equal(steps_parse(bad[i], &first, &last, &e), DSSM_USAGE);
    }
    struct error e = {0};
    size_t first, last;
    steps_parse("3-2", &first, &last, &e);
    assert_string_equal(e.text, "--steps: expected A-B, A- or A with 1 ≤ A ≤ B < 10^9, got '3-2'");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(ranges), cmocka_unit_test(what_is_none)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
