/* Numbers and lines of text. */
#include "convert_sample.h"
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

static const char *printed(enum dtype t, double v)
{
    static char *text;
    size_t n;
    struct array a = array_new(t, 1, (size_t[]){1});
    array_set(&a, 0, v);
    free(text);
    FILE *f = open_memstream(&text, &n);
    number_print(f, &a, 0, "null");
    fclose(f);
    free(a.data);
    return text;
}

static void digits_tell_neighbours_apart(void **state)
{
    (void)state;
    assert_string_equal(printed(DT_F4, 0.1), "0.100000001");
    assert_string_equal(printed(DT_F8, 0.1), "0.10000000000000001");
    assert_string_equal(printed(DT_I8, 0x1p53), "9007199254740992");
    assert_string_equal(printed(DT_I4, -2147483648.0), "-2147483648");
    assert_string_equal(printed(DT_U1, 255), "255");
    assert_string_equal(printed(DT_F4, NAN), "null");
    assert_string_equal(printed(DT_F8, -INFINITY), "null");
}

static void what_a_type_cannot_hold_is_refused(void **state)
{
    (void)state;
    static const struct {
        enum dtype t;
        double value;
        bool fits;
    } rows[] = {{DT_U1, 255, true},     {DT_U1, 256, false},    {DT_U1, -1, false},      {DT_U1, 0.5, false},
                {DT_U1, NAN, false},    {DT_B1, 2, false},      {DT_U2, 65535, true},    {DT_U2, 65536, false},
                {DT_I4, -0x1p31, true}, {DT_I4, 0x1p31, false}, {DT_I8, -0x1p63, true},  {DT_I8, 0x1p63, false},
                {DT_F4, 1e39, false},   {DT_F4, NAN, true},     {DT_F4, INFINITY, true}, {DT_F8, 1e300, true}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct error e;
        struct array a = array_new(rows[i].t, 1, (size_t[]){1});
        assert_int_equal(number_set(&a, 0, rows[i].value, &e) == DSSM_OK, rows[i].fits);
        free(a.data);
    }
}

static void long_integers_are_exact(void **state)
{
    (void)state;
    struct error e;
    struct array a = array_new(DT_I8, 1, (size_t[]){1}), b = array_new(DT_U1, 1, (size_t[]){1});
    assert_int_equal(number_set_integer(&a, 0, INT64_MAX - 1, &e), DSSM_OK);
    assert_true(((int64_t *)a.data)[0] == INT64_MAX - 1);
    assert_int_equal(number_set_integer(&b, 0, 300, &e), DSSM_BAD_INPUT);
    assert_string_equal(e.text, "300 is no |u1");
    free(a.data);
    free(b.data);
}

static void lines_end_in_any_way(void **state)
{
    (void)state;
    char text[] = "one\n\ntwo\r\nthree", *line = NULL;
    size_t room = 0, length;
    struct error e;
    FILE *f = fmemopen(text, sizeof text - 1, "r");
    static const char *want[] = {"one", "", "two", "three"};
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(text_line(f, &line, &room, &length, &e), 1);
        assert_string_equal(line, want[i]);
        assert_int_equal(length, strlen(want[i]));
    }
    assert_int_equal(text_line(f, &line, &room, &length, &e), 0);
    free(line);
    fclose(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(digits_tell_neighbours_apart),
        cmocka_unit_test(what_a_type_cannot_hold_is_refused),
        cmocka_unit_test(long_integers_are_exact),
        cmocka_unit_test(lines_end_in_any_way),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
