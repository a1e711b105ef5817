/* Zip members one after the other. */
#include "stream/zip.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

/* Members "a" (5 bytes) and "b" (none) in memory; the caller frees. */
static char *two_members(size_t *n)
{
    char *p = NULL;
    struct error e;
    FILE *f = open_memstream(&p, n);
    struct zip_writer *z = zip_writer_new(f, &e);
    assert_int_equal(zip_begin(z, "a", 5, &e), DSSM_OK);
    assert_int_equal(zip_put(z, "he", 2, &e), DSSM_OK);
    assert_int_equal(zip_put(z, "llo", 3, &e), DSSM_OK);
    assert_int_equal(zip_begin(z, "b", 0, &e), DSSM_OK);
    assert_int_equal(zip_writer_end(z, &e), DSSM_OK);
    fclose(f);
    return p;
}

static void members_come_back_in_order(void **state)
{
    (void)state;
    size_t n, got;
    char *p = two_members(&n), bytes[8] = "";
    const char *name;
    struct error e;
    FILE *f = fmemopen(p, n, "r");
    struct zip_reader *z = zip_reader_new(f, &e);
    assert_int_equal(zip_next(z, &name, &e), 1);
    assert_string_equal(name, "a");
    assert_int_equal(zip_get(z, bytes, 3, &got, &e), DSSM_OK);
    assert_int_equal(got, 3);
    assert_int_equal(zip_get(z, bytes + 3, 5, &got, &e), DSSM_OK);
    assert_int_equal(got, 2);
    assert_string_equal(bytes, "hello");
    assert_int_equal(zip_next(z, &name, &e), 1);
    assert_string_equal(name, "b");
    assert_int_equal(zip_get(z, bytes, 5, &got, &e), DSSM_OK);
    assert_int_equal(got, 0);
    assert_int_equal(zip_next(z, &name, &e), 0);
    zip_reader_free(z);
    fclose(f);
    free(p);
}

/* Bytes are not padded to a block, and hold "hello" as it is. */
static void members_are_stored(void **state)
{
    (void)state;
    size_t n;
    char *p = two_members(&n);
    assert_non_null(memmem(p, n, "hello", 5));
    assert_memory_equal(p + n - 22, "PK\5\6", 4);
    assert_true(n < 400);
    free(p);
}

static void a_full_disk_is_told(void **state)
{
    (void)state;
    struct error e = {0};
    FILE *f = fopen("/dev/full", "w");
    setvbuf(f, NULL, _IONBF, 0);
    struct zip_writer *z = zip_writer_new(f, &e);
    static char block[1 << 20];
    bool failed = zip_begin(z, "a", sizeof block, &e) || zip_put(z, block, sizeof block, &e);
    assert_true(zip_writer_end(z, &e) || failed);
    assert_int_equal(e.code, DSSM_FAILURE);
    assert_non_null(strstr(e.text, "No space left on device"));
    fclose(f);
}

static void an_abandoned_writer_is_freed(void **state)
{
    (void)state;
    char *p = NULL;
    size_t n;
    struct error e;
    FILE *f = open_memstream(&p, &n);
    zip_writer_abandon(zip_writer_new(f, &e));
    fclose(f);
    free(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(members_come_back_in_order),
        cmocka_unit_test(members_are_stored),
        cmocka_unit_test(a_full_disk_is_told),
        cmocka_unit_test(an_abandoned_writer_is_freed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
