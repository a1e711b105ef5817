/* Widths of UTF-8 texts, cutting and breaking lines. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "toy.h"

static void width_counts_code_points(void **state)
{
    (void)state;
    assert_int_equal(text_width(""), 0);
    assert_int_equal(text_width("plain"), 5);
    assert_int_equal(text_width("σ² ≥ 0"), 6);
}

static void fit_never_cuts_a_code_point(void **state)
{
    (void)state;
    assert_int_equal(text_fit("σ² ≥ 0", 2), strlen("σ²"));
    assert_int_equal(text_fit("σ² ≥ 0", 4), strlen("σ² ≥"));
    assert_int_equal(text_fit("abc", 0), 0);
    assert_int_equal(text_fit("abc", 99), 3);
}

/* The text broken at the width, after an indentation of 4 columns. */
static char *wrapped(const char *text, int width)
{
    char *lines = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&lines, &size);
    text_wrap(out, text, 4, width);
    fclose(out);
    return lines;
}

static void wrap_breaks_between_words(void **state)
{
    (void)state;
    char *lines = wrapped("one two three", 12);
    assert_string_equal(lines, "one two\n    three\n");
    free(lines);
    lines = wrapped("one two three", 17); /* exactly full */
    assert_string_equal(lines, "one two three\n");
    free(lines);
}

static void wrap_counts_columns_not_bytes(void **state)
{
    (void)state;
    char *lines = wrapped("σσσ ²²² x", 13);
    assert_string_equal(lines, "σσσ ²²² x\n");
    free(lines);
}

static void wrap_leaves_long_words_whole(void **state)
{
    (void)state;
    char *lines = wrapped("a incomprehensible b", 10);
    assert_string_equal(lines, "a\n    incomprehensible\n    b\n");
    free(lines);
}

static void json_of_any_bytes(void **state)
{
    (void)state;
    static const char *const pairs[][2] = {
        {"plain σ² \\", "plain σ² \\"}, {"a\xff", "a\\xff"}, {"\xc3(\xe2\x82\xac\xe2\x82", "\\xc3(€\\xe2\\x82"}, {"", ""}};
    for (int i = 0; i < 4; i++) {
        json_t *text = text_json(pairs[i][0]);
        assert_string_equal(json_string_value(text), pairs[i][1]);
        json_decref(text);
    }
    assert_true(json_is_null(text_json(NULL)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(width_counts_code_points),     cmocka_unit_test(fit_never_cuts_a_code_point),
        cmocka_unit_test(wrap_breaks_between_words),    cmocka_unit_test(wrap_counts_columns_not_bytes),
        cmocka_unit_test(wrap_leaves_long_words_whole), cmocka_unit_test(json_of_any_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
