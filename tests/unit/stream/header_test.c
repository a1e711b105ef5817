/* The header: descriptions of fields, history. */
#include "stream/stream.h"
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

static void check_json(json_t *got, const char *want)
{
    json_t *j = json_loads(want, 0, NULL);
    assert_non_null(j);
    if (!json_equal(got, j))
        print_error("%s\n", json_dumps(got, 0));
    assert_true(json_equal(got, j));
    json_decref(j);
    json_decref(got);
}

static void a_new_header_is_empty(void **state)
{
    (void)state;
    check_json(header_new(), "{\"format\":\"dssm-stream\",\"version\":1,\"fields\":{},\"history\":[]}");
}

static void fields_are_described(void **state)
{
    (void)state;
    json_t *h = header_new();
    header_field(h, "s", DT_F8, 1, (size_t[]){2}, "true state", "rad, rad/s", "circle,line", "angle,velocity");
    header_field(h, "u", DT_F4, 0, NULL, NULL, NULL, NULL, NULL);
    header_field(h, "u", DT_F8, 2, (size_t[]){3, 4}, NULL, "N m", NULL, NULL); /* again: replaced */
    assert_string_equal(json_string_value(json_object_get(header_get_field(h, "s"), "dtype")), "<f8");
    assert_null(header_get_field(h, "x"));
    check_json(h, "{\"format\":\"dssm-stream\",\"version\":1,\"fields\":{\"s\":{\"dtype\":\"<f8\",\"shape\":[2],\"meaning\":\"true state\","
                  "\"unit\":\"rad, rad/s\",\"kinds\":[\"circle\",\"line\"],\"names\":[\"angle\",\"velocity\"]},"
                  "\"u\":{\"dtype\":\"<f8\",\"shape\":[3,4],\"unit\":\"N m\"}},\"history\":[]}");
}

static void a_field_can_be_removed(void **state)
{
    (void)state;
    json_t *h = header_new();
    header_field(h, "u", DT_F4, 0, NULL, NULL, NULL, NULL, NULL);
    header_remove_field(h, "u");
    header_remove_field(h, "u");
    check_json(h, "{\"format\":\"dssm-stream\",\"version\":1,\"fields\":{},\"history\":[]}");
}

static void history_grows(void **state)
{
    (void)state;
    json_t *h = header_new(), *history = json_object_get(h, "history");
    header_history(h, "gen-pendulum", "gen-pendulum -n 5", true, 7);
    header_history(h, "seq-head", "seq-head -n 1", false, 0);
    header_history(h, "seq-mask", "seq-mask", true, UINT64_MAX);
    assert_int_equal(json_array_size(history), 3);
    assert_int_equal(json_integer_value(json_object_get(json_array_get(history, 0), "seed")), 7);
    assert_string_equal(json_string_value(json_object_get(json_array_get(history, 1), "program")), "seq-head");
    assert_null(json_object_get(json_array_get(history, 1), "seed"));
    assert_string_equal(json_string_value(json_object_get(json_array_get(history, 2), "seed")), "18446744073709551615");
    json_decref(h);
}

static void a_copy_shares_nothing(void **state)
{
    (void)state;
    json_t *h = header_new(), *copy = header_copy(h);
    header_history(h, "a", "a", false, 0);
    assert_int_equal(json_array_size(json_object_get(copy, "history")), 0);
    json_decref(h);
    json_decref(copy);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_new_header_is_empty), cmocka_unit_test(fields_are_described),  cmocka_unit_test(a_field_can_be_removed),
        cmocka_unit_test(history_grows),         cmocka_unit_test(a_copy_shares_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
