/* Sequences in an archive for numpy. */
#include "convert_sample.h"
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

static struct archive written_archive(int n)
{
    struct archive a;
    struct error e;
    struct bytes b = written_by(sink_archive, n);
    FILE *f = fmemopen(b.p, b.n, "r");
    assert_int_equal(archive_read(&a, f, "t", 0, &e), DSSM_OK);
    fclose(f);
    free(b.p);
    return a;
}

static void equal_lengths_have_an_axis_of_sequences(void **state)
{
    (void)state;
    struct archive a = written_archive(3);
    const struct array *x = archive_get(&a, "x"), *u = archive_get(&a, "u");
    assert_int_equal(x->dims, 3);
    assert_int_equal(x->shape[0], 3);
    assert_int_equal(x->shape[1], 2);
    assert_int_equal(x->shape[2], 3);
    assert_int_equal(u->dims, 2);
    assert_null(archive_get(&a, "lengths"));
    assert_string_equal(json_string_value(json_array_get(json_object_get(a.meta, "ids"), 0)), "a");
    archive_clear(&a);
}

static void no_sequence_has_lengths_of_none(void **state)
{
    (void)state;
    struct archive a = written_archive(0);
    assert_int_equal(archive_get(&a, "lengths")->shape[0], 0);
    assert_int_equal(archive_get(&a, "x")->shape[0], 0);
    archive_clear(&a);
}

/* What comes of an archive with x of this shape (numbers 0, 1, …) and perhaps lengths. */
static const char *read_from(int dims, const size_t *shape, const int64_t *lengths, size_t n)
{
    static char out[2048];
    struct archive a;
    struct error e = {0};
    struct bytes b = {0};
    struct record r;
    struct array x = array_new(DT_F4, dims, shape);
    size_t at = 0;
    int more = -1;
    for (size_t i = 0; i < array_count(&x); i++)
        array_set(&x, i, (double)i);
    archive_init(&a);
    archive_put(&a, "x", x);
    if (lengths) {
        struct array l = array_new(DT_I8, 1, &n);
        memcpy(l.data, lengths, n * sizeof *lengths);
        archive_put(&a, "lengths", l);
    }
    FILE *f = open_memstream(&b.p, &b.n);
    assert_int_equal(archive_write(&a, f, &e), DSSM_OK);
    fclose(f);
    f = fmemopen(b.p, b.n, "r");
    struct source *s = source_archive(f, "t", &e);
    record_init(&r);
    while (s && (more = s->next(s, &r, &e)) > 0)
        at += (size_t)snprintf(out + at, sizeof out - at, "%s:%zu:%g ", r.id, record_steps(&r), array_get(record_get(&r, "x"), 0));
    if (more < 0)
        snprintf(out, sizeof out, "%s", e.text);
    record_clear(&r);
    if (s)
        s->close(s);
    fclose(f);
    free(b.p);
    archive_clear(&a);
    return out;
}

static void archives_from_elsewhere_are_read(void **state)
{
    (void)state;
    assert_string_equal(read_from(3, (size_t[]){2, 4, 1}, NULL, 0), "0:4:0 1:4:4 ");
    assert_string_equal(read_from(2, (size_t[]){6, 2}, (int64_t[]){1, 5}, 2), "0:1:0 1:5:2 ");
}

static void what_does_not_fit_is_refused(void **state)
{
    (void)state;
    assert_string_equal(read_from(1, (size_t[]){4}, NULL, 0), "t: x: expected shape [N,T,…], got 1 axes");
    assert_string_equal(read_from(1, (size_t[]){4}, (int64_t[]){2, 3}, 2),
                        "t: sequence 2: field x: lengths asks for more steps than there are, or none");
    assert_string_equal(read_from(1, (size_t[]){4}, (int64_t[]){0, 4}, 2),
                        "t: sequence 1: field x: lengths asks for more steps than there are, or none");
    assert_string_equal(read_from(1, (size_t[]){4}, (int64_t[]){-1}, 1),
                        "t: sequence 1: field x: lengths asks for more steps than there are, or none");
    assert_string_equal(read_from(1, (size_t[]){4}, (int64_t[]){3}, 1), "t: lengths adds up to 3 steps, but there are 4");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equal_lengths_have_an_axis_of_sequences),
        cmocka_unit_test(no_sequence_has_lengths_of_none),
        cmocka_unit_test(archives_from_elsewhere_are_read),
        cmocka_unit_test(what_does_not_fit_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
