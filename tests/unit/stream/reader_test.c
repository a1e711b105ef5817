/* The reader: records come back, limits hold, every end is told from the others. (The rules one by one: formats/vectors.) */
#include "stream_sample.h"
#include <math.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

/* Reads all of b. Returns the last result of reader_next, or -1; *records are the records read. */
static int read_all(struct bytes b, const struct stream_limits *limits, int *records, struct error *e)
{
    FILE *f = fmemopen(b.p, b.n, "r");
    struct record r;
    int result = -1;
    record_init(&r);
    *records = 0;
    struct reader *reader = reader_open(f, "t", limits, e);
    if (reader)
        while ((result = reader_next(reader, &r, e)) > 0) {
            ++*records;
            assert_int_equal(reader_count(reader), *records);
        }
    record_clear(&r);
    reader_close(reader);
    fclose(f);
    return result;
}

static void records_come_back(bool bin_keys)
{
    struct bytes b = sample_stream(3, bin_keys);
    FILE *f = fmemopen(b.p, b.n, "r");
    struct error e = {0};
    struct record r;
    record_init(&r);
    struct reader *reader = reader_open(f, "t", NULL, &e);
    assert_non_null(reader);
    json_t *want = sample_header();
    assert_true(json_equal(want, reader_header(reader)));
    for (int i = 0; i < 3; i++) {
        assert_int_equal(reader_next(reader, &r, &e), 1);
        assert_int_equal(r.id[0], '0' + i);
        assert_int_equal(record_steps(&r), 4);
        for (size_t k = 0; k < 12; k++)
            assert_true(array_get(record_get(&r, "x"), k) == 0.5 * (double)k);
    }
    assert_int_equal(reader_next(reader, &r, &e), 0);
    assert_int_equal(reader_next(reader, &r, &e), 0);
    record_clear(&r);
    reader_close(reader);
    json_decref(want);
    fclose(f);
    free(b.p);
}

static void str_keys_are_read(void **state)
{
    (void)state;
    records_come_back(false);
}

static void bin_keys_are_read(void **state)
{
    (void)state;
    records_come_back(true);
}

static void every_cut_is_noticed(void **state)
{
    (void)state;
    struct bytes b = sample_stream(2, false);
    for (size_t n = 1; n < b.n; n++) {
        struct error e = {0};
        int records;
        assert_int_equal(read_all((struct bytes){b.p, n}, NULL, &records, &e), -1);
        assert_int_equal(e.code, DSSM_CUT_SHORT);
        assert_true(strstr(e.text, "before its trailer") || strstr(e.text, "inside its header"));
    }
    free(b.p);
}

static void every_flipped_bit_of_the_numbers_is_noticed(void **state)
{
    (void)state;
    struct bytes b = sample_stream(1, false);
    char *data = (char *)memmem(b.p, b.n,
                                "\xa4"
                                "data\xc4\x30",
                                7) +
                 7;
    for (int bit = 0; bit < 48 * 8; bit += 7) {
        struct error e = {0};
        int records;
        data[bit / 8] = (char)(data[bit / 8] ^ (1 << bit % 8));
        assert_int_equal(read_all(b, NULL, &records, &e), -1);
        assert_int_equal(e.code, DSSM_BAD_INPUT);
        assert_memory_equal(e.text, "t: trailer: crc32: says", 23);
        data[bit / 8] = (char)(data[bit / 8] ^ (1 << bit % 8));
    }
    free(b.p);
}

static void limits_hold(void **state)
{
    (void)state;
    struct bytes b = sample_stream(1, false);
    struct error e = {0};
    int records;
    struct stream_limits small = stream_limits_default, shallow = stream_limits_default, few = stream_limits_default;
    small.record_bytes = 100;
    assert_int_equal(read_all(b, &small, &records, &e), -1);
    assert_string_equal(e.text, "t: header: takes more than the 100 bytes that a message may take");
    shallow.depth = 2;
    assert_int_equal(read_all(b, &shallow, &records, &e), -1);
    assert_string_equal(e.text, "t: header: is nested deeper than 2 levels");
    few.elements = 20;
    assert_int_equal(read_all(b, &few, &records, &e), -1);
    assert_string_equal(e.text, "t: header: has more than the 20 elements that a message may have");
    free(b.p);
}

static void a_record_larger_than_the_buffer_is_read(void **state)
{
    (void)state;
    struct bytes b = {0};
    struct error e = {0};
    struct record r;
    int records;
    json_t *h = header_new();
    FILE *f = open_memstream(&b.p, &b.n);
    struct writer *w = writer_open(f, h, false, &e);
    record_init(&r);
    for (int i = 0; i < 3; i++) {
        record_set_id(&r, "big");
        record_put(&r, "y", array_new(DT_U1, 2, (size_t[]){3, (1 << 20) + (size_t)i}));
        assert_int_equal(writer_put(w, &r, &e), DSSM_OK);
    }
    assert_int_equal(writer_close(w, &e), DSSM_OK);
    fclose(f);
    assert_int_equal(read_all(b, NULL, &records, &e), 0);
    assert_int_equal(records, 3);
    record_clear(&r);
    json_decref(h);
    free(b.p);
}

/* Writes all but the last record and the trailer, and waits for a byte before it closes. */
static void *half_a_writer(void *arg)
{
    int *fd = arg;
    struct bytes b = sample_stream(2, false), one = sample_stream(1, false);
    const size_t trailer = 26;
    char byte;
    if (write(fd[1], b.p, one.n - trailer) < 0 || read(fd[2], &byte, 1) < 0 ||
        write(fd[1], b.p + one.n - trailer, b.n - one.n + trailer) < 0)
        bug("half_a_writer");
    close(fd[1]);
    free(b.p);
    free(one.p);
    return NULL;
}

static void a_record_is_there_as_soon_as_its_last_byte_came(void **state)
{
    (void)state;
    int there[2], back[2];
    pthread_t thread;
    struct error e = {0};
    struct record r;
    record_init(&r);
    assert_int_equal(pipe(there), 0);
    assert_int_equal(pipe(back), 0);
    int writer_ends[3] = {there[0], there[1], back[0]};
    pthread_create(&thread, NULL, half_a_writer, writer_ends);
    FILE *f = fdopen(there[0], "r");
    struct reader *reader = reader_open(f, "t", NULL, &e);
    assert_int_equal(reader_next(reader, &r, &e), 1); /* would hang if it waited for a full buffer */
    assert_int_equal(write(back[1], "x", 1), 1);
    assert_int_equal(reader_next(reader, &r, &e), 1);
    assert_int_equal(reader_next(reader, &r, &e), 0);
    pthread_join(thread, NULL);
    record_clear(&r);
    reader_close(reader);
    fclose(f);
    close(back[0]);
    close(back[1]);
}

/* A pipe that is open and silent: patience ends, before the header, between records and inside one; a signal's number ends it at once. */
static void patience_ends(void **state)
{
    (void)state;
    struct bytes b = sample_stream(2, false);
    static volatile sig_atomic_t stop;
    for (int part = 0; part < 4; part++) {
        size_t bytes[] = {0, b.n / 2, b.n - 40, b.n - 1};
        struct stream_limits limits = stream_limits_default;
        struct error e = {0};
        struct record r;
        int end[2], got = -1;
        record_init(&r);
        stop = part == 3 ? SIGTERM : 0;
        limits.patience = part == 3 ? 0 : 0.05;
        limits.stop = &stop;
        assert_int_equal(pipe(end), 0);
        assert_int_equal(write(end[1], b.p, bytes[part]), bytes[part]);
        FILE *f = fdopen(end[0], "r");
        double before = seconds_now();
        struct reader *reader = reader_open(f, "t", &limits, &e);
        while (reader && (got = reader_next(reader, &r, &e)) > 0)
            continue;
        assert_int_equal(got, -1);
        assert_int_equal(e.code, DSSM_FAILURE);
        assert_non_null(strstr(e.text, part == 3 ? "stopped by signal 15" : "nothing whole came for 0.05 s"));
        assert_true(seconds_now() - before >= (part == 3 ? 0 : 0.05));
        reader_close(reader);
        fclose(f);
        close(end[1]);
    }
    free(b.p);
}

static void an_unreadable_file_is_a_failure(void **state)
{
    (void)state;
    struct error e = {0};
    FILE *f = fopen("/", "r");
    assert_non_null(f);
    assert_null(reader_open(f, "/", NULL, &e));
    assert_int_equal(e.code, DSSM_FAILURE);
    assert_string_equal(e.text, "/: header: cannot read: Is a directory");
    fclose(f);
}

static void values_that_are_no_arrays_are_passed_on(void **state)
{
    (void)state;
    struct bytes b = {0};
    struct error e = {0};
    struct record r, back;
    static const char raw[] = "\x83\xa1"
                              "a\xca\x3f\xc0\x00\x00\xa1"
                              "b\xd6\x05"
                              "wxyz\xa1"
                              "c\x92\xc0\xff";
    json_t *h = header_new();
    FILE *f = open_memstream(&b.p, &b.n);
    struct writer *w = writer_open(f, h, false, &e);
    record_init(&r);
    record_init(&back);
    record_set_id(&r, "7");
    record_put_raw(&r, "extra", raw, sizeof raw - 1);
    assert_int_equal(writer_put(w, &r, &e), DSSM_OK);
    assert_int_equal(writer_close(w, &e), DSSM_OK);
    fclose(f);
    f = fmemopen(b.p, b.n, "r");
    struct reader *reader = reader_open(f, "t", NULL, &e);
    assert_int_equal(reader_next(reader, &back, &e), 1);
    assert_int_equal(back.field[0].raw_size, sizeof raw - 1);
    assert_memory_equal(back.field[0].raw, raw, sizeof raw - 1);
    assert_int_equal(reader_next(reader, &back, &e), 0);
    reader_close(reader);
    fclose(f);
    record_clear(&r);
    record_clear(&back);
    json_decref(h);
    free(b.p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(str_keys_are_read),
        cmocka_unit_test(bin_keys_are_read),
        cmocka_unit_test(every_cut_is_noticed),
        cmocka_unit_test(every_flipped_bit_of_the_numbers_is_noticed),
        cmocka_unit_test(limits_hold),
        cmocka_unit_test(a_record_larger_than_the_buffer_is_read),
        cmocka_unit_test(a_record_is_there_as_soon_as_its_last_byte_came),
        cmocka_unit_test(patience_ends),
        cmocka_unit_test(an_unreadable_file_is_a_failure),
        cmocka_unit_test(values_that_are_no_arrays_are_passed_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
