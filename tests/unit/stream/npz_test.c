/* Archives: what is put in comes out, the same content is the same bytes, what is no plain array is refused. */
#include "stream/npy.h"
#include "stream/stream.h"
#include "stream/zip.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

struct bytes {
    char *p;
    size_t n;
};

static void fill_archive(struct archive *a)
{
    archive_init(a);
    json_object_set_new(a->meta, "kind", json_string("test"));
    struct array w = array_new(DT_F4, 2, (size_t[]){3, 5}), n = array_new(DT_I8, 0, NULL), empty = array_new(DT_F8, 1, (size_t[]){0});
    for (size_t i = 0; i < 15; i++)
        array_set(&w, i, 0.25 * (double)i);
    array_set(&n, 0, 42);
    archive_put(a, "encoder.0.weight", w);
    archive_put(a, "count", n);
    archive_put(a, "empty", empty);
}

static struct bytes write_archive(const struct archive *a)
{
    struct bytes b = {0};
    struct error e = {0};
    FILE *f = open_memstream(&b.p, &b.n);
    assert_int_equal(archive_write(a, f, &e), DSSM_OK);
    fclose(f);
    return b;
}

static int read_archive(struct archive *a, struct bytes b, size_t max_bytes, struct error *e)
{
    FILE *f = fmemopen(b.p, b.n, "r");
    int code = archive_read(a, f, "m.npz", max_bytes, e);
    fclose(f);
    return code;
}

static void what_goes_in_comes_out(void **state)
{
    (void)state;
    struct archive a, back;
    struct error e = {0};
    fill_archive(&a);
    struct bytes b = write_archive(&a);
    assert_int_equal(read_archive(&back, b, 0, &e), DSSM_OK);
    assert_true(json_equal(a.meta, back.meta));
    assert_int_equal(back.n, 3);
    for (int i = 0; i < 3; i++) {
        const struct array *p = &a.tensor[i].array, *q = archive_get(&back, a.tensor[i].name);
        assert_non_null(q);
        assert_int_equal(q->type, p->type);
        assert_int_equal(q->dims, p->dims);
        assert_int_equal(array_bytes(q), array_bytes(p));
        assert_memory_equal(q->data, p->data, array_bytes(p));
    }
    assert_null(archive_get(&back, "absent"));
    archive_clear(&a);
    archive_clear(&back);
    free(b.p);
}

static void same_content_same_bytes(void **state)
{
    (void)state;
    struct archive a;
    fill_archive(&a);
    struct bytes b = write_archive(&a);
    setenv("TZ", "Asia/Tokyo", 1);
    struct bytes c = write_archive(&a);
    unsetenv("TZ");
    assert_int_equal(b.n, c.n);
    assert_memory_equal(b.p, c.p, b.n);
    assert_memory_equal(b.p + 30, "meta.json", 9); /* the first member */
    archive_clear(&a);
    free(b.p);
    free(c.p);
}

static void putting_replaces(void **state)
{
    (void)state;
    struct archive a;
    fill_archive(&a);
    archive_put(&a, "count", array_new(DT_F4, 1, (size_t[]){2}));
    assert_int_equal(a.n, 3);
    assert_int_equal(archive_get(&a, "count")->type, DT_F4);
    archive_clear(&a);
}

static void npy_headers_are_aligned(void **state)
{
    (void)state;
    size_t shape[ARRAY_MAX_DIMS] = {SIZE_MAX, 1, SIZE_MAX, 1, SIZE_MAX, 1, SIZE_MAX, 1};
    for (int dims = 0; dims <= ARRAY_MAX_DIMS; dims++) {
        struct array a = {.type = DT_U2, .dims = dims}, back = {0};
        size_t size, again, bytes;
        memcpy(a.shape, shape, sizeof shape);
        uint8_t *header = (uint8_t *)npy_header(&a, &size);
        struct error e = {0};
        assert_int_equal(size % 64, 0);
        assert_int_equal(header[size - 1], '\n');
        assert_int_equal(npy_header_size(header, &again, &e), DSSM_OK);
        assert_int_equal(again, size);
        int code = npy_parse(header, size, &back, &bytes, &e);
        assert_int_equal(code, dims == 0 ? DSSM_OK : DSSM_BAD_INPUT); /* more bytes than a machine has */
        assert_int_equal(back.dims, dims);
        free(header);
    }
}

/* An archive of one member of the given bytes. */
static struct bytes archive_of(const char *name, const void *bytes, size_t n)
{
    struct bytes b = {0};
    struct error e = {0};
    FILE *f = open_memstream(&b.p, &b.n);
    struct zip_writer *z = zip_writer_new(f, &e);
    assert_int_equal(zip_begin(z, name, n, &e), DSSM_OK);
    assert_int_equal(zip_put(z, bytes, n, &e), DSSM_OK);
    assert_int_equal(zip_writer_end(z, &e), DSSM_OK);
    fclose(f);
    return b;
}

static void refuse_bytes(const char *name, const void *bytes, size_t n, const char *text)
{
    struct archive a;
    struct error e = {0};
    struct bytes b = archive_of(name, bytes, n);
    assert_int_equal(read_archive(&a, b, 1000, &e), DSSM_BAD_INPUT);
    assert_string_equal(e.text, text);
    archive_clear(&a);
    free(b.p);
}

/* A member w.npy with this description and 8 bytes. */
static void refuse_npy(const char *description, const char *text)
{
    char npy[10 + 118 + 8] = "\x93NUMPY\x01\x00\x76\x00";
    memset(npy + 10, ' ', 117);
    memcpy(npy + 10, description, strlen(description));
    npy[127] = '\n';
    refuse_bytes("w.npy", npy, sizeof npy, text);
}

static void what_is_no_plain_array_is_refused(void **state)
{
    (void)state;
    refuse_npy("{'descr': '|O', 'fortran_order': False, 'shape': (1,), }",
               "m.npz: member w.npy: holds Python objects (dtype |O): a pickle is code and is never read");
    refuse_npy("{'descr': '<f4', 'fortran_order': True, 'shape': (2,), }",
               "m.npz: member w.npy: is in Fortran order; save numpy.ascontiguousarray of it");
    refuse_npy("{'descr': '>f4', 'fortran_order': False, 'shape': (2,), }",
               "m.npz: member w.npy: is big endian (dtype >f4); expected <f4 <f8 <i4 <i8 <u2 |u1 or |b1");
    refuse_npy("{'descr': '<c8', 'fortran_order': False, 'shape': (1,), }",
               "m.npz: member w.npy: has dtype <c8; expected <f4 <f8 <i4 <i8 <u2 |u1 or |b1");
    refuse_npy("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,), }",
               "m.npz: member w.npy: .npy header: descr: expected one type (no structured one)");
    refuse_npy("{'descr': '<f4', 'fortran_order': False, 'shape': (3,), }", "m.npz: member w.npy: ends after 8 of 12 bytes");
    refuse_npy("{'descr': '<f4', 'fortran_order': False, 'shape': (1,), }", "m.npz: member w.npy: is longer than its shape says");
    refuse_npy("{'descr': '<f4', 'fortran_order': False, 'shape': (1000000000,), }",
               "m.npz: member w.npy: takes 4000000000 bytes, more than the 1000 that are allowed");
    refuse_npy("{'descr': '<f4', 'fortran_order': False, 'shape': (-1,), }",
               "m.npz: member w.npy: .npy header: shape: expected integers ≥ 0");
    refuse_npy("{'descr': '<f4', 'shape': (2,), }",
               "m.npz: member w.npy: .npy header: expected descr, fortran_order and shape, and nothing else");
    refuse_npy("{'descr': '<f4', 'descr': '<f4', 'shape': (2,), }",
               "m.npz: member w.npy: .npy header: key descr is unknown or occurs twice");
    refuse_npy("os.system('x')", "m.npz: member w.npy: .npy header: expected a dictionary");
}

static void other_members_are_refused(void **state)
{
    (void)state;
    refuse_bytes("code.py", "import os", 9, "m.npz: member code.py: expected meta.json or NAME.npy");
    refuse_bytes("w.npy", "short", 5, "m.npz: member w.npy: is no .npy file");
    refuse_bytes("w.npy", "\x93NUMPY\x03\x00\x10\x00\x00\x00", 12, "m.npz: member w.npy: .npy version: expected 1.0 or 2.0, got 3.0");
    refuse_bytes("w.npy", "\x93NUMPY\x02\x00\x00\x00\x00\xff", 12,
                 "m.npz: member w.npy: .npy header: expected 12 to 4096 bytes, got 4278190092");
    refuse_bytes("meta.json", "[1]", 3, "m.npz: member meta.json: is no JSON object");
    refuse_bytes("meta.json", "{\"a\":1,\"a\":2}", 13, "m.npz: member meta.json: is no JSON object: duplicate object key near '\"a\"'");
}

static void a_cut_or_changed_archive_is_refused(void **state)
{
    (void)state;
    struct archive a, back;
    struct error e;
    fill_archive(&a);
    struct bytes b = write_archive(&a);
    char *number = memmem(b.p, b.n, "\x93NUMPY", 6);
    number[130] ^= 1;
    assert_int_equal(read_archive(&back, b, 0, &e), DSSM_BAD_INPUT);
    assert_non_null(strstr(e.text, "m.npz: member encoder.0.weight.npy"));
    number[130] ^= 1;
    for (size_t n = 60; n < b.n; n++) {
        assert_int_equal(read_archive(&back, (struct bytes){b.p, n}, 0, &e), DSSM_CUT_SHORT);
        assert_int_equal(back.n, 0);
    }
    assert_int_equal(read_archive(&back, (struct bytes){(char[]){"no zip at all, just some text that goes on"}, 42}, 0, &e),
                     DSSM_BAD_INPUT);
    archive_clear(&a);
    free(b.p);
}

/* Does the vector of formats/ what its line in expected.tsv says? want may end in "…", which stands for anything. */
static void check_vector(const char *path, int status, const char *want)
{
    char file[512], whole[1200];
    struct archive a;
    struct error e = {0};
    snprintf(file, sizeof file, "formats/vectors/%s", path);
    FILE *f = fopen(file, "r");
    assert_non_null(f);
    int code = archive_read(&a, f, path, 0, &e);
    fclose(f);
    archive_clear(&a);
    snprintf(whole, sizeof whole, "%s: %s", path, want);
    size_t n = strlen(whole), end = strlen("…");
    bool open = strcmp(whole + n - end, "…") == 0;
    if (code != status || (code && (open ? strncmp(e.text, whole, n - end) : strcmp(e.text, whole))))
        fail_msg("%s: expected status %d, %s; got status %d, %s", path, status, whole, code, e.text);
}

static void vectors_do_what_is_expected(void **state)
{
    (void)state;
    char line[1024], path[256], text[700];
    int status, archives = 0;
    FILE *f = fopen("formats/vectors/expected.tsv", "r");
    assert_non_null(f);
    while (fgets(line, sizeof line, f)) {
        assert_int_equal(sscanf(line, "%255[^\t]\t%d\t%699[^\n]", path, &status, text), 3);
        if (strstr(path, ".npz")) {
            check_vector(path, status, text);
            archives++;
        }
    }
    fclose(f);
    assert_true(archives >= 30);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_goes_in_comes_out),
        cmocka_unit_test(same_content_same_bytes),
        cmocka_unit_test(putting_replaces),
        cmocka_unit_test(npy_headers_are_aligned),
        cmocka_unit_test(what_is_no_plain_array_is_refused),
        cmocka_unit_test(other_members_are_refused),
        cmocka_unit_test(a_cut_or_changed_archive_is_refused),
        cmocka_unit_test(vectors_do_what_is_expected),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
