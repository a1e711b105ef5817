/* The beginning of a stream. (More: tests/tool/seq-head.bats.) */
#include "stream_sample.h"
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

static const char *head_of(int n, uint64_t records, size_t steps)
{
    struct error e = {0};
    struct passage how = {.in = sample_file("in", n), .out = scratch("out"), .program = "head", .command = "head"};
    if (stream_head(&how, records, steps, &e))
        fail_msg("%s", e.text);
    return told(scratch("out"));
}

static void records_and_steps(void **state)
{
    (void)state;
    assert_string_equal(head_of(3, 2, 0), "head 0:4 1:4");
    assert_string_equal(head_of(3, 0, 0), "head 0:4 1:4 2:4");
    assert_string_equal(head_of(3, 9, 3), "head 0:3 1:3 2:3");
    assert_string_equal(head_of(3, 1, 9), "head 0:4");
    assert_string_equal(head_of(0, 5, 5), "head");
}

static void a_failure_leaves_no_file(void **state)
{
    (void)state;
    struct error e = {0};
    const char *out = scratch("never");
    struct passage how = {.in = sample_file("in", 3), .out = out, .program = "head", .command = "head"};
    assert_int_equal(truncate(how.in, 300), 0);
    assert_int_equal(stream_head(&how, 0, 0, &e), DSSM_CUT_SHORT);
    assert_int_equal(access(out, F_OK), -1);
    how.in = scratch("nothing there");
    assert_int_equal(stream_head(&how, 0, 0, &e), DSSM_FAILURE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(records_and_steps),
        cmocka_unit_test(a_failure_leaves_no_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
