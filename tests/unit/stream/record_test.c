/* Records: fields by name, ownership, cutting. */
#include "stream/stream.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

/* x [6,2] and u [6] declared, weights [6] not, and a value that is no array. */
static json_t *sample(struct record *r)
{
    json_t *h = header_new();
    header_field(h, "x", DT_F4, 1, (size_t[]){2}, NULL, NULL, NULL, NULL);
    header_field(h, "u", DT_F4, 0, NULL, NULL, NULL, NULL, NULL);
    record_init(r);
    record_set_id(r, "a");
    struct array x = array_new(DT_F4, 2, (size_t[]){6, 2});
    for (size_t i = 0; i < 12; i++)
        array_set(&x, i, (double)i);
    record_put(r, "weights", array_new(DT_F4, 1, (size_t[]){6}));
    record_put_raw(r, "note", "\xa2hi", 3);
    record_put(r, "u", array_new(DT_F4, 1, (size_t[]){6}));
    record_put(r, "mask", array_new(DT_U1, 1, (size_t[]){6}));
    record_put(r, "x", x);
    return h;
}

static void fields_are_found_by_name(void **state)
{
    (void)state;
    struct record r;
    json_t *h = sample(&r);
    assert_int_equal(r.n, 5);
    assert_int_equal(record_get(&r, "x")->dims, 2);
    assert_null(record_get(&r, "note")); /* no array */
    assert_null(record_get(&r, "z"));
    assert_int_equal(record_steps(&r), 6);
    record_clear(&r);
    json_decref(h);
}

static void putting_replaces_and_removing_removes(void **state)
{
    (void)state;
    struct record r;
    json_t *h = sample(&r);
    record_put(&r, "note", array_new(DT_F8, 1, (size_t[]){1}));
    assert_int_equal(r.n, 5);
    assert_int_equal(record_get(&r, "note")->type, DT_F8);
    record_put_raw(&r, "note", "\xc0", 1);
    assert_null(record_get(&r, "note"));
    record_remove(&r, "u");
    record_remove(&r, "absent");
    assert_int_equal(r.n, 4);
    assert_null(record_get(&r, "u"));
    assert_non_null(record_get(&r, "x"));
    record_clear(&r);
    json_decref(h);
}

static void steps_without_x_are_those_of_the_first_array(void **state)
{
    (void)state;
    struct record r;
    record_init(&r);
    assert_int_equal(record_steps(&r), 0);
    record_put_raw(&r, "note", "\xc0", 1);
    assert_int_equal(record_steps(&r), 0);
    record_put(&r, "s", array_new(DT_F4, 1, (size_t[]){7}));
    assert_int_equal(record_steps(&r), 7);
    record_clear(&r);
}

static void moving_leaves_nothing_behind(void **state)
{
    (void)state;
    struct record r, moved;
    json_t *h = sample(&r);
    record_init(&moved);
    record_move(&moved, &r);
    record_move(&moved, &moved); /* onto itself: nothing happens */
    assert_int_equal(r.n, 0);
    assert_null(r.id);
    assert_int_equal(moved.n, 5);
    record_clear(&moved);
    json_decref(h);
}

static void an_id_may_be_set_from_itself(void **state)
{
    (void)state;
    struct record r;
    record_init(&r);
    record_set_id(&r, "first");
    record_set_id(&r, r.id);
    assert_string_equal(r.id, "first");
    record_clear(&r);
}

static void cutting_takes_steps_of_declared_fields_and_mask(void **state)
{
    (void)state;
    struct record r, cut;
    json_t *h = sample(&r);
    record_init(&cut);
    record_cut(&cut, &r, h, 2, 3);
    assert_string_equal(cut.id, "a");
    assert_int_equal(cut.n, 5);
    assert_int_equal(record_get(&cut, "x")->shape[0], 3);
    assert_true(array_get(record_get(&cut, "x"), 0) == 4);
    assert_int_equal(record_get(&cut, "u")->shape[0], 3);
    assert_int_equal(record_get(&cut, "mask")->shape[0], 3);
    assert_int_equal(record_get(&cut, "weights")->shape[0], 6); /* not declared: nobody knows its axes */
    record_clear(&r);
    record_clear(&cut);
    json_decref(h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fields_are_found_by_name),
        cmocka_unit_test(putting_replaces_and_removing_removes),
        cmocka_unit_test(steps_without_x_are_those_of_the_first_array),
        cmocka_unit_test(moving_leaves_nothing_behind),
        cmocka_unit_test(an_id_may_be_set_from_itself),
        cmocka_unit_test(cutting_takes_steps_of_declared_fields_and_mask),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
