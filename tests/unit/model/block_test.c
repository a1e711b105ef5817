/* Records read in blocks, and what a record must have to fit a model; chunks of them as batches. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "model/sequences.h"

/* ---- a stream on disk ---- */

/* A stream of the records, rewound. */
static FILE *stream_of(const struct record *r, int n)
{
    struct error e;
    FILE *f = tmpfile();
    json_t *h = header_new();
    struct writer *w = writer_open(f, h, false, &e);
    for (int i = 0; i < n; i++)
        if (writer_put(w, &r[i], &e))
            fail_msg("%s", e.text);
    writer_close(w, &e);
    json_decref(h);
    rewind(f);
    return f;
}

static void blocks_of_all_records(void **state)
{
    (void)state;
    enum { N = 60 };
    struct error e;
    struct record *r = seq_records(N);
    struct model *m = seq_model(SEQ_DU);
    FILE *f = stream_of(r, N);
    struct reader *in = reader_open(f, "test", NULL, &e);
    struct block b = block_new(2);
    assert_int_equal(b.room, 2 * MODEL_CHUNK);
    assert_int_equal(block_read(&b, in, "test", m, &e), 50);
    assert_true(b.n == 50 && b.first == 0);
    assert_true(seq_same(record_get(&b.record[49], "x"), record_get(&r[49], "x")));
    assert_int_equal(block_read(&b, in, "test", m, &e), 10);
    assert_true(b.n == 10 && b.first == 50);
    assert_string_equal(b.record[9].id, r[59].id);
    assert_int_equal(block_read(&b, in, "test", m, &e), 0);
    assert_true(b.n == 0 && b.first == 60);
    block_free(&b);
    reader_close(in);
    fclose(f);
    model_free(m);
    seq_free(r, N);
}

/* Reads all of the records in blocks of one chunk; the text must be in the error that ends it. */
static void refused(const struct record *r, int n, const struct model *m, const char *text)
{
    struct error e = {0};
    FILE *f = stream_of(r, n);
    struct reader *in = reader_open(f, "test", NULL, &e);
    struct block b = block_new(1);
    int got;
    while ((got = block_read(&b, in, "test", m, &e)) > 0)
        continue;
    if (got != -1 || e.code != DSSM_BAD_INPUT || !strstr(e.text, text))
        fail_msg("expected \"%s\", got %d, \"%s\"", text, got, e.text);
    block_free(&b);
    reader_close(in);
    fclose(f);
}

static void pieces_are_refused(void **state)
{
    (void)state;
    struct record *r = seq_records(30);
    struct model *m = seq_model(SEQ_DU);
    record_set_id(&r[7], r[6].id);
    refused(r, 30, m, "test: record 8: id s6: goes on with the sequence before");
    record_set_id(&r[7], "s7");
    record_set_id(&r[25], r[24].id); /* where a new block begins */
    refused(r, 30, m, "test: record 26: id s24: goes on");
    seq_free(r, 30);
    model_free(m);
}

static void a_misfit_is_named(void **state)
{
    (void)state;
    struct record *r = seq_records(28);
    struct model *m = seq_model(SEQ_DU);
    record_put(&r[26], "x", seq_array(0, 1, record_steps(&r[26]), 7));
    refused(r, 28, m, "test: record 27: field x: the model expects 4 numbers a step, got 7");
    seq_free(r, 28);
    model_free(m);
}

/* ---- does a record fit? ---- */

static void check_misfit(const struct model *m, const struct record *r, const char *text)
{
    struct error e = {0};
    assert_int_equal(model_fits_record(m, r, &e), DSSM_BAD_INPUT);
    if (!strstr(e.text, text))
        fail_msg("expected \"%s\", got \"%s\"", text, e.text);
}

static void what_fits(void **state)
{
    (void)state;
    struct model *moved = seq_model(SEQ_DU), *unmoved = seq_model(0);
    struct record r;
    struct error e;
    seq_record(&r, 0, 5);
    assert_int_equal(model_fits_record(moved, &r, &e), DSSM_OK);
    struct array *u = (struct array *)(uintptr_t)record_get(&r, "u");
    array_set(u, 4 * SEQ_DU, NAN);
    assert_int_equal(model_fits_record(moved, &r, &e), DSSM_OK);
    array_set(u, 3 * SEQ_DU + 1, NAN);
    check_misfit(moved, &r, "field u: step 4: expected a finite number");
    assert_int_equal(model_fits_record(unmoved, &r, &e), DSSM_OK);
    record_put(&r, "u", seq_array(0, 2, 4, SEQ_DU));
    check_misfit(moved, &r, "field u: expected 5 steps as in x, got 4");
    record_put(&r, "u", seq_array(0, 2, 5, 1));
    check_misfit(moved, &r, "field u: the model expects 2 numbers a step, got 1");
    record_remove(&r, "u");
    check_misfit(moved, &r, "field u: the model expects 2 controls a step, got nothing");
    record_put(&r, "mask", array_new(DT_U1, 1, (const size_t[]){4}));
    check_misfit(unmoved, &r, "field mask: expected 5 steps as in x, got 4");
    record_clear(&r); /* an x that the header is silent about stands behind what it describes */
    record_put(&r, "s", seq_array(0, 3, 6, 2));
    record_put(&r, "x", seq_array(0, 1, 5, SEQ_DX));
    check_misfit(unmoved, &r, "field x: expected 6 steps as other fields have, got 5");
    record_put(&r, "x", array_new(DT_F4, 2, (const size_t[]){0, SEQ_DX}));
    check_misfit(moved, &r, "field x: expected from 1 to 16777216 steps, got 0");
    record_remove(&r, "x");
    check_misfit(moved, &r, "field x: expected an array, got nothing");
    record_clear(&r);
    model_free(moved);
    model_free(unmoved);
}

/* ---- chunks ---- */

static void chunks_are_batches(void **state)
{
    (void)state;
    enum { N = 30 };
    struct record *r = seq_records(N);
    struct model *m = seq_model(SEQ_DU);
    struct batch b;
    batch_chunk(&b, m, r, N, 100, 1, 0);
    size_t longest = 0;
    for (int i = 25; i < N; i++)
        longest = record_steps(&r[i]) > longest ? record_steps(&r[i]) : longest;
    assert_true(b.B == 5 && b.T == (int)longest && b.sequence[0] == 125 && b.sequence[4] == 129);
    for (int i = 0; i < b.B; i++) {
        int steps = (int)record_steps(&r[25 + i]);
        struct array x = unbatch(b.x, SEQ_DX, (size_t)(b.T * b.B), b.B, i, steps);
        assert_true(x.dims == 2 && x.shape[0] == (size_t)steps && x.shape[1] == SEQ_DX);
        if (record_seen(&r[25 + i]) == (size_t)steps)
            assert_true(seq_same(&x, record_get(&r[25 + i], "x")));
        free(x.data);
    }
    batch_free(&b);
    batch_chunk(&b, m, r, N, 0, 0, 2);
    assert_true(b.B == 25 && b.T == 2);
    batch_free(&b);
    seq_free(r, N);
    model_free(m);
}

static void seen_steps_are_counted(void **state)
{
    (void)state;
    struct record r;
    seq_record(&r, 0, 5);
    assert_int_equal(record_seen(&r), 5);
    array_set((struct array *)(uintptr_t)record_get(&r, "x"), 2 * SEQ_DX + 3, INFINITY);
    assert_int_equal(record_seen(&r), 4);
    struct array mask = array_new(DT_B1, 1, (const size_t[]){5});
    memset(mask.data, 1, 4);
    record_put(&r, "mask", mask);
    assert_int_equal(record_seen(&r), 3);
    record_clear(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(blocks_of_all_records), cmocka_unit_test(pieces_are_refused),
        cmocka_unit_test(a_misfit_is_named),     cmocka_unit_test(what_fits),
        cmocka_unit_test(chunks_are_batches),    cmocka_unit_test(seen_steps_are_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
