/* Arrays: types, counts, elements, copies. */
#include "stream/stream.h"
#include <setjmp.h>
#include <stdarg.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static void types_have_names_and_sizes(void **state)
{
    (void)state;
    static const struct {
        enum dtype type;
        const char *name;
        size_t size;
    } want[] = {{DT_F4, "<f4", 4}, {DT_F8, "<f8", 8}, {DT_I4, "<i4", 4}, {DT_I8, "<i8", 8},
                {DT_U2, "<u2", 2}, {DT_U1, "|u1", 1}, {DT_B1, "|b1", 1}};
    for (size_t i = 0; i < sizeof want / sizeof want[0]; i++) {
        enum dtype t = DT_F4;
        assert_string_equal(dtype_name(want[i].type), want[i].name);
        assert_int_equal(dtype_size(want[i].type), want[i].size);
        assert_true(dtype_parse(want[i].name, &t));
        assert_int_equal(t, want[i].type);
    }
}

static void unknown_types_are_refused(void **state)
{
    (void)state;
    enum dtype t;
    const char *bad[] = {"", ">f4", "<f2", "|O", "f4", "<f44", "=f4"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_false(dtype_parse(bad[i], &t));
}

static void counts_follow_the_shape(void **state)
{
    (void)state;
    size_t shape[] = {5, 3, 2};
    struct array a = array_new(DT_F8, 3, shape), scalar = array_new(DT_F4, 0, NULL), none = array_new(DT_F4, 1, (size_t[]){0});
    assert_int_equal(array_count(&a), 30);
    assert_int_equal(array_step(&a), 6);
    assert_int_equal(array_bytes(&a), 240);
    assert_int_equal(array_count(&scalar), 1);
    assert_int_equal(array_count(&none), 0);
    assert_non_null(none.data);
    for (size_t i = 0; i < 30; i++)
        assert_true(array_get(&a, i) == 0);
    free(a.data);
    free(scalar.data);
    free(none.data);
}

static void elements_go_in_and_come_out(void **state)
{
    (void)state;
    static const double value[] = {[DT_F4] = -1.5, [DT_F8] = 1e300, [DT_I4] = -2147483648.0, [DT_I8] = -9007199254740992.0, [DT_U2] = 65535,
                                   [DT_U1] = 255,  [DT_B1] = 1};
    for (int t = DT_F4; t <= DT_B1; t++) {
        struct array a = array_new((enum dtype)t, 1, (size_t[]){3});
        array_set(&a, 1, value[t]);
        assert_true(array_get(&a, 1) == value[t]);
        assert_true(array_get(&a, 0) == 0 && array_get(&a, 2) == 0);
        free(a.data);
    }
}

static void copies_share_nothing(void **state)
{
    (void)state;
    struct array a = array_new(DT_I4, 2, (size_t[]){4, 2});
    for (size_t i = 0; i < 8; i++)
        array_set(&a, i, (double)i);
    struct array all = array_copy(&a), part = array_steps(&a, 1, 2);
    array_set(&a, 3, 99);
    assert_true(array_get(&all, 3) == 3);
    assert_int_equal(part.shape[0], 2);
    assert_int_equal(part.shape[1], 2);
    for (size_t i = 0; i < 4; i++)
        assert_true(array_get(&part, i) == (double)(i + 2));
    free(a.data);
    free(all.data);
    free(part.data);
}

static void finite_means_every_element(void **state)
{
    (void)state;
    struct array a = array_new(DT_F4, 1, (size_t[]){3}), whole = array_new(DT_I4, 1, (size_t[]){3});
    assert_true(array_finite(&a) && array_finite(&whole));
    array_set(&a, 2, INFINITY);
    assert_false(array_finite(&a));
    array_set(&a, 2, NAN);
    assert_false(array_finite(&a));
    free(a.data);
    free(whole.data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(types_have_names_and_sizes), cmocka_unit_test(unknown_types_are_refused),
        cmocka_unit_test(counts_follow_the_shape),    cmocka_unit_test(elements_go_in_and_come_out),
        cmocka_unit_test(copies_share_nothing),       cmocka_unit_test(finite_means_every_element),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
