/* Keys, texts and JSON on the wire. */
#include "stream/wire.h"
#include "unpacked.h"
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

static void json_goes_there_and_back(void **state)
{
    (void)state;
    json_t *j = json_loads("{\"z\":null,\"a\":[true,false,-5,4611686018427387904,0.5,\"π\"],\"\":{\"deep\":[[],{}]}}", 0, NULL);
    msgpack_sbuffer bytes;
    msgpack_packer p;
    msgpack_zone zone;
    struct error e;
    msgpack_sbuffer_init(&bytes);
    msgpack_packer_init(&p, &bytes, msgpack_sbuffer_write);
    wire_pack_json(&p, j);
    msgpack_object o = unpacked(&zone, bytes.data, bytes.size);
    json_t *back = wire_to_json(&o, &e);
    assert_true(json_equal(j, back));
    char *text = json_dumps(j, JSON_COMPACT), *text_back = json_dumps(back, JSON_COMPACT);
    assert_string_equal(text, text_back); /* the order of keys too */
    free(text);
    free(text_back);
    json_decref(j);
    json_decref(back);
    msgpack_zone_destroy(&zone);
    msgpack_sbuffer_destroy(&bytes);
}

static void refuse(const char *bytes, size_t n, const char *text)
{
    msgpack_zone zone;
    struct error e = {0};
    msgpack_object o = unpacked(&zone, bytes, n);
    assert_null(wire_to_json(&o, &e));
    assert_int_equal(e.code, DSSM_BAD_INPUT);
    assert_string_equal(e.text, text);
    msgpack_zone_destroy(&zone);
}

static void what_is_no_json_is_refused(void **state)
{
    (void)state;
    refuse("\xcf\x80\0\0\0\0\0\0\0", 9, "an integer beyond 2^63-1");
    refuse("\xcb\x7f\xf0\0\0\0\0\0\0", 9, "a number that is not finite");
    refuse("\x91\xa1\xff", 3, "text that is no UTF-8");
    refuse("\x81\xa1"
           "k\xc4\x01x",
           6, "k: a value of a type that a header may not hold (bin or ext)");
    refuse("\xd4\x01x", 3, "a value of a type that a header may not hold (bin or ext)");
    refuse("\x81\x01\x02", 3, "key 1 of a map is no UTF-8 text");
}

static void keys_are_texts_and_occur_once(void **state)
{
    (void)state;
    msgpack_zone zone;
    struct error e = {0};
    msgpack_object o = unpacked(&zone, "\x83\xa1k\x01\xc4\x01l\x02\xa0\x03", 10);
    assert_int_equal(wire_check_keys(&o, &e), DSSM_OK);
    assert_int_equal(wire_get(&o, "k")->via.u64, 1);
    assert_int_equal(wire_get(&o, "l")->via.u64, 2); /* a bin key */
    assert_int_equal(wire_get(&o, "")->via.u64, 3);
    assert_null(wire_get(&o, "m"));
    msgpack_zone_destroy(&zone);
    o = unpacked(&zone, "\x82\xa1k\x01\xc4\x01k\x02", 8);
    assert_int_equal(wire_check_keys(&o, &e), DSSM_BAD_INPUT);
    assert_string_equal(e.text, "key k occurs twice in one map");
    msgpack_zone_destroy(&zone);
}

static void texts(void **state)
{
    (void)state;
    msgpack_zone zone;
    const char *t;
    size_t n;
    assert_true(wire_is_text("π", 2));
    assert_true(wire_is_text("", 0));
    assert_false(wire_is_text("a\0b", 3));
    assert_false(wire_is_text("\xff", 1));
    msgpack_object o = unpacked(&zone, "\xc4\x02hi", 4);
    assert_true(wire_text(&o, &t, &n) && n == 2 && memcmp(t, "hi", 2) == 0);
    assert_true(wire_text_is(&o, "hi") && !wire_text_is(&o, "h") && !wire_text_is(&o, "hi!"));
    msgpack_zone_destroy(&zone);
    o = unpacked(&zone, "\x05", 1);
    assert_false(wire_text(&o, &t, &n) || wire_text_is(&o, ""));
    msgpack_zone_destroy(&zone);
}

static void texts_are_packed_as_str_or_bin(void **state)
{
    (void)state;
    msgpack_sbuffer bytes;
    msgpack_packer p;
    msgpack_sbuffer_init(&bytes);
    msgpack_packer_init(&p, &bytes, msgpack_sbuffer_write);
    wire_pack_text(&p, "nd", false);
    wire_pack_text(&p, "nd", true);
    assert_int_equal(bytes.size, 7);
    assert_memory_equal(bytes.data, "\xa2nd\xc4\x02nd", 7);
    msgpack_sbuffer_destroy(&bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(json_goes_there_and_back),       cmocka_unit_test(what_is_no_json_is_refused),
        cmocka_unit_test(keys_are_texts_and_occur_once),  cmocka_unit_test(texts),
        cmocka_unit_test(texts_are_packed_as_str_or_bin),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
