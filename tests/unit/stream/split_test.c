/* Holding out and cutting. (More: tests/tool/seq-split.bats.) */
#include "stream_sample.h"
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

static void every_second_is_held_out(void **state)
{
    (void)state;
    struct error e = {0};
    const char *held = scratch("held"), *rest = scratch("rest");
    struct passage how = {.in = sample_file("in", 5), .out = held, .program = "split", .command = "split"};
    struct holdout which = {.every = 2};
    assert_int_equal(stream_split(&how, &which, rest, &e), DSSM_OK);
    assert_string_equal(told(held), "split 1:4 3:4");
    assert_string_equal(told(rest), "split 0:4 2:4 4:4");
    assert_int_equal(stream_split(&how, &which, NULL, &e), DSSM_OK);
    assert_string_equal(told(held), "split 1:4 3:4");
}

static void a_fraction_of_all_or_nothing(void **state)
{
    (void)state;
    struct error e = {0};
    const char *held = scratch("held"), *rest = scratch("rest");
    struct passage how = {.in = sample_file("in", 2), .out = held, .program = "split", .command = "split", .has_seed = true, .seed = 3};
    struct holdout which = {.fraction = 1};
    assert_int_equal(stream_split(&how, &which, rest, &e), DSSM_OK);
    assert_string_equal(told(held), "split 0:4 1:4");
    assert_string_equal(told(rest), "split");
    which.fraction = 0;
    assert_int_equal(stream_split(&how, &which, rest, &e), DSSM_OK);
    assert_string_equal(told(held), "split");
}

static void pieces(void **state)
{
    (void)state;
    struct error e = {0};
    const char *once = scratch("once"), *twice = scratch("twice");
    struct passage how = {.in = sample_file("in", 2), .out = once, .program = "pieces", .command = "pieces"};
    assert_int_equal(stream_pieces(&how, &(struct cutting){.steps = 3}, &e), DSSM_OK);
    assert_string_equal(told(once), "pieces 0:3 0:1 1:3 1:1");
    how.in = once;
    how.out = twice;
    assert_int_equal(stream_pieces(&how, &(struct cutting){.steps = 2}, &e), DSSM_OK);
    assert_string_equal(told(twice), "pieces 0:2 0:1 0:1 1:2 1:1 1:1");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_second_is_held_out),
        cmocka_unit_test(a_fraction_of_all_or_nothing),
        cmocka_unit_test(pieces),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
