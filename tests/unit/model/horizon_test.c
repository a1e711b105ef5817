/* Records made longer. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "model/sequences.h"

static json_t *header_of_three(void)
{
    json_t *h = header_new();
    header_field(h, "x", DT_U1, 1, (const size_t[]){2}, NULL, NULL, NULL, NULL);
    header_field(h, "u", DT_F4, 1, (const size_t[]){1}, NULL, NULL, NULL, NULL);
    header_field(h, "s", DT_F8, 1, (const size_t[]){1}, NULL, NULL, NULL, NULL);
    return h;
}

static struct array counting(enum dtype type, size_t steps, size_t width)
{
    struct array a = array_new(type, 2, (const size_t[]){steps, width});
    for (size_t i = 0; i < steps * width; i++)
        array_set(&a, i, (double)i + 1);
    return a;
}

static void three_steps(struct record *r)
{
    record_init(r);
    record_set_id(r, "a");
    record_put(r, "x", counting(DT_U1, 3, 2));
    record_put(r, "u", counting(DT_F4, 3, 1));
    record_put(r, "s", counting(DT_F8, 3, 1));
    record_put(r, "other", counting(DT_F4, 3, 1)); /* which the header does not describe */
}

static void every_field_grows(void **state)
{
    (void)state;
    struct record r;
    json_t *h = header_of_three();
    three_steps(&r);
    record_extend(&r, h, 2);
    const struct array *x = record_get(&r, "x"), *u = record_get(&r, "u"), *s = record_get(&r, "s"), *mask = record_get(&r, "mask");
    assert_true(x->shape[0] == 5 && u->shape[0] == 5 && s->shape[0] == 5 && mask->shape[0] == 5);
    assert_int_equal(record_get(&r, "other")->shape[0], 3);
    for (size_t t = 0; t < 5; t++) {
        assert_true(array_get(mask, t) == (t < 3));
        assert_true(array_get(u, t) == (t < 3 ? (double)t + 1 : 0));
        assert_true(t < 3 ? array_get(s, t) == (double)t + 1 : isnan(array_get(s, t)));
        assert_true(array_get(x, 2 * t + 1) == (t < 3 ? 2 * (double)t + 2 : 0));
    }
    record_clear(&r);
    json_decref(h);
}

static void a_mask_goes_on_with_zeros(void **state)
{
    (void)state;
    struct record r;
    json_t *h = header_of_three();
    three_steps(&r);
    struct array mask = array_new(DT_U1, 1, (const size_t[]){3});
    array_set(&mask, 1, 1);
    record_put(&r, "mask", mask);
    record_extend(&r, h, 1);
    for (size_t t = 0; t < 4; t++)
        assert_true(array_get(record_get(&r, "mask"), t) == (t == 1));
    record_clear(&r);
    json_decref(h);
}

/* A control that acted on nothing may be NaN; when a step follows it, it may not. */
static void the_last_control_becomes_a_number(void **state)
{
    (void)state;
    struct record r;
    json_t *h = header_of_three();
    three_steps(&r);
    array_set((struct array *)(uintptr_t)record_get(&r, "u"), 2, NAN);
    record_extend(&r, h, 1);
    assert_true(array_get(record_get(&r, "u"), 2) == 0 && array_get(record_get(&r, "u"), 1) == 2);
    record_clear(&r);
    json_decref(h);
}

static void by_nothing(void **state)
{
    (void)state;
    struct record r;
    json_t *h = header_of_three();
    three_steps(&r);
    array_set((struct array *)(uintptr_t)record_get(&r, "u"), 2, NAN);
    record_extend(&r, h, 0);
    assert_null(record_get(&r, "mask"));
    assert_true(isnan(array_get(record_get(&r, "u"), 2)) && record_steps(&r) == 3);
    record_clear(&r);
    json_decref(h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_field_grows),
        cmocka_unit_test(a_mask_goes_on_with_zeros),
        cmocka_unit_test(the_last_control_becomes_a_number),
        cmocka_unit_test(by_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
