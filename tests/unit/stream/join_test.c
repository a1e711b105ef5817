/* Streams one after the other. (More: tests/tool/seq-cat.bats.) */
#include "stream_sample.h"
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

static void all_records_in_order(void **state)
{
    (void)state;
    struct error e = {0};
    const char *out = scratch("out");
    char *paths[] = {xstrdup(sample_file("a", 2)), xstrdup(sample_file("b", 3))};
    struct passage how = {.out = out, .program = "join", .command = "join"};
    assert_int_equal(stream_join(&how, 2, paths, false, &e), DSSM_OK);
    assert_string_equal(told(out), "join 0:4 1:4 0:4 1:4 2:4");
    assert_int_equal(stream_join(&how, 2, paths, true, &e), DSSM_OK);
    assert_string_equal(told(out), "join 0:4 1:4 2:4 3:4 4:4");
    free(paths[0]);
    free(paths[1]);
}

static void the_same_id_at_the_seam_is_refused(void **state)
{
    (void)state;
    struct error e = {0};
    const char *out = scratch("never");
    char *one = xstrdup(sample_file("a", 1)), *paths[] = {one, one};
    struct passage how = {.out = out, .program = "join", .command = "join"};
    assert_int_equal(stream_join(&how, 2, paths, false, &e), DSSM_BAD_INPUT);
    assert_non_null(strstr(e.text, "record 1: id 0: the stream before ends with the same id; give --renumber"));
    assert_int_equal(access(out, F_OK), -1);
    free(one);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_records_in_order),
        cmocka_unit_test(the_same_id_at_the_seam_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
