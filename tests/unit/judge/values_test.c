/* Arrays as numbers. */
#include "judge/judge.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static void values(void **state)
{
    (void)state;
    double v[3];
    struct array bytes = array_new(DT_U1, 1, &(size_t){3}), floats = array_new(DT_F4, 1, &(size_t){3});
    memcpy(bytes.data, (uint8_t[]){0, 51, 255}, 3);
    memcpy(floats.data, (float[]){0.5f, -2, 300}, 12);
    judge_values(&bytes, v);
    assert_true(v[0] == 0 && v[1] == 0.2 && v[2] == 1);
    judge_values(&floats, v);
    assert_true(v[0] == 0.5 && v[1] == -2 && v[2] == 300);
    free(bytes.data);
    free(floats.data);
}

static void fields(void **state)
{
    (void)state;
    struct record rec;
    struct error e = {0};
    record_init(&rec);
    record_put(&rec, "x", array_new(DT_F4, 2, (size_t[]){4, 2}));
    record_put(&rec, "none", array_new(DT_F4, 2, (size_t[]){0, 2}));
    assert_non_null(judge_field(&rec, "x", &e));
    assert_null(judge_field(&rec, "y", &e));
    assert_string_equal(e.text, "field y: not in the record");
    assert_int_equal(e.code, DSSM_BAD_INPUT);
    assert_null(judge_field(&rec, "none", &e));
    assert_string_equal(e.text, "field none: expected at least one step, got none");
    record_clear(&rec);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(values), cmocka_unit_test(fields)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
