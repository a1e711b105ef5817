/* Layers of a network: from text, to text, to JSON and back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cli/cli_private.h"

static const struct option_row rows[] = {{.name = "encoder", .kind = OPT_LAYERS, .standard = "128-64", .low = 1, .high = 512}, {0}};

static void expect_list(const struct int_list *list, int n, const int *v)
{
    assert_int_equal(list->n, n);
    for (int i = 0; i < n; i++)
        assert_int_equal(list->v[i], v[i]);
}

static const struct {
    const char *text, *written;
    bool convolutions;
    int channels, channel[3], widths, width[2];
} cases[] = {
    {"128-64", "128-64", false, 0, {0}, 2, {128, 64}},
    {"7,5", "7-5", false, 0, {0}, 2, {7, 5}},
    {"none", "none", false, 0, {0}, 0, {0}},
    {"conv", "conv", true, 0, {0}, 1, {128}},
    {"conv/32-16", "conv/32-16", true, 0, {0}, 2, {32, 16}},
    {"conv/none", "conv/none", true, 0, {0}, 0, {0}},
    {"conv:4", "conv:4", true, 1, {4}, 1, {128}},
    {"conv:4-8-16", "conv:4-8-16", true, 3, {4, 8, 16}, 1, {128}},
    {"conv:4-8/128", "conv:4-8", true, 2, {4, 8}, 1, {128}},
    {"conv:4-8/128-16", "conv:4-8/128-16", true, 2, {4, 8}, 2, {128, 16}},
    {"conv:4-8/none", "conv:4-8/none", true, 2, {4, 8}, 0, {0}},
};

static void text_there_and_back(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct layer_list l;
        struct error e;
        char text[100];
        assert_int_equal(option_set(&rows[0], &l, cases[i].text, &e), DSSM_OK);
        assert_int_equal(l.convolutions, cases[i].convolutions);
        expect_list(&l.channels, cases[i].channels, cases[i].channel);
        expect_list(&l.dense, cases[i].widths, cases[i].width);
        assert_string_equal(layers_text(&l, text, sizeof text), cases[i].written);
    }
}

/* Dense layers are the array that they always were, others the text. */
static void json_there_and_back(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct layer_list l, back;
        struct error e;
        memset(&back, 1, sizeof back);
        options_defaults(rows, &back);
        option_set(&rows[0], &l, cases[i].text, &e);
        json_t *json = options_to_json(rows, &l), *value = json_object_get(json, "encoder");
        assert_int_equal(json_is_array(value), !cases[i].convolutions);
        if (cases[i].convolutions)
            assert_string_equal(json_string_value(value), cases[i].written);
        assert_int_equal(options_from_json(rows, &back, json, &e), DSSM_OK);
        assert_int_equal(back.convolutions, l.convolutions);
        expect_list(&back.channels, l.channels.n, l.channels.v);
        expect_list(&back.dense, l.dense.n, l.dense.v);
        json_decref(json);
    }
}

static void wrong_texts_are_refused(void **state)
{
    (void)state;
    static const char *const wrong[] = {"",          "conv:",     "conv:/8",  "conv:none",  "conv/", "convolution",
                                        "conv:8-",   "conv:8//8", "conv:0",   "conv:8/513", "conv8", "8/conv",
                                        "conv:8/8-", "CONV",      "conv:8:8", "conv:513",   "8-",    "conv:1-2-3-4-5-6-7-8-9",
                                        "conv:x"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct layer_list l;
        struct error e;
        options_defaults(rows, &l);
        if (option_set(&rows[0], &l, wrong[i], &e) != DSSM_USAGE)
            fail_msg("\"%s\" was taken", wrong[i]);
        assert_int_equal(strncmp(e.text, "--encoder: expected ", 20), 0);
        expect_list(&l.dense, 2, (const int[]){128, 64});
        assert_false(l.convolutions);
    }
    char *endless = xcalloc(1000, 1);
    struct layer_list l;
    struct error e;
    memcpy(memset(endless, '1', 999), "conv:", 5);
    assert_int_equal(option_set(&rows[0], &l, endless, &e), DSSM_USAGE);
    free(endless);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_there_and_back),
        cmocka_unit_test(json_there_and_back),
        cmocka_unit_test(wrong_texts_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
