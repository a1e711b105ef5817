/* The writer: what it writes a reader reads, and what a reader would refuse it does not write. */
#include "stream_sample.h"
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

static struct writer *writer_to(const char *path, FILE **f, struct error *e)
{
    json_t *h = sample_header();
    *f = fopen(path, "w");
    struct writer *w = writer_open(*f, h, false, e);
    json_decref(h);
    return w;
}

static void bytes_are_those_of_the_specification(void **state)
{
    (void)state;
    char *p;
    size_t n;
    FILE *f = open_memstream(&p, &n);
    json_t *h = header_new();
    struct error e;
    struct writer *w = writer_open(f, h, false, &e);
    assert_non_null(w);
    assert_int_equal(writer_close(w, &e), DSSM_OK);
    fclose(f);
    static const char want[] = "\x84\xa6"
                               "format\xab"
                               "dssm-stream\xa7"
                               "version\x01\xa6"
                               "fields\x80\xa7"
                               "history\x90"
                               "\x83\xa3"
                               "end\xc3\xa7"
                               "records\x00\xa5"
                               "crc32\xce";
    assert_int_equal(n, sizeof want - 1 + 4);
    assert_memory_equal(p, want, sizeof want - 1);
    free(p);
    json_decref(h);
}

static void same_records_same_bytes(void **state)
{
    (void)state;
    struct bytes a = sample_stream(3, false), b = sample_stream(3, false);
    assert_int_equal(a.n, b.n);
    assert_memory_equal(a.p, b.p, a.n);
    free(a.p);
    free(b.p);
}

static void bin_keys_are_bin(void **state)
{
    (void)state;
    struct bytes a = sample_stream(1, true);
    assert_non_null(memmem(a.p, a.n, "\xc4\x02nd\xc3\xc4\x04type\xa3<f4\xc4\x04kind\xc4\x00\xc4\x05shape", 30));
    free(a.p);
}

static void refuse(struct record *r, const char *text)
{
    FILE *f;
    struct error e = {0};
    struct writer *w = writer_to("/dev/null", &f, &e);
    assert_int_equal(writer_put(w, r, &e), DSSM_BAD_INPUT);
    assert_string_equal(e.text, text);
    writer_abandon(w);
    fclose(f);
}

static void what_breaks_a_rule_is_not_written(void **state)
{
    (void)state;
    struct record r;
    record_init(&r);
    sample_record(&r, "a", 4);
    record_put(&r, "u", array_new(DT_F4, 1, (size_t[]){3}));
    refuse(&r, "output: record 1: field u: expected 4 steps as x has, got 3 (the last control has no effect: any finite row will do)");
    record_put(&r, "u", array_new(DT_F8, 1, (size_t[]){4}));
    refuse(&r, "output: record 1: field u: expected dtype <f4, got <f8");
    record_remove(&r, "u");
    refuse(&r, "output: record 1: field u: declared in the header, not in the record");
    sample_record(&r, "\xff", 4);
    refuse(&r, "output: record 1: id: no UTF-8 text");
    sample_record(&r, "", 4);
    refuse(&r, "output: record 1: id: missing");
    sample_record(&r, "a", 4);
    record_put_raw(&r, "note", "\xa5hi", 3);
    refuse(&r, "output: record 1: field note: is no msgpack value");
    sample_record(&r, "a", 4);
    record_put(&r, "end", array_new(DT_F8, 1, (size_t[]){4}));
    refuse(&r, "output: record 1: a field may not be named id, end or format");
    record_clear(&r);
}

static void too_large_a_record_is_not_written(void **state)
{
    (void)state;
    struct record r;
    record_init(&r);
    sample_record(&r, "a", 4);
    record_put(&r, "big", array_new(DT_U1, 1, (size_t[]){(64 << 20) - 20}));
    refuse(&r, "output: record 1: takes 67109035 bytes, more than the 67108864 that a message may take: cut it with seq-split --pieces");
    record_clear(&r);
}

static void a_bad_header_is_not_written(void **state)
{
    (void)state;
    struct error e;
    json_t *h = header_new();
    header_field(h, "s", DT_F8, 1, (size_t[]){2}, NULL, NULL, "circle", NULL);
    assert_null(writer_open(stdout, h, false, &e));
    assert_string_equal(e.text, "header: field s: kinds: expected a list of 2 texts, one a component");
    json_decref(h);
}

static void a_full_disk_is_told(void **state)
{
    (void)state;
    FILE *f;
    struct error e = {0};
    struct record r;
    struct writer *w = writer_to("/dev/full", &f, &e);
    record_init(&r);
    sample_record(&r, "a", 4);
    assert_int_equal(writer_put(w, &r, &e), DSSM_OK); /* still in the buffer */
    assert_int_equal(writer_flush(w, &e), DSSM_FAILURE);
    assert_string_equal(e.text, "cannot write: No space left on device");
    assert_int_equal(writer_put(w, &r, &e), DSSM_FAILURE);
    assert_int_equal(writer_close(w, &e), DSSM_FAILURE);
    record_clear(&r);
    fclose(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_are_those_of_the_specification),
        cmocka_unit_test(same_records_same_bytes),
        cmocka_unit_test(bin_keys_are_bin),
        cmocka_unit_test(what_breaks_a_rule_is_not_written),
        cmocka_unit_test(too_large_a_record_is_not_written),
        cmocka_unit_test(a_bad_header_is_not_written),
        cmocka_unit_test(a_full_disk_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
