/* Counts, lengths and numbers. (More: tests/tool/seq-info.bats.) */
#include "stream_sample.h"
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

static void numbers_by_hand(void **state)
{
    (void)state;
    struct error e = {0};
    struct stream_summary s;
    assert_int_equal(stream_summarise(&s, sample_file("in", 3), true, &e), DSSM_OK);
    assert_int_equal(s.records, 3);
    assert_int_equal(s.sequences, 3);
    assert_int_equal(s.steps, 12);
    assert_int_equal(s.median, 4);
    assert_int_equal(s.n, 2);
    const struct field_summary *x = &s.field[0]; /* thrice 0, 0.5, …, 5.5 */
    assert_string_equal(x->name, "x");
    assert_int_equal(x->count, 36);
    assert_int_equal(x->missing, 0);
    assert_true(x->min == 0 && x->max == 5.5 && x->sum == 99);
    assert_true(fabs(x->mean - 2.75) < 1e-12);
    assert_true(fabs(x->std - 0.5 * sqrt(143.0 / 12)) < 1e-12); /* of 0..11: sqrt((12² − 1)/12) */
    stream_summary_clear(&s);
}

static void without_numbers_only_counts(void **state)
{
    (void)state;
    struct error e = {0};
    struct stream_summary s;
    const char *path = sample_file("in", 3);
    assert_int_equal(stream_summarise(&s, path, false, &e), DSSM_OK);
    assert_int_equal(s.records, 3);
    assert_int_equal(s.n, 0);
    assert_int_equal(s.longest, 0);
    stream_summary_clear(&s);
    assert_int_equal(truncate(path, 400), 0);
    assert_int_equal(stream_summarise(&s, path, false, &e), DSSM_CUT_SHORT);
    stream_summary_clear(&s);
}

/* Far from zero, sums of squares would lose everything. */
static void spread_far_from_zero(void **state)
{
    (void)state;
    struct error e = {0};
    struct stream_summary s;
    struct record r;
    json_t *h = header_new();
    header_field(h, "x", DT_F8, 0, NULL, NULL, NULL, NULL, NULL);
    const char *path = scratch("far");
    FILE *f = fopen(path, "w");
    struct writer *w = writer_open(f, h, false, &e);
    struct array x = array_new(DT_F8, 1, (size_t[]){4});
    for (size_t i = 0; i < 4; i++)
        array_set(&x, i, 1e9 + (double)(i % 2));
    record_init(&r);
    record_set_id(&r, "a");
    record_put(&r, "x", x);
    assert_int_equal(writer_put(w, &r, &e), DSSM_OK);
    assert_int_equal(writer_close(w, &e), DSSM_OK);
    fclose(f);
    assert_int_equal(stream_summarise(&s, path, true, &e), DSSM_OK);
    assert_true(fabs(s.field[0].std - 0.5) < 1e-9);
    stream_summary_clear(&s);
    record_clear(&r);
    json_decref(h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_by_hand),
        cmocka_unit_test(without_numbers_only_counts),
        cmocka_unit_test(spread_far_from_zero),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
