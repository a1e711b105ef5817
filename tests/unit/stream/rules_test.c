/* What the header promises about records. (Every rule with its words: formats/vectors, S4 to S6 and S13 to S17.) */
#include "stream/rules.h"
#include "stream_sample.h"
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

static void fields_become_rules(void **state)
{
    (void)state;
    struct rules r;
    struct error e;
    json_t *h = sample_header();
    header_field(h, "image", DT_U1, 3, (size_t[]){3, 16, 8}, NULL, NULL, NULL, NULL);
    assert_int_equal(rules_begin(&r, h, &e), DSSM_OK);
    assert_int_equal(r.n, 3);
    assert_string_equal(r.field[2].name, "image");
    assert_int_equal(r.field[2].type, DT_U1);
    assert_int_equal(r.field[2].dims, 3);
    assert_int_equal(r.field[2].shape[1], 16);
    rules_end(&r);
    json_decref(h);
}

static void a_bad_header_has_no_rules(void **state)
{
    (void)state;
    struct rules r;
    struct error e;
    json_t *h = sample_header();
    json_object_set_new(h, "version", json_integer(7));
    assert_int_equal(rules_begin(&r, h, &e), DSSM_BAD_INPUT);
    assert_string_equal(e.text, "header: version: expected 1, got 7");
    assert_int_equal(r.n, 0);
    rules_end(&r);
    json_decref(h);
}

static void shapes_are_told_in_full(void **state)
{
    (void)state;
    struct rules r;
    struct record rec;
    struct error e;
    json_t *h = header_new();
    header_field(h, "x", DT_U1, 2, (size_t[]){16, 16}, NULL, NULL, NULL, NULL);
    rules_begin(&r, h, &e);
    record_init(&rec);
    record_set_id(&rec, "a");
    record_put(&rec, "x", array_new(DT_U1, 3, (size_t[]){5, 16, 8}));
    assert_int_equal(rules_check(&r, &rec, &e), DSSM_BAD_INPUT);
    assert_string_equal(e.text, "field x: expected shape [T,16,16], got [T,16,8]");
    record_put(&rec, "x", array_new(DT_U1, 3, (size_t[]){5, 16, 16}));
    assert_int_equal(rules_check(&r, &rec, &e), DSSM_OK);
    record_clear(&rec);
    rules_end(&r);
    json_decref(h);
}

/* A last control that is not finite is good at the end of a sequence, and bad if the sequence goes on. */
static void controls_over_records(void **state)
{
    (void)state;
    struct rules r;
    struct record rec;
    struct error e;
    json_t *h = sample_header();
    rules_begin(&r, h, &e);
    record_init(&rec);
    sample_record(&rec, "a", 4);
    ((float *)record_get(&rec, "u")->data)[3] = NAN;
    assert_int_equal(rules_check(&r, &rec, &e), DSSM_OK);
    sample_record(&rec, "b", 4);
    assert_int_equal(rules_check(&r, &rec, &e), DSSM_OK);
    assert_int_equal(rules_check(&r, &rec, &e), DSSM_OK); /* goes on from a finite one */
    ((float *)record_get(&rec, "u")->data)[3] = INFINITY;
    assert_int_equal(rules_check(&r, &rec, &e), DSSM_OK);
    assert_int_equal(rules_check(&r, &rec, &e), DSSM_BAD_INPUT);
    assert_string_equal(e.text, "field u: goes on from a record with this id whose last control is not finite");
    record_clear(&rec);
    rules_end(&r);
    json_decref(h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fields_become_rules),
        cmocka_unit_test(a_bad_header_has_no_rules),
        cmocka_unit_test(shapes_are_told_in_full),
        cmocka_unit_test(controls_over_records),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
