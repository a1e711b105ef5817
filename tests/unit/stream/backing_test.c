/* Arrays read again from where they stand in their file: what the reader gave, wherever the stream begins, and an error where the file
 * is no file or is not whole any more. */
#include "stream_sample.h"
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

enum { RECORDS = 5, BEFORE = 37 }; /* 37 bytes stand before the stream */

/* The sample behind BEFORE bytes of something else, with the file's position at its first byte. */
static FILE *file_of(bool bin_keys)
{
    struct bytes b = sample_stream(RECORDS, bin_keys);
    FILE *f = tmpfile();
    for (int i = 0; i < BEFORE; i++)
        fputc('#', f);
    fwrite(b.p, 1, b.n, f);
    fflush(f);
    assert_int_equal(lseek(fileno(f), BEFORE, SEEK_SET), BEFORE);
    free(b.p);
    return f;
}

/* A field of each type, a value that is no array, and an array without a number. */
static FILE *file_of_kinds(void)
{
    struct error e;
    FILE *f = tmpfile();
    json_t *header = header_new();
    struct writer *w = writer_open(f, header, false, &e);
    struct record r;
    record_init(&r);
    for (int i = 0; i < RECORDS; i++) {
        record_set_id(&r, i % 2 ? "odd" : "even");
        for (int type = DT_F4; type <= DT_B1; type++) {
            struct array a = array_new((enum dtype)type, 2, (const size_t[]){(size_t)(i + 1), 3});
            for (size_t k = 0; k < array_count(&a); k++)
                array_set(&a, k, type == DT_B1 ? (double)(k % 2) : (double)(k + 10 * (size_t)type + (size_t)i));
            record_put(&r, dtype_name((enum dtype)type), a);
        }
        record_put_raw(&r, "note", "\x93\x01\x02\x03", 4);
        record_put(&r, "nothing", array_new(DT_F8, 2, (const size_t[]){0, 3}));
        assert_int_equal(writer_put(w, &r, &e), DSSM_OK);
        record_clear(&r);
    }
    assert_int_equal(writer_close(w, &e), DSSM_OK);
    json_decref(header);
    lseek(fileno(f), 0, SEEK_SET);
    return f;
}

/* Reads the stream, and each array a second time by its place. Returns how many had one. */
static int places_hold(FILE *f)
{
    struct error e;
    struct record r[RECORDS];
    int places = 0;
    struct backing *b = backing_open(f, "sample", &e);
    assert_non_null(b);
    assert_string_equal(backing_name(b), "sample");
    struct reader *reader = reader_open(f, "sample", NULL, &e);
    for (int i = 0; i < RECORDS; i++) {
        record_init(&r[i]);
        assert_int_equal(reader_next(reader, &r[i], &e), 1);
    }
    assert_int_equal(reader_next(reader, &r[0], &e), 0); /* clears the first */
    reader_close(reader);
    fclose(f);
    for (int i = RECORDS - 1; i > 0; i--) /* backwards, and after f is closed */
        for (int k = 0; k < r[i].n; k++) {
            const struct field *field = &r[i].field[k];
            size_t bytes = field->raw ? 0 : array_bytes(&field->array);
            assert_true((field->at > 0) == (bytes > 0));
            char *again = xmalloc(bytes);
            backing_expect(b, field->at, bytes);
            assert_int_equal(backing_read(b, field->at, bytes, again, &e), DSSM_OK);
            if (bytes > 0)
                assert_memory_equal(again, field->array.data, bytes);
            places += bytes > 0;
            free(again);
        }
    for (int i = 0; i < RECORDS; i++)
        record_clear(&r[i]);
    backing_close(b);
    return places;
}

static void arrays_stand_where_they_are_said_to(void **state)
{
    (void)state;
    assert_int_equal(places_hold(file_of(false)), 2 * (RECORDS - 1));
    assert_int_equal(places_hold(file_of(true)), 2 * (RECORDS - 1));
    assert_int_equal(places_hold(file_of_kinds()), 7 * (RECORDS - 1));
}

/* A new array was never read from a stream. */
static void new_arrays_stand_nowhere(void **state)
{
    (void)state;
    struct error e;
    struct record r;
    record_init(&r);
    FILE *f = file_of(false);
    struct reader *reader = reader_open(f, "sample", NULL, &e);
    assert_int_equal(reader_next(reader, &r, &e), 1);
    assert_true(r.field[0].at > 0);
    record_put(&r, "x", array_new(DT_F4, 1, (const size_t[]){4}));
    assert_true(r.field[0].at == 0);
    record_clear(&r);
    reader_close(reader);
    fclose(f);
}

static void a_shortened_file_says_so(void **state)
{
    (void)state;
    struct error e = {0};
    char bytes[100];
    FILE *f = file_of(false);
    struct backing *b = backing_open(f, "sample", &e);
    assert_int_equal(backing_read(b, 0, 100, bytes, &e), DSSM_OK);
    assert_int_equal(ftruncate(fileno(f), BEFORE + 99), 0);
    assert_int_equal(backing_read(b, 0, 99, bytes, &e), DSSM_OK);
    assert_int_equal(backing_read(b, 0, 100, bytes, &e), DSSM_CUT_SHORT);
    assert_string_equal(e.text, "the file ends inside it: it was shortened since it was first read");
    assert_int_equal(backing_read(b, 1000, 1, bytes, &e), DSSM_CUT_SHORT);
    backing_close(b);
    backing_close(NULL);
    fclose(f);
}

static void refused(FILE *f)
{
    struct error e;
    assert_null(backing_open(f, "standard input", &e));
    assert_int_equal(e.code, DSSM_USAGE);
    assert_string_equal(e.text, "standard input: expected a regular file");
    fclose(f);
}

static void what_is_no_file_is_refused(void **state)
{
    (void)state;
    char memory[10] = "";
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    refused(fdopen(ends[0], "r"));
    close(ends[1]);
    refused(fmemopen(memory, sizeof memory, "r"));
    refused(fopen("/dev/null", "r"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(arrays_stand_where_they_are_said_to),
        cmocka_unit_test(new_arrays_stand_nowhere),
        cmocka_unit_test(a_shortened_file_says_so),
        cmocka_unit_test(what_is_no_file_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
