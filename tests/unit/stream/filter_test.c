/* One stream in, one out; which sequence a record belongs to. */
#include "stream_sample.h"
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

static void a_filter_that_changes_nothing(void **state)
{
    (void)state;
    struct error e = {0};
    struct record r;
    struct filter f;
    struct passage how = {
        .in = sample_file("in", 2), .out = scratch("out"), .program = "same", .command = "same -x", .has_seed = true, .seed = 8};
    record_init(&r);
    assert_int_equal(filter_open(&f, &how, &e), DSSM_OK);
    json_t *line = json_array_get(json_object_get(f.header, "history"), 1);
    assert_string_equal(json_string_value(json_object_get(line, "command")), "same -x");
    assert_int_equal(json_integer_value(json_object_get(line, "seed")), 8);
    assert_int_equal(filter_begin(&f, &e), DSSM_OK);
    assert_int_equal(access(how.out, F_OK), -1); /* not there before the end */
    while (reader_next(f.reader, &r, &e) > 0)
        assert_int_equal(writer_put(f.writer, &r, &e), DSSM_OK);
    assert_int_equal(filter_end(&f, &e), DSSM_OK);
    filter_close(&f, NULL);
    assert_string_equal(told(how.out), "same 0:4 1:4");
    record_clear(&r);
}

static void a_filter_that_cannot_open(void **state)
{
    (void)state;
    struct error e = {0};
    struct filter f;
    struct passage how = {.in = scratch("not there"), .program = "p", .command = "p"};
    assert_int_equal(filter_open(&f, &how, &e), DSSM_FAILURE);
    filter_close(&f, NULL);
    how.in = sample_file("in", 1);
    how.out = scratch("no folder/out");
    assert_int_equal(filter_open(&f, &how, &e), DSSM_OK);
    assert_int_equal(filter_begin(&f, &e), DSSM_FAILURE);
    filter_close(&f, NULL);
    filter_close(&f, NULL); /* closed already: nothing happens */
}

static void records_with_the_same_id_go_on(void **state)
{
    (void)state;
    struct follower at = {0};
    struct record r;
    record_init(&r);
    static const struct {
        const char *id;
        size_t steps, first, next;
        uint64_t sequences;
        bool goes_on;
    } rows[] = {{"a", 3, 0, 3, 1, false}, {"a", 2, 3, 5, 1, true}, {"b", 4, 0, 4, 2, false}, {"a", 1, 0, 1, 3, false}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        sample_record(&r, rows[i].id, rows[i].steps);
        follow(&at, &r);
        assert_int_equal(at.first, rows[i].first);
        assert_int_equal(at.next, rows[i].next);
        assert_int_equal(at.sequences, rows[i].sequences);
        assert_int_equal(at.goes_on, rows[i].goes_on);
    }
    follow_end(&at);
    assert_null(at.id);
    record_clear(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_filter_that_changes_nothing),
        cmocka_unit_test(a_filter_that_cannot_open),
        cmocka_unit_test(records_with_the_same_id_go_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
