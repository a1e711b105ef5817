/* Counting a message before it is unpacked. */
#include "stream/scan.h"
#include "stream/stream.h"
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

static enum scan_result scan(const char *bytes, size_t n, struct scan *s, struct error *e)
{
    scan_begin(s, 1000, 20, 4);
    return scan_value(s, (const uint8_t *)bytes, n, e);
}

/* One value of every type byte from 0xc0 on, with what follows it. */
static void every_type_has_its_size(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        size_t size;
    } values[] = {
        {"\x7f", 1},
        {"\xe0", 1},
        {"\x80", 1},
        {"\x81\x01\x02", 3},
        {"\x92\x01\xa1x", 4},
        {"\xa3xyz", 4},
        {"\xc0", 1},
        {"\xc2", 1},
        {"\xc3", 1},
        {"\xc4\x02xx", 4},
        {"\xc5\0\x02xx", 5},
        {"\xc6\0\0\0\x02xx", 7},
        {"\xc7\x02txx", 5},
        {"\xc8\0\x02txx", 6},
        {"\xc9\0\0\0\x02txx", 8},
        {"\xca....", 5},
        {"\xcb........", 9},
        {"\xcc.", 2},
        {"\xcd..", 3},
        {"\xce....", 5},
        {"\xcf........", 9},
        {"\xd0.", 2},
        {"\xd1..", 3},
        {"\xd2....", 5},
        {"\xd3........", 9},
        {"\xd4t.", 3},
        {"\xd5t..", 4},
        {"\xd6t....", 6},
        {"\xd7t........", 10},
        {"\xd8t................", 18},
        {"\xd9\x02xx", 4},
        {"\xda\0\x02xx", 5},
        {"\xdb\0\0\0\x02xx", 7},
        {"\xdc\0\x02\x01\x02", 5},
        {"\xdd\0\0\0\x02\x01\x02", 7},
        {"\xde\0\x01\x01\x02", 5},
        {"\xdf\0\0\0\x01\x01\x02", 7},
    };
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        struct scan s;
        struct error e;
        char more[32] = {0};
        memcpy(more, values[i].bytes, values[i].size); /* what stands behind is not looked at */
        assert_int_equal(scan(more, sizeof more, &s, &e), SCAN_DONE);
        assert_int_equal(s.pos, values[i].size);
        for (size_t n = 0; n < values[i].size; n++) {
            assert_int_equal(scan(more, n, &s, &e), SCAN_MORE);
            assert_true(s.need > n && s.need <= values[i].size);
        }
    }
}

static void a_walk_goes_on_where_it_stopped(void **state)
{
    (void)state;
    static const char bytes[] = "\x83\xa1"
                                "a\x93\x01\xcd\x01\x02\xc4\x05hello\xa1"
                                "b\x80\xa1"
                                "c\xcb........";
    const size_t size = sizeof bytes - 1;
    struct scan s;
    struct error e;
    scan_begin(&s, 1000, 20, 4);
    size_t have = 0;
    while (scan_value(&s, (const uint8_t *)bytes, have, &e) == SCAN_MORE) {
        assert_true(s.need > have && s.need <= size && s.pos <= have);
        have = s.need;
    }
    assert_int_equal(s.pos, size);
    assert_int_equal(s.elements, 9);
}

static void bounds_hold(void **state)
{
    (void)state;
    struct scan s;
    struct error e;
    assert_int_equal(scan("\xdd\xff\0\0\0", 5, &s, &e), SCAN_BAD);
    assert_string_equal(e.text, "has more than the 20 elements that a message may have");
    assert_int_equal(scan("\x9a\x9a\x90", 3, &s, &e), SCAN_MORE); /* 20 */
    assert_int_equal(scan("\x9a\x9b\x90", 3, &s, &e), SCAN_BAD);  /* 21 */
    assert_int_equal(scan("\x91\x91\x91\x90", 4, &s, &e), SCAN_DONE);
    assert_int_equal(scan("\x91\x91\x91\x91\x90", 5, &s, &e), SCAN_BAD);
    assert_string_equal(e.text, "is nested deeper than 4 levels");
    assert_int_equal(scan("\xc5\x03\xe5", 3, &s, &e), SCAN_MORE); /* 3 + 997 */
    assert_int_equal(scan("\xc5\x03\xe6", 3, &s, &e), SCAN_BAD);
    assert_string_equal(e.text, "takes more than the 1000 bytes that a message may take");
    assert_int_equal(scan("\xc6\xff\xff\xff\xff", 5, &s, &e), SCAN_BAD);
    assert_int_equal(scan("\xc1", 1, &s, &e), SCAN_BAD);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_type_has_its_size),
        cmocka_unit_test(a_walk_goes_on_where_it_stopped),
        cmocka_unit_test(bounds_hold),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
