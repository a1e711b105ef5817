/* Settings to JSON and back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <math.h>

#include "toy.h"

static struct toy_settings settings;

/* Reads settings from a JSON text; "" or the error's text. */
static const char *read_json(const char *text)
{
    static struct error e;
    e = (struct error){0};
    json_t *json = json_loads(text, 0, NULL);
    assert_non_null(json);
    int code = options_from_json(toy_rows, &settings, json, &e);
    assert_int_equal(code, code ? DSSM_BAD_INPUT : DSSM_OK);
    assert_int_equal(e.code, code);
    json_decref(json);
    return e.text;
}

static void every_value_goes_there_and_back(void **state)
{
    (void)state;
    options_defaults(toy_rows, &settings);
    settings.count = 17;
    settings.sigma_x2 = 0.1; /* no exact binary fraction */
    settings.prior = 2;
    settings.noise = false;
    settings.hidden = (struct int_list){.n = 1, .v = {5}};
    settings.output = "out.npz";
    settings.key = UINT64_MAX;
    json_t *json = options_to_json(toy_rows, &settings);
    char *text = json_dumps(json, JSON_REAL_PRECISION(17));
    json_t *again = json_loads(text, 0, NULL);
    struct toy_settings other;
    struct error e;
    options_defaults(toy_rows, &other);
    assert_int_equal(options_from_json(toy_rows, &other, again, &e), 0);
    assert_int_equal(other.count, 17);
    assert_true(other.sigma_x2 == 0.1);
    assert_int_equal(other.prior, 2);
    assert_false(other.noise);
    assert_int_equal(other.hidden.n, 1);
    assert_int_equal(other.hidden.v[0], 5);
    assert_string_equal(other.output, "out.npz");
    assert_true(other.key == UINT64_MAX);
    free(text);
    json_decref(json);
    json_decref(again);
}

static void keys_have_underscores_and_values_their_types(void **state)
{
    (void)state;
    options_defaults(toy_rows, &settings);
    json_t *json = options_to_json(toy_rows, &settings);
    char *text = json_dumps(json, 0);
    assert_string_equal(text, "{\"count\": 500, \"sigma_x2\": 0.5, \"prior\": \"vhp\", \"noise\": true, \"hidden\": [128, 64], "
                              "\"output\": null, \"key\": 0}");
    free(text);
    json_decref(json);
}

static void what_is_not_finite_becomes_null(void **state)
{
    (void)state;
    options_defaults(toy_rows, &settings);
    settings.sigma_x2 = NAN;
    json_t *json = options_to_json(toy_rows, &settings);
    assert_true(json_is_null(json_object_get(json, "sigma_x2")));
    json_decref(json);
}

static void an_absent_key_keeps_its_value(void **state)
{
    (void)state;
    options_defaults(toy_rows, &settings);
    settings.count = 9;
    assert_string_equal(read_json("{\"sigma_x2\": 2}"), "");
    assert_int_equal(settings.count, 9);
    assert_true(settings.sigma_x2 == 2);
    assert_string_equal(read_json("{}"), "");
}

static void an_empty_array_is_no_layer(void **state)
{
    (void)state;
    assert_string_equal(read_json("{\"hidden\": []}"), "");
    assert_int_equal(settings.hidden.n, 0);
}

static void null_is_no_text(void **state)
{
    (void)state;
    settings.output = "x";
    assert_string_equal(read_json("{\"output\": null}"), "");
    assert_null(settings.output);
}

static void wrong_settings_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *json, *error;
    } table[] = {
        {"{\"sigm_x2\": 1}", "unknown setting sigm_x2; did you mean sigma_x2?"},
        {"{\"zzz\": 1}", "unknown setting zzz"},
        {"{\"count\": 0}", "setting count: expected an integer from 1 to 1000, got \"0\""},
        {"{\"count\": 1.5}", "setting count: expected an integer from 1 to 1000, got \"1.5\""},
        {"{\"count\": null}", "setting count: expected one value, got null"},
        {"{\"count\": {}}", "setting count: expected one value, got an object"},
        {"{\"count\": [1]}", "setting count: expected one value, got an array"},
        {"{\"prior\": \"vph\"}", "setting prior: expected one of normal, vhp, flat, got \"vph\"; did you mean vhp?"},
        {"{\"noise\": 3}", "setting noise: expected yes or no, got \"3\""},
        {"{\"output\": 3}", "setting output: expected a string or null"},
        {"{\"hidden\": [\"a\"]}", "setting hidden: expected an array of up to 8 integers, got an array"},
        {"[]", "settings: expected a JSON object"},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
        assert_string_equal(read_json(table[i].json), table[i].error);
    assert_non_null(strstr(read_json("{\"hidden\": [1,2,3,4,5,6,7,8,9]}"), "setting hidden: expected up to 8 sizes"));
}

static void a_thousand_sizes_do_not_overflow(void **state)
{
    (void)state;
    json_t *many = json_array(), *object = json_object();
    struct error e;
    for (int i = 0; i < 1000; i++)
        json_array_append_new(many, json_integer(1000000000));
    json_object_set_new(object, "hidden", many);
    assert_int_equal(options_from_json(toy_rows, &settings, object, &e), DSSM_BAD_INPUT);
    json_decref(object);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_value_goes_there_and_back), cmocka_unit_test(keys_have_underscores_and_values_their_types),
        cmocka_unit_test(what_is_not_finite_becomes_null), cmocka_unit_test(an_absent_key_keeps_its_value),
        cmocka_unit_test(an_empty_array_is_no_layer),      cmocka_unit_test(null_is_no_text),
        cmocka_unit_test(wrong_settings_are_refused),      cmocka_unit_test(a_thousand_sizes_do_not_overflow),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
