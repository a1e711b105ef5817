/* The .npy header. (What must be refused: npz_test.c, and formats/vectors, A4 to A7.) */
#include "stream/npy.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static void headers_are_aligned_and_come_back(void **state)
{
    (void)state;
    for (int dims = 0; dims <= ARRAY_MAX_DIMS; dims++)
        for (int t = DT_F4; t <= DT_B1; t++) {
            struct array a = {.type = (enum dtype)t, .dims = dims, .shape = {3, 1, 12345, 1, 7, 1, 1, 2}}, back = {0};
            struct error e;
            size_t size, again, bytes;
            uint8_t *header = (uint8_t *)npy_header(&a, &size);
            assert_int_equal(size % 64, 0);
            assert_int_equal(header[size - 1], '\n');
            assert_int_equal(npy_header_size(header, &again, &e), DSSM_OK);
            assert_int_equal(again, size);
            assert_int_equal(npy_parse(header, size, &back, &bytes, &e), DSSM_OK);
            assert_int_equal(back.type, t);
            assert_int_equal(back.dims, dims);
            assert_memory_equal(back.shape, a.shape, (size_t)dims * sizeof(size_t));
            assert_int_equal(bytes, array_bytes(&a));
            free(header);
        }
}

static void numpys_own_text(void **state)
{
    (void)state;
    struct array a = {.type = DT_F8, .dims = 1, .shape = {7}};
    size_t size;
    char *header = npy_header(&a, &size);
    assert_int_equal(size, 128);
    assert_memory_equal(header, "\x93NUMPY\x01\x00\x76\x00{'descr': '<f8', 'fortran_order': False, 'shape': (7,), } ", 10 + 58);
    free(header);
}

/* Python dictionaries that mean the same. */
static void other_spellings_are_read(void **state)
{
    (void)state;
    static const char *texts[] = {
        "{\"shape\":(2,3),\"fortran_order\":False,\"descr\":\"<i4\"}",
        "{ 'descr' : '<i4' ,\n 'fortran_order' : False , 'shape' : ( 2 , 3 , ) , }   \n",
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        char header[256] = "\x93NUMPY\x01\x00";
        struct array a = {0};
        struct error e;
        size_t bytes, n = strlen(texts[i]);
        header[8] = (char)n;
        memcpy(header + 10, texts[i], n);
        assert_int_equal(npy_parse((uint8_t *)header, 10 + n, &a, &bytes, &e), DSSM_OK);
        assert_int_equal(a.type, DT_I4);
        assert_int_equal(bytes, 24);
    }
}

static void sizes_that_overflow_are_refused(void **state)
{
    (void)state;
    struct array a = {.type = DT_U1, .dims = 3, .shape = {SIZE_MAX, SIZE_MAX, 3}}, back = {0};
    struct error e;
    size_t size, bytes;
    uint8_t *header = (uint8_t *)npy_header(&a, &size);
    assert_int_equal(npy_parse(header, size, &back, &bytes, &e), DSSM_BAD_INPUT);
    assert_string_equal(e.text, "has a shape of more bytes than a machine has");
    free(header);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(headers_are_aligned_and_come_back),
        cmocka_unit_test(numpys_own_text),
        cmocka_unit_test(other_spellings_are_read),
        cmocka_unit_test(sizes_that_overflow_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
