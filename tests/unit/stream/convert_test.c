/* Streams to other forms and back. (More: tests/tool/seq-convert.bats.) */
#include "convert_sample.h"
#include <unistd.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

static void names_tell_forms(void **state)
{
    (void)state;
    enum form form = FORM_STREAM;
    static const struct {
        const char *path;
        bool told;
        enum form form;
    } rows[] = {{"a.npz", true, FORM_NPZ},        {"b/a.csv", true, FORM_CSV}, {"a.tsv", true, FORM_TSV}, {"a.jsonl", true, FORM_JSONL},
                {"a.msgpack", true, FORM_STREAM}, {".npz", false, 0},          {"a.npzz", false, 0},      {NULL, false, 0}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_int_equal(form_of_name(rows[i].path, &form), rows[i].told);
        if (rows[i].told)
            assert_int_equal(form, rows[i].form);
    }
}

static void every_form_there_and_back(void **state)
{
    (void)state;
    for (int form = FORM_STREAM; form <= FORM_TSV; form++) {
        struct error e = {0};
        const char *there = scratch("there"), *back = scratch("back");
        struct passage how = {.in = sample_file("in", 3), .out = there, .program = "convert", .command = "convert"};
        assert_int_equal(stream_convert(&how, FORM_STREAM, (enum form)form, DT_F4, &e), DSSM_OK);
        how.in = there;
        how.out = back;
        assert_int_equal(stream_convert(&how, (enum form)form, FORM_STREAM, DT_F4, &e), DSSM_OK);
        assert_string_equal(told(back), "convert 0:4 1:4 2:4");
    }
}

/* A record that does not fit the header never reaches a sink. */
static void records_are_checked_on_the_way(void **state)
{
    (void)state;
    struct error e = {0};
    const char *in = scratch("in.jsonl"), *out = scratch("never");
    FILE *f = fopen(in, "w");
    fputs("{\"id\":\"a\",\"x\":[1],\"u\":[1]}\n{\"id\":\"b\",\"x\":[1]}\n", f);
    fclose(f);
    struct passage how = {.in = in, .out = out, .program = "convert", .command = "convert"};
    for (int form = FORM_STREAM; form <= FORM_TSV; form++) {
        assert_int_equal(stream_convert(&how, FORM_JSONL, (enum form)form, DT_F4, &e), DSSM_BAD_INPUT);
        assert_string_equal(strstr(e.text, "in.jsonl: "), "in.jsonl: sequence b: field u: declared in the header, not in the record");
        assert_int_equal(access(out, F_OK), -1);
    }
}

static struct source *stream(FILE *f, struct error *e)
{
    return source_stream(f, "t", e);
}

static void a_stream_is_a_source_and_a_sink(void **state)
{
    (void)state;
    struct bytes b = written_by(sink_stream, 1);
    struct error e = {0};
    FILE *f = fmemopen(b.p, b.n, "r");
    struct source *s = stream(f, &e);
    struct record r;
    record_init(&r);
    assert_non_null(header_get_field(s->header, "x"));
    assert_int_equal(s->next(s, &r, &e), 1);
    assert_string_equal(r.id, "a");
    assert_int_equal(s->next(s, &r, &e), 0);
    s->close(s);
    record_clear(&r);
    fclose(f);
    free(b.p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_tell_forms),
        cmocka_unit_test(every_form_there_and_back),
        cmocka_unit_test(records_are_checked_on_the_way),
        cmocka_unit_test(a_stream_is_a_source_and_a_sink),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
