/* Arrays and records on the wire. (What must be refused: formats/vectors, S8 to S12.) */
#include "stream/wire.h"
#include "unpacked.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static msgpack_sbuffer packed_array(const struct array *a, bool bin_keys)
{
    msgpack_sbuffer bytes;
    msgpack_packer p;
    msgpack_sbuffer_init(&bytes);
    msgpack_packer_init(&p, &bytes, msgpack_sbuffer_write);
    wire_pack_array(&p, a, bin_keys);
    return bytes;
}

static void every_type_goes_there_and_back(void **state)
{
    (void)state;
    for (int t = DT_F4; t <= DT_B1; t++)
        for (int dims = 0; dims <= ARRAY_MAX_DIMS; dims++) {
            struct array a = array_new((enum dtype)t, dims, (size_t[ARRAY_MAX_DIMS]){2, 3, 1, 1, 2, 1, 1, 1}), back;
            struct error e;
            msgpack_zone zone;
            for (size_t i = 0; i < array_count(&a); i++)
                array_set(&a, i, (double)(i % 2));
            msgpack_sbuffer bytes = packed_array(&a, dims % 2);
            msgpack_object o = unpacked(&zone, bytes.data, bytes.size);
            assert_true(wire_is_array(&o));
            assert_int_equal(wire_to_array(&o, &back, &e), DSSM_OK);
            assert_int_equal(back.type, t);
            assert_int_equal(back.dims, dims);
            assert_memory_equal(back.shape, a.shape, (size_t)dims * sizeof(size_t));
            assert_memory_equal(back.data, a.data, array_bytes(&a));
            msgpack_zone_destroy(&zone);
            msgpack_sbuffer_destroy(&bytes);
            free(a.data);
            free(back.data);
        }
}

static void what_has_no_true_nd_is_no_array(void **state)
{
    (void)state;
    msgpack_zone zone;
    msgpack_object o = unpacked(&zone, "\x81\xa2nd\xc2", 5);
    assert_false(wire_is_array(&o));
    msgpack_zone_destroy(&zone);
    o = unpacked(&zone, "\x81\xa2nd\x01", 5);
    assert_false(wire_is_array(&o));
    msgpack_zone_destroy(&zone);
}

static void records_go_there_and_back(void **state)
{
    (void)state;
    struct record r, back;
    struct error e;
    msgpack_sbuffer bytes;
    msgpack_packer p;
    msgpack_zone zone;
    record_init(&r);
    record_init(&back);
    record_set_id(&r, "seven");
    record_put(&r, "x", array_new(DT_U2, 2, (size_t[]){2, 3}));
    record_put_raw(&r, "note", "\x92\x01\xc0", 3);
    msgpack_sbuffer_init(&bytes);
    msgpack_packer_init(&p, &bytes, msgpack_sbuffer_write);
    wire_pack_record(&p, &r, false);
    msgpack_object o = unpacked(&zone, bytes.data, bytes.size);
    assert_int_equal(wire_to_record(&o, NULL, &back, &e), DSSM_OK);
    assert_string_equal(back.id, "seven");
    assert_int_equal(back.n, 2);
    assert_string_equal(back.field[0].name, "x");
    assert_int_equal(record_get(&back, "x")->shape[1], 3);
    assert_int_equal(back.field[1].raw_size, 3);
    assert_memory_equal(back.field[1].raw, "\x92\x01\xc0", 3);
    record_clear(&r);
    record_clear(&back);
    msgpack_zone_destroy(&zone);
    msgpack_sbuffer_destroy(&bytes);
}

static void an_error_names_the_field(void **state)
{
    (void)state;
    struct record r;
    struct error e;
    msgpack_zone zone;
    msgpack_object o = unpacked(&zone, "\x82\xa2id\x05\xa1y\x81\xa2nd\xc3", 12);
    record_init(&r);
    assert_int_equal(wire_to_record(&o, NULL, &r, &e), DSSM_BAD_INPUT);
    assert_string_equal(e.text, "field y: array without key kind");
    record_clear(&r);
    msgpack_zone_destroy(&zone);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_type_goes_there_and_back),
        cmocka_unit_test(what_has_no_true_nd_is_no_array),
        cmocka_unit_test(records_go_there_and_back),
        cmocka_unit_test(an_error_names_the_field),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
