/* JSON lines. */
#include "convert_sample.h"
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

static struct source *lines(FILE *f, struct error *e)
{
    return source_lines(f, "t", DT_F8, e);
}

static void a_line_a_record(void **state)
{
    (void)state;
    struct bytes b = written_by(sink_lines, 2);
    const char *second = strchr(b.p, '\n') + 1;
    assert_memory_equal(b.p, "{\"format\":\"dssm-stream\",\"version\":1,", 36);
    assert_string_equal(second, "{\"id\":\"a\",\"x\":[[0,0.5,1],[1.5,2,2.5]],\"u\":[0,0]}\n"
                                "{\"id\":\"b,\\\"c\\\"\",\"x\":[[0,0.5,1],[1.5,2,2.5]],\"u\":[0,0]}\n");
    assert_string_equal(short_of(b.p, lines), "a:x=0,0.5,1,1.5,2,2.5 u=0,0 | b,\"c\":x=0,0.5,1,1.5,2,2.5 u=0,0");
    free(b.p);
}

static void without_a_header_fields_are_guessed(void **state)
{
    (void)state;
    assert_string_equal(
        short_of("{\"id\":7,\"x\":[[1],[null]],\"mask\":[1,0],\"note\":{\"a\":[]}}\n{\"id\":\"b\",\"x\":[[3]],\"mask\":[1]}\n", lines),
        "7:x=1,nan mask=1,0 note= | b:x=3 mask=1");
}

static void what_does_not_fit_is_refused(void **state)
{
    (void)state;
    assert_string_equal(short_of("", lines), "t: empty");
    assert_string_equal(short_of("[1]\n", lines), "t: line 1: expected a JSON object");
    assert_string_equal(short_of("{\"x\":[1]}\n", lines), "t: line 1: id: expected text or an integer");
    assert_string_equal(short_of("{\"id\":1,\"x\":[[1,2],[3]]}\n", lines), "t: line 1: field x: expected lists of equal lengths");
    assert_string_equal(short_of("{\"id\":1,\"x\":[1,\"two\"]}\n", lines), "t: line 1: field x: expected numbers and null");
    assert_string_equal(short_of("{\"id\":1,\"x\":[1]}\n{\"id\":1,\"x\":5}\n", lines), "t: line 2: field x: expected lists of numbers");
    assert_string_equal(short_of("{\"id\":1,\"mask\":[2]}\n", lines), "t: line 1: field mask: 2 is no |b1");
    assert_int_equal(strncmp(short_of("{\"id\":\n", lines), "t: line 1: no JSON: ", 20), 0);
}

/* First lists that are long promise a number of numbers that no line holds. */
static void a_shape_larger_than_the_line_costs_nothing(void **state)
{
    (void)state;
    struct bytes b = {0};
    FILE *f = open_memstream(&b.p, &b.n);
    fputs("{\"id\":1,\"x\":[[[1", f);
    for (int axis = 0; axis < 3; axis++) {
        for (int i = 0; i < 100000; i++)
            fputs(",1", f);
        fputs("]", f);
    }
    fputs("}\n", f);
    fclose(f);
    assert_string_equal(short_of(b.p, lines), "t: line 1: field x: expected lists of equal lengths");
    free(b.p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_line_a_record),
        cmocka_unit_test(without_a_header_fields_are_guessed),
        cmocka_unit_test(what_does_not_fit_is_refused),
        cmocka_unit_test(a_shape_larger_than_the_line_costs_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
